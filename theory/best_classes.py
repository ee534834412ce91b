"""best_classes: which edges the classes should have, and how bad equal-frequency classes can be."""

from __future__ import annotations

from sympy import Rational, diff, symbols

from theory.certificate import gibbs
from theory.claim import AlsoTrue, Check, Claim, Worded, Wrong
from theory.exponential_classes import EQUAL_WIDTH, LIMIT, edges_and_divergence, encloses, equal_width_is_best
from theory.interval_costs import CHORD, SMOOTHED, induction, moves_right, quadrangle, reward_difference, unbounded
from theory.numbers import Exact
from theory.prove import proved
from theory.record import Result
from theory.residual import Residual
from theory.statement import Statement
from theory.taylor import DIVERGENCE_UNDER_G, coefficient
from theory.terms import KL, ONE, Atom, B, C, E, Law, Named, X, Y, log, p, q, r, term
from theory.words import R, W
from theory.worlds import World, exact

W_finer = Named("W_b", "W_b", KL(q, p, Y, given=B))
"""What is left inside the parts of the classes."""

ADDITIVE = Statement(W, "=", E(E(-log(r), C) + log(R)))
"""The cost of a class c, over q_c, is E_q[-l|c] + log(p_c/q_c)."""


def split(name: str, *classes: int) -> tuple[Named, World[Exact]]:
    """W of a partition of four labels, with its world."""
    world = exact(
        f"q = 1/4 each, p = (3, 2, 1, 2)/8, classes {name}",
        q="1/4 1/4 1/4 1/4",
        p="3/8 2/8 1/8 2/8",
        k=("1", "1", "1", "1"),
        classes=classes,
        labels="1 2 3 4",
    )
    return Named(f"W({name})", f"W({name})", KL(q, p, Y, given=C)), world


CUT_1, CUT_2, CUT_3 = split("1|234", 0, 1, 1, 1), split("12|34", 0, 0, 1, 1), split("123|4", 0, 0, 0, 1)
CUTS_12, CUTS_13, CUTS_23 = split("1|2|34", 0, 1, 2, 2), split("1|23|4", 0, 1, 1, 2), split("12|3|4", 0, 0, 1, 2)

t = Atom("t_c", "t_c", C, positive=True)
m = Law("m", "m", ONE)
psi = Atom("g(y)", r"g(y)", Y, positive=True)
"""(q l'^2)^(1/3)/m, m the density of bins; means under m."""


def local_cost(constant: int = 24) -> Residual:
    """KL of a narrow bin under q proportional to e^g: (d^2/constant) l'^2 at the centre, and no lower order."""
    l1 = symbols("l1")
    yield [coefficient(DIVERGENCE_UNDER_G, order, 1) for order in range(2)]
    yield coefficient(DIVERGENCE_UNDER_G, 2, 1) - Rational(4, constant) * l1**2


def width_and_mass(power: int = 2) -> Residual:
    """A bin of width d = 1/(K m) and mass q d has the cost (q l'^2/(24 K^2 m^2)) d: a term of a Riemann sum."""
    q, slope, K, m, d = symbols("q slope K m d", positive=True)
    return (q * d * d**2 / 24 * slope**2).subs(d, 1 / (K * m)) - q * slope**2 / (24 * K**power * m**2) / (K * m)


def stationary(power: int = 3) -> Residual:
    """g^3/m^2 + nu m is stationary in m at m = (2/nu)^(1/3) g."""
    g, nu, density = symbols("g nu m", positive=True)
    return diff(g**3 / density**2 + nu * density, density).subs(g, (nu / 2) ** Rational(1, power) * density)


