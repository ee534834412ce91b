"""discretisation: cross-entropy over bins is the regression log-loss up to a constant and a small error."""

from __future__ import annotations

from typing import Any

from sympy import QQ, Function, Rational, cosh, diff, exp, expand, integrate, log, sinh, symbols

from theory.bin_local import L_DERIVATIVES, below, divergence_to_uniform, h, l1, taylor
from theory.lipschitz import straddled
from theory.prove import proved
from theory.record import Claim, Falsifier, Residual, Result, Step
from theory.signs import nonnegative
from theory.sinh_bound import termwise

M, d, u, t, w, v, reach = symbols("M d u t w v reach", positive=True)
n = symbols("n", nonnegative=True)
s, theta = symbols("s theta")
AFFINE = u * cosh(u) / sinh(u) - 1 - log(sinh(u) / u)  # KL of the law ∝ e^(M y) on a bin, against uniform; u = M d/2


def error_is_density(width: int = 1) -> Residual:
    """-log p(c|x) + log d + log p(y|x) against log(d p(y|x, c)), p(y|x, c) = p(y|x)/p(c|x), in logarithms."""
    log_density, log_class, log_width = symbols("m log_class log_width")
    return expand(-log_class + width * log_width + log_density - (log_width + (log_density - log_class)))


def end_is_extreme(sign: int) -> Residual:
    """Mean over a bin of e^(sign M |y' - y|), y at distance t from an end: closed form, curvature in t, value at t = 0."""
    side = (exp(sign * M * reach) - 1) / (sign * M * d)  # int_0^reach e^(sign M z) dz/d
    yield expand(diff(side, reach) - exp(sign * M * reach) / d)
    yield side.subs(reach, 0)
    both = side.subs(reach, t) + side.subs(reach, d - t)
    # Convex for the plus sign, concave for the minus sign; symmetric in t and d - t, so the extreme is at the ends.
    yield expand(diff(both, t, 2) - sign * M / d * (exp(sign * M * t) + exp(sign * M * (d - t))))
    half = M * d / 2
    yield expand((both.subs(t, 0) - exp(sign * half) * sinh(half) / half).rewrite(exp))


def pointwise(sign: int = 1) -> Residual:
    """Minus the logarithms of e^(-u) sinh(u)/u and e^u sinh(u)/u are the upper and the lower bound."""
    for end in (-1, 1):
        yield from end_is_extreme(end)
        yield expand(-(end * u + log(sinh(u) / u)) - (-end * u - sign * log(sinh(u) / u)))


def through_variance(share: int = 8) -> Residual:
    """s psi' - psi has derivative s psi''; with psi'' <= w^2/4 the KL, its value at 1, is at most int_0^1 s w^2/4 ds."""
    psi = Function("psi")(s)
    yield expand(diff(s * diff(psi, s) - psi, s) - s * diff(psi, s, 2))
    yield integrate(s * w**2 / 4, (s, 0, 1)) - w**2 / share


def along_the_path(sign: int = 1) -> Residual:
    """d/dtheta KL(law ∝ e^(m + theta g) || uniform) = Cov(m + theta g, g) = a sum over pairs of products of increments."""
    m, g, grown = symbols("m1:4"), symbols("g1:4"), symbols("E1:4")  # grown: e^(m_i + theta g_i), derivative g_i E_i
    values = [a + theta * b for a, b in zip(m, g, strict=True)]
    whole = sum(grown)

    def rate(expression: Any) -> Any:
        return diff(expression, theta) + sum(diff(expression, e) * b * e for e, b in zip(grown, g, strict=True))

    def moment(*factors: Any) -> Any:
        products = grown
        for factor in factors:
            products = [a * b for a, b in zip(products, factor, strict=True)]
        return sum(products)

    # KL = moment(values)/whole - log(whole) + log 3; all over whole^2.
    slope = rate(moment(values)) * whole - moment(values) * rate(whole) - rate(whole) * whole
    covariance = moment(values, g) * whole - moment(values) * moment(g)
    yield expand(slope - covariance)
    increments = [grown[i] * grown[j] * (values[i] - values[j]) * (g[i] - g[j]) for i in range(3) for j in range(i)]
    yield expand(covariance - sign * sum(increments))


