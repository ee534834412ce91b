"""soft_labels: what smoothed class targets cost a centre decoder, and which class masses correct them."""

from __future__ import annotations

from typing import Any

from mpmath import MPIntervalContext
from sympy import I, Rational, cos, expand, pi, simplify, sin, symbols

from theory.bin_width import SPREAD, gaussian_factor, parseval, sawtooth_coefficient
from theory.bin_width import k as harmonic
from theory.certificate import gibbs
from theory.claim import Check, Claim, Worded, Wrong
from theory.record import Result
from theory.residual import Residual
from theory.statement import Equality, Statement
from theory.terms import KL, ONE, Atom, C, E, Law, X, Y, q, r
from theory.words import W

weights = Atom("v(c)", "v(c)", C, positive=True)
"""Any weights of the classes."""
weighted = Law("p_v", "p_v", r * weights)
"""What is served after the classes are weighted by v: proportional to p v."""

u = symbols("u", real=True)
TERMS = 8
BOUND, SHORT = "0.0022892", "1e-6"
"""The bound at tau = d/2 in units of d, to one unit of the last digit; what the bias falls short of it at most, as a share."""


def from_centre(sign: int = 1) -> Residual:
    """A bin's centre less the label is -d times the sawtooth; term k of both signs is sin(2 pi k u)/(pi k) for coefficients i/(2 pi k)."""
    wave = cos(2 * pi * harmonic * u) + I * sin(2 * pi * harmonic * u)
    both = I / (2 * pi * harmonic) * wave + (-I / (2 * pi * harmonic)) * wave.subs(u, -u)
    return simplify(-both - sign * sin(2 * pi * harmonic * u) / (pi * harmonic))


def never_both(second: int = 2) -> Residual:
    """sin(2 pi u) is 1 or -1 at odd quarters only, where sin(4 pi u) is 0."""
    for odd in (1, 3):
        yield sin(2 * pi * Rational(odd, 4)) ** 2 - 1
        yield sin(2 * pi * second * Rational(odd, 4))


def sines(at: Any, context: Any, ratio: Any) -> Any:
    """An interval of the bias over d at y = at d, tau = ratio d; the terms left out are a geometric series at most."""
    rate = 2 * context.pi**2 * ratio**2
    total = sum(context.sin(2 * context.pi * n * at) * context.exp(-rate * n * n) / n for n in range(1, TERMS))
    left_out = context.exp(-rate * TERMS * TERMS) / (1 - context.exp(-rate))
    return (total + context.mpf([-1, 1]) * left_out) / context.pi


def most(context: Any, ratio: Any) -> Any:
    """An interval of the bound over d."""
    rate = 2 * context.pi**2 * ratio**2
    total = sum(context.exp(-rate * n * n) / n for n in range(1, TERMS))
    return (total + context.mpf([0, 1]) * context.exp(-rate * TERMS * TERMS) / (1 - context.exp(-rate))) / context.pi


def at_half(bound: str = BOUND, short: str = SHORT) -> Residual:
    """The bound at tau = d/2, and the bias at y = d/4 beside it, by interval arithmetic."""
    context = MPIntervalContext()
    context.prec = 120
    half, quarter = context.mpf(1) / 2, context.mpf(1) / 4
    value, unit = most(context, half), context.mpf(10) ** (-len(bound.partition(".")[2]))
    yield bool(value.a > context.mpf(bound).b and value.b < (context.mpf(bound) + unit).a)
    gap = 1 - sines(quarter, context, half) / value
    yield bool(gap.a > 0 and gap.b < context.mpf(short).a)


def below_half_a_bin(share: int = 2, ratio: str = "0.5") -> Residual:
    """The bound at tau = ratio d is below d/share."""
    context = MPIntervalContext()
    context.prec = 120
    yield bool(most(context, context.mpf(ratio)).b < (context.mpf(1) / share).a)


def centres_of_an_end(nearest: int = 0) -> Residual:
    """Bin c has its centre at a + (c + 1/2) d: from the end a at least d/2 for c >= 0."""
    c, d = symbols("c d", nonnegative=True)
    return bool(expand((c + nearest + Rational(1, 2)) * d - d / 2).is_nonnegative)