RESULT = Result(
    name="best_classes",
    title="The best classes",
    question="Which edges should the classes have?",
    assumptions=("p_c > 0 in every class",),
    claims=(
        Claim(
            "criterion",
            "identity",
            (Statement(W, "=", KL(q, p, Y) - KL(q, p, C)),),
            remark="the partition that minimises W maximises KL(q_C||p_C)",
        ),
        Claim(
            "refinement",
            "upper bound",
            (
                Statement(W - W_finer, "=", KL(q, p, B, given=C)),
                Statement(W_finer, "<=", W, (gibbs(E(r, B) / R),)),
            ),
            also_true=(
                AlsoTrue(
                    "left: x for y in",
                    "inputs tell no more than labels",
                    (gibbs(r / E(r, X | B)), gibbs(E(r, B) / R)),
                ),
            ),
            remark="b the part of the class that a label is in, so splitting a class never raises W",
        ),
        Claim(
            "dynamic_programming",
            "identity",
            (
                ADDITIVE,
                Worded(
                    "V_K(j) = min_i (V_{K-1}(i) + cost(i, j)) is the least W of the labels up to j in K intervals, for every K and every number of labels",
                    r"V_K(j) = \min_{i<j}\bigl(V_{K-1}(i) + \mathrm{cost}(i, j)\bigr),\qquad \mathrm{cost}(B) = \sum_{y\in B} q\log\frac qp - q_B\log\frac{q_B}{p_B}",
                    "every law",
                    (
                        Check("W is a sum over classes of a cost of the class alone.", lambda: ADDITIVE.proved()),
                        Check(
                            "By induction over K, from V_1(j) = cost(0, j): a partition up to j in K intervals is its last bin and one up to i in "
                            "K - 1; its W exceeds V_K(j) by two slacks that are not negative, and both are zero for some partition.",
                            induction,
                        ),
                    ),
                    (Wrong("last_alone", "the last bin always a single label", lambda: induction(False)),),
                ),
            ),
            assumptions=("classes are intervals of labels",),
        ),
        Claim(
            "greedy",
            "counterexample",
            (
                Statement(CUT_1[0], "=", log(term(125) / 108) / 4, world=CUT_1[1]),
                Statement(log(term(125) / 108) / 4, "<", CUT_2[0], world=CUT_2[1]),
                Statement(log(term(125) / 108) / 4, "<", CUT_3[0], world=CUT_3[1]),
                Statement(CUTS_23[0], "=", log(term(25) / 24) / 4, world=CUTS_23[1]),
                Statement(log(term(25) / 24) / 4, "<", CUTS_12[0], world=CUTS_12[1]),
                Statement(log(term(25) / 24) / 4, "<", CUTS_13[0], world=CUTS_13[1]),
            ),
            remark=(
                "q = 1/4 each, p = (3, 2, 1, 2)/8, K = 3; the best single cut is after the first label, and with it either second cut leaves more "
                "than the best two, so splitting greedily is not optimal"
            ),
        ),
        Claim(
            "quadrangle",
            "upper bound",
            (
                CHORD,
                Worded(
                    "cost(A+B) + cost(B+C) <= cost(A+B+C) + cost(B) for neighbouring A, B, C",
                    r"\mathrm{cost}(A{\cup}B) + \mathrm{cost}(B{\cup}C) \le \mathrm{cost}(A{\cup}B{\cup}C) + \mathrm{cost}(B)",
                    "every law",
                    (
                        Check(
                            "The ratios of B and of A+B+C lie between those of A+B and of B+C (polynomials without negative coefficients), and "
                            "right minus left is q_{A+B+C} and q_B times their gaps above the chord.",
                            quadrangle,
                        ),
                    ),
                    (
                        Wrong("any_order", "r need not be monotone", lambda: quadrangle(-1)),
                        Wrong("reversed", "the left side at least the right one", lambda: quadrangle(direction=-1)),
                    ),
                ),
                Worded(
                    "so the best last edge moves only right with j, and divide and conquer is exact",
                    r"V(i') + \mathrm{cost}(i', j) \le V(i) + \mathrm{cost}(i, j) \Rightarrow V(i') + \mathrm{cost}(i', j') \le V(i) + \mathrm{cost}(i, j')"
                    r"\quad (i < i' < j < j')",
                    "every law",
                    (
                        Check(
                            "An edge i' > i that is no worse at j is no worse at j' > j: the two inequalities add up.",
                            moves_right,
                        ),
                    ),
                    (Wrong("moves_left", "the quadrangle inequality reversed", lambda: moves_right(-1)),),
                ),
            ),
            assumptions=(
                "r monotone (if r falls, read the bins from the right), so that the ratios of neighbouring bins rise",
            ),
        ),
        Claim(
            "density",
            "asymptotic",
            (
                Worded(
                    "With bins of density m (width 1/(K m)), W ~ (1/(24 K^2)) int q l'^2/m^2 = (1/(24 K^2)) E_m[g^3], g = (q l'^2)^(1/3)/m",
                    r"W \sim \frac{1}{24K^2}\int\frac{q\,l'^2}{m^2}\,dy = \frac{1}{24K^2}\,E_m[g^3],\qquad g = \frac{(q\,l'^2)^{1/3}}{m}",
                    "every law",
                    (
                        Check(
                            "A narrow bin has KL (d^2/24) l'^2 to leading order, whatever the slope of q.", local_cost
                        ),
                        Check(
                            "What is left over is O(d^3), the same for every bin: lemma taylor.",
                            lambda: proved("taylor", "remainder"),
                        ),
                        Check("The bins sum to an integral.", width_and_mass),
                    ),
                    (
                        Wrong("twelfth", "1/(12 K^2)", lambda: local_cost(12)),
                        Wrong("first", "1/K in place of 1/K^2", lambda: width_and_mass(1)),
                    ),
                ),
                Statement(
                    E(psi**3, law=m) - E(psi, law=m) ** 3,
                    "=",
                    E((psi - E(psi, law=m)) ** 2 * (psi + 2 * E(psi, law=m)), law=m),
                ),
            ),
            assumptions=(
                "classes are intervals of labels",
                "log q and l three times continuously differentiable on [a, b]; m continuous and positive; l not constant",
            ),
            remark="so the least is W ~ (int (q l'^2)^(1/3))^3/(24 K^2), for m proportional to (q l'^2)^(1/3) alone",
        ),
        Claim(
            "equal_width",
            "identity",
            (
                EQUAL_WIDTH,
                Worded(
                    "and no K intervals have a smaller W",
                    r"= \min W",
                    "closed form",
                    (
                        Check(
                            "Width times that cost is convex in the width, so equal widths are best (Jensen).",
                            equal_width_is_best,
                        ),
                    ),
                    (Wrong("slope", "the slope of log(sinh u/u) as coth u + 1/u", lambda: equal_width_is_best(-1)),),
                ),
            ),
            assumptions=("p proportional to exp(-6 y), q uniform on [0, 1]", "classes are intervals of labels"),
        ),
        Claim(
            "equal_frequency",
            "counterexample",
            (
                Worded(
                    "Equal-frequency classes have a W larger than equal width by a factor in (6.473, 6.474) at K = 4, in (234.90, 234.91) at K = 128",
                    r"\frac{W_{\text{equal frequency}}}{W_{\text{equal width}}} = 6.47\ldots\ (K = 4),\quad 234.90\ldots\ (K = 128)",
                    "closed form",
                    (
                        Check("Edges and KL(q_y||p_y) in closed form.", edges_and_divergence),
                        Check("Interval arithmetic at K = 4.", lambda: encloses(4, "6.473", "6.474")),
                        Check("Interval arithmetic at K = 128.", lambda: encloses(128, "234.90", "234.91")),
                    ),
                    (Wrong("better", "equal frequency at most as large at K = 4", lambda: encloses(4, "0", "1")),),
                ),
                LIMIT,
            ),
            assumptions=("p proportional to exp(-6 y), q uniform on [0, 1]",),
            remark="the limit is 374.87...",
        ),
        Claim(
            "level_sets",
            "upper bound",
            (
                Statement(KL(q, p, C) - E(log(t) - r * t + 1), "=", E(t * R - 1 - log(t * R))),
                Worded(
                    "the right side is not negative, and zero for t_c = q_c/p_c, so moving each label to the class t with the largest log t - r t never lowers KL(q_C||p_C), and some best partition consists of level sets of r",
                    r"c(y) = \operatorname{argmax}_c\,(\log t_c - r(y)\,t_c)",
                    "every law",
                    (
                        Check("t - 1 - log t is not negative: lemma gibbs.", lambda: proved("gibbs", "log_bound")),
                        Check(
                            "The bound holds for the classes after the move too, with the same t, and its left side rises with every move; before the "
                            "move both sides were equal. Of two classes, labels with r on one side of a threshold prefer the one, the rest the "
                            "other, so every class is an interval of r.",
                            reward_difference,
                        ),
                    ),
                    (Wrong("square", "log t - r^2 t", lambda: reward_difference(2)),),
                ),
            ),
        ),
        Claim(
            "empty_bins",
            "identity",
            (
                Worded(
                    "q_B log(q_B/p_B) -> infinity as p_B -> 0, so raw counts reward an empty bin",
                    r"q_B\log\frac{q_B}{p_B} \to \infty\ (p_B \to 0)",
                    "closed form",
                    (Check("The limit, and the slope -q_B/p_B in p_B.", unbounded),),
                    (Wrong("exchanged", "q_B log(p_B/q_B)", lambda: unbounded(-1)),),
                ),
                SMOOTHED,
            ),
        ),
    ),
    source="this project",
)
