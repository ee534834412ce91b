"""donsker_varadhan: a divergence bounds every difference between a mean and a log exponential moment."""

from __future__ import annotations

from sympy import symbols

from theory.logarithms import Part, divergence, gibbs_terms, summed, total, weights
from theory.record import Claim, Falsifier, Residual, Result, Step


def identity(sign: int = 1, normalised: bool = True) -> Residual:
    """KL(a||b) - (E_a g - log E_b e^g) against KL(a||b e^g / E_b e^g); G_i stands for e^g_i."""
    for size in (2, 3):
        raw_a, raw_b, G = weights(size, "a", "b", "G")
        a, b = [x / total(raw_a) for x in raw_a], [x / total(raw_b) for x in raw_b]
        moment = total([x * g for x, g in zip(b, G, strict=True)])
        tilted = [x * g / moment if normalised else x * g for x, g in zip(b, G, strict=True)]
        inner, masses = gibbs_terms([Part(moment / moment, a, tilted)])
        mean = summed(g.log * x for x, g in zip(a, G, strict=True))
        yield divergence(a, b) - (mean - moment.log) * sign - inner
        yield masses


gap, scale, s = symbols("gap s2 t", positive=True)


def best_slope(half: int = 2) -> Residual:
    """t gap - s2 t^2/2 at t = gap/s2, and that no other t is better."""
    value = s * gap - scale * s**2 / 2
    best = gap**2 / (half * scale)
    return [value.subs(s, gap / scale) - best, best - value - (gap - scale * s) ** 2 / (2 * scale)]


RESULT = Result(
    name="donsker_varadhan",
    title="The variational form of the divergence",
    question="How does a divergence bound the difference of two means?",
    assumptions=("finitely many atoms, positive weights",),
    claims=(
        Claim(
            name="variational",
            kind="upper bound",
            statement="E_a g - log E_b e^g <= KL(a||b) for every g.",
            latex=r"E_a g - \log E_b e^{g} \le \mathrm{KL}(a\|b)",
            proof=(
                Step(
                    "The difference is KL(a||b^g) with b^g = b e^g / E_b e^g, of mass one: not negative, by gibbs (2 and 3 atoms).",
                    identity,
                ),
            ),
            falsifiers=(
                Falsifier("sign", "the left side is added", lambda: identity(-1)),
                Falsifier("normaliser", "the tilted law is not normalised", lambda: identity(normalised=False)),
            ),
        ),
        Claim(
            name="transport",
            kind="upper bound",
            statement="If log E_b e^(t (y - E_b y)) <= s2 t^2/2 for all t (sub-Gaussian proxy s2), then "
            "(E_a y - E_b y)^2 <= 2 s2 KL(a||b).",
            latex=r"\log E_b e^{t(y - E_b y)} \le \tfrac12\sigma^2 t^2 \;\forall t \;\Rightarrow\; "
            r"(E_a y - E_b y)^2 \le 2\sigma^2\,\mathrm{KL}(a\|b)",
            proof=(
                Step(
                    "variational with g = t (y - E_b y): t (E_a y - E_b y) - s2 t^2/2 <= KL(a||b), for every t.",
                    identity,
                ),
                Step(
                    "Over t the left side is largest at t = (E_a y - E_b y)/s2, where it is (E_a y - E_b y)^2/(2 s2).",
                    best_slope,
                ),
            ),
            falsifiers=(
                Falsifier("constant", "1/s2 in place of 1/(2 s2)", lambda: best_slope(1)),
                Falsifier("quarter", "1/(4 s2) in place of 1/(2 s2)", lambda: best_slope(4)),
            ),
        ),
    ),
    source="Donsker and Varadhan 1975; Bobkov and Goetze 1999",
    lemma=True,
)
