"""log_sum: merging atoms never raises a divergence."""

from __future__ import annotations

from theory.logarithms import Part, Positive, divergence, gibbs_terms, total, weights
from theory.record import Claim, Falsifier, Residual, Result, Step


def merged(sign: int = 1, weight_of_second: bool = False) -> Residual:
    for size in (2, 3):
        a, b = weights(size, "a", "b")
        A, B = total(a), total(b)
        one: Positive = A / A
        inner, masses = gibbs_terms([Part(B if weight_of_second else A, [u / A for u in a], [v / B for v in b])])
        yield divergence(a, b) - divergence([A], [B]) * sign - inner
        yield masses
        yield (total([u / A for u in a]).ratio - one.ratio).is_zero


RESULT = Result(
    name="log_sum",
    title="The log-sum inequality",
    question="What does merging atoms do to a divergence?",
    assumptions=("finitely many atoms, positive weights",),
    claims=(
        Claim(
            name="log_sum",
            kind="upper bound",
            statement="With A = sum a_i and B = sum b_i: A log(A/B) <= sum_i a_i log(a_i/b_i), with equality only for a_i/b_i constant.",
            latex=r"A\log\frac{A}{B} \le \sum_i a_i\log\frac{a_i}{b_i}, \quad A = \sum_i a_i,\; B = \sum_i b_i, \qquad "
            r"\text{equality only for constant } a_i/b_i",
            proof=(
                Step(
                    "On 2 and 3 atoms the difference is A KL(a/A||b/B), of laws of mass one: not negative, and zero only for "
                    "a/A = b/B, by gibbs.",
                    merged,
                ),
            ),
            falsifiers=(
                Falsifier("sign", "A log(A/B) is added", lambda: merged(sign=-1)),
                Falsifier("weight", "the inner divergence is weighted with B", lambda: merged(weight_of_second=True)),
            ),
        ),
    ),
    source="standard",
    lemma=True,
)
