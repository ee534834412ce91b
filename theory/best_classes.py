"""best_classes: which edges the classes should have, and how bad equal-frequency classes can be."""

from __future__ import annotations

from sympy import QQ, cancel, diff, expand, symbols
from sympy.polys.rings import PolyElement

from theory.bin_local import (
    G_DERIVATIVES,
    L_DERIVATIVES,
    below,
    exponential,
    h,
    l1,
    logarithm,
    mean,
    product,
    reciprocal,
    taylor,
)
from theory.exact_search import TIED, first_cut_is_unique, greedy_loses, recursion_is_exhaustive
from theory.exponential_classes import (
    edge_of_equal_frequency,
    encloses,
    equal_width_is_best,
    equal_width_value,
    limit_enclosed,
    limit_ratio,
)
from theory.interval_costs import (
    chord_above,
    criterion,
    empty_bin,
    quadrangle,
    refinement,
    reward_difference,
    tangent_reward,
)
from theory.prove import proved
from theory.record import Claim, Falsifier, Residual, Result, Step
from theory.signs import positive

u, K, d, y, s = symbols("u K d y s", positive=True)


def local_cost(constant: int = 24) -> Residual:
    """KL of a narrow bin under non-uniform q ∝ e^g: (d^2/24) l'^2 + O(d^3)."""
    log_q = taylor(G_DERIVATIVES)
    log_ratio = taylor(L_DERIVATIVES)
    under_q = exponential(log_q)

    def log_mean(exponent: PolyElement) -> PolyElement:
        return logarithm(mean(exponential(exponent)))

    average = product(mean(product(log_ratio, under_q)), reciprocal(mean(under_q)))
    cost = log_mean(log_q + log_ratio) - log_mean(log_q) - average
    return below(cost - l1**2 * (2 * h) ** 2 * QQ(1, constant), 3)


def stationary(power: int = 3) -> Residual:
    """g/m^2 + nu m is stationary in m at m = (2 g/nu)^(1/3)."""
    g, nu, density = symbols("g nu m", positive=True)
    return cancel(diff(g / density**2 + nu * density, density).subs(g, nu * density**power / 2))


def is_least(twice: int = 2) -> Residual:
    """g = A^3 m*^3 and x = m*/m: g/m^2 - A^3 (3 m* - 2 m) = A^3 m (x - 1)^2 (x + 2); integrals of m and m* are one."""
    A, m, x = symbols("A m x", positive=True)
    yield expand(A**3 * (x * m) ** 3 / m**2 - A**3 * (3 * x * m - twice * m) - A**3 * m * (x - 1) ** 2 * (x + 2))
    yield 3 - twice - 1  # the integral of 3 m* - 2 m
    yield positive(x + 2)


