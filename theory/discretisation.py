"""discretisation: cross-entropy over bins is the regression log-loss up to a constant and a small error."""

from __future__ import annotations

from sympy import Function, Integral, Rational, cosh, coth, diff, exp, expand, integrate, log, sinh, symbols

from theory import taylor
from theory.claim import AlsoTrue, Check, Claim, Worded, Wrong
from theory.formula import Formula, Range, Step
from theory.prove import proved
from theory.record import Result
from theory.residual import Residual
from theory.signs import nonnegative
from theory.statement import Statement
from theory.taylor import DIVERGENCE_TO_UNIFORM, coefficient, left_over
from theory.terms import KL, NOTHING, ONE, Atom, C, Density, E, Law, Named, X, Y
from theory.terms import log as ln
from theory.words import anything

# The reference law is u, under which the label is uniform on its bin given the input and the bin; p is any law.
uniform = Law("u", "u", ONE)
p = Law("p", "p", anything)
width = Named("d", "d", 1 / Density(uniform, Y, X | C))
"""1/u(y|x,c), the width of the bin."""
Err = Named("Err", r"\mathrm{Err}", -ln(Density(p, C, X)) + ln(width) + ln(Density(p, Y, X)))
"""What a classifier over bins, spread evenly over its bin, pays more than the regressor."""
spread = Named("s", "s", Density(uniform, Y, X | C) / Density(p, Y, X | C))
likeness = Named("e^m", "e^m", Density(p, Y, X) / Density(uniform, Y, X))
"""p(y|x) up to a factor that is one number on every bin."""

M, u, t, v, w, left, right = symbols("M u t v w t_1 t_2", positive=True)
n = symbols("n", nonnegative=True)
s = symbols("s")
AFFINE = u * coth(u) - 1 - log(sinh(u) / u)
"""KL of the law proportional to e^(M y) on a bin, against uniform; u = M d/2."""


def by_primitives(formula: Formula) -> Residual:
    return expand((formula.left - formula.right).doit())


def extreme(sign: int, lead: str) -> Formula:
    """How far the mean of e^(sign M |y' - y|) over a bin is from its value for y at an end, times the width, up to the sign."""
    at_end, *inside = (Integral(exp(sign * M * t), (t, 0, end)) for end in (left + right, left, right))
    return Formula(
        sign * (at_end - inside[0] - inside[1]),
        "=",
        (exp(sign * M * left) - 1) * (exp(sign * M * right) - 1) / M,
        (Range(M, 0, 4), Range(left, 0, 1), Range(right, 0, 1)),
        (Step("By primitives. The right side is a product of two factors of one sign.", by_primitives),),
        lead=lead,
    )


FARTHEST = extreme(1, "For a label t_1 and t_2 from the ends of its bin: ")
NEAREST = extreme(-1, "and ")


def between(sign: int = 1) -> Residual:
    """Minus the logarithms of the two extremes, with M d = 2 u, are -(u + log(sinh u/u)) and u - log(sinh u/u)."""
    for end in (-1, 1):
        extreme = end * (exp(end * 2 * u) - 1) / (2 * u)
        yield expand((extreme - exp(end * u) * sinh(u) / u).rewrite(exp))
        yield expand(-(end * u + log(sinh(u) / u)) - (-end * u - sign * log(sinh(u) / u)))


def through_variance(share: int = 8) -> Residual:
    """s psi' - psi has derivative s psi''; with psi'' <= w^2/4 the KL, its value at 1, is at most int_0^1 s w^2/4 ds."""
    psi = Function("psi")(s)
    yield expand(diff(s * diff(psi, s) - psi, s) - s * diff(psi, s, 2))
    yield integrate(s * w**2 / 4, (s, 0, 1)) - w**2 / share


def along_the_path(sign: int = 1) -> Residual:
    """d/dtheta KL(law proportional to e^v || uniform), v = m + theta g, is Cov(v, g) under that law.

    A mean of F e^v under the uniform law has the slope: mean of F' e^v plus mean of F g e^v, and v' = g.
    """
    theta = symbols("theta")
    whole, first = Function("whole")(theta), Function("first")(theta)  # means of e^v and v e^v
    with_g, with_both = symbols("mean_g mean_vg")  # means of g e^v and v g e^v
    divergence = first / whole - log(whole)
    slope = diff(divergence, theta).subs({diff(first, theta): with_g + with_both, diff(whole, theta): with_g})
    return expand(slope - with_both / whole + sign * first * with_g / whole**2)


def crossing(steps: int = 1) -> Residual:
    """Of values at n + 1 places, 0 below a gap and 1 above it, the steps add up to the last minus the first: so not all are zero."""
    first, last, following, before = symbols("s_1 s_n s_next sum")
    grown = before + steps * (following - last)
    return (grown - (following - first)).subs(before, last - first)


