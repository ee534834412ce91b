"""remainder: what classes leave over, computed from the labels alone, and how large it can be."""

from __future__ import annotations

from sympy import QQ, Symbol
from sympy.polys.rings import ring

from theory import specht
from theory.alphabet import World, small_worlds
from theory.logarithms import difference, divergence, divergences, gibbs_terms, positive, summed, symbols, total
from theory.prove import proved
from theory.quantities import (
    BY_GIBBS,
    class_divergence,
    input_within_parts,
    label_divergence,
    label_parts,
    remainder,
    within_price,
)
from theory.record import Claim, Falsifier, Residual, Result, Step


def labels_only(sign: int = 1, training_weight: bool = False) -> Residual:
    for world in small_worlds():
        parts = label_parts(world)
        if training_weight:
            parts = [part._replace(weight=world.mass(world.p, c)) for c, part in zip(world.classes, parts, strict=True)]
        yield divergences(parts) - label_divergence(world) + class_divergence(world) * sign


def within(sign: int = 1) -> Residual:
    for world in small_worlds():
        inner, masses = gibbs_terms(input_within_parts(world))
        yield within_price(world) - remainder(world) + inner * sign
        yield masses


def moment_form(training_mean: bool = False) -> Residual:
    """KL(q(.|c)||p(.|c)) against log E_{q(y|c)} r - E_{q(y|c)} l, for every class."""
    for world in small_worlds():
        for c, (_, q_in, p_in) in zip(world.classes, label_parts(world), strict=True):
            law = p_in if training_mean else q_in
            r = [world.p[y] / world.q[y] for y in world.members(c)]
            mean_log = summed(v.log * a for a, v in zip(q_in, r, strict=True))
            yield divergence(q_in, p_in) - total([a * v for a, v in zip(law, r, strict=True)]).log + mean_log


def two_point_bin(swap: bool = False) -> Residual:
    """KL in a bin with masses 1 - theta, theta and r = rho, rho E: free of rho, and log(1 - theta + theta E) - theta log E."""
    _, theta, rho, E = ring("theta,rho,E", QQ)
    q = [positive(1 - theta), positive(theta)]
    r = [positive(rho * E), positive(rho)] if swap else [positive(rho), positive(rho * E)]
    mean = total([a * v for a, v in zip(q, r, strict=True)])
    p = [a * v / mean for a, v in zip(q, r, strict=True)]
    return divergence(q, p) - positive(1 - theta + theta * E).log + positive(E).log * q[1]


def widths(power: int = 2) -> Residual:
    """u^2/6 at u = L d/2 is (L d)^2/24."""
    reach = Symbol("Ld", positive=True)
    return (reach / 2) ** power / 6 - reach**2 / 24


def constant_on_classes(same: bool = True) -> Residual:
    """p(y|c)/q(y|c) - 1 = r q_c/p_c - 1, and W = 0 where r is rho on the class of two labels and sigma on that of one."""
    for world in small_worlds():
        for y in world.labels:
            c = world.partition[y]
            scaled = world.p[y] / world.q[y] * world.mass(world.q, c) / world.mass(world.p, c)
            yield difference(world.within(world.p, y) / world.within(world.q, y), scaled)
    q1, q2, q3, rho, sigma, other = symbols("q1", "q2", "q3", "rho", "sigma", "other")
    q = (q1, q2, q3)
    yield remainder(World(q, (q1 * rho, q2 * (rho if same else other), q3 * sigma), (), (0, 0, 1)))


def signed(sign: int = 1, from_zero: bool = True) -> Residual:
    """W - E_q Delta_in against divergences of laws of mass one."""
    for world in small_worlds():
        inner, masses = gibbs_terms(input_within_parts(world))
        yield (remainder(world) if from_zero else label_divergence(world)) - within_price(world) - inner * sign
        yield masses


MOMENT = Step(
    "In each bin KL(q_{y|c}||p_{y|c}) = log E e^l - E l under q_{y|c}, exactly on the symbolic alphabets.",
    moment_form,
)