def affine_value(sign: int = 1) -> Residual:
    """psi(v) = log(sinh(u v)/(u v)) is log E e^(v M (y - centre)); KL = psi'(1) - psi(1)."""
    psi = log(sinh(u * v) / (u * v))
    mean = integrate(exp(v * M * t), (t, -d / 2, d / 2)) / d
    yield expand((mean.subs(M, 2 * u / d) - sinh(u * v) / (u * v)).rewrite(exp))
    yield expand((diff(psi, v) - sign * psi).subs(v, 1) - AFFINE)


def affine_below_square(constant: int = 6) -> Residual:
    """u^2/constant - AFFINE starts at 0; its slope times u sinh^2 u is (2 u^2/constant - 1) sinh^2 u + u^2, term by term >= 0."""
    slope = diff(u**2 / constant - AFFINE, u)
    square = symbols("square")  # sinh(u)^2
    stated = (2 * u**2 / constant - 1) * square + u**2
    free = expand(slope * u * sinh(u) ** 2).subs(cosh(u) ** 2, 1 + sinh(u) ** 2)
    yield expand(free - stated.subs(square, sinh(u) ** 2))
    # sinh^2 u = (cosh 2u - 1)/2 = sum_{k>=1} 2^(2k-1) u^(2k)/(2k)!
    yield expand((sinh(u) ** 2 - (cosh(2 * u) - 1) / 2).rewrite(exp))
    yield expand(stated.subs(square, u**2)).coeff(u, 2)
    # k = n + 2: (2/constant) 2^(2k-3)/(2k-2)! - 2^(2k-1)/(2k)! is (4 k (2k-1)/constant - 4) times 2^(2k-3)/(2k)!.
    k = n + 2
    yield nonnegative(expand(4 * k * (2 * k - 1) * Rational(1, constant) - 4))


def leading_order(constant: int = 24) -> Residual:
    divergence = divergence_to_uniform(taylor(L_DERIVATIVES))
    return below(divergence - l1**2 * (2 * h) ** 2 * QQ(1, constant), 4)


def gaussian_slope(power: int = 2) -> Residual:
    """m = -(y - f)^2/(2 s^2): m'^2 = (y - f)^2/s^4, of mean 1/s^2."""
    y, f, noise = symbols("y f noise", positive=True)
    slope = diff(-((y - f) ** 2) / (2 * noise**2), y)
    yield expand(slope**2 - (y - f) ** 2 / noise**4)
    yield noise**2 / noise**4 - 1 / noise**power


