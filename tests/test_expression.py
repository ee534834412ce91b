"""Typed expressions: parsed and never executed, printed back, differentiated, enclosed, cut at kinks, proved positive."""

from __future__ import annotations

import math
import time
from fractions import Fraction

import flint
import numpy as np
import pytest
from flint import acb, arb
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics.expression import balls, calculus, pieces, values
from numerics.expression import parse as parsing
from numerics.expression.parse import DEEPEST, LARGEST_EXPONENT, LONGEST
from numerics.expression.tree import KINKED, Constant, contains
from numerics.expression.tree import series as cosines
from numerics.expression.tree import text as text_of
from unskew.ground.refusals import InputError

NUMBERS = st.sampled_from(["0", "1", "2", "3", "0.5", "0.05", "1.25", ".75", "1e-3", "2.5E1", "7", "10"])


def grow(children):
    """Pairs of a text and the same function of y written in Python by the test itself."""
    binary = st.tuples(st.sampled_from("+-*"), children, children).map(
        lambda t: (
            f"({t[1][0]}) {t[0]} ({t[2][0]})",
            {
                "+": lambda y: t[1][1](y) + t[2][1](y),
                "-": lambda y: t[1][1](y) - t[2][1](y),
                "*": lambda y: t[1][1](y) * t[2][1](y),
            }[t[0]],
        )
    )
    quotient = st.tuples(children, children).map(
        lambda t: (f"({t[0][0]}) / (({t[1][0]})**2 + 1)", lambda y: t[0][1](y) / (t[1][1](y) ** 2 + 1))
    )
    negative = children.map(lambda t: (f"-({t[0]})", lambda y: -t[1](y)))
    powers = st.tuples(children, st.sampled_from([2, 3])).map(
        lambda t: (f"({t[0][0]})**{t[1]}", lambda y: t[0][1](y) ** t[1])
    )
    roots = children.map(lambda t: (f"(({t[0]})**2 + 0.5)**(1/3)", lambda y: (t[1](y) ** 2 + 0.5) ** (1 / 3)))
    waves = st.tuples(st.sampled_from(["sin", "cos", "tanh"]), children).map(
        lambda t: (f"{t[0]}({t[1][0]})", lambda y: getattr(math, t[0])(t[1][1](y)))
    )
    logs = children.map(lambda t: (f"log(({t[0]})**2 + 1)", lambda y: math.log(t[1](y) ** 2 + 1)))
    bells = children.map(lambda t: (f"exp(-({t[0]})**2)", lambda y: math.exp(-(t[1](y) ** 2))))
    square_roots = children.map(lambda t: (f"sqrt(({t[0]})**2 + 1)", lambda y: math.sqrt(t[1](y) ** 2 + 1)))
    return st.one_of(binary, quotient, negative, powers, roots, waves, logs, bells, square_roots)


LEAVES = st.one_of(
    st.just(("y", lambda y: y)),
    st.just(("pi", lambda y: math.pi)),
    NUMBERS.map(lambda t: (t, lambda y: float(t))),
)
SMOOTH = st.recursive(LEAVES, grow, max_leaves=6)
POINTS = st.floats(0, 1).map(lambda y: round(y, 6))


@given(SMOOTH)
def test_printing_and_parsing_are_inverse(pair):
    tree = parsing.parse(pair[0])
    written = text_of(tree)
    if len(written) <= LONGEST:
        assert parsing.parse(written) == tree


@given(SMOOTH, POINTS)
def test_double_value_is_in_the_ball_of_fewer_bits(pair, y):
    # At 44 bits every inexact step of the ball adds 2^-44 relative, 512 units in the last place of a double; each double step
    # errs by a few. So the ball must hold both the double value and the test's own Python function.
    tree = parsing.parse(pair[0])
    with flint.ctx.workprec(44):
        enclosure = balls.ball(tree, acb(arb(y))).real
    value = float(values.evaluate(tree, y, np))
    if not (abs(value) < 1e100 and enclosure.is_finite()):
        return
    assert enclosure.contains(arb(value)) or abs(enclosure - value) < 2**-44
    assert enclosure.contains(arb(pair[1](y))) or abs(enclosure - pair[1](y)) < 2**-44


