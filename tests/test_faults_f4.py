"""What was wrong with the proofs of rates, bin_width, sample_size, best_classes and discretisation, each fault by a test of its own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import sympy

from theory import bin_width, discretisation, exponential_classes, interval_costs, ledger, rates, taylor
from theory.claim import Claim, Worded
from theory.mutants import worlds
from theory.residual import examine
from theory.statement import Statement, sides
from theory.terms import ALL, B, C, Density, Named, X, Y, log, replaced
from theory.words import anything

RESULTS = ("rates", "bin_width", "sample_size", "best_classes", "discretisation")


def claim(result: str, name: str) -> Claim:
    (entry,) = (entry for entry in ledger.load(result).claims if entry.name == name)
    return entry


def test_no_proof_is_for_some_sizes_only() -> None:
    """The dynamic programme stood on two instances; penalties and costs on two or three classes."""
    for name in RESULTS:
        assert {entry.scope for entry in ledger.load(name).claims} <= {"every law", "closed form"}
    for result, name in (("best_classes", "dynamic_programming"), ("sample_size", "penalty"), ("rates", "remainder")):
        assert claim(result, name).scope == "every law"


def test_the_induction_needs_every_last_edge() -> None:
    assert examine(interval_costs.induction())[0]
    assert not examine(interval_costs.induction(False))[0]


def test_the_quadrangle_has_a_direction() -> None:
    """The direction was never computed: the proof held for the reversed inequality too."""
    assert examine(interval_costs.quadrangle())[0]
    assert not examine(interval_costs.quadrangle(direction=-1))[0]


def test_the_error_of_discretisation_is_no_tautology() -> None:
    """Both sides were the same sum of symbols; now an error left without its width, or another law, is refused."""
    first, as_divergence, *_ = claim("discretisation", "error").lines
    assert isinstance(first, Statement)
    assert isinstance(as_divergence, Statement)
    assert as_divergence.proved()
    p = discretisation.p
    no_width = -log(Density(p, C, X)) + log(Density(p, Y, X))
    assert not replace(first, left=no_width).proved()
    other = replaced(discretisation.Err, anything, anything**2)
    assert not replace(first, left=other).proved()
    assert isinstance(discretisation.Err, Named)


def test_last_derivatives_are_certified() -> None:
    """A chain of derivatives that starts at zero shows nothing unless the last one is not negative."""
    assert any(part is True for part in exponential_classes.equal_width_is_best())
    assert any(part is True for part in bin_width.terms_fall())


@pytest.mark.parametrize(
    ("result", "name", "words"),
    [
        ("best_classes", "density", "continuously differentiable"),
        ("rates", "corrected_mean", "E kappa^2 > 0"),
        ("rates", "jump", "but for one jump"),
        ("rates", "remainder", "continuously differentiable"),
        ("discretisation", "leading", "continuously differentiable"),
        ("best_classes", "dynamic_programming", "intervals"),
    ],
)
def test_assumptions_are_stated(result: str, name: str, words: str) -> None:
    assert words in "; ".join(claim(result, name).assumptions)


def test_a_jump_does_not_contradict_its_result() -> None:
    assert not any("differentiable" in assumption for assumption in rates.RESULT.assumptions)


def test_parts_of_classes_lie_between_labels_and_classes() -> None:
    assert C < B < Y < ALL
    (split, *_) = claim("best_classes", "refinement").lines
    assert isinstance(split, Statement)
    seen = [sides(split, values) for _, values in zip(range(40), worlds(), strict=False)]
    assert not any(each.refuted for each in seen)
    assert any(each.right.value > 1e-3 for each in seen)


def cost_of_bin(l: sympy.Expr, y: sympy.Symbol, centre: float, h: float) -> float:
    """KL(uniform || tilted by e^l) on a bin, by Gauss-Legendre quadrature."""
    nodes, weights = np.polynomial.legendre.leggauss(20)
    values = sympy.lambdify(y, l, "numpy")(centre + h * nodes)
    middle = values @ weights / 2
    return float(np.log1p(weights @ np.expm1(values - middle) / 2))


@pytest.mark.parametrize("text", ["sin(3*y) + y**3", "3*log(1 + y**2)", "-6*y", "exp(-y)*cos(5*y)"])
@pytest.mark.parametrize("h", [0.02, 0.1, 0.4])
def test_remainders_of_every_bin_are_within_their_bound(text: str, h: float) -> None:
    """The bound of lemma taylor, by the suprema of a smooth function, on bins all over [0, 2]."""
    y = sympy.Symbol("y")
    l = sympy.sympify(text, locals={"y": y})
    grid = np.linspace(0, 2, 4001)
    slopes = [sympy.lambdify(y, sympy.diff(l, y, j) + 0 * y, "numpy")(grid) * np.ones_like(grid) for j in (1, 2, 3)]
    # The grid misses a supremum by at most a step times the next derivative, which is below 1 % here.
    suprema = {sympy.Symbol(f"L{j}", positive=True): 1.01 * float(abs(s).max()) for j, s in enumerate(slopes, 1)}
    bound = float(taylor.left_over(taylor.DIVERGENCE_OF_UNIFORM, 3, 1).subs(suprema)) * h**3
    slope = sympy.lambdify(y, sympy.diff(l, y) + 0 * y)
    for centre in np.linspace(h, 2 - h, 9):
        rest = cost_of_bin(l, y, centre, h) - h**2 / 6 * float(slope(centre)) ** 2
        assert abs(rest) <= bound + 1e-13


def test_coefficients_against_the_closed_form_of_a_line() -> None:
    """log(sinh u/u) = u^2/6 - u^4/180, and u coth u - 1 - log(sinh u/u) = u^2/6 - u^4/60, u = l' h."""
    u, l1 = sympy.symbols("u l1")
    for cost, exact in (
        (taylor.DIVERGENCE_OF_UNIFORM, sympy.log(sympy.sinh(u) / u)),
        (taylor.DIVERGENCE_TO_UNIFORM, u * sympy.coth(u) - 1 - sympy.log(sympy.sinh(u) / u)),
    ):
        series = sympy.series(exact, u, 0, 5).removeO()
        for order in range(1, 5):
            line = taylor.coefficient(cost, order, 1).subs({f"l{j}": 0 for j in (2, 3, 4)})
            assert sympy.expand(line - series.coeff(u, order) * l1**order) == 0


def test_wrong_versions_by_hand_are_refused() -> None:
    for name in (*RESULTS, "taylor"):
        for entry in ledger.load(name).claims:
            for line in entry.lines:
                if isinstance(line, Worded):
                    assert line.proved()
                    assert line.wrong
                    assert not any(examine(wrong.residual())[0] for wrong in line.wrong)
