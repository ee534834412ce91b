"""Gradient flow of softmax cross-entropy on one-hot class features from a zero start, in the logit margin z."""

from __future__ import annotations

from sympy import Expr, LambertW, Rational, cancel, diff, exp, expand, fraction, log, symbols

from theory.formula import Formula
from theory.prove import proved
from theory.residual import Residual
from theory.signs import nonnegative, positive, rises_from_zero

K = symbols("K", integer=True, positive=True)
tau, p_c, z, ahead = symbols(
    "tau p_c z a", positive=True
)  # ahead: by how much the margin of the frequent class is larger
x, v, s = symbols("x v s", positive=True)  # x = e^z, v = e^z/(K - 1); s: the excess of the largest tau rho over 1
h = symbols("h", real=True)  # how far z is from where tau rho is largest, on either side
more, above = symbols("more above", nonnegative=True)  # K = 2 + more, x = 1 + above
RHO = K / (exp(z) + K - 1)
"""The relative residual, which is dz/dtau too."""
MISSING = (K - 1) / (exp(z) + K - 1)
"""1 - pi."""
TIME = ((K - 1) * z + exp(z) - 1) / K
"""tau."""
ARGUMENT = exp((1 + K * tau) / (K - 1)) / (K - 1)
MARGIN = (1 + K * tau) / (K - 1) - LambertW(ARGUMENT)
"""z by tau."""
EXCESS = LambertW((K - 1) * exp(-(2 * K - 1) / (K - 1)))


def same(formula: Formula) -> Residual:
    return cancel(expand(formula.left - formula.right))


def velocities(size: Expr) -> tuple[Expr, Expr]:
    """How fast the own logit and another move where the loss of the class has this weight, from a = e^(own logit), b = e^(another), c = e^(the K - 2 others)."""
    a, b, c = symbols("a b c", positive=True)
    loss = -size * (log(a) - log(a + b + (K - 2) * c))
    same_start = {a: exp(z) * b, c: b}
    own, other = (cancel((-name * diff(loss, name)).subs(same_start)) for name in (a, b))
    return own, other


def velocity(size: Expr) -> Expr:
    """How fast the margin grows."""
    own, other = velocities(size)
    return cancel(own - other)


def logits_keep_their_sum(_: Formula) -> Residual:
    own, other = velocities(p_c)
    return cancel(own + (K - 1) * other)


def implicit_solution(formula: Formula) -> Residual:
    """tau grows by the reciprocal of dz/dtau, from 0 at z = 0."""
    yield cancel(diff(formula.right, z) / K - 1 / RHO)
    yield formula.right.subs(z, 0) - 1
    yield same(formula)


def margin_grows(formula: Formula) -> Residual:
    """The reciprocal of what must be positive is, for e^z = 1 + above and K = 2 + more."""
    return positive(cancel(K / (formula.right - formula.left)).subs(exp(z), 1 + above).subs(K, 2 + more))


def in_v(value: Expr) -> Expr:
    """With v for W0(ARGUMENT): v e^v is the argument, so e^z is (K - 1) v by `margin_by_time`."""
    return value.subs(exp(MARGIN), (K - 1) * v).subs(LambertW(ARGUMENT), v)


def margin_by_time(formula: Formula) -> Residual:
    """e^z = e^((1 + K tau)/(K - 1)) e^-W0 = (K - 1) W0, and z solves (K - 1) z + e^z = 1 + K tau."""
    w0 = LambertW(ARGUMENT)
    yield exp(expand(MARGIN + w0)) - (K - 1) * expand(ARGUMENT, power_exp=False)
    yield cancel((K - 1) * MARGIN.subs(w0, v) + (K - 1) * v - 1 - K * tau)
    yield cancel(in_v(formula.left) - in_v(formula.right))


def missing_flows(formula: Formula) -> Residual:
    """d(1 - pi)/dtau = -K/(K - 1) pi (1 - pi)^2, from (K - 1)/K at tau = 0, where v = 1/(K - 1)."""
    miss = in_v(formula.right)
    yield cancel(in_v(diff(formula.right, tau)) + K / (K - 1) * (1 - miss) * miss**2)
    start = 1 / (K - 1)
    yield start * exp(start) - ARGUMENT.subs(tau, 0)
    yield cancel(miss.subs(v, start) - (K - 1) / K)


