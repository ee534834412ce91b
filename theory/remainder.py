"""remainder: what classes leave over, computed from the labels alone, and how large it can be."""

from __future__ import annotations

from theory.certificate import EIGHTH, Piece, gibbs, largest_gap
from theory.claim import AlsoTrue, Check, Claim, Worded, Wrong
from theory.prove import proved
from theory.record import Result
from theory.sinh_bound import BELOW_SIXTH, WEAKER
from theory.specht import ATTAINED
from theory.statement import Equality, Statement
from theory.terms import KL, ZERO, C, E, X, Y, log, p, q, r
from theory.words import R, V, W, l, specht, width, within_part

w_c = width(given=C)
MOMENT = Statement(W, "=", E(log(E(r, C)) - E(l, C)))

RESULT = Result(
    name="remainder",
    title="The label-only remainder",
    question="How much extra error is left within classes, and what bounds it?",
    assumptions=("r = p/q positive and finite", "a partition of the labels"),
    claims=(
        Claim(
            "label_only",
            "identity",
            (Statement(W, "=", KL(q, p, Y, given=C)), Statement(W, "=", KL(q, p, Y) - KL(q, p, C))),
        ),
        Claim("within_part", "identity", (Statement(within_part, "=", W - KL(q, p, X, given=C)),)),
        Claim(
            "within_at_most_remainder",
            "upper bound",
            (Statement(within_part, "<=", W, (gibbs(V / R),), Equality(V, R)),),
        ),
        Claim(
            "range_bound",
            "upper bound",
            (Statement(W, "<=", E(specht(w_c)), largest_gap(r, C)),),
            also_true=(
                AlsoTrue("without label shift", "E_q[r(x,y)|y] stays in the range of r(x,y), and h increases with w"),
            ),
            remark="h(w) = log((e^w - 1)/w) - 1 + w/(e^w - 1), and w_c is the range of l in the bin",
        ),
        Claim("range_attained", "identity", (ATTAINED,), remark="for every bin of two labels: then W = E_q h(w_c)"),
        Claim(
            "hoeffding_bound",
            "upper bound",
            (Statement(E(specht(w_c)), "<=", E(w_c**2) / 8, (Piece((EIGHTH(w_c),)),)),),
            also_true=tuple(AlsoTrue(f"left: {one} for", "weaker: h(0) = 0") for one in ("inf", "sup")),
        ),
        Claim(
            "lipschitz_bound",
            "upper bound",
            (
                Worded(
                    "q uniform, l L-Lipschitz, bins of width at most d, any K: W <= log(sinh(u)/u), u = L d/2",
                    r"q \text{ uniform},\; \ell\; L\text{-Lipschitz}: \qquad W \le \log\frac{\sinh u}{u}, \quad u = \frac{L d}{2}",
                    "every law",
                    (
                        Check("W is the mean over bins of log E e^l - E l under q_{y|c}.", MOMENT.proved),
                        Check(
                            "Within a bin q is uniform, so this is at most log(sinh(u_c)/u_c), u_c = L d_c/2: lemma lipschitz.",
                            lambda: proved("lipschitz", "line_is_worst"),
                        ),
                        Check(
                            "log(sinh(u)/u) increases, so the widest bin bounds all: lemma sinh_bound.",
                            lambda: proved("sinh_bound", "increasing"),
                        ),
                    ),
                    (
                        Wrong(
                            "mean",
                            "the mean of r is taken under p_{y|c}",
                            lambda: Statement(W, "=", E(log(E(r, C, law=p)) - E(l, C))).proved(),
                        ),
                    ),
                ),
                BELOW_SIXTH,
            ),
            assumptions=("q uniform on an interval", "l is L-Lipschitz", "bins are intervals"),
            also_true=(WEAKER,),
            remark="the right side is (L d)^2/24",
        ),
        Claim(
            "zero_remainder",
            "upper bound",
            (Statement(ZERO, "<=", W, (gibbs(r / R),), Equality(r, R)),),
            remark="W = 0 if and only if r is constant on each bin",
            also_true=(AlsoTrue("right: E_{q(c)} KL", "the same with p and q exchanged", (gibbs(R / r, r),)),),
        ),
    ),
    source="this project; (a) from Specht's ratio, (b) from the Lipschitz lemma",
)
