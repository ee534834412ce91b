"""decoder: what a class predictor's errors and cross-entropy say about the squared error of the value it decodes to."""

from __future__ import annotations

from fractions import Fraction

from sympy import Symbol, cancel, expand, fraction, symbols, together

from theory.certificate import GIBBS, Certificate, Factor, High, Instance, Low, Piece, Positive, Slack, Square
from theory.claim import AlsoTrue, Check, Claim
from theory.formula import Formula, Range, Step
from theory.record import Result
from theory.residual import Residual
from theory.signs import nonnegative, positive
from theory.statement import Statement
from theory.terms import ALL, NOTHING, ONE, Atom, C, E, Named, Restricted, Term, X, Y, inf, log, p, r, sup, term
from theory.words import D as LENGTH
from theory.words import R, y

narrow = Atom("delta", r"\delta", NOTHING, positive=True)
d = Atom("d", "d", NOTHING, positive=True)
rest = Atom("(D - d)", "(D - d)", NOTHING, positive=True)
D = Restricted("D", "D", d + rest)
"""The narrowest class, the widest one, and the label interval by what it has more."""
own = Atom("s(y)", "s(y)", Y, low=Fraction(-1), high=Fraction(1))
other = Atom("s(x,y)", "s(x,y)", ALL, low=Fraction(-1), high=Fraction(1))
"""Where a label lies between the edges of its class, and from a wrong centre, in units of the largest distance."""
miss = Atom("err(x,c)", r"\mathrm{err}(x, c)", X | C, low=Fraction(0), high=Fraction(1))
"""1 where the argmax is a wrong class, else 0; the bounds hold for any value between."""
Err = Named("Err_c", r"\mathrm{Err}_c", E(miss, C))
predicted = Atom("phat(c|x)", r"\hat p(c|x)", X | C, positive=True, low=Fraction(0), high=Fraction(1))
v = Named("v", "v", 1 - predicted)
CE = Named("CE_c", r"\mathrm{CE}_c", E(-log(predicted), C))
CE_p = Named("CE_c^p", r"\mathrm{CE}_c^p", E(-log(predicted), C, law=p))
label_ratio = Named("(p(y)/q(y))", r"\tfrac{p(y)}{q(y)}", E(r, Y))
more = Atom("m(x,c)", "m(x, c)", X | C, low=Fraction(0))
loss = Named("loss", r"\mathrm{loss}", log(2) * miss + more)
"""At least log 2 where the argmax is wrong, as -log phat(c|x) is."""
Loss = Named("Loss_c", r"\mathrm{Loss}_c", E(loss, C))
"""Its mean over class c: CE_c, of a loss of which no more is used."""

near, far, far_unequal = d / 2, D - d / 2, LENGTH - narrow / 2


def decoded(name: str, wrong: Term, reach: Term) -> Term:
    """R_q of a value on the line between the own centre and one that is wrong, at a share `wrong` of the way; wrong ones reach that far."""
    value = y - ((1 - wrong) * near * own + wrong * reach * other)
    return E((y - Restricted(name, name, value)) ** 2)


def chord(reach: Term) -> Certificate:
    """(1 - w) (d/2)^2 + w reach^2 minus the squared distance, w = err: a square lies below its chord."""
    return (
        Piece((Square(near), High(miss), High(own), Low(own))),
        Piece((Square(reach), Low(miss), High(other), Low(other))),
        Piece((High(miss), Low(miss), Square(near * own - reach * other))),
    )


def distances(hit: Factor, wrong: Factor, reach: Term) -> Certificate:
    """((1 - w) d/2 + w reach)^2 minus the squared distance: products of distances, w = `wrong`, 1 - w = `hit`."""
    return (
        Piece((Positive(near**2), hit, hit, High(own), Low(own))),
        Piece((Positive(reach**2), wrong, wrong, High(other), Low(other))),
        Piece((Positive(near * reach), hit, wrong, High(own), Low(other))),
        Piece((Positive(near * reach), hit, wrong, Low(own), High(other))),
    )


R_hard, R_unequal = decoded("f(x)", miss, far), decoded("f(x)", miss, far_unequal)
R_soft = decoded("f(x)", v, far)
AT_MOST_D = (*distances(Positive(predicted), High(predicted), far),)
"""The squared distance of the soft decoder."""


