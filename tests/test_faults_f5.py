"""Faults of the calculus and of three results, each with what the old code let through."""

from __future__ import annotations

from fractions import Fraction

from theory import ledger, mutants
from theory.axioms import zero
from theory.certificate import GIBBS, Instance, Piece, Positive, gibbs
from theory.claim import Claim
from theory.statement import Equality, Statement
from theory.terms import KL, ONE, ZERO, Atom, E, Function, Law, X, Y, q, r, sup, term
from theory.words import Z, f, price
from theory.worlds import Evaluation, drawn, exact

g = Atom("g(x,y)", "g", X | Y, positive=True)


def test_functions_of_one_name_are_two_functions() -> None:
    one = Function("h", "h", lambda value: value, lambda value: value)
    other = Function("h", "h", lambda value: 2 * value, lambda value: 2 * value)
    assert zero(one(f) - one(f))
    assert not zero(one(f) - other(f))


def test_a_divergence_of_weights_is_that_of_their_law() -> None:
    # g has no mean of 1; the law with weights g is the same as that with weights 2 g.
    once, twice = Law("s", "s", g), Law("2s", "2s", 2 * g)
    assert zero(KL(once, q, Y) - KL(twice, q, Y))
    values = Evaluation(drawn(0, 6, 1e-2, "noisy"))
    first, second = values.number(KL(once, q, Y)), values.number(KL(twice, q, Y))
    assert abs(first.value - second.value) <= first.error + second.error


def test_the_supremum_of_nothing_is_not_positive() -> None:
    assert not Positive(sup(f - f)).holds()


def test_a_lemma_for_positive_numbers_takes_no_square_that_may_be_zero() -> None:
    assert Positive(f**2).holds()
    assert not Instance(GIBBS, (f**2,)).holds()


def test_a_weight_that_may_be_zero_does_not_settle_equality() -> None:
    gap = Piece((Positive(f**2), GIBBS(r / Z)))
    assert Statement(ZERO, "<=", gap.term, (gap,)).proved()
    assert not Statement(ZERO, "<=", gap.term, (gap,), Equality(r, Z)).proved()
    assert Statement(ZERO, "<=", price, (gibbs(r / Z),), Equality(r, Z)).proved()


def test_an_exact_inequality_is_not_proved_by_floats_that_cannot_tell() -> None:
    world = exact("one label in two", "1/2 1/2", "1/2 1/2", ("1 0", "0 1"), (0, 0), "0 1")
    tiny = term(Fraction(1, 10**40))
    assert not Statement(1 + tiny, "<=", ONE, world=world).proved()
    assert Statement(ONE, "<=", ONE, world=world).proved()
    assert Statement(ONE, "<=", term(2), world=world).proved()


def test_what_is_left_over_is_written_as_a_term() -> None:
    assert Statement(E(r, X), "=", E(r * f, X)).left_over() == "E_q[r(y)|x] f(x) - E_q[r(y)|x]"


# decoder


def claims(result: str) -> dict[str, Claim]:
    """The claims of a result that are statements, by name."""
    return {claim.name: claim for claim in ledger.load(result).claims}


def test_transport_needs_label_shift() -> None:
    claim = claims("decoder")["transport"]
    assert any(text.startswith("label shift") for text in claim.assumptions)
    (line,) = claim.lines
    assert isinstance(line, Statement)
    (without,) = [mutant.statement for mutant in mutants.mutants(line) if mutant.mistake == mutants.LABEL_SHIFT]
    assert not without.proved()
    assert mutants.refuted(without, label_shift=False)


def test_the_bounds_of_the_decoder_are_for_every_law() -> None:
    scopes = {name: claim.scope for name, claim in claims("decoder").items()}
    assert {name for name, scope in scopes.items() if scope == "closed form"} == {"widest_bin_fails"}
    assert len(scopes) == 7