@given(SMOOTH, POINTS)
@settings(max_examples=60)
def test_jax_and_numpy_agree(pair, y):
    import jax.numpy as jnp

    tree = parsing.parse(pair[0])
    ours, theirs = (np.asarray(values.evaluate(tree, np.array([y]), module)) for module in (np, jnp))
    with flint.ctx.workprec(44):
        enclosure = balls.ball(tree, acb(arb(y))).real
    if enclosure.is_finite() and abs(ours[0]) < 1e100:
        # Both are within the radius of the 44-bit ball of the true value (see above).
        assert abs(ours[0] - theirs[0]) <= 2 * float(enclosure.rad()) + 2**-43


def difference_quotient(tree, y: Fraction):
    """(f(y+h) - f(y-h))/2h in balls with Cauchy's bound on what is left out; None where no disc of analyticity is found."""
    for exponent in range(6, 26, 2):
        radius = arb(2) ** -exponent
        box = acb(arb(balls.exact(y), radius), arb(0, radius))
        largest = balls.ball(tree, box, True)
        if largest.is_finite():
            h = radius * arb(2) ** -100
            with flint.ctx.workprec(600):
                quotient = (balls.ball(tree, acb(balls.exact(y) + h)) - balls.ball(tree, acb(balls.exact(y) - h))) / (
                    2 * h
                )
            # |a_(2k+1)| <= M/R^(2k+1), so the remainder is at most (M/R) x/(1-x) with x = (h/R)^2.
            left_out = largest.abs_upper() / radius * arb(2) ** -199
            return quotient.real + arb(0, left_out.abs_upper())
    return None


@given(SMOOTH, st.fractions(0, 1, max_denominator=1000))
@settings(max_examples=80)
def test_derivative_is_the_difference_quotient(pair, y):
    with flint.ctx.workprec(balls.PRECISION):
        tree = parsing.parse(pair[0])
        slope = balls.ball(calculus.derivative(tree), acb(balls.exact(y)))
        quotient = difference_quotient(tree, y)
        if quotient is None or not slope.is_finite():
            return
        assert slope.real.overlaps(quotient)
        # The comparison can fail: 15 digits of agreement are really there.
        assert float(quotient.rad()) <= 1e-15 * (1 + abs(float(quotient.mid())))


@pytest.mark.parametrize("wrong", ["2*y*exp(y**2) + 1e-12", "y*exp(y**2)", "-2*y*exp(y**2)"])
def test_derivative_check_can_fail(wrong):
    with flint.ctx.workprec(balls.PRECISION):
        quotient = difference_quotient(parsing.parse("exp(y**2)"), Fraction(1, 3))
        assert quotient is not None
        assert not balls.ball(parsing.parse(wrong), acb(balls.exact(Fraction(1, 3)))).real.overlaps(quotient)


@given(SMOOTH, st.fractions(0, 1, max_denominator=50), st.fractions(0, 1, max_denominator=50))
@settings(max_examples=60)
def test_ball_of_an_interval_covers_its_points(pair, left, right):
    left, right = min(left, right), max(left, right)
    tree = parsing.parse(pair[0])
    with flint.ctx.workprec(balls.PRECISION):
        wide = balls.ball(tree, balls.interval(left, right))
        for k in range(5):
            here = balls.ball(tree, acb(balls.exact(left + (right - left) * Fraction(k, 4))))
            assert not wide.is_finite() or wide.overlaps(here)