RESULT = Result(
    name="discretisation",
    title="Binning the label",
    question="How far is cross-entropy over bins from the regression log-loss?",
    assumptions=(
        "equal bins of width d; Err = -log p(c|x) + log d + log p(y|x)",
        "m = log p(y|x) is M-Lipschitz in y on each bin, u = M d/2",
    ),
    claims=(
        Claim(
            name="error",
            kind="identity",
            statement="Err = log(d p(y|x,c)), so E_p[Err|x,c] = KL(p(y|x,c) || uniform on the bin) >= 0.",
            latex=r"\mathrm{Err} = \log\bigl(d\,p(y|x,c)\bigr),\qquad E_p[\mathrm{Err}\,|\,x,c] = \mathrm{KL}\bigl(p(y|x,c)\,\|\,\tfrac1d\bigr) \ge 0",
            proof=(
                Step("Logarithms collected.", error_is_density),
                Step("A divergence is not negative: lemma gibbs.", lambda: proved("gibbs", "non_negative")),
            ),
            falsifiers=(
                Falsifier("no_width", "log d left out", lambda: error_is_density(0)),
                Falsifier("minus_width", "log d subtracted", lambda: error_is_density(-1)),
            ),
        ),
        Claim(
            name="pointwise",
            kind="upper bound",
            statement=(
                "-(u + u^2/6) <= -(u + log(sinh u/u)) <= Err <= u - log(sinh u/u) <= u; the inner bounds are attained by affine m "
                "at the ends of a bin."
            ),
            latex=(
                r"-\Bigl(u + \tfrac{u^2}{6}\Bigr) \le -\Bigl(u + \log\tfrac{\sinh u}{u}\Bigr) \le \mathrm{Err}"
                r" \le u - \log\tfrac{\sinh u}{u} \le u"
            ),
            proof=(
                Step(
                    "e^-Err is the mean of e^(m(y') - m(y)) over the bin, between the means of e^(-M|y'-y|) and e^(M|y'-y|); "
                    "both are extreme where y is an end, with value e^-u sinh(u)/u and e^u sinh(u)/u.",
                    pointwise,
                ),
                Step(
                    "0 <= log(sinh u/u): lemma sinh_bound, zero at u = 0.", lambda: proved("sinh_bound", "increasing")
                ),
                Step("log(sinh u/u) <= u^2/6: lemma sinh_bound.", lambda: proved("sinh_bound", "sixth")),
            ),
            falsifiers=(
                Falsifier("one_sign", "log(sinh u/u) on the other side", lambda: pointwise(-1)),
                Falsifier("twelfth", "u^2/12 in place of u^2/6", lambda: termwise(12)),
            ),
        ),
        Claim(
            name="mean",
            kind="upper bound",
            statement="E_p Err <= w^2/8 for any m of oscillation at most w on each bin, so E_p Err <= (M d)^2/8.",
            latex=r"0 \le E_p\,\mathrm{Err} \le \frac{w^2}{8},\qquad w \le M d",
            proof=(
                Step(
                    "KL of a tilted law is psi'(1) - psi(1), psi(s) = log E e^(s m); psi'' is a variance of a variable in an interval "
                    "of length w, at most w^2/4.",
                    through_variance,
                ),
                Step("The bound on a variance: lemma hoeffding.", lambda: proved("hoeffding", "variance")),
            ),
            falsifiers=(
                Falsifier("sixteenth", "w^2/16", lambda: through_variance(16)),
                Falsifier("leading_constant", "w^2/24 without the Lipschitz condition", lambda: through_variance(24)),
            ),
        ),
        Claim(
            name="mean_sharp",
            kind="upper bound",
            statement="E_p Err <= u coth u - 1 - log(sinh u/u) <= (M d)^2/24; the first is attained by affine m.",
            latex=r"E_p\,\mathrm{Err} \le u\coth u - 1 - \log\frac{\sinh u}{u} \le \frac{(M d)^2}{24}",
            proof=(
                Step(
                    "Sorting m upwards keeps the KL and keeps it M-Lipschitz: every gap of the sorted values lies between two "
                    "neighbours (lemma lipschitz, all orders of up to five values).",
                    straddled,
                ),
                Step(
                    "From a rising m to M y along m + theta (M y - m) the KL has slope Cov(m + theta g, g), a sum of products of "
                    "increments of two rising functions.",
                    along_the_path,
                ),
                Step("At the end of the path, the affine law: u coth u - 1 - log(sinh u/u).", affine_value),
                Step("Its distance to u^2/6 has a slope with a non-negative series.", affine_below_square),
            ),
            falsifiers=(
                Falsifier("anti", "the covariance with the other sign", lambda: along_the_path(-1)),
                Falsifier("smaller", "(M d)^2/32, that is u^2/8", lambda: affine_below_square(8)),
                Falsifier("plus", "plus log(sinh u/u)", lambda: affine_value(-1)),
            ),
        ),
        Claim(
            name="leading",
            kind="asymptotic",
            statement="E_p Err ~ (d^2/24) E_p[m'^2] as d -> 0; for a Gaussian posterior of variance s^2 that is d^2/(24 s^2).",
            latex=r"E_p\,\mathrm{Err} \sim \frac{d^2}{24}\,E_p\!\left[m'^2\right]",
            proof=(
                Step("A bin's divergence from uniform, expanded in its half-width.", leading_order),
                Step("E m'^2 = 1/s^2 for a Gaussian.", gaussian_slope),
            ),
            falsifiers=(
                Falsifier("twelfth", "d^2/12", lambda: leading_order(12)),
                Falsifier("fourth_power", "E m'^2 = 1/s^4", lambda: gaussian_slope(4)),
            ),
        ),
    ),
    source="this project",
)
