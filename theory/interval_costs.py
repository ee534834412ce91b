"""The cost of a class: what follows from its additivity for the search of the best classes."""

from __future__ import annotations

from sympy import Expr, Symbol, cancel, diff, expand, expand_log, log, oo, symbols
from sympy import limit as limit_of

from theory.formula import Formula, Range, Step
from theory.prove import proved
from theory.residual import Residual
from theory.signs import nonnegative

low, high, share = symbols("r_X r_Z theta", positive=True)
middle = share * low + (1 - share) * high


def gap(t: Expr) -> Expr:
    """t - 1 - log t, not negative by gibbs."""
    return t - 1 - log(t)


def collected(formula: Formula) -> Residual:
    return cancel(expand(expand_log(formula.left - formula.right, force=True)))


CHORD = Formula(
    log(middle) - share * log(low) - (1 - share) * log(high),
    "=",
    share * gap(low / middle) + (1 - share) * gap(high / middle),
    (Range(share, 0, 1), Range(low, 0, 4), Range(high, 0, 4)),
    (
        Step("Logarithms collected.", collected),
        Step("t - 1 - log t is not negative: lemma gibbs.", lambda _: proved("gibbs", "log_bound")),
    ),
    lead="A ratio theta r_X + (1 - theta) r_Z between two others has: ",
)


def quadrangle(order: int = 1, direction: int = 1) -> Residual:
    """r rising over bins A, B, C: the ratios of A+B+C and of B lie between those of X = A+B and Z = B+C, and the costs differ by chord gaps."""
    a, b, c, r, step, further = symbols("q_A q_B q_C r_A s t", positive=True)
    masses = ((a, a * r), (b, b * (r + step)), (c, c * (r + step + order * further)))

    def joined(*parts: int) -> tuple[Expr, Expr]:
        return sum(masses[i][0] for i in parts), sum(masses[i][1] for i in parts)

    x, z, whole, inner = joined(0, 1), joined(1, 2), joined(0, 1, 2), joined(1)
    log_x, log_z, log_whole, log_inner = symbols("log_x log_z log_whole log_inner")
    # The cost of a bin is its mass times the logarithm of its ratio, up to a sum over labels that both sides have.
    gap = whole[0] * log_whole + inner[0] * log_inner - x[0] * log_x - z[0] * log_z
    for (mass, other), log_ratio in ((whole, log_whole), (inner, log_inner)):
        for lower, upper in ((x, (mass, other)), ((mass, other), z)):
            # upper ratio minus lower ratio, times both masses
            yield nonnegative(expand(upper[1] * lower[0] - lower[1] * upper[0]))
        part = cancel((z[1] / z[0] - other / mass) / (z[1] / z[0] - x[1] / x[0]))
        gap -= direction * mass * (log_ratio - part * log_x - (1 - part) * log_z)
    yield [cancel(diff(gap, symbol)) for symbol in (log_x, log_z, log_whole, log_inner)]


def moves_right(sign: int = 1) -> Residual:
    """V(i') + c(i', j) = V(i) + c(i, j) - s and c(i, j) + c(i', j') = c(i, j') + c(i', j) - t give V(i') + c(i', j') <= V(i) + c(i, j')."""
    s, t = symbols("s t", nonnegative=True)
    value, other_value, here, there, other_here = symbols("V_i V_k c_ij c_il c_kj")
    other_there = there + other_here - here - sign * t
    saved = value + there - (other_value + other_there)
    return nonnegative(expand(saved.subs(other_value, value + here - s - other_here)))


def induction(last_best: bool = True) -> Residual:
    """One class more: a partition of the labels up to j whose last bin begins after i has W = V(i) + s + cost(i, j), with s >= 0.

    V_K(j) is the least V(i) + cost(i, j) = V_K(j) + t, t >= 0 as i runs over all last edges; so W - V_K(j) = s + t, and 0 is attained.
    """
    s = Symbol("s", nonnegative=True)
    # If only some last edges are looked at, nothing is known of t at the others.
    t = Symbol("t", nonnegative=True) if last_best else Symbol("t")
    before, after = symbols("V_i V_K")
    whole = (before + s) + (after + t - before)
    try:
        yield nonnegative(expand(whole - after))
    except ValueError:
        yield False
    yield (whole - after).subs({s: 0, t: 0})


def reward_difference(power: int = 1) -> Residual:
    """Per unit of q(y), class t beats class t' by log(t/t') - r (t - t'): affine in r, so it changes sign once."""
    r, t, other = symbols("r t t_other", positive=True)
    gap = (log(t) - r**power * t + 1) - (log(other) - r**power * other + 1)
    yield expand(gap - (log(t) - log(other) - r**power * (t - other)))
    yield diff(gap, r, 2)


q, p, alpha, n, classes, counts = symbols("q_B p_B alpha n K n_B", positive=True)


def grows(formula: Formula) -> Residual:
    """The smoothed term by substitution; it is continuous in the count."""
    yield expand(expand_log(formula.left.subs(counts, 0) - formula.right, force=True))


def unbounded(sign: int = 1) -> Residual:
    term = q * log(q / p) * sign
    yield limit_of(term, p, 0, "+") == oo
    yield cancel(diff(term, p) + q / p)


SMOOTHED = Formula(
    q * log(q * (n + classes * alpha) / (counts + alpha)),
    "~",
    q * log(q * (n + classes * alpha) / alpha),
    (Range(q, 0, 1), Range(n, 10, 50), Range(classes, 2, 9), Range(alpha, 1, 2), Range(counts, 0, 1)),
    (Step("By substitution, as both sides are continuous in n_B.", grows),),
    limit=(counts, 0),
    lead="With p_B = (n_B + alpha)/(n + K alpha): ",
    lead_latex=r"p_B = \tfrac{n_B + \alpha}{n + K\alpha}:\ ",
)
