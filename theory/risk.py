"""risk: the balanced risk of any predictor as imbalanced risk plus a between-class and a within-class extra term."""

from __future__ import annotations

from sympy import QQ
from sympy.polys.ring_series import rs_exp, rs_trunc
from sympy.polys.rings import PolyElement, ring

from theory import tanh_bound
from theory.alphabet import World
from theory.logarithms import Law, Positive, Ratio, positive, summed
from theory.prove import proved
from theory.quantities import prediction, value, valued_worlds
from theory.record import Claim, Falsifier, Residual, Result, Step


def error(world: World, y: int) -> Ratio:
    """e(y) = E[(y - f(x))^2 | y], the same under both laws."""
    gaps = [(x, value(world, y) - prediction(world, x)) for x in world.inputs if world.k[x][y] is not None]
    return summed(gap * gap * world.channel(x, y) for x, gap in gaps)


def balanced_risk(world: World, law: Law) -> Ratio:
    """R(f) under a law, from the joint law."""
    gaps = [(x, y, value(world, y) - prediction(world, x)) for x, y in world.pairs]
    return summed(gap * gap * world.joint(law, x, y) for x, y, gap in gaps)


def class_mean(world: World, law: Law, c: int) -> Ratio:
    """e_c: the mean of e over the labels of class c."""
    return summed(error(world, y) * world.within(law, y) for y in world.members(c))


def through_labels(other: bool = False) -> Residual:
    for world in valued_worlds():
        for law in (world.q, world.p):
            weight = world.q if other else law
            yield balanced_risk(world, law) - summed(error(world, y) * weight[y] for y in world.labels)


def split(
    within_weight_of_training: bool = False, between_mean_of_reference: bool = False, within: int = 1
) -> Residual:
    for world in valued_worlds():
        whole = balanced_risk(world, world.q) - balanced_risk(world, world.p)
        for c in world.classes:
            q_c, p_c = (world.mass(law, c) for law in (world.q, world.p))
            e_q, e_p = (class_mean(world, law, c) for law in (world.q, world.p))
            whole -= (e_q if between_mean_of_reference else e_p) * (q_c.ratio - p_c.ratio)
            whole -= (e_q - e_p) * (p_c if within_weight_of_training else q_c) * within
        yield whole


def difference_of_means(sign: int = 1) -> Residual:
    """osc TV - (e_c^q - e_c^p) in a bin of two labels with e = low, low + osc and TV = q - p > 0 on the second."""
    _, q, p, low, osc = ring("q,p,low,osc", QQ)
    gap = (1 - q) * low + q * (low + osc) - (1 - p) * low - p * (low + osc)
    return osc * (q - p) - sign * gap


def two_labels(swap: bool = False) -> Residual:
    """A bin of two labels, q = (S, 1)/(1 + S), r = (1/S, S) up to a factor rho, e = (0, osc): e_c^p - e_c^q against osc (S-1)/(S+1)."""
    _, S, rho, osc = ring("S,rho,osc", QQ)
    wide = positive(1 + S)
    first, second = positive(S) / wide, positive(S.ring.one) / wide
    q = (second, first) if swap else (first, second)
    r = (positive(rho) / positive(S), positive(rho) * positive(S))
    raw: list[Positive] = [a * b for a, b in zip(q, r, strict=True)]
    mass = summed(entry.ratio for entry in raw)
    gap = raw[1].ratio * Ratio(osc, {}) - q[1].ratio * Ratio(osc, {}) * mass
    yield gap - Ratio(osc * (S - 1), {}) / wide * mass


def local_series(twelfth: int = 12, sign: int = -1) -> Residual:
    """e_c^q - e_c^p in a bin of width d about m: sign (d^2/twelfth) e' l' + O(d^4), for any smooth e and l.

    y = m + d t with t uniform on [-1/2, 1/2]; both functions are expanded to third order in d.
    """
    _, d, t, e0, e1, e2, e3, l1, l2, l3 = ring("d,t,e0,e1,e2,e3,l1,l2,l3", QQ)
    e = e0 + e1 * d * t + e2 * (d * t) ** 2 * QQ(1, 2) + e3 * (d * t) ** 3 * QQ(1, 6)
    r = rs_exp(l1 * d * t + l2 * (d * t) ** 2 * QQ(1, 2) + l3 * (d * t) ** 3 * QQ(1, 6), d, 4)
    numerator = mean_over_bin(e * r) - mean_over_bin(e) * mean_over_bin(r)  # (e_c^p - e_c^q) E r, and E r = 1 + O(d^2)
    return [rs_trunc(numerator + sign * d**2 * e1 * l1 * QQ(1, twelfth), d, 4), rs_trunc(mean_over_bin(r) - 1, d, 2)]


def mean_over_bin(polynomial: PolyElement) -> PolyElement:
    """The mean over t uniform on [-1/2, 1/2]; t is the second symbol of the ring."""
    numbers = polynomial.ring
    mean = numbers.zero
    for exponents, coefficient in polynomial.terms():
        power = exponents[1]
        if power % 2 == 0:
            rest = (exponents[0], 0, *exponents[2:])
            mean += numbers.from_dict({rest: coefficient * QQ(1, (power + 1) * 2**power)})
    return mean


