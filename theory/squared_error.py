"""squared_error: the extra error term of the conditional mean, and how the log-loss price bounds it."""

from __future__ import annotations

from itertools import chain, combinations

from sympy import QQ, Function, Symbol, diff, symbols
from sympy.polys.rings import ring

from theory import pinsker
from theory.donsker_varadhan import best_slope
from theory.gaussian_prices import (
    attained_by_shift,
    attained_by_tilt,
    bayes_rule,
    beyond_length,
    gaussian_means,
    shared_price,
    squared_error_price,
)
from theory.logarithms import Ratio, divergence, positive, summed
from theory.prove import proved
from theory.quantities import as_posteriors, posterior_mean, prediction, risk_at, value, valued_worlds
from theory.record import Claim, Falsifier, Residual, Result, Step


def pythagoras(sign: int = 1, weight_of_training: bool = False) -> Residual:
    """The excess of any f over f_q, at every x."""
    for world in valued_worlds():
        for x in world.inputs:
            f_q = posterior_mean(world, world.q, x)
            weight = world.evidence(world.p if weight_of_training else world.q, x)
            f = prediction(world, x)
            excess = risk_at(world, world.q, x, f) - risk_at(world, world.q, x, f_q)
            yield excess - (f - f_q) * (f - f_q) * weight * sign


def covariance(normalised: bool = True, centred: bool = True) -> Residual:
    for world in valued_worlds():
        for x in world.inputs:
            f_q, f_p = (posterior_mean(world, law, x) for law in (world.q, world.p))
            Z = world.evidence(world.p, x) / world.evidence(world.q, x)
            product = summed(
                value(world, y) * (world.posterior(world.q, x, y) * world.p[y] / world.q[y]) for y in world.reaching(x)
            )
            joint = product - f_q * Z if centred else product
            yield f_p - f_q - (joint / Z if normalised else joint)


def bounded_means(sign: int = 1) -> Residual:
    """D - (f_p - f_q) = sum_y q(y|x)(y - a) + sum_y p(y|x)(b - y), with [a, b] of length D."""
    for size in (2, 3):
        numbers, *gens = ring(
            [f"{n}{i}" for n in "qp" for i in range(1, size)] + [f"y{i}" for i in range(size)] + ["a", "D"], QQ
        )
        q, p = list(gens[: size - 1]), list(gens[size - 1 : 2 * size - 2])
        q, p = [*q, 1 - sum(q)], [*p, 1 - sum(p)]
        y, (a, D) = gens[2 * size - 2 : -2], gens[-2:]
        terms = sum((q[i] * (y[i] - a) + sign * p[i] * (a + D - y[i]) for i in range(size)), numbers.zero)
        yield D - sum(((p[i] - q[i]) * y[i] for i in range(size)), numbers.zero) - terms


def two_labels(constant: int = 2) -> Residual:
    """Labels 0 and D, no information in x, q = (1/2, 1/2), p = (1/2 - e, 1/2 + e): f_p - f_q = D e, price -(1/2) log(1 - 4 e^2)."""
    _, D, e = ring("D,e", QQ)
    half = positive(D.ring.one * QQ(1, 2))
    q, p = (half, half), (positive(QQ(1, 2) - e), positive(QQ(1, 2) + e))
    shift = (p[1].ratio - q[1].ratio) * Ratio(D, {})
    yield shift - Ratio(D * e, {})
    price = divergence(q, p)
    product = (positive(1 - 2 * e) * positive(1 + 2 * e)).log * Ratio(D.ring.one * QQ(-1, 2), {})
    yield price - product
    yield positive(1 - 2 * e).ratio * positive(1 + 2 * e) - Ratio(1 - 4 * e**2, {})
    yield pinsker.centred(constant)


def curvature(sign: int = -1) -> Residual:
    """(log p(y|x))'' under a Gaussian channel is l'' - 1/s^2."""
    x, y = symbols("x y", real=True)
    s = Symbol("s", positive=True)
    l = Function("l", real=True)(y)
    exponent = l + sign * (x - y) ** 2 / (2 * s**2)
    return diff(exponent, y, 2) - diff(l, y, 2) + 1 / s**2