def more_than_v(mistake: str, whole: int, share: Fraction | int) -> AlsoTrue:
    """The mutant with (whole - share phat(c|x))^2 for v^2: what it has more, whole - 1 + (1 - share) phat times both added, is not negative."""
    more = Positive(rest**2 * (whole - 1 + (1 - share) * predicted))
    parts = (
        Piece((Positive(rest**2 * (whole - 1 + (1 - share) * predicted) * (whole - 1 + (1 - share) * predicted)),)),
        Piece((more, High(predicted))),
    )
    return AlsoTrue(f"right: {mistake}", "v^2 is less", (*AT_MOST_D, parts[0], parts[1], parts[1]))


COST = Instance(GIBBS, (predicted,))
"""v <= -log phat(c|x)."""
KNOWN: tuple[tuple[Term, Certificate], ...] = (
    (v, (Piece((High(predicted),), X | C),)),
    (-log(predicted), tuple(Piece((cost,), X | C) for cost in (COST, High(predicted)))),
    (CE, tuple(Piece((cost,), C) for cost in (COST, High(predicted)))),
    (CE_p, tuple(Piece((Positive(r / R), cost), C) for cost in (COST, High(predicted)))),
)
"""A miss, and what it costs, are not negative."""


def range_of_ratio(weight: Term) -> Certificate:
    """(sup r/inf r - 1) E[weight (-log phat) | c] as products."""
    least = inf(r, C)
    return tuple(
        Piece((cost, Positive(weight / least), Slack(bound)), C)
        for cost in (COST, High(predicted))
        for bound in (sup(r, C), least)
    )


def right_bin() -> Residual:
    """|y - m| <= d/2 for a label `down` above the lower edge and `up` below the upper one: (d/2)^2 - (y - m)^2 is a product."""
    up, down = symbols("up down", nonnegative=True)
    width = up + down
    return [expand((width / 2) ** 2 - (down - width / 2) ** 2 - up * down), nonnegative(up * down)]


def wrong_bin(edges: int = 1) -> Residual:
    """y = a + down, m = a + delta/2 + before, with `after` beyond its bin: D - delta/2 -+ (y - m) are sums of distances.

    The decoded bin has width delta; `up` is the distance of y to b, so that D = down + up = before + delta + after.
    """
    up, down, before, after, width = symbols("up down before after delta", nonnegative=True)
    for sign, whole in ((1, down + up), (-1, before + width + after)):
        yield nonnegative(expand(whole - edges * width / 2 - sign * (down - width / 2 - before)))


def ahead() -> Residual:
    """If another class has p_j >= p_c and p_c + p_j <= 1, then 1 - 2 p_c = (1 - p_c - p_j) + (p_j - p_c) >= 0."""
    mine, others = symbols("p_c p_j", positive=True)
    return expand((1 - 2 * mine) - ((1 - mine - others) + (others - mine)))


RIGHT = Check("In the right bin (d/2)^2 - (y - f)^2 is the product of the distances to its edges.", right_bin)
WRONG = Check(
    "In a wrong one |y - f| is at most D minus half its width: what is missing is a sum of distances.", wrong_bin
)

width = Symbol("d", positive=True)


def first_bin_wide(formula: Formula) -> Residual:
    """With d = (1 + 2 a)/(2 (1 + a)), a > 0, which is any d between 1/2 and 1: the gap is a quotient of positive polynomials."""
    a = Symbol("a", positive=True)
    gap = (formula.right - formula.left).subs(width, (1 + 2 * a) / (2 * (1 + a)))
    above, below = fraction(cancel(together(gap)))
    return [positive(above), positive(below)]