REFUSED = [
    ("__import__('os').system('true')", "character"),
    ("__import__", "character"),
    ("y.__class__", "character"),
    ("y.real", "Attribute"),
    ("(1).real", "Attribute"),
    ("lambda: y", "character"),
    ("lambda y y", "does not parse"),
    ("[y for y in y]", "character"),
    ("(y for y in y)", "GeneratorExp"),
    ("(y, y)", "Tuple"),
    ("y if y else y", "IfExp"),
    ("not y", "Not"),
    ("y and y", "BoolOp"),
    ("y in y", "Compare"),
    ("y is y", "Compare"),
    ("y // 2", "FloorDiv"),
    ("y % 2", "character"),
    ("y @ y", "character"),
    ("y := 2", "character"),
    ("y = 2", "character"),
    ("y; y", "character"),
    ("y\nimport os", "character"),
    ("y#", "character"),
    ('"y"', "character"),
    ("f'{y}'", "character"),
    ("exec(y)", "function 'exec'"),
    ("eval(y)", "function 'eval'"),
    ("open(y)", "function 'open'"),
    ("exp(y)(y)", "Call"),
    ("exp(*y)", "Starred"),
    ("exp(y, y)", "2 arguments"),
    ("exp()", "0 arguments"),
    ("exp", "function exp without"),
    ("min(y)", "1 arguments"),
    ("x", "name 'x'"),
    ("True", "number 'True'"),
    ("None", "number 'None'"),
    ("...", "number '...'"),
    ("1j", "number '1j'"),
    ("0x10", "number '0x10'"),
    ("0b1", "number '0b1'"),
    ("1_000", "character"),
    ("inf", "name 'inf'"),
    ("nan", "name 'nan'"),
    ("1e999", "out of range"),
    ("1e-999", "out of range"),
    ("1e999999999", "number"),
    ("9**9**9", "exponent"),
    ("9**9**9**9**9", "exponent"),
    ("y**65", "exponent"),
    ("y**(1/65)", "exponent"),
    ("y**y", "exponent that is not a number"),
    ("(-2)**y", "exponent that is not a number"),
    ("((((9**60)**60)**60)**60)", "out of range"),
    ("y^2", "write \\*\\*"),
    ("1/0", "divides by zero"),
    ("1/(2-2)", "divides by zero"),
    ("0**-1", "divides by zero"),
    ("", "empty"),
    ("   ", "empty"),
    ("(", "does not parse"),
    ("y y", "does not parse"),
    ("2y", "does not parse"),
    ("ｅxp(y)", "character"),
    ("exp(у)", "character"),
    ("y\u202e", "character"),
    ("y\x00", "character"),
    ("²", "character"),
    ("٣*y", "character"),
    ("(" * 240 + "y" + ")" * 240, "nested|does not parse"),
    ("-" * (DEEPEST + 5) + "y", "nested"),
    ("-" * 499 + "y", "nested|parts"),
    ("+".join(["y"] * 200), "nested|parts"),
    ("exp(" * 45 + "y" + ")" * 45, "nested"),
    ("y" * (LONGEST + 1), "characters"),
    ("1" * 330, "out of range"),
]


@pytest.mark.parametrize(("text", "message"), REFUSED, ids=[ascii(text)[:40] for text, _ in REFUSED])
def test_refused_in_one_line_and_at_once(text, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    started = time.perf_counter()
    with pytest.raises(InputError, match=message) as problem:
        parsing.parse(text)
    assert time.perf_counter() - started < 1
    assert "\n" not in str(problem.value)
    assert len(str(problem.value)) < 900
    assert capsys.readouterr() == ("", "")
    assert not any(tmp_path.iterdir())


@given(st.text(max_size=60))
@settings(max_examples=300)
def test_any_text_parses_or_is_refused(text):
    try:
        tree = parsing.parse(text)
    except InputError:
        return
    assert parsing.parse(text_of(tree)) == tree


@given(st.text(alphabet="y0123456789.+-*/() exploginsqrtm,", max_size=30))
@settings(max_examples=300)
def test_near_misses_parse_or_are_refused(text):
    try:
        tree = parsing.parse(text)
    except InputError:
        return
    if len(text_of(tree)) <= LONGEST:
        assert parsing.parse(text_of(tree)) == tree


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.1 + 0.2", Fraction(3, 10)),
        ("-2**2", Fraction(-4)),
        ("2**-1", Fraction(1, 2)),
        ("2**3**2", Fraction(512)),
        ("-(1 - 3)/4", Fraction(1, 2)),
        ("1e-3", Fraction(1, 1000)),
        ("1.5e2", Fraction(150)),
        ("--1", Fraction(1)),
        ("+1", Fraction(1)),
    ],
)
def test_constants_are_exact_rationals(text, value):
    assert parsing.parse(text) == Constant(value)


