"""tanh_bound: total variation of two laws whose log ratio has range w."""

from __future__ import annotations

from sympy import exp, symbols, tanh

from theory.record import Claim, Falsifier, Residual, Result, Step

S, m, M, rho = symbols("S m M rho", positive=True)  # S = e^(w/2), so M = m S^2
v = symbols("v", real=True)


def chord(sign: int = 1) -> Residual:
    """The chord of (1 - rho)^+ over [m, M] minus each branch, as products over M - m."""
    line = (M - rho) * (1 - m) / (M - m)
    return [
        line - (1 - rho) - sign * (rho - m) * (M - 1) / (M - m),
        line.subs(rho, m) - (1 - m),
        line.subs(rho, M),
        line.subs(rho, 1) - (M - 1) * (1 - m) / (M - m),
    ]


def best_end(root: int = 2) -> Residual:
    """(S - 1)/(S + 1) minus the bound at m, with M = m S^2, as a square over a positive number."""
    high = m * S**root
    bound = (high - 1) * (1 - m) / (high - m)
    excess = (m * S - 1) ** 2 / (m * (S**2 - 1))
    return (S - 1) / (S + 1) - bound - excess


def is_tanh(quarter: int = 4) -> Residual:
    return ((exp(v / 2) - 1) / (exp(v / 2) + 1) - tanh(v / quarter).rewrite(exp)).subs(v, 4 * v)


def attained(swap: bool = False) -> Residual:
    """Density ratio S with mass 1/(S + 1) and 1/S with mass S/(S + 1)."""
    mass = S / (S + 1) if swap else 1 / (S + 1)
    return [mass * S + (1 - mass) / S - 1, (1 - mass) * (1 - 1 / S) - (S - 1) / (S + 1)]


RESULT = Result(
    name="tanh_bound",
    title="Total variation under a bounded log ratio",
    question="How far apart are two laws whose log ratio varies by at most w?",
    assumptions=("rho = db/da has values in [m, M] with M/m = e^w, so m <= 1 <= M",),
    claims=(
        Claim(
            name="total_variation",
            kind="upper bound",
            statement="TV(a, b) <= tanh(w/4).",
            latex=r"\mathrm{TV}(a, b) \le \tanh(w/4)",
            proof=(
                Step(
                    "TV = E_a (1 - rho)^+. On [m, M] the convex (1 - rho)^+ is below its chord: chord - (1 - rho) = "
                    "(rho - m)(M - 1)/(M - m) >= 0, and the chord is (M - rho)(1 - m)/(M - m) >= 0. As E_a rho = 1, "
                    "TV <= (M - 1)(1 - m)/(M - m).",
                    chord,
                ),
                Step(
                    "With M = m S^2, S = e^(w/2): (S - 1)/(S + 1) - (M - 1)(1 - m)/(M - m) = (m S - 1)^2 / (m (S^2 - 1)) >= 0.",
                    best_end,
                ),
                Step("(S - 1)/(S + 1) = tanh(w/4).", is_tanh),
            ),
            falsifiers=(
                Falsifier("eighth", "tanh(w/8)", lambda: is_tanh(8)),
                Falsifier("range", "M = m S in place of m S^2", lambda: best_end(1)),
                Falsifier("sign", "the chord below the function", lambda: chord(-1)),
            ),
        ),
        Claim(
            name="attained",
            kind="identity",
            statement="Two atoms with rho = e^(w/2) and e^(-w/2), of masses 1/(1 + e^(w/2)) and 1/(1 + e^(-w/2)), attain tanh(w/4).",
            latex=r"a = \Big(\frac{1}{1 + S}, \frac{S}{1 + S}\Big),\; \rho = (S, 1/S),\; S = e^{w/2}: \qquad "
            r"\mathrm{TV}(a, b) = \tanh(w/4)",
            proof=(
                Step("The masses give E_a rho = 1, and E_a (1 - rho)^+ = (S - 1)/(S + 1).", attained),
                Step("(S - 1)/(S + 1) = tanh(w/4).", is_tanh),
            ),
            falsifiers=(
                Falsifier("swapped", "the masses change places", lambda: attained(True)),
                Falsifier("half", "tanh(w/2)", lambda: is_tanh(2)),
            ),
        ),
    ),
    source="this project; the bound is known from contraction of Hilbert's metric",
    lemma=True,
)