RESULT = Result(
    name="decoder",
    title="From a class predictor to a value",
    question="How small is the squared error of a decoded class predictor when its cross-entropy is small?",
    assumptions=(
        "labels in [a, b], D = b - a; bins of equal width d unless said otherwise; f decodes to bin centres",
        "phat(c|x): the predicted class probabilities; expectations under q",
        "Err_c: the share of class c whose argmax is wrong; CE_c = E_q[-log phat(c|x) | c]; v = 1 - phat(c|x)",
    ),
    claims=(
        Claim(
            "hard",
            "upper bound",
            (
                Statement(
                    R_hard,
                    "<=",
                    d**2 / 4 + D * rest * E(Err),
                    chord(far),
                ),
            ),
            remark="f decodes the argmax; attained with labels at an end of Y",
            cites=(RIGHT, WRONG),
        ),
        Claim(
            "unequal_widths",
            "upper bound",
            (
                Statement(
                    R_unequal,
                    "<=",
                    d**2 / 4 + (far_unequal**2 - d**2 / 4) * E(Err),
                    chord(far_unequal),
                ),
            ),
            also_true=(
                AlsoTrue(
                    "right: (D - delta/2)^2 twice",
                    "weaker by a square",
                    (*chord(far_unequal), Piece((Square(far_unequal), Low(miss)))),
                ),
            ),
            remark="f decodes the argmax, bins have widths from delta to d",
            cites=(RIGHT, WRONG),
        ),
        Claim(
            "widest_bin_fails",
            "counterexample",
            (
                Formula(
                    width**2 / 4 + (1 - width),
                    "<",
                    ((width + 1) / 2) ** 2,
                    (Range(width, Fraction(1, 2), 1),),
                    (
                        Step(
                            "d between 1/2 and 1, written as (1 + 2 a)/(2 (1 + a)): no coefficient is negative.",
                            first_bin_wide,
                        ),
                    ),
                    lead="for 1/2 < d < 1, ",
                    lead_latex=r"\text{for } \tfrac12 < d < 1,\ ",
                ),
            ),
            remark="bins [0, d), [d, 1], D = 1, labels at 0 always decoded to the second bin: the bound of equal widths fails",
        ),
        Claim(
            "errors_by_cross_entropy",
            "upper bound",
            (Statement(Err, "<=", Loss / log(2), (Piece((Positive(1 / log(2)), Low(more)), C),)),),
            remark="Loss_c = CE_c, or the mean of any other loss that is at least log 2 where the argmax is wrong; attained by ties at probability 1/2",
            also_true=(
                AlsoTrue(
                    "right: half of m(x,c)", "m is not negative", (Piece((Positive(1 / (2 * log(2))), Low(more)), C),)
                ),
                AlsoTrue(
                    "right: log(2) to the power -2",
                    "log 2 < 1",
                    (
                        Piece((Positive(1 / log(2)), Low(miss), Instance(GIBBS, (term(2),))), C),
                        Piece((Positive(1 / log(2) ** 2), Low(more)), C),
                    ),
                ),
            ),
            cites=(Check("A wrong argmax means phat(c|x) <= 1/2, hence a loss of at least log 2.", ahead),),
        ),
        Claim(
            "soft",
            "upper bound",
            (
                Statement(R_soft, "<=", d**2 / 4 + d * rest * E(v) + rest**2 * E(v**2), AT_MOST_D),
                Statement(v, "<=", -log(predicted), (Piece((COST,), X | C),)),
            ),
            remark="f is the mean of the centres",
            not_negative=KNOWN,
            also_true=(
                more_than_v("1 twice", 2, 1),
                more_than_v("-phat(c|x) left out", 1, 0),
                more_than_v("half of -phat(c|x)", 1, Fraction(1, 2)),
                AlsoTrue(
                    "right: v to the power 1",
                    "v^2 <= v",
                    (*AT_MOST_D, Piece((Positive(rest**2 * predicted), High(predicted)))),
                ),
            ),
            cites=(RIGHT, WRONG),
        ),
        Claim(
            "soft_by_cross_entropy",
            "upper bound",
            (
                Statement(
                    R_soft,
                    "<=",
                    d**2 / 4 + D * rest * E(CE),
                    (
                        *AT_MOST_D,
                        Piece((Positive(rest**2 * predicted), High(predicted))),
                        Piece((Positive(D * rest), COST)),
                    ),
                ),
            ),
            not_negative=KNOWN,
            remark="f is the mean of the centres; the factor 1/log 2 of the argmax decoder is not there",
            cites=(RIGHT, WRONG),
        ),
        Claim(
            "transport",
            "upper bound",
            (
                Statement(
                    CE,
                    "<=",
                    sup(label_ratio, C) / inf(label_ratio, C) * CE_p,
                    tuple(
                        piece
                        for cost in (COST, High(predicted))
                        for piece in (
                            Piece((cost, Positive(sup(r, C) / (inf(r, C) * R)), Slack(inf(r, C))), C),
                            Piece((cost, Positive(1 / R), Piece((Slack(sup(r, C)),), C)), C),
                        )
                    ),
                ),
            ),
            assumptions=("label shift: one channel k(x|y) for both laws",),
            not_negative=KNOWN,
            also_true=(
                AlsoTrue("left: the mean under p", "sup r >= inf r", range_of_ratio(r / R)),
                AlsoTrue("right: the mean under q", "sup r >= inf r", range_of_ratio(ONE)),
            ),
            remark="so e^(w_c), w_c = sup_{B_c} l - inf_{B_c} l, times the cross-entropy of training data",
        ),
    ),
    source="this project",
)