def affine_value(sign: int = 1) -> Residual:
    """psi(v) = log(sinh(u v)/(u v)) is log E e^(v M (y - centre)); KL = psi'(1) - psi(1)."""
    d = symbols("d", positive=True)
    psi = log(sinh(u * v) / (u * v))
    mean_exp = integrate(exp(v * M * t), (t, -d / 2, d / 2)) / d
    yield expand((mean_exp.subs(M, 2 * u / d) - sinh(u * v) / (u * v)).rewrite(exp))
    yield expand(((diff(psi, v) - sign * psi).subs(v, 1) - AFFINE).rewrite(exp))


def below_square(formula: Formula) -> Residual:
    """The gap starts at 0; its slope times u sinh^2 u is (u^2/3 - 1) sinh^2 u + u^2 = sum_k (2k (2k-1)/3 - 4) 2^(2k-3) u^(2k)/(2k)!, k >= 2."""
    square = symbols("square", positive=True)  # of sinh u
    gap = formula.right - formula.left
    yield gap.subs(coth(u), 1 / u).subs(log(sinh(u) / u), 0).subs(u, 0)
    slope = expand(diff(gap, u) * u * sinh(u) ** 2).subs(coth(u), cosh(u) / sinh(u))
    free = expand(slope).subs(cosh(u), (1 + sinh(u) ** 2) ** Rational(1, 2))
    stated = expand(expand(free).subs(sinh(u), square ** Rational(1, 2)))
    yield expand(stated - (u**2 / 3 - 1) * square - u**2)
    # sinh^2 u = (cosh 2u - 1)/2 = sum_{k>=1} 2^(2k-1) u^(2k)/(2k)!
    yield expand((sinh(u) ** 2 - (cosh(2 * u) - 1) / 2).rewrite(exp))
    yield expand(stated.subs(square, u**2)).coeff(u, 2)
    k = n + 2
    yield nonnegative(expand(4 * k * (2 * k - 1) * Rational(1, 6) - 4))


SHARP = Formula(
    AFFINE,
    "<=",
    u**2 / 6,
    (Range(u, 0, 6),),
    (Step("The distance to u^2/6 starts at 0 and has a slope with a non-negative series.", below_square),),
)


def leading_order(constant: int = 24) -> Residual:
    """A bin's divergence from uniform, to h^2, is (d^2/constant) m'^2 at its centre."""
    l1 = symbols("l1")
    for order in range(3):
        yield coefficient(DIVERGENCE_TO_UNIFORM, order, 1) - (4 * l1**2 / constant if order == 2 else 0)


def leading_left_over() -> Residual:
    """What is left over at h^3, with L0 the oscillation of m on the bin, at most 2 h L1."""
    L0, L1, L2, L3 = symbols("L0 L1 L2 L3", positive=True)
    third = 13 * L0 * L1**3 / 3 + 3 * L0 * L1 * L2 + L0 * L3 / 3 + 2 * L1**3 + L1 * L2
    yield expand(left_over(DIVERGENCE_TO_UNIFORM, 3, 1) - third)
    yield expand(left_over(taylor.E("l", "l1", "l1"), 1) - 2 * L1 * L2 - 2 * L1**3)


def gaussian_slope(power: int = 2) -> Residual:
    """m = -(y - f)^2/(2 s^2): m'^2 = (y - f)^2/s^4, of mean 1/s^2."""
    y, f, noise = symbols("y f noise", positive=True)
    slope = diff(-((y - f) ** 2) / (2 * noise**2), y)
    yield expand(slope**2 - (y - f) ** 2 / noise**4)
    yield noise**2 / noise**4 - 1 / noise**power


label, rising = Atom("m(y)", "m(y)", Y), Atom("rise(y)", r"\rho(y)", Y)
anchor = Atom("k", "k", NOTHING)