def midpoint(order: int = 2) -> Residual:
    """The mean of a smooth g over a bin is its midpoint value up to order d^2."""
    _, d, t, g0, g1, g2 = ring("d,t,g0,g1,g2", QQ)
    mean = mean_over_bin(g0 + g1 * d * t + g2 * (d * t) ** 2 * QQ(1, 2))
    return rs_trunc(mean - g0, d, order)


RESULT = Result(
    name="risk",
    title="Imbalanced risk plus two extra terms",
    question="What does the balanced risk of any predictor consist of, besides its imbalanced risk?",
    assumptions=(
        "label shift: one channel k(x|y) for both laws, so e(y) = E[(y - f(x))^2 | y] is the same under both",
        "r = p/q positive and finite",
        "a partition of the labels",
    ),
    claims=(
        Claim(
            name="split",
            kind="identity",
            statement="R_q(f) = R_p(f) + sum_c (q_c - p_c) e_c^p + sum_c q_c (e_c^q - e_c^p), with e_c^q, e_c^p the means of e over class c.",
            latex=r"R_q(f) = R_p(f) + \sum_c (q_c - p_c)\,e_c^p + \sum_c q_c\,(e_c^q - e_c^p)",
            proof=(
                Step(
                    "R_q(f) = sum_y q(y) e(y) and R_p(f) = sum_y p(y) e(y), from the joint laws, for free f and labels.",
                    through_labels,
                ),
                Step("The two sides differ by exactly zero on the symbolic alphabets.", split),
            ),
            falsifiers=(
                Falsifier(
                    "weight",
                    "the within-class term is weighted with p_c",
                    lambda: split(within_weight_of_training=True),
                ),
                Falsifier("mean", "the between-class term uses e_c^q", lambda: split(between_mean_of_reference=True)),
                Falsifier("dropped", "the within-class term is left out", lambda: split(within=0)),
            ),
        ),
        Claim(
            name="within_bound",
            kind="upper bound",
            statement="|e_c^q - e_c^p| <= osc_{B_c}(e) tanh(w_c/4).",
            latex=r"|e_c^q - e_c^p| \le \mathrm{osc}_{B_c}(e)\,\tanh(w_c/4)",
            proof=(
                Step(
                    "|e_c^q - e_c^p| <= osc(e) TV(q_{y|c}, p_{y|c}): lemma oscillation.",
                    lambda: proved("oscillation", "means"),
                ),
                Step(
                    "p_{y|c}/q_{y|c} = r q_c/p_c has the log range w_c, so TV <= tanh(w_c/4): lemma tanh_bound.",
                    lambda: proved("tanh_bound", "total_variation"),
                ),
            ),
            falsifiers=(
                Falsifier("eighth", "tanh(w_c/8)", lambda: tanh_bound.is_tanh(8)),
                Falsifier(
                    "sign", "osc TV bounds the difference with the wrong sign exactly", lambda: difference_of_means(-1)
                ),
            ),
        ),
        Claim(
            name="within_bound_attained",
            kind="identity",
            statement="A bin of two labels with q = (S, 1)/(1 + S), r proportional to (1/S, S), S = e^{w_c/2}, and e = (0, osc) attains "
            "|e_c^q - e_c^p| = osc tanh(w_c/4).",
            latex=r"q_{y|c} = \frac{(S, 1)}{1 + S},\; r \propto (1/S, S),\; S = e^{w_c/2}: \qquad "
            r"|e_c^q - e_c^p| = \mathrm{osc}\,\tanh(w_c/4)",
            proof=(
                Step("e_c^p - e_c^q = osc (S - 1)/(S + 1), for any factor of r.", two_labels),
                Step("In a bin of two labels osc TV is that difference.", difference_of_means),
                Step("(S - 1)/(S + 1) = tanh(w_c/4).", tanh_bound.is_tanh),
            ),
            falsifiers=(
                Falsifier("swapped", "the masses of q change places", lambda: two_labels(swap=True)),
                Falsifier("half", "tanh(w_c/2)", lambda: tanh_bound.is_tanh(2)),
            ),
        ),
        Claim(
            name="within_asymptotic",
            kind="asymptotic",
            statement="q uniform, e and l smooth, K equal bins of width d: sum_c q_c (e_c^q - e_c^p) / (-(d^2/12) E_q[e' l']) -> 1 as d -> 0, "
            "if E_q[e' l'] is not zero.",
            latex=r"\sum_c q_c\,(e_c^q - e_c^p) \sim -\frac{d^2}{12}\,E_q[e'\,l'] \quad (d \to 0)",
            assumptions=("q uniform on an interval", "e and l four times differentiable", "E_q[e' l'] is not zero"),
            proof=(
                Step(
                    "In a bin about m, e_c^q - e_c^p = -Cov(e, r)/E r = -(d^2/12) e'(m) l'(m) + O(d^4): orders 2 and 3 exactly, for free "
                    "derivatives.",
                    local_series,
                ),
                Step("sum_c q_c e'(m_c) l'(m_c) = E_q[e' l'] + O(d^2): the midpoint rule.", midpoint),
            ),
            falsifiers=(
                Falsifier("sign", "+(d^2/12)", lambda: local_series(sign=1)),
                Falsifier("constant", "d^2/24", lambda: local_series(24)),
                Falsifier("order", "the midpoint value is right to third order", lambda: midpoint(3)),
            ),
        ),
    ),
    source="this project",
)
