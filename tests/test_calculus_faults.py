"""Faults that proofs once had: each test fails on the code that had it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sympy import Symbol, exp

from theory import ledger
from theory.certificate import CHORD, Piece, Positive, Slack, SubGaussian
from theory.claim import Claim
from theory.formula import Formula
from theory.gradient_flow import descent, q_c
from theory.loss_scale import decay, loss, scale, square
from theory.residual import examine
from theory.signs import rises_from_zero
from theory.sinh_bound import BELOW_SIXTH, u
from theory.softmax_flow import EXCESS, p_c, velocity
from theory.statement import Statement
from theory.terms import ONE, inf, r, sup
from theory.words import f, y


def claim(result: str, name: str) -> Claim:
    (only,) = [entry for entry in ledger.load(result).claims if entry.name == name]
    return only


def test_the_last_derivative_needs_a_sign() -> None:
    z = Symbol("z", positive=True)
    assert examine(rises_from_zero(exp(z) - 1 - z, z, exp(z) - 1))[0]
    assert not examine(rises_from_zero(-z, z, -1))[0]
    assert not examine(rises_from_zero(1 + z - exp(z), z, 1 - exp(z)))[0]


@pytest.mark.parametrize("right", [u**2 / 7, u**2 / 6 - u**40, u**2 / 6 + u**40])
def test_the_bound_on_sinh_reads_every_order(right: object) -> None:
    """Nine coefficients once were all that was compared: a difference at order 40 passed unseen."""
    assert BELOW_SIXTH.proved()
    assert not replace(BELOW_SIXTH, right=right).proved()


def test_assumptions_that_were_missing() -> None:
    assert any("p << q" in line for line in claim("squared_error", "covariance").assumptions)
    assert any("label shift" in line for line in claim("readout", "capacity").assumptions)


def test_a_lemma_holds_on_its_domain_alone() -> None:
    """The chord is above the logarithm outside its ends, so an instance must say why it is between them."""
    lowest, highest = inf(r), sup(r)
    above, below = (Piece((Positive(1 / lowest), Slack(end))) for end in (lowest, highest))
    assert CHORD(r / lowest, highest / lowest, domain=(above, below)).holds()
    assert not CHORD(r / lowest, highest / lowest, domain=(below, above)).holds()
    assert not CHORD(r, highest / lowest, domain=(above, below)).holds()
    with pytest.raises(ValueError, match="argument"):
        CHORD(r / lowest, highest / lowest).holds()


def test_a_sub_gaussian_bound_takes_what_the_input_determines_alone() -> None:
    assert not SubGaussian(y).holds()


def test_both_flows_of_balanced_classes_read_their_weights() -> None:
    """One flow of the two was computed, and from the rate that it should have shown."""
    regression, entropy = claim("gradient_flow", "balancing").lines
    assert isinstance(regression, Formula)
    assert isinstance(entropy, Formula)
    for line, inverse in ((regression, descent(p_c / q_c)), (entropy, velocity(p_c / q_c * p_c))):
        assert line.proved()
        assert not replace(line, left=inverse).proved()


def test_the_peak_is_bounded_on_both_sides_of_it() -> None:
    """e^h - 1 - h was shown for positive h alone; the bound holds before the peak too, and no smaller one does."""
    (bound, *_) = claim("gradient_flow", "rare_to_frequent").lines
    assert isinstance(bound, Formula)
    assert any("(e^h - 1 - h)" in step for step, _, _ in bound.steps())
    assert bound.proved()
    assert not replace(bound, right=1 + EXCESS / 2).proved()


def test_ridge_reads_its_penalty() -> None:
    (line,) = claim("loss_scale", "ridge").lines
    assert isinstance(line, Formula)
    assert line.proved()
    assert len(line.proof) == 2  # the objectives, and the minimiser of each solved for by itself
    for penalty in (decay, decay * scale):
        assert not replace(line, right=scale * (loss + penalty / 2 * square)).proved()


def test_a_denominator_that_may_be_zero_is_refused() -> None:
    """f/f = 1 says nothing where f(x) = 0: the axioms have no word for one over f."""
    assert not Statement(f / f, "=", ONE).proved()
    assert Statement(r / r, "=", ONE).proved()
