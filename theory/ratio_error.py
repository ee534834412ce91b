"""ratio_error: what an estimated label law costs in the correction."""

from __future__ import annotations

from theory.certificate import gibbs
from theory.claim import Claim
from theory.record import Result
from theory.statement import Equality, Statement
from theory.terms import KL, NOTHING, ONE, Atom, E, Law, X, Y, log, q, r

estimate = Atom("e(y)", r"e(y)", Y, positive=True, unit=NOTHING)
"""The estimated label law over q, where r is the true one."""
served = Law("s", "s", r / estimate)
"""The law that is really served: proportional to q p/phat."""

RESULT = Result(
    name="ratio_error",
    title="Correcting with an estimated label law",
    question="The label law in my correction is an estimate: what does its error cost?",
    assumptions=(
        "label shift: one channel k(x|y) for both laws",
        "0 < inf r, sup r < inf",
        "e = phat/q for an estimate phat of the label law p, with the same bounds; s is proportional to q p/phat",
    ),
    claims=(
        Claim("excess", "identity", (Statement(KL(q, served, Y, given=X), "=", KL(q, served, Y) - KL(q, served, X)),)),
        Claim(
            "bound",
            "upper bound",
            (
                Statement(KL(q, served, Y), "=", E(log(estimate / r)) + log(E(r / estimate))),
                Statement(
                    KL(q, served, Y, given=X),
                    "<=",
                    E(log(estimate / r)) + log(E(r / estimate)),
                    (gibbs(E(r / estimate, X) / E(r / estimate)),),
                    Equality(E(r / estimate, X) / E(r / estimate), ONE),
                ),
            ),
            remark="a bound from the labels alone; *sample_size* is its second order for class masses",
        ),
    ),
    source="this project",
)