RESULT = Result(
    name="soft_labels",
    title="Smoothed class targets",
    question="I train on soft class targets (HL-Gauss): what does that cost, and how do I correct it?",
    assumptions=(
        "label shift: one channel k(x|y) for both laws",
        "0 < inf r, sup r < inf",
        "the target of label y is the law of the bin c of y + tau e, e standard Gaussian; in `served` and `prior` y stands for the label with a "
        "bin c so drawn, of which the input knows nothing more",
    ),
    claims=(
        Claim(
            "bias",
            "identity",
            (
                Worded(
                    "On the line, equal bins [c d, (c+1) d): the mean of the centres under the target is y + (d/pi) sum_{k>=1} sin(2 pi k y/d) exp(-2 pi^2 "
                    "k^2 tau^2/d^2)/k",
                    r"\sum_c \big(c + \tfrac12\big)\,d\;w_c(y) - y = \frac d\pi\sum_{k\ge1}\frac{\sin(2\pi k y/d)}{k}\,e^{-2\pi^2k^2\tau^2/d^2}",
                    "closed form",
                    (
                        Check("The Fourier coefficients of the sawtooth are i/(2 pi k).", sawtooth_coefficient),
                        Check("Their squares sum to its variance, so none is left out.", parseval),
                        Check(
                            "A centre less its label is -d times the sawtooth: sin(2 pi k y/d)/(pi k) for each k.",
                            from_centre,
                        ),
                        Check(
                            "Gaussian smoothing multiplies harmonic k by exp(-2 pi^2 k^2 tau^2/d^2).", gaussian_factor
                        ),
                    ),
                    (
                        Wrong(
                            "coefficient", "coefficients i/(pi k)", lambda: sawtooth_coefficient(I / (pi * harmonic))
                        ),
                        Wrong("exponent", "pi^2 in the exponent", lambda: gaussian_factor(SPREAD / 2)),
                        Wrong("sign", "the decoder is off to the other side", lambda: from_centre(-1)),
                    ),
                ),
            ),
        ),
        Claim(
            "bound",
            "upper bound",
            (
                Worded(
                    "So it is off by less than (d/pi) sum_{k>=1} exp(-2 pi^2 k^2 tau^2/d^2)/k; at tau = d/2 that is 0.0022892... d, of which the bias at "
                    "y = d/4 falls short by less than a millionth; no label attains it",
                    r"\Big|\sum_c \big(c + \tfrac12\big)\,d\;w_c(y) - y\Big| < \frac d\pi\sum_{k\ge1}\frac1k\,e^{-2\pi^2k^2\tau^2/d^2}",
                    "closed form",
                    (
                        Check("No sine exceeds 1, and where the first is 1 or -1 the second is 0.", never_both),
                        Check("Interval arithmetic, tails bounded, at tau = d/2 and y = d/4.", at_half),
                    ),
                    (
                        Wrong(
                            "attained", "the bias at y = d/4 is within 1e-9 of the bound", lambda: at_half(short="1e-9")
                        ),
                        Wrong("rounded", "0.0022893 to one unit of the last digit", lambda: at_half("0.0022893")),
                        Wrong("third", "where the first sine is 1 or -1 the third is 0", lambda: never_both(3)),
                    ),
                ),
            ),
        ),
        Claim(
            "ends",
            "counterexample",
            (
                Worded(
                    "On [a, b] the bound fails at the ends: a mean of centres is d/2 away from a at least, whatever the target, and at tau = d/2 the bound is "
                    "below d/2",
                    r"y = a,\; \tau = \tfrac d2: \qquad \sum_c \big(a + \big(c + \tfrac12\big)\,d\big)\,w_c(a) - a \ge \frac d2 > \frac d\pi\sum_{k\ge1}\frac1k\,e^{-\pi^2k^2/2}",
                    "closed form",
                    (
                        Check("Every centre is d/2 away from the end at least.", centres_of_an_end),
                        Check("Interval arithmetic: the bound at tau = d/2 is below d/2.", below_half_a_bin),
                    ),
                    (
                        Wrong("beyond", "a bin that begins below a", lambda: centres_of_an_end(-1)),
                        Wrong("share", "the bound is below d/500", lambda: below_half_a_bin(500)),
                        Wrong("narrow", "the same at tau = d/100", lambda: below_half_a_bin(ratio="0.01")),
                    ),
                ),
            ),
        ),
        Claim(
            "prior",
            "identity",
            (Statement(KL(q, weighted, Y), "=", W + KL(q, weighted, C)),),
            remark="with v = q_c/p_c for the masses of the smoothed labels the last term is zero; with those of the labels themselves it is not",
        ),
        Claim(
            "served",
            "upper bound",
            (
                Statement(
                    KL(q, weighted, Y, given=X),
                    "<=",
                    W + KL(q, weighted, C),
                    (gibbs(E(r * weights, X) / E(r * weights)),),
                    Equality(E(r * weights, X) / E(r * weights), ONE),
                ),
            ),
            remark="so the masses of the smoothed labels have the best certificate",
        ),
    ),
    source="Imani and White 2018 for the targets; this project",
)