RESULT = Result(
    name="best_classes",
    title="The best classes",
    question="Which edges should the classes have?",
    assumptions=("classes are intervals of labels", "p_c > 0 in every class"),
    claims=(
        Claim(
            name="criterion",
            kind="identity",
            statement="W = KL(q_y||p_y) - KL(q_C||p_C): the partition that minimises W maximises KL(q_C||p_C).",
            latex=r"W = \mathrm{KL}(q_y\|p_y) - \mathrm{KL}(q_C\|p_C)",
            proof=(Step("On four labels in two intervals the two sides differ by exactly zero.", criterion),),
            falsifiers=(
                Falsifier("sum", "KL(q_C||p_C) added", lambda: criterion(-1)),
                Falsifier("constant", "W the same for every partition", lambda: criterion(0)),
            ),
        ),
        Claim(
            name="refinement",
            kind="upper bound",
            statement="Splitting a bin never raises W.",
            latex=r"W(A \cup B) - W(A) - W(B) = (q_A + q_B)\,\mathrm{KL}\!\left(\tfrac{q_A}{q_A+q_B}\,\Big\|\,\tfrac{p_A}{p_A+p_B}\right) \ge 0",
            proof=(
                Step("What splitting saves is the mass times a KL of two-point laws.", refinement),
                Step("A divergence is not negative: lemma gibbs.", lambda: proved("gibbs", "non_negative")),
            ),
            falsifiers=(
                Falsifier("raises", "splitting costs that much", lambda: refinement(-1)),
                Falsifier("nothing", "splitting changes nothing", lambda: refinement(0)),
            ),
        ),
        Claim(
            name="dynamic_programming",
            kind="identity",
            statement=(
                "W is a sum over bins of a cost of the bin alone, so V_K(j) = min_i (V_{K-1}(i) + cost(i, j)) is the least W of the "
                "labels up to j in K intervals."
            ),
            latex=r"V_K(j) = \min_{i<j}\bigl(V_{K-1}(i) + \mathrm{cost}(i, j)\bigr),\qquad \mathrm{cost}(B) = \sum_{y\in B} q\log\frac qp - q_B\log\frac{q_B}{p_B}",
            proof=(
                Step("The sum over bins is the criterion: identity above.", criterion),
                Step(
                    "On four and on seven labels, every K, the recursion meets exhaustive search, in exact rationals.",
                    recursion_is_exhaustive,
                ),
            ),
            falsifiers=(
                Falsifier("last_alone", "the last bin always a single label", lambda: recursion_is_exhaustive(False)),
                Falsifier("no_outer", "the criterion with KL(q_C||p_C) added", lambda: criterion(-1)),
            ),
        ),
        Claim(
            name="greedy",
            kind="counterexample",
            statement="Splitting greedily is not optimal: q = 1/4 each, p = (3, 2, 1, 2)/8, K = 3.",
            latex=r"q = \tfrac14(1,1,1,1),\quad p = \tfrac18(3,2,1,2),\quad K = 3:\qquad W_{\text{greedy}} > W_{\text{best}}",
            proof=(
                Step(
                    "The best single cut is after the first label, and no other is as good; exact rationals.",
                    first_cut_is_unique,
                ),
                Step("With it either second cut leaves a larger W than the best two cuts.", greedy_loses),
            ),
            falsifiers=(
                Falsifier(
                    "tie",
                    "the same with p = (4, 3, 1, 4)/12, where a first cut after the third label is as good",
                    lambda: first_cut_is_unique(TIED),
                ),
                Falsifier(
                    "luck",
                    "the same with p = (4, 3, 1, 4)/12, where that other first cut leads to the optimum",
                    lambda: greedy_loses(TIED),
                ),
                Falsifier("monotone", "the same with p = (4, 3, 2, 1)/10", lambda: greedy_loses((4, 3, 2, 1))),
                Falsifier("rising", "the same with p = (1, 4, 4, 4)/13", lambda: greedy_loses((1, 4, 4, 4))),
            ),
        ),
        Claim(
            name="quadrangle",
            kind="upper bound",
            statement=(
                "If r is monotone, cost(A+B) + cost(B+C) <= cost(A+B+C) + cost(B) for neighbouring A, B, C: the best last edge "
                "moves only right, and divide and conquer is exact."
            ),
            latex=r"\mathrm{cost}(A{\cup}B) + \mathrm{cost}(B{\cup}C) \le \mathrm{cost}(A{\cup}B{\cup}C) + \mathrm{cost}(B)\qquad (r \text{ monotone})",
            proof=(
                Step(
                    "cost is a sum over labels plus q_B log r_B. The ratios of B and of A+B+C lie between those of A+B and of B+C, with "
                    "the same total mass and the same mean: polynomials without negative coefficients.",
                    quadrangle,
                ),
                Step(
                    "So the chord of the convex -log over those ends lies above both, with the same mean.", chord_above
                ),
            ),
            falsifiers=(
                Falsifier("any_order", "r need not be monotone", lambda: quadrangle(-1)),
                Falsifier("curvature", "-log r with second derivative 1/r", lambda: chord_above(1)),
            ),
        ),
        Claim(
            name="density",
            kind="asymptotic",
            statement=(
                "With bins of density m (width 1/(K m)), W ~ (1/(24 K^2)) int q l'^2/m^2, least for m proportional to (q l'^2)^(1/3): "
                "W ~ (int (q l'^2)^(1/3))^3/(24 K^2)."
            ),
            latex=r"W \sim \frac{1}{24K^2}\int\frac{q\,l'^2}{m^2}\,dy \ \ge\ \frac{1}{24K^2}\left(\int (q\,l'^2)^{1/3}\,dy\right)^3,\quad \text{equality iff } m \propto (q\,l'^2)^{1/3}",
            proof=(
                Step("A narrow bin has KL (d^2/24) l'^2 to leading order, whatever the slope of q.", local_cost),
                Step("Euler-Lagrange with the constraint int m = 1.", stationary),
                Step(
                    "It is the global minimum: the excess is an integral of A^3 m (x - 1)^2 (x + 2), x = m*/m.",
                    is_least,
                ),
            ),
            falsifiers=(
                Falsifier("root", "m proportional to (q l'^2)^(1/2)", lambda: stationary(2)),
                Falsifier("twelfth", "1/(12 K^2)", lambda: local_cost(12)),
                Falsifier("no_constraint", "the term of the constraint dropped", lambda: is_least(0)),
            ),
        ),
        Claim(
            name="equal_width",
            kind="identity",
            statement="p proportional to exp(-6 y), q uniform on [0, 1]: K equal bins have W = log(sinh u/u), u = 3/K, the least for K intervals.",
            latex=r"p \propto e^{-6y}:\qquad W_{\text{equal width}} = \log\frac{\sinh(3/K)}{3/K} = \min W",
            proof=(
                Step("Every bin has the same cost, which depends on its width alone.", equal_width_value),
                Step(
                    "Width times that cost is convex in the width, so equal widths are best (Jensen).",
                    equal_width_is_best,
                ),
            ),
            falsifiers=(
                Falsifier("whole", "u = 6/K", lambda: equal_width_value(1)),
                Falsifier("third", "u = 2/K", lambda: equal_width_value(3)),
                Falsifier("slope", "the slope of log(sinh u/u) as coth u + 1/u", lambda: equal_width_is_best(-1)),
            ),
        ),
        Claim(
            name="equal_frequency",
            kind="counterexample",
            statement=(
                "For the same p, equal-frequency classes have a W larger than equal width by a factor in (6.473, 6.474) at K = 4, in "
                "(234.90, 234.91) at K = 128, and (e^12 - 1)(1 - e^-6)^2/432 = 374.87... in the limit."
            ),
            latex=r"\frac{W_{\text{equal frequency}}}{W_{\text{equal width}}} = 6.47\ldots\ (K = 4),\quad 234.90\ldots\ (K = 128),\quad \to \frac{(e^{12}-1)(1-e^{-6})^2}{432}",
            proof=(
                Step("Edges and KL(q_y||p_y) in closed form.", edge_of_equal_frequency),
                Step("Interval arithmetic at K = 4.", lambda: encloses(4, "6.473", "6.474")),
                Step("Interval arithmetic at K = 128.", lambda: encloses(128, "234.90", "234.91")),
                Step("The limit is int 1/p^2, by density with m = p.", limit_ratio),
                Step("Its value.", limit_enclosed),
            ),
            falsifiers=(
                Falsifier("better", "equal frequency at most as large at K = 4", lambda: encloses(4, "0", "1")),
                Falsifier("unnormalised", "p taken as 6 exp(-6 y)", lambda: limit_ratio(0)),
            ),
        ),
        Claim(
            name="level_sets",
            kind="upper bound",
            statement=(
                "Without the restriction to intervals some best partition consists of level sets of r: moving each label to the class t "
                "with the largest log t - r t never lowers KL(q_C||p_C)."
            ),
            latex=r"q_c\log\frac{q_c}{p_c} = \max_{t>0}\,\bigl(q_c\log t - p_c\,t + q_c\bigr)",
            proof=(
                Step("The bracket is a lower bound of each term, attained at t = q_c/p_c.", tangent_reward),
                Step(
                    "Of two classes, labels with r on one side of a threshold prefer the one, the rest the other.",
                    reward_difference,
                ),
            ),
            falsifiers=(
                Falsifier("reward_sign", "+ p t in the bracket", lambda: tangent_reward(-1)),
                Falsifier("no_price", "no p t in the bracket", lambda: tangent_reward(0)),
            ),
        ),
        Claim(
            name="empty_bins",
            kind="identity",
            statement=(
                "A bin's term q_B log(q_B/p_B) grows without bound as p_B -> 0, so raw counts reward an empty bin; with "
                "p_c = (n_c + a)/(n + K a) an empty bin has q_B log(q_B (n + K a)/a)."
            ),
            latex=r"q_B\log\frac{q_B}{p_B} \to \infty\ (p_B \to 0),\qquad p_c = \frac{n_c + a}{n + Ka}:\quad q_B\log\frac{q_B\,(n + Ka)}{a}",
            proof=(
                Step(
                    "The slope in p_B is -q_B/p_B, not integrable at 0; the smoothed value by substitution.", empty_bin
                ),
            ),
            falsifiers=(
                Falsifier("unnormalised", "the smoothed masses not normalised", lambda: empty_bin(0)),
                Falsifier("twice", "2 K a in the normaliser", lambda: empty_bin(2)),
            ),
        ),
    ),
    source="this project",
)