RESULT = Result(
    name="remainder",
    title="The label-only remainder",
    question="How much extra error is left within classes, and what bounds it?",
    assumptions=(
        "label shift: one channel k(x|y) for both laws",
        "r = p/q positive and finite",
        "a partition of the labels",
    ),
    claims=(
        Claim(
            name="label_only",
            kind="identity",
            statement="W = sum_c q_c KL(q_{y|c}||p_{y|c}) = KL(q_y||p_y) - KL(q_C||p_C).",
            latex=r"W = \sum_c q_c\,\mathrm{KL}(q_{y|c}\|p_{y|c}) = \mathrm{KL}(q_y\|p_y) - \mathrm{KL}(q_C\|p_C)",
            proof=(Step("The two sides differ by exactly zero on the symbolic alphabets.", labels_only),),
            falsifiers=(
                Falsifier("sign", "the divergence of the classes is added", lambda: labels_only(-1)),
                Falsifier("weight", "the classes are weighted with p_c", lambda: labels_only(training_weight=True)),
            ),
        ),
        Claim(
            name="within_part",
            kind="identity",
            statement="E_q Delta_in = W - sum_c q_c KL(q_{x|c}||p_{x|c}).",
            latex=r"E_q\Delta_{\mathrm{in}} = W - \sum_c q_c\,\mathrm{KL}(q_{x|c}\|p_{x|c})",
            proof=(Step("The two sides differ by exactly zero: price within each class.", within),),
            falsifiers=(
                Falsifier("sign", "the sum is added", lambda: within(-1)),
                Falsifier("dropped", "the sum is left out", lambda: within(0)),
            ),
        ),
        Claim(
            name="within_at_most_remainder",
            kind="upper bound",
            statement="E_q Delta_in <= W.",
            latex=r"E_q\Delta_{\mathrm{in}} \le W",
            proof=(
                Step("W - E_q Delta_in is a sum of divergences of laws of mass one with weights q_c.", signed),
                BY_GIBBS,
            ),
            falsifiers=(
                Falsifier("sign", "W - E_q Delta_in is minus that sum", lambda: signed(-1)),
                Falsifier("whole", "KL(q_y||p_y) in place of W", lambda: signed(from_zero=False)),
            ),
        ),
        Claim(
            name="range_bound",
            kind="upper bound",
            statement="W <= sum_c q_c h(w_c), h(w) = log((e^w - 1)/w) - 1 + w/(e^w - 1).",
            latex=r"W \le \sum_c q_c\,h(w_c), \qquad h(w) = \log\frac{e^w - 1}{w} - 1 + \frac{w}{e^w - 1}",
            proof=(
                MOMENT,
                Step(
                    "With l in an interval of length w_c that is at most h(w_c): lemma specht.",
                    lambda: proved("specht", "largest_gap"),
                ),
            ),
            falsifiers=(
                Falsifier("mean", "the mean of r is taken under p_{y|c}", lambda: moment_form(training_mean=True)),
                Falsifier("constant", "-2 in place of -1 in h", lambda: specht.best_mean(constant=2)),
            ),
        ),
        Claim(
            name="range_attained",
            kind="identity",
            statement="Bins with two labels whose l differ by w_c, mass 1/w_c - 1/(e^{w_c} - 1) on the larger, attain W = sum_c q_c h(w_c).",
            latex=r"q_{y|c} = (1 - \theta_c, \theta_c),\; \theta_c = \frac1{w_c} - \frac1{e^{w_c} - 1} \;\Rightarrow\; "
            r"W = \sum_c q_c\,h(w_c)",
            proof=(
                Step(
                    "In a bin with r = rho, rho E the divergence is log(1 - theta + theta E) - theta log E, for any rho.",
                    two_point_bin,
                ),
                Step(
                    "With E = e^w and this theta that is h(w): lemma specht (attained).",
                    lambda: proved("specht", "attained"),
                ),
            ),
            falsifiers=(
                Falsifier("swapped ratio", "the larger r on the smaller mass", lambda: two_point_bin(swap=True)),
                Falsifier("swapped mass", "theta on the smaller label", lambda: specht.two_points(swap=True)),
            ),
        ),
        Claim(
            name="hoeffding_bound",
            kind="upper bound",
            statement="sum_c q_c h(w_c) <= sum_c q_c w_c^2/8.",
            latex=r"\sum_c q_c\,h(w_c) \le \tfrac18\sum_c q_c w_c^2",
            proof=(
                Step("h(w) <= w^2/8: lemma specht (at_most_eighth).", lambda: proved("specht", "at_most_eighth")),
                Step("which rests on Hoeffding's lemma.", lambda: proved("hoeffding", "exponential_moment")),
                Step("The constant is right to first order: h(w) = w^2/8 - w^4/576 + O(w^6).", specht.small),
            ),
            falsifiers=(
                Falsifier("twelfth", "w^2/12 in place of w^2/8", lambda: specht.small(12)),
                Falsifier("sixteenth", "w^2/16 in place of w^2/8", lambda: specht.small(16)),
            ),
        ),
        Claim(
            name="lipschitz_bound",
            kind="upper bound",
            statement="q uniform, l L-Lipschitz, bins of width at most d, any K: W <= log(sinh(u)/u) <= (L d)^2/24, u = L d/2.",
            latex=r"q \text{ uniform},\; l\; L\text{-Lipschitz}: \qquad W \le \log\frac{\sinh u}{u} \le \frac{(L d)^2}{24}, "
            r"\quad u = \frac{L d}{2}",
            assumptions=("q uniform on an interval", "l is L-Lipschitz", "bins are intervals"),
            proof=(
                MOMENT,
                Step(
                    "Within a bin q is uniform, so this is at most log(sinh(u_c)/u_c), u_c = L d_c/2: lemma lipschitz.",
                    lambda: proved("lipschitz", "line_is_worst"),
                ),
                Step(
                    "log(sinh(u)/u) increases, so the widest bin bounds all: lemma sinh_bound.",
                    lambda: proved("sinh_bound", "increasing"),
                ),
                Step("log(sinh(u)/u) <= u^2/6: lemma sinh_bound.", lambda: proved("sinh_bound", "sixth")),
                Step("u^2/6 = (L d)^2/24.", widths),
            ),
            falsifiers=(
                Falsifier("power", "u/6 in place of u^2/6", lambda: widths(1)),
                Falsifier("mean", "the mean of r is taken under p_{y|c}", lambda: moment_form(training_mean=True)),
            ),
        ),
        Claim(
            name="zero_remainder",
            kind="identity",
            statement="W = 0 if and only if r is constant on each bin.",
            latex=r"W = 0 \iff r \text{ is constant on each } B_c",
            proof=(
                Step(
                    "p(y|c)/q(y|c) = r(y) q_c/p_c, so the laws within a bin agree only if r is constant there; and for such r the "
                    "symbolic W is exactly zero.",
                    constant_on_classes,
                ),
                Step(
                    "A sum of divergences with positive weights is zero only if each is: lemma gibbs.",
                    BY_GIBBS.residual,
                ),
            ),
            falsifiers=(
                Falsifier("two values", "r takes two values on a bin", lambda: constant_on_classes(same=False)),
                Falsifier(
                    "weights",
                    "W weighted with p_c is KL(q_y||p_y) - KL(q_C||p_C)",
                    lambda: labels_only(training_weight=True),
                ),
            ),
        ),
    ),
    source="this project; (a) from Specht's ratio, (b) from the Lipschitz lemma",
)
