"""remainder: what classes leave over, computed from the labels alone, and how large it can be."""

from __future__ import annotations

from theory.certificate import EIGHTH, Piece, gibbs, largest_gap
from theory.claim import Claim
from theory.record import Result
from theory.specht import ATTAINED
from theory.statement import Equality, Statement
from theory.terms import KL, C, E, X, Y, p, q, r
from theory.words import R, V, W, specht, width, within_part

w_c = width(given=C)

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
            remark="h(w) = log((e^w - 1)/w) - 1 + w/(e^w - 1), and w_c is the range of l in the bin",
        ),
        Claim("range_attained", "identity", (ATTAINED,), remark="for every bin of two labels: then W = E_q h(w_c)"),
        Claim(
            "hoeffding_bound",
            "upper bound",
            (Statement(E(specht(w_c)), "<=", E(w_c**2) / 8, (Piece((EIGHTH(w_c),)),)),),
        ),
    ),
    source="this project; (a) from Specht's ratio, (b) from the Lipschitz lemma",
)