def test_constant_to_the_power_of_y():
    with flint.ctx.workprec(balls.PRECISION):
        assert balls.ball(parsing.parse("2**y"), acb(3)).real.contains(8)
    assert parsing.parse(f"y**{LARGEST_EXPONENT}") is not None


@pytest.mark.parametrize(
    "text", ["sqrt(y)", "log(y)", "abs(y)", "min(y, 0)", "max(y, 0)", "y**(1/3)", "y**(5/2)", "1/y"]
)
def test_analytic_flag_is_honoured_across_the_singularity(text):
    across = acb(arb(0, 1) / 4, arb(0, 1) / 4)
    assert not balls.ball(parsing.parse(text), across, True).is_finite()


@pytest.mark.parametrize(
    ("text", "lower", "upper", "value"),
    [
        ("sqrt(y)", 1, 4, Fraction(14, 3)),
        ("sqrt(y)", 0, 4, Fraction(16, 3)),
        ("y**(1/3)", 0, 8, Fraction(12)),
        ("abs(y - 1/3)", 0, 1, Fraction(5, 18)),
        ("min(y, 1 - y)", 0, 1, Fraction(1, 4)),
        ("max(y, 1 - y) + 1", 0, 1, Fraction(7, 4)),
    ],
)
def test_certified_integrals_hold_the_exact_value(text, lower, upper, value):
    tree = parsing.parse(text)
    with flint.ctx.workprec(balls.PRECISION):
        total = arb(0)
        for left, right, piece in pieces.smooth_pieces(tree, Fraction(lower), Fraction(upper)):
            total += balls.integral(lambda y, analytic, piece=piece: balls.ball(piece, y, analytic), left, right)
        assert total.contains(balls.exact(value))
        assert total.rel_accuracy_bits() > 66  # 20 digits


def test_ignoring_the_analytic_flag_would_be_caught():
    with flint.ctx.workprec(balls.PRECISION):
        wrong = balls.integral(
            lambda y, analytic: balls.ball(parsing.parse("sqrt(y)"), y, False), Fraction(1), Fraction(4)
        )
        assert not wrong.contains(balls.exact(Fraction(14, 3)))


def test_no_finite_integral_is_refused():
    with pytest.raises(InputError, match="no finite integral"), flint.ctx.workprec(balls.PRECISION):
        balls.integral(lambda y, analytic: balls.ball(parsing.parse("1/y"), y, analytic), Fraction(-1), Fraction(1))


CLOSED = [
    "3",
    "0.05 + 56*y*(1 - y)**6",
    "exp(-6*y)",
    "2*exp(3*y - 1)/7 - y",
    "1/(y + 0.05)**2",
    "(2*y + 1)**(3/2)",
    "1/(2*y + 1)**(1/2)",
    "sin(3*y)*pi + cos(2 - y)",
    "exp(-50*(y - 0.25)**2)",
    "5*exp(-y**2 + y)",
    "-exp(y)",
]


@pytest.mark.parametrize("text", CLOSED)
def test_antiderivative_against_quadrature_in_balls(text):
    tree = parsing.parse(text)
    edges = [Fraction(k, 7) for k in range(8)]
    assert calculus.antiderivative(tree) is not None
    with flint.ctx.workprec(balls.PRECISION):
        for mass, left, right in zip(balls.masses(tree, edges), edges, edges[1:], strict=False):
            by_quadrature = acb.integral(
                lambda y, analytic: balls.ball(tree, y, bool(analytic)), acb(balls.exact(left)), acb(balls.exact(right))
            ).real
            assert mass.is_finite()
            assert mass.overlaps(by_quadrature)
            assert mass.rel_accuracy_bits() > 66