RESULT = Result(
    name="discretisation",
    title="Binning the label",
    question="How far is cross-entropy over bins from the regression log-loss?",
    assumptions=(
        "u uniform on each bin of width d; p any law of label and input, with a density that is positive; Err = -log p(c|x) + log d + log p(y|x)",
    ),
    claims=(
        Claim(
            "error",
            "identity",
            (
                Statement(Err, "=", ln(Density(p, Y, X | C) / Density(uniform, Y, X | C))),
                Statement(E(Err, law=p), "=", KL(p, uniform, Y, given=X | C)),
                Statement(E(Err, law=p), "=", E(spread - 1 - ln(spread), law=p)),
            ),
            remark="u(y|x,c) = 1/d, and s = u(y|x,c)/p(y|x,c), so the mean is not negative",
            cites=(Check("t - 1 - log t is not negative: lemma gibbs.", lambda: proved("gibbs", "log_bound")),),
        ),
        Claim(
            "pointwise",
            "upper bound",
            (
                Statement(ln(E(likeness, X | C, uniform)) - ln(likeness), "=", -Err),
                FARTHEST,
                NEAREST,
                Worded(
                    "so -(u + u^2/6) <= -(u + log(sinh u/u)) <= Err <= u - log(sinh u/u) <= u",
                    r"-\Bigl(u + \tfrac{u^2}{6}\Bigr) \le -\Bigl(u + \log\tfrac{\sinh u}{u}\Bigr) \le \mathrm{Err}"
                    r" \le u - \log\tfrac{\sinh u}{u} \le u",
                    "every law",
                    (
                        Check(
                            "e^-Err is the mean of e^(m(y') - m(y)) over the bin, between the means of e^(-M|y'-y|) and e^(M|y'-y|); their extremes are "
                            "e^-u sinh(u)/u and e^u sinh(u)/u.",
                            between,
                        ),
                        Check(
                            "0 <= log(sinh u/u): lemma sinh_bound, zero at u = 0.",
                            lambda: proved("sinh_bound", "increasing"),
                        ),
                        Check("log(sinh u/u) <= u^2/6: lemma sinh_bound.", lambda: proved("sinh_bound", "sixth")),
                    ),
                    (Wrong("one_sign", "log(sinh u/u) on the other side", lambda: between(-1)),),
                ),
            ),
            assumptions=("m = log p(y|x) is M-Lipschitz in y on each bin, u = M d/2",),
            remark="the inner bounds are attained by affine m at the ends of a bin",
        ),
        Claim(
            "mean",
            "upper bound",
            (
                Worded(
                    "E_p Err <= w^2/8 for any m of oscillation at most w on each bin, so E_p Err <= (M d)^2/8 for M-Lipschitz m",
                    r"0 \le E_p\,\mathrm{Err} \le \frac{w^2}{8},\qquad w \le M d",
                    "every law",
                    (
                        Check(
                            "KL of a tilted law is psi'(1) - psi(1), psi(s) = log E e^(s m); psi'' is a variance of a variable in an interval "
                            "of length w, at most w^2/4.",
                            through_variance,
                        ),
                        Check("The bound on a variance: lemma hoeffding.", lambda: proved("hoeffding", "variance")),
                    ),
                    (
                        Wrong("sixteenth", "w^2/16", lambda: through_variance(16)),
                        Wrong(
                            "leading_constant", "w^2/24 without the Lipschitz condition", lambda: through_variance(24)
                        ),
                    ),
                ),
            ),
        ),
        Claim(
            "mean_sharp",
            "upper bound",
            (
                Statement(
                    E(label * rising) - E(label) * E(rising),
                    "=",
                    E((label - E(label)) * (rising - anchor)),
                ),
                Worded(
                    "so, for rising m and g and k the value of g where m is its mean, the covariance is not negative, and "
                    "E_p Err <= u coth u - 1 - log(sinh u/u)",
                    r"E_p\,\mathrm{Err} \le u\coth u - 1 - \log\frac{\sinh u}{u}",
                    "every law",
                    (
                        Check(
                            "Sorting m upwards keeps the KL and keeps it M-Lipschitz: values on a grid on both sides of a gap step over it between "
                            "two neighbours, so no gap of the sorted values is wider than a step.",
                            crossing,
                        ),
                        Check(
                            "From a rising m to M y along m + theta g, g = M y - m, which rises, the KL has slope Cov(m + theta g, g).",
                            along_the_path,
                        ),
                        Check("At the end of the path, the affine law: u coth u - 1 - log(sinh u/u).", affine_value),
                    ),
                    (
                        Wrong("anti", "the product of the means added", lambda: along_the_path(-1)),
                        Wrong("plus", "plus log(sinh u/u)", lambda: affine_value(-1)),
                        Wrong("two_steps", "every step counted twice", lambda: crossing(2)),
                    ),
                ),
                SHARP,
            ),
            assumptions=("m = log p(y|x) is M-Lipschitz in y on each bin, u = M d/2",),
            also_true=(
                AlsoTrue("left: half", "the left side is a divergence, so not negative"),
                AlsoTrue("left: -log(sinh(u)/u) twice", "sinh u >= u: lemma sinh_bound"),
            ),
            remark="with u^2/6 = (M d)^2/24; the first bound is attained by affine m",
        ),
        Claim(
            "leading",
            "asymptotic",
            (
                Worded(
                    "E_p Err ~ (d^2/24) E_p[m'^2] as d -> 0; for a Gaussian posterior of variance s^2 that is d^2/(24 s^2)",
                    r"E_p\,\mathrm{Err} \sim \frac{d^2}{24}\,E_p\!\left[m'^2\right]",
                    "every law",
                    (
                        Check("A bin's divergence from uniform, expanded in its half-width.", leading_order),
                        Check(
                            "What is left over at h^3, and how far the mean of m'^2 is from its value at the centre, by suprema.",
                            leading_left_over,
                        ),
                        Check("Derivatives of tilted means: lemma taylor.", lambda: proved("taylor", "derivative")),
                        Check(
                            "Remainders are the same for every bin: lemma taylor.",
                            lambda: proved("taylor", "remainder"),
                        ),
                        Check("E m'^2 = 1/s^2 for a Gaussian.", gaussian_slope),
                    ),
                    (
                        Wrong("twelfth", "d^2/12", lambda: leading_order(12)),
                        Wrong("fourth_power", "E m'^2 = 1/s^4", lambda: gaussian_slope(4)),
                    ),
                ),
            ),
            assumptions=(
                "m = log p(y|x) three times continuously differentiable, its derivatives bounded; E_p[m'^2] > 0",
            ),
        ),
    ),
    source="this project",
)
