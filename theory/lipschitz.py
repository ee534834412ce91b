"""lipschitz: among Lipschitz functions of a uniform variable, the straight line has the largest log E e^l - E l."""

from __future__ import annotations

from itertools import pairwise, permutations

from sympy import Integral, exp, sinh, symbols

from theory.certificate import GIBBS, Piece, Positive, Square, gibbs
from theory.claim import AlsoTrue, Check, Claim, Worded, Wrong
from theory.formula import Formula, Range, Step
from theory.limits import in_exponentials
from theory.record import Result
from theory.residual import Residual
from theory.statement import Statement
from theory.terms import Atom, E, Named, Y
from theory.terms import exp as exponential
from theory.terms import log as logarithm
from theory.words import e_l

y = symbols("y", real=True)
L, d = symbols("L d", positive=True)

k = Atom("k(y)", "k(y)", Y, positive=True)
level = E(k * e_l) / E(k)
stretch = Named("g", "g", k * (e_l - level))
"""Any function of mean zero that is positive where e^l is above some level and negative where it is below."""
stretched = E(e_l * exponential(stretch))
LARGER = (
    gibbs(E(e_l) / stretched),
    Piece((Positive(e_l / stretched), GIBBS(exponential(stretch)))),
    Piece((Positive(k / stretched), Square(e_l - level))),
)


def straddled(circular: bool = False, neighbours: bool = True) -> Residual:
    """Every gap between neighbouring sorted values is contained in a step of the sequence, for all orders of up to 5 values."""
    for size in (2, 3, 4, 5):
        for order in permutations(range(size)):
            steps = list(pairwise(order)) if neighbours else [(order[0], order[1])]
            covered = {gap for a, b in steps for gap in range(min(a, b), max(a, b))}
            yield covered == set(range(size - 1 + circular))


def integrated(formula: Formula) -> Residual:
    return in_exponentials(formula.left.doit() - formula.right)


STEPS = (
    Check(
        "Take l at the n midpoints of a grid. Between the k smallest values and the others the sequence steps across at some place, and "
        "that step, at most L d/n, contains the gap between the two. So the sorted sequence has steps from 0 to L d/n as well (checked "
        "for all orders of up to 5 values), with the same law: l may be taken as increasing.",
        straddled,
    ),
    Check(
        "Then g = L y - l is increasing too; centred, it is positive where l is above some level and negative where it is below: "
        "stretching by g does not lower E e^l, and leaves E l. Let n grow.",
        lambda: Statement(logarithm(E(e_l)), "<=", logarithm(stretched), LARGER).proved(),
    ),
)

RESULT = Result(
    name="lipschitz",
    title="The straight line is the worst Lipschitz function",
    question="How large can log E e^l - E l be for a Lipschitz function of a uniform variable?",
    assumptions=("y uniform on an interval of length d", "|l(y) - l(z)| <= L |y - z|"),
    claims=(
        Claim(
            "stretching",
            "upper bound",
            (Statement(logarithm(E(e_l)), "<=", logarithm(stretched), LARGER),),
            also_true=tuple(
                AlsoTrue(f"right: {mistake}", "weaker: g is larger")
                for mistake in ("e^l(y) twice", "-E_q[k(y) e^l(y)]", "half of -E_q[k(y) e^l(y)]")
            ),
            remark="for every g = k (e^l - m) of mean zero with k > 0, any function that is positive where l is above a level and negative below",
        ),
        Claim(
            "line",
            "identity",
            (
                Formula(
                    Integral(exp(L * y), (y, -d / 2, d / 2)) / d,
                    "=",
                    sinh(L * d / 2) / (L * d / 2),
                    (Range(L, 0, 2), Range(d, 0, 2)),
                    (Step("The integral has a primitive.", integrated),),
                ),
            ),
        ),
        Claim(
            "line_is_worst",
            "upper bound",
            (
                Worded(
                    "log E e^l - E l <= log(sinh(u)/u) with u = L d/2, with equality for l = L y",
                    r"\log E\,e^{\ell} - E\,\ell \le \log\frac{\sinh u}{u}, \quad u = \frac{L d}{2}, \qquad \text{equality for } \ell = L y",
                    "these sizes only",
                    STEPS,
                    (
                        Wrong(
                            "one gap more",
                            "n values have n gaps between neighbours, and the steps cover them all",
                            lambda: straddled(circular=True),
                        ),
                        Wrong(
                            "one step",
                            "the first step alone is taken to cover all gaps",
                            lambda: straddled(neighbours=False),
                        ),
                    ),
                ),
            ),
        ),
    ),
    source="this project; rearrangement is classical",
    lemma=True,
)