@pytest.mark.parametrize("text", ["1/y", "exp(y**2)", "exp(-y**3)", "y*exp(y)", "tanh(y)", "y**65/y"[:4] + "4/exp(y)"])
def test_no_antiderivative_is_said(text):
    assert calculus.antiderivative(parsing.parse(text)) is None


def test_tiny_masses_keep_their_digits():
    # erf differences cancel in the tail; the mass must come from quadrature there.
    tree = parsing.parse("exp(-600*(y - 0.5)**2)")
    with flint.ctx.workprec(balls.PRECISION):
        (mass,) = balls.masses(tree, [Fraction(0), Fraction(1, 100)])
        assert mass > 0
        assert mass.rel_accuracy_bits() > 66


@pytest.mark.parametrize(
    "text",
    [
        "exp(-600*y)",
        "3*exp(2*y)*exp(-y**2)",
        "exp(y)/2",
        "(exp(y) + 2)**3",
        "sqrt(exp(y))",
        "y**3",
        "(y + 1)**2",
        "2*(y+1)/exp(y)",
    ],
)
def test_logarithm_is_the_logarithm(text):
    tree = parsing.parse(text)
    with flint.ctx.workprec(balls.PRECISION):
        for y in (Fraction(1, 7), Fraction(1, 2), Fraction(9, 10)):
            direct = balls.ball(tree, acb(balls.exact(y))).log()
            pushed = balls.ball(calculus.logarithm(tree), acb(balls.exact(y)))
            assert pushed.overlaps(direct)
            assert pushed.real.rel_accuracy_bits() > 100


def test_logarithm_of_an_exponential_cannot_underflow():
    value = values.evaluate(calculus.logarithm(parsing.parse("3*exp(-100000*y)")), np.array([1.0]), np)
    assert value[0] == pytest.approx(math.log(3) - 100000, rel=4 * np.finfo(float).eps)


@pytest.mark.parametrize(
    ("text", "breaks"),
    [
        ("abs(y - 1/3)", [Fraction(1, 3)]),
        ("abs(abs(y - 0.5) - 0.25)", [Fraction(1, 4), Fraction(1, 2), Fraction(3, 4)]),
        ("min(y, 1 - y, 0.2)", [Fraction(1, 5), Fraction(1, 2), Fraction(4, 5)]),
        ("max(y, 0.1)", [Fraction(1, 10)]),
        ("max(y, 2)", []),
        ("min(y, 1)", []),
        ("abs(y)", []),
        ("exp(-abs(3*y - 1))", [Fraction(1, 3)]),
        ("y + 1", []),
    ],
)
def test_kinks_at_rationals_are_found_exactly(text, breaks):
    tree = parsing.parse(text)
    with flint.ctx.workprec(balls.PRECISION):
        found = pieces.smooth_pieces(tree, Fraction(0), Fraction(1))
    assert sorted({piece[0] for piece in found[1:]}) == [b for b in breaks if b in {p[0] for p in found}]
    assert {b for b in breaks if text != "min(y, 1 - y, 0.2)"} <= {piece[0] for piece in found}
    for left, right, piece in found:
        y = np.linspace(float(left), float(right), 11)
        # The same operations on the chosen branch, so the same bits, but at an end: a double stands up to 2^-54 (half a unit below 1) beside the kink,
        # where the branches part with the difference of their slopes, at most 6 (exp(-abs(3 y - 1))).
        np.testing.assert_array_equal(values.evaluate(piece, y[1:-1], np), values.evaluate(tree, y[1:-1], np))
        ends = y[[0, -1]]
        np.testing.assert_allclose(
            values.evaluate(piece, ends, np), values.evaluate(tree, ends, np), rtol=0, atol=6 * 2**-54
        )


def test_kink_at_an_irrational_is_located_to_sixty_places():
    with flint.ctx.workprec(balls.PRECISION):
        found = pieces.smooth_pieces(parsing.parse("max(0.1, y**2)"), Fraction(0), Fraction(1))
    assert len(found) == 2
    with flint.ctx.workprec(400):
        assert abs(balls.exact(found[1][0]) - arb(10).rsqrt()) < arb(10) ** -60


