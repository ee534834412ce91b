"""lipschitz: among Lipschitz functions of a uniform variable, the straight line has the largest log E e^l - E l."""

from __future__ import annotations

from itertools import product

from sympy import Integral, exp, expand, sinh, symbols

from theory.certificate import GIBBS, Piece, Positive, Square, gibbs
from theory.claim import AlsoTrue, Check, Claim, Worded, Wrong
from theory.formula import Formula, Range, Step
from theory.limits import in_exponentials
from theory.record import Result
from theory.residual import Residual
from theory.signs import nonnegative
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


def crossings(steps: bool = True) -> Residual:
    """Values above a cut are 1, the others 0. If the first n steps cross the cut at least |c_n - c_0| times, the first n + 1 cross it at least
    |c_(n+1) - c_0| times: induction over the sequence."""
    for first, last, following in product((0, 1), repeat=3):
        yield abs(last - first) + steps * abs(following - last) >= abs(following - first)


def contained(outside: int = 0) -> Residual:
    """A step that crosses, from `before` below the lower neighbour of the cut to `after` above the upper one, is the gap and more."""
    lower, gap, before, after = symbols("lower gap before after", nonnegative=True)
    step = (lower + gap + after) - (lower - before) - outside * (before + after + gap)
    return nonnegative(expand(step - gap))


def integrated(formula: Formula) -> Residual:
    return in_exponentials(formula.left.doit() - formula.right)


STEPS = (
    Check(
        "Take l at the n midpoints of a grid, and a cut between two neighbouring sorted values. A sequence that has values on both sides of "
        "the cut steps across it: |c_n - c_0| crossings at least after n steps, by induction over n.",
        crossings,
    ),
    Check(
        "That step, at most L d/n, contains the gap between the two values. So the sorted sequence has steps from 0 to L d/n as well, with the "
        "same law: l may be taken as increasing.",
        contained,
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
                    "closed form",
                    STEPS,
                    (
                        Wrong("no step", "the last step crosses nothing", lambda: crossings(steps=False)),
                        Wrong(
                            "other step", "a step that does not cross contains the gap", lambda: contained(outside=1)
                        ),
                    ),
                ),
            ),
        ),
    ),
    source="this project; rearrangement is classical",
    lemma=True,
)