def tail_by_margin(formula: Formula) -> Residual:
    """With the relative error of the margin's side, (K - 1) z - K over e^z + K - 1."""
    missing = formula.left.subs(exp(MARGIN), exp(z))
    return cancel(missing / formula.right.subs(tau, TIME) - 1 - ((K - 1) * z - K) / (exp(z) + K - 1))


def exponential_beats_square(_: Formula) -> Residual:
    return [*rises_from_zero(exp(z) - 1 - z - z**2 / 2, z, exp(z), 3), exp(z).is_positive]


def starts_at_zero(formula: Formula) -> Residual:
    """At tau = 0 the margin is 0, v = 1/(K - 1), and both sides vanish."""
    start = in_v(formula.left).subs(v, 1 / (K - 1))
    return [expand(start).subs(tau, 0), formula.right.subs(tau, 0)]


def slope_is_a_square(formula: Formula) -> Residual:
    """The derivative of the gap in tau, with v for W0."""
    slope = in_v(diff(formula.right - formula.left, tau))
    return cancel(slope - K * (v - 1) ** 2 / (4 * (K - 1) * (v + 1) ** 2))


def slower_for_more_classes(formula: Formula) -> Residual:
    """Over one denominator, with K = 2 + more."""
    return [nonnegative(part) for part in fraction(cancel((formula.right - formula.left).subs(K, 2 + more)))]


def less_time(formula: Formula) -> Residual:
    return positive(formula.right - formula.left)


# The rare/frequent ratio: tau rho is 1 + ((K-1) z - K)/(e^z + K - 1), and its largest excess over 1 is s = EXCESS.
PRODUCT = 1 + ((K - 1) * z - K) / (exp(z) + K - 1)
PEAK = s + (2 * K - 1) / (K - 1)  # the z at which it is attained


def peak_bound(formula: Formula) -> Residual:
    """What is missing to 1 + s is (K-1)(e^h - 1 - h) over e^z + K - 1, with h = z - peak, since s e^peak = K - 1."""
    e_h, t = symbols("e_h t", positive=True)  # e^h, and e^z = e^peak e^h = (K-1)/s e^h
    e_z = (K - 1) / s * e_h
    excess = (formula.right - 1).subs(EXCESS, s)
    yield cancel(excess * (e_z + K - 1) - ((K - 1) * (PEAK + h) - K) - (K - 1) * (e_h - 1 - h))
    # h has either sign, so a chain of derivatives from h = 0 does not do: at t = e^h this is t - 1 - log t.
    yield (t - 1 - log(t)).subs(t, exp(h)) - (exp(h) - 1 - h)
    yield proved("gibbs", "log_bound")


def product(formula: Formula) -> Residual:
    """tau rho by the margin."""
    return cancel(formula.left - PRODUCT)


def quotient(formula: Formula) -> Residual:
    """Of tau rho at the rare class's margin and at that of the frequent one, which is larger by a."""
    return cancel(formula.left * PRODUCT.subs(z, z + ahead) - PRODUCT)


def before_the_peak(_: Formula) -> Residual:
    """d(tau rho)/dz has the sign of e^z ((2K-1) - (K-1) z) + (K-1)^2."""
    sign = exp(z) * ((2 * K - 1) - (K - 1) * z) + (K - 1) ** 2
    yield cancel(diff(PRODUCT, z) * (exp(z) + K - 1) ** 2 - sign)
    early = (2 * K - 1) / (K - 1) - above  # any z up to (2K-1)/(K-1)
    yield nonnegative(cancel((2 * K - 1) - (K - 1) * early).subs(K, 2 + more))
    late = (2 * K - 1) / (K - 1) + above
    yield positive(cancel((K - 1) * late - K).subs(K, 2 + more))


def exceeds(formula: Formula) -> Residual:
    """The numerator of the gap over one denominator, in e^3 = 13 + above: e^3 >= 1 + 3 + 9/2 + 9/2 from its series."""
    cube = symbols("e_3", positive=True)

    def power(argument: Expr) -> Expr:
        return cube ** (argument / 3) if (argument / 3).is_Integer else exp(argument)

    gap = cancel((formula.right - formula.left).replace(exp, power)).as_numer_denom()
    base = sum((Rational(3**k, (1, 1, 2, 6)[k]) for k in range(4)), above)
    return [part.free_symbols == {cube} and not part.has(exp) and positive(part.subs(cube, base)) for part in gap]