@pytest.mark.parametrize("text", ["abs((y - 0.5)**2)", "max(y, y)"])
def test_branches_that_touch_or_coincide_are_one_piece(text):
    with flint.ctx.workprec(balls.PRECISION):
        ((_, _, branch),) = pieces.smooth_pieces(parsing.parse(text), Fraction(0), Fraction(1))
    assert not contains(branch, KINKED)


def test_branches_that_coincide_in_disguise_are_refused():
    with pytest.raises(InputError, match="changes branch"), flint.ctx.workprec(balls.PRECISION):
        pieces.smooth_pieces(parsing.parse("max(sin(y)**2 + cos(y)**2, 1)"), Fraction(0), Fraction(1))


@given(st.fractions(0, 1, max_denominator=200), st.integers(1, 10**6), st.booleans())
@settings(max_examples=60)
def test_positivity_of_quadratics_is_decided(root, denominator, positive):
    gap = Fraction(1, denominator)
    tree = parsing.parse(f"(y - {root})**2 {'+' if positive else '-'} {gap}")
    if positive:
        pieces.certified_pieces(tree, Fraction(0), Fraction(1), "q")
    else:
        with pytest.raises(InputError, match=r"not positive|not proved"):
            pieces.certified_pieces(tree, Fraction(0), Fraction(1), "q")


@pytest.mark.parametrize(
    "text", ["sqrt(y) + 0.1", "(1 - y)**(1/3) + 0.1", "sqrt(y*(1 - y)) + 0.2", "exp(500*y)", "1 + 0*log(y + 1)"]
)
def test_positivity_is_proved_up_to_a_root_at_the_end(text):
    pieces.certified_pieces(parsing.parse(text), Fraction(0), Fraction(1), text)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("y", "y = 0"),
        ("y - 0.3", "y = 0"),
        ("(y - 0.3)**2", "y = 0.3"),
        ("log(y)", "y = 0"),
        ("1/sqrt(y)", "y = 0"),
        ("1/(y - 0.5)**2", "y = 0.5"),
        ("1/(y - 0.3)**2", "y = 0.3"),
        ("sqrt(y - 0.5) + 1", "y = 0"),
        ("sqrt(y - 1e-9) + 1", "y = 0"),
        ("sqrt((y - 0.5)**2 - 1e-12) + 1", "y = 0.5"),
        ("sqrt((y - 0.3)**2 - 1e-12) + 1", "y = 0."),
        ("0*log(y - 1) + 1", "y = 1"),
        ("tanh(1/(y - 0.3)) + 2", "y = 0."),
        ("-1", "y = 0"),
        ("0", "y = 0"),
    ],
)
def test_what_is_not_positive_and_finite_is_refused_with_a_place(text, place):
    with pytest.raises(InputError, match=place):
        pieces.certified_pieces(parsing.parse(text), Fraction(0), Fraction(1), text)


def test_series_in_doubles_in_balls_and_its_derivative():
    series = cosines(Fraction(1), Fraction(3), (1.0, 0.5, -0.25), (0.0, 0.125))
    slope = calculus.derivative(series)
    for y in (1.0, 1.7, 3.0):
        t = math.pi * (y - 1) / 2
        value = 1 + 0.5 * math.cos(t) - 0.25 * math.cos(2 * t) + 0.125 * math.sin(t)
        rate = (-0.5 * math.sin(t) + 0.5 * math.sin(2 * t) + 0.125 * math.cos(t)) * math.pi / 2
        # Three terms of size at most one, a few roundings each.
        assert float(values.evaluate(series, y, np)) == pytest.approx(value, abs=32 * 2**-53)
        assert float(balls.ball(series, acb(arb(y))).real.mid()) == pytest.approx(value, abs=32 * 2**-53)
        assert float(values.evaluate(slope, y, np)) == pytest.approx(rate, abs=64 * 2**-53)
    with flint.ctx.workprec(balls.PRECISION):
        for target in (series, slope):
            edges = [Fraction(1), Fraction(3, 2), Fraction(3)]
            for mass, left, right in zip(balls.masses(target, edges), edges, edges[1:], strict=False):
                by_quadrature = acb.integral(
                    lambda y, _, target=target: balls.ball(target, y), acb(balls.exact(left)), acb(balls.exact(right))
                )
                assert mass.overlaps(by_quadrature.real)