def every_set(sign: int = 1) -> Residual:
    """D TV - (f_p - f_q) over every possible set {p(y|x) > q(y|x)}, in a world: products of factors that are not negative."""
    world = valued_worlds()[2]
    for x in world.inputs:
        gaps = [world.posterior(world.p, x, y).ratio - world.posterior(world.q, x, y).ratio for y in world.labels]
        D, low = world.extra[-1], world.extra[-2]
        for larger in chain.from_iterable(combinations(world.labels, k) for k in range(4)):
            variation = [D * gaps[y] for y in larger] or [world.number(0)]
            terms = [
                (D + low - value(world, y)) * gaps[y] * sign if y in larger else (low - value(world, y)) * gaps[y]
                for y in world.labels
            ]
            yield summed(variation) - summed(value(world, y) * gaps[y] for y in world.labels) - summed(terms)


TRANSPORT = Step(
    "(E_a y - E_b y)^2 <= 2 s2 KL(a||b) with a = q(y|x), b = p(y|x): lemma donsker_varadhan (transport).",
    lambda: proved("donsker_varadhan", "transport"),
)

RESULT = Result(
    name="squared_error",
    title="The price in squared error",
    question="How much squared error does the imbalanced conditional mean lose, and how does the log-loss price bound it?",
    assumptions=("label shift: one channel k(x|y) for both laws",),
    claims=(
        Claim(
            name="pythagoras",
            kind="identity",
            statement="R_q(f_p) - R_q(f_q) = E_{q(x)} (f_p - f_q)^2, with f_q = E_q[y|x] and f_p = E_p[y|x].",
            latex=r"R_q(f_p) - R_q(f_q) = E_{q(x)}(f_p - f_q)^2, \qquad f_q = E_q[y|x],\; f_p = E_p[y|x]",
            proof=(
                Step(
                    "At every x, and for a free prediction f in the place of f_p, the two sides differ by exactly zero.",
                    pythagoras,
                ),
            ),
            falsifiers=(
                Falsifier("sign", "the square is taken off", lambda: pythagoras(-1)),
                Falsifier("weight", "the inputs are weighted with p(x)", lambda: pythagoras(weight_of_training=True)),
            ),
        ),
        Claim(
            name="covariance",
            kind="identity",
            statement="f_p - f_q = Cov_{q(y|x)}(y, r)/Z(x).",
            latex=r"f_p - f_q = \frac{\mathrm{Cov}_{q(y|x)}(y, r)}{Z(x)}",
            proof=(
                Step(
                    "The two sides differ by exactly zero at every x of the symbolic alphabets, for free real labels.",
                    covariance,
                ),
            ),
            falsifiers=(
                Falsifier("not normalised", "Z is left out", lambda: covariance(normalised=False)),
                Falsifier("not centred", "E[y r] in place of the covariance", lambda: covariance(centred=False)),
            ),
        ),
        Claim(
            name="divergence_bound",
            kind="upper bound",
            statement="E_{q(x)} (f_p - f_q)^2 <= (D^2/2) E_q Delta.",
            latex=r"E_{q(x)}(f_p - f_q)^2 \le \frac{D^2}{2}\,E_q\Delta",
            assumptions=("labels in an interval of length D",),
            proof=(
                Step(
                    "D TV - (f_p - f_q) at an x, TV that of the two posteriors: sum over {p > q} of (b - y)(p - q) plus sum over the "
                    "rest of (y - a)(q - p), whatever that set is. (Lemma oscillation has the general case.)",
                    every_set,
                ),
                Step("|f_p - f_q| <= D TV: lemma oscillation, both signs.", lambda: proved("oscillation", "means")),
                Step("TV^2 <= KL(q(y|x)||p(y|x))/2: lemma pinsker.", lambda: proved("pinsker", "total_variation")),
                Step("which rests on the two-point case.", lambda: proved("pinsker", "two_points")),
                Step("Averaged over q(x) the divergences are E_q Delta: price (posterior_divergence).", as_posteriors),
            ),
            falsifiers=(
                Falsifier("quarter", "D^2/4 in place of D^2/2", lambda: pinsker.two_points(4)),
                Falsifier("sign", "the products on {p > q} are taken off", lambda: every_set(-1)),
                Falsifier(
                    "weight", "the divergences are averaged over p(x)", lambda: as_posteriors(weight_of_training=True)
                ),
            ),
        ),
        Claim(
            name="divergence_bound_sharp",
            kind="asymptotic",
            statement="Labels 0 and D, no information in x, q = (1/2, 1/2), p = (1/2 - e, 1/2 + e): "
            "E_{q(x)} (f_p - f_q)^2 / ((D^2/2) E_q Delta) -> 1 as e -> 0.",
            latex=r"y \in \{0, D\},\; p = \big(\tfrac12 - e, \tfrac12 + e\big): \qquad "
            r"E_{q(x)}(f_p - f_q)^2 \Big/ \frac{D^2}{2}E_q\Delta \to 1 \quad (e \to 0)",
            proof=(
                Step(
                    "f_p - f_q = D e and E_q Delta = -(1/2) log(1 - 4 e^2) = 2 e^2 + 4 e^4 + O(e^6), exactly.",
                    two_labels,
                ),
            ),
            falsifiers=(
                Falsifier("quarter", "E_q Delta ~ 4 e^2, so D^2/4 would be sharp", lambda: two_labels(4)),
                Falsifier("one", "E_q Delta ~ e^2, so D^2 would be sharp", lambda: two_labels(1)),
            ),
        ),
        Claim(
            name="sub_gaussian_bound",
            kind="upper bound",
            statement="(f_p - f_q)^2 <= 2 sigma^2(x) KL(q(y|x)||p(y|x)) at every x, sigma^2(x) the sub-Gaussian proxy of p(y|x); equality "
            "for Gaussian labels of one variance.",
            latex=r"(f_p - f_q)^2 \le 2\sigma^2(x)\,\mathrm{KL}\big(q(y|x)\,\|\,p(y|x)\big)",
            assumptions=("log E_{p(y|x)} e^{t (y - f_p)} <= sigma^2(x) t^2/2 for all t",),
            proof=(
                Step(
                    "KL >= E_a g - log E_b e^g: lemma donsker_varadhan.",
                    lambda: proved("donsker_varadhan", "variational"),
                ),
                TRANSPORT,
                Step(
                    "Gaussian labels of one variance: (f_p - f_q)^2 - 2 sigma^2 KL is exactly zero at every x.",
                    attained_by_shift,
                ),
            ),
            falsifiers=(
                Falsifier("one", "sigma^2 KL in place of 2 sigma^2 KL", lambda: attained_by_shift(1)),
                Falsifier("best slope", "the optimum over t is (f_p - f_q)^2/sigma^2", lambda: best_slope(1)),
            ),
        ),
        Claim(
            name="gaussian_channel_bound",
            kind="upper bound",
            statement="Gaussian channel of noise s, q uniform, l concave: E_{q(x)} (f_p - f_q)^2 <= 2 s^2 E_q Delta.",
            latex=r"k = \mathcal{N}(y, s^2),\; q \text{ uniform},\; l \text{ concave}: \qquad "
            r"E_{q(x)}(f_p - f_q)^2 \le 2 s^2\,E_q\Delta",
            assumptions=("Gaussian channel", "q uniform on an interval, so that log p(y) is concave as l is"),
            proof=(
                Step("(log p(y|x))'' = l'' - 1/s^2 <= -1/s^2.", curvature),
                Step(
                    "So p(y|x) is sub-Gaussian with proxy s^2 at every x: lemma log_concave.",
                    lambda: proved("log_concave", "sub_gaussian"),
                ),
                TRANSPORT,
                Step("Averaged over q(x) the divergences are E_q Delta: price (posterior_divergence).", as_posteriors),
                Step(
                    "The constant cannot be lowered: for an affine l away from the ends (tilt, gaussian_shift) both sides agree.",
                    attained_by_tilt,
                ),
            ),
            falsifiers=(
                Falsifier("sign", "the channel adds curvature of the other sign", lambda: curvature(1)),
                Falsifier("one", "s^2 E_q Delta in place of 2 s^2 E_q Delta", lambda: attained_by_tilt(1)),
                Falsifier(
                    "weight", "the divergences are averaged over p(x)", lambda: as_posteriors(weight_of_training=True)
                ),
            ),
        ),
        Claim(
            name="at_most_squared_length",
            kind="upper bound",
            statement="E_{q(x)} (f_p - f_q)^2 <= D^2, also where p = 0 < q and the log-loss price is infinite.",
            latex=r"E_{q(x)}(f_p - f_q)^2 \le D^2",
            assumptions=(
                "labels in an interval of length D",
                "p(x) > 0 wherever q(x) > 0, so that f_p is defined",
            ),
            proof=(
                Step(
                    "D - (f_p - f_q) = sum q(y|x)(y - a) + sum p(y|x)(b - y), of factors that may be zero but not negative, for labels in "
                    "[a, b] = [a, a + D]; exchange p and q for the other sign.",
                    bounded_means,
                ),
            ),
            falsifiers=(
                Falsifier("sign", "the second sum is taken off", lambda: bounded_means(-1)),
                Falsifier("dropped", "the second sum is left out", lambda: bounded_means(0)),
            ),
        ),
        Claim(
            name="gaussian",
            kind="identity",
            statement="For q_y = N(m_q, v_q), p_y = N(m_p, v_p), k = N(y, s^2): f_q = (s^2 m_q + v_q x)/(v_q + s^2), f_p alike, and "
            "E_{q(x)} (f_p - f_q)^2 = A^2 (v_q + s^2) + B^2 with A = v_p/(v_p + s^2) - v_q/(v_q + s^2), "
            "B = (m_p - m_q) s^2/(v_p + s^2).",
            latex=r"E_{q(x)}(f_p - f_q)^2 = A^2(v_q + s^2) + B^2, \quad "
            r"A = \frac{v_p}{v_p + s^2} - \frac{v_q}{v_q + s^2},\; B = \frac{(m_p - m_q)s^2}{v_p + s^2}",
            assumptions=("labels on the whole line",),
            proof=(
                Step("The posteriors are right: log q(y) + log k(x|y) = log q(y|x) + log q(x), and for p.", bayes_rule),
                Step("f_q and f_p solve the normal equations of their joint laws.", gaussian_means),
                Step(
                    "The mean of (f_p - f_q)^2 over q(x), by two moments, minus the right side is exactly zero.",
                    squared_error_price,
                ),
            ),
            falsifiers=(
                Falsifier("dropped", "B^2 is left out", lambda: squared_error_price(0)),
                Falsifier("other mean", "f_p is taken for f_q", lambda: gaussian_means(swap=True)),
            ),
        ),
        Claim(
            name="whole_line",
            kind="counterexample",
            statement="On the whole line bounds with D fail: for every D, Gaussian labels with v_q = v_p = s^2 = D^2 and means m apart have "
            "E_{q(x)} (f_p - f_q)^2 - (D^2/2) E_q Delta = m^2/8 > 0.",
            latex=r"v_q = v_p = s^2 = D^2: \qquad E_{q(x)}(f_p - f_q)^2 - \frac{D^2}{2}E_q\Delta = "
            r"\frac{(m_p - m_q)^2}{8} > 0",
            assumptions=("labels on the whole line",),
            proof=(
                Step(
                    "With one label variance v the shift is (m_p - m_q) s^2/(v + s^2) at every x, and E_q Delta is its square over twice "
                    "the posterior variance v s^2/(v + s^2).",
                    shared_price,
                ),
                Step("With v = s^2 = D^2 the excess over (D^2/2) E_q Delta is m^2/8, positive.", beyond_length),
            ),
            falsifiers=(
                Falsifier("wider noise", "s^2 = 4 D^2 has the excess m^2/8", lambda: beyond_length(4)),
                Falsifier("constant", "(f_p - f_q)^2 = sigma^2 KL for such labels", lambda: attained_by_shift(1)),
            ),
        ),
    ),
    source="this project; Pinsker, Bobkov and Goetze for the two bounds",
)