@pytest.mark.parametrize("width", [Fraction(1, 10**9), Fraction(1, 500), Fraction(1, 50), Fraction(1, 3)])
@pytest.mark.parametrize("order", [0, 1, 3])
def test_wide_balls_of_a_series_cover_its_values_tightly(width, order):
    terms = 40
    series = cosines(
        Fraction(0), Fraction(2), [math.exp(-((k / 15) ** 2)) * (-1) ** k for k in range(terms)], [0.0, 0.5]
    )
    for _ in range(order):
        series = calculus.derivative(series)
    with flint.ctx.workprec(balls.PRECISION):
        left = Fraction(7, 5)
        wide = balls.ball(series, balls.interval(left, left + width)).real
        inside = [balls.ball(series, acb(balls.exact(left + width * Fraction(k, 8)))).real for k in range(9)]
        assert all(value.rel_accuracy_bits() > 100 for value in inside)
        assert all(wide.contains(value) for value in inside)
        if width <= Fraction(1, 50):
            spread = max(map(float, inside)) - min(map(float, inside))
            # Horner's rule would give a ball thousands of times wider; the expansion is within a small factor of the true range.
            assert 2 * float(wide.rad()) <= 8 * spread


def test_derivatives_of_a_series_are_exact():
    series = cosines(Fraction(0), Fraction(1), (1.0, 0.25, -0.125), (0.0, 0.5))
    with flint.ctx.workprec(balls.PRECISION):
        y = acb(balls.exact(Fraction(1, 3)))
        h = acb(arb(2) ** -60)
        higher = series
        for _ in range(3):
            higher, lower = calculus.derivative(higher), higher
            quotient = (balls.ball(lower, y + h) - balls.ball(lower, y - h)) / (2 * h)
            # The next odd term is h^2/6 times a derivative of size at most 3 (2 pi)^6.
            assert abs(balls.ball(higher, y) - quotient) < arb(2) ** -120 * 3 * (2 * arb.pi()) ** 6
        across = balls.ball(series, acb(arb(1, 1) / 3, arb(0, 1) / 4), True)
        assert across.is_finite()
        assert across.contains(balls.ball(series, acb(balls.exact(Fraction(1, 4)), balls.exact(Fraction(1, 5)))))


def test_thousands_of_terms_keep_their_digits():
    # Horner's rule in balls would lose half a bit a term: nothing would be left of 192.
    terms = 1500
    cosine = [math.exp(-((k / 400) ** 2)) * math.cos(0.7 * k) for k in range(terms)]
    series = cosines(Fraction(0), Fraction(1), cosine)
    points = [Fraction(0), Fraction(1, 7), Fraction(2, 3), Fraction(1)]
    with flint.ctx.workprec(balls.PRECISION):
        for y in points:
            value = balls.ball(series, acb(balls.exact(y))).real
            # The sum term by term, another way: Clenshaw-free, each cosine by itself.
            direct = sum((arb(a) * (arb.pi() * k * balls.exact(y)).cos() for k, a in enumerate(cosine)), arb(0))
            assert value.overlaps(direct)
            assert float(value.rad()) < 1e-35
            # Doubles: coefficients sum to about 350 in size, each table entry and step a few roundings.
            assert float(values.evaluate(series, float(y), np)) == pytest.approx(
                float(direct.mid()), abs=350 * 64 * 2**-53
            )
        for mass, left, right in zip(balls.masses(series, points), points, points[1:], strict=False):
            first, last = (
                arb(cosine[0]) * balls.exact(y)
                + sum(
                    (
                        arb(a) * (arb.pi() * k * balls.exact(y)).sin() / (k * arb.pi())
                        for k, a in enumerate(cosine)
                        if k
                    ),
                    arb(0),
                )
                for y in (left, right)
            )
            assert mass.overlaps(last - first)
            assert float(mass.rad()) < 1e-35
