"""Gradient flow of softmax cross-entropy on one-hot class features from a zero start, in the logit margin z."""

from __future__ import annotations

from typing import Any

from sympy import Expr, LambertW, Rational, cancel, diff, exp, log, symbols

from theory.prove import proved
from theory.record import Residual
from theory.signs import nonnegative, positive, rises_from_zero

K, tau, p, z = symbols("K tau p z", positive=True)
x, s = symbols("x s", positive=True)  # x = e^z; s: a shift of z
h = symbols("h", real=True)  # how far z is from where tau rho is largest, on either side
more, above = symbols("more above", nonnegative=True)  # K = 2 + more, x = 1 + above
z_rate = K / (exp(z) + K - 1)  # dz/dtau; also rho, the relative residual


def velocities(size: Expr) -> tuple[Expr, Expr]:
    """How fast the own logit and another move where the loss of the class has this weight, from a = e^(own logit), b = e^(another), c = e^(the K - 2 others)."""
    a, b, c = symbols("a b c", positive=True)
    loss = -size * (log(a) - log(a + b + (K - 2) * c))
    same_start = {a: x * b, c: b}
    own, other = ((-name * diff(loss, name)).subs(same_start) for name in (a, b))
    return own, other


def softmax_velocity(factor: int = 1) -> Residual:
    own, other = velocities(p)
    yield cancel(own - other - factor * p * K / (x + K - 1))
    yield cancel(own + (K - 1) * other)


def margin_solution(slope: int = 1) -> Residual:
    implicit = (K - slope) * z + exp(z) - 1 - K * tau
    yield diff(implicit, z) * z_rate + diff(implicit, tau)
    yield implicit.subs({z: 0, tau: 0})


def margin_grows() -> Residual:
    """The velocity is K over this."""
    return positive((x + K - 1).subs({x: 1 + above, K: 2 + more}))


def lambert_property(shift: int = 1) -> Residual:
    """v = e^z/(K-1) has v + log v = (1 + K tau)/(K-1) - log(K-1), where 1 + K tau = (K-1) z + e^z."""
    v, log_v = exp(z) / (K - 1), z - log(K - 1)
    right = ((K - 1) * z + exp(z) + shift - 1) / (K - 1) - log(K - 1)
    yield cancel(v + log_v - right)
    yield cancel(1 / (1 + v) - (K - 1) / (exp(z) + K - 1))


def lambert_flow(factor: int = 1) -> Residual:
    """1 - pi = 1/(1 + W0(...)) obeys d(1-pi)/dtau = -K/(K-1) pi (1-pi)^2 and starts at (K-1)/K."""
    v = symbols("v", positive=True)
    argument = exp((1 + factor * K * tau) / (K - 1)) / (K - 1)
    wrong = 1 / (1 + LambertW(argument))
    slope = diff(wrong, tau).subs(LambertW(argument), v)
    miss = 1 / (1 + v)
    yield cancel(slope + K / (K - 1) * (1 - miss) * miss**2)
    start = 1 / (K - 1)  # W0 at tau = 0: start e^start is the argument
    yield start * exp(start) - argument.subs(tau, 0)
    yield cancel(1 / (1 + start) - (K - 1) / K)


def relative_error(start: int = 1) -> Residual:
    """(1 - pi) K tau/(K-1) - 1 = ((K-1) z - K)/(e^z + K - 1)."""
    time = ((K - 1) * z + x - start) / K
    return cancel((K - 1) / (x + K - 1) * K * time / (K - 1) - 1 - ((K - 1) * z - K) / (x + K - 1))


def exponential_beats_square() -> Residual:
    return [*rises_from_zero(exp(z) - 1 - z - z**2 / 2, z, exp(z), 3), exp(z).is_positive]


def log_slope(bound: Any) -> tuple:
    """bound + d log(rho)/dtau over a common denominator, in x = e^z: numerator and denominator."""
    falling = cancel(-diff(log(z_rate), z) * z_rate - K * exp(z) / (exp(z) + K - 1) ** 2)
    return falling, bound - K * x / (x + K - 1) ** 2


def slope_bound(bound: Any = K / (4 * (K - 1))) -> Residual:
    falling, gap = log_slope(bound)
    yield falling
    yield cancel(gap - K * (x - K + 1) ** 2 / (4 * (K - 1) * (x + K - 1) ** 2))
    yield z_rate.subs(z, 0) - 1


def slope_half(divisor: int = 2) -> Residual:
    """The slope itself against 1/2 (1/divisor), as a polynomial with non-negative coefficients in x - 1 and K - 2."""
    _, gap = log_slope(Rational(1, divisor))
    numerator = cancel(gap * divisor * (x + K - 1) ** 2)
    yield nonnegative(numerator.subs({x: 1 + above, K: 2 + more}))
    yield nonnegative((K - 2).subs(K, 2 + more))


def slower_than_squared(ours: int = 1, squared: int = 4) -> Residual:
    """tau ours/2 < tau squared/2."""
    return [positive((squared - ours) * tau / 2)]


# The rare/frequent ratio. Multiplied by tau, the relative residual is 1 + ((K-1) z - K)/(e^z + K - 1); s = W0(...) is its largest excess.
peak = s + (2 * K - 1) / (K - 1)  # the z at which it is attained


def peak_bound(excess: Any = s) -> Residual:
    """excess (e^z + K - 1) - ((K-1) z - K) = (K-1)(e^h - 1 - h) with h = z - peak, since s e^peak = K - 1."""
    e_h = symbols("e_h", positive=True)  # e^h, and e^z = e^peak e^h = (K-1)/s e^h
    e_z = (K - 1) / s * e_h
    yield cancel(excess * (e_z + K - 1) - ((K - 1) * (peak + h) - K) - (K - 1) * (e_h - 1 - h))
    # h has either sign, so a chain of derivatives from h = 0 does not do: at t = e^h this is t - 1 - log t.
    t = symbols("t", positive=True)
    yield (t - 1 - log(t)).subs(t, exp(h)) - (exp(h) - 1 - h)
    yield proved("gibbs", "log_bound")


def before_the_peak() -> Residual:
    """d(tau rho)/dz has the sign of e^z ((2K-1) - (K-1) z) + (K-1)^2."""
    product = 1 + ((K - 1) * z - K) / (exp(z) + K - 1)
    sign = exp(z) * ((2 * K - 1) - (K - 1) * z) + (K - 1) ** 2
    yield cancel(diff(product, z) * (exp(z) + K - 1) ** 2 - sign)
    early = (2 * K - 1) / (K - 1) - above  # any z up to (2K-1)/(K-1)
    yield nonnegative(cancel((2 * K - 1) - (K - 1) * early).subs(K, 2 + more))
    late = (2 * K - 1) / (K - 1) + above
    yield positive(cancel((K - 1) * late - K).subs(K, 2 + more))


def exceeds(margins: tuple[int, int] = (3, 6)) -> Residual:
    """K = 2, margins 3 and 6: tau rho is larger for the rare class, exactly when e^6 + 1 > 4 (e^3 + 1)."""
    rare, frequent = margins
    # (rare - 2)/(e^rare + 1) > (frequent - 2)/(e^frequent + 1), with e^3 >= 1 + 3 + 9/2 + 9/2 = 13 from its series.
    base = sum(Rational(3**k, (1, 1, 2, 6)[k]) for k in range(4)) + above
    powers = {3: base, 6: base**2}
    return [positive((rare - 2) * (powers[frequent] + 1) - (frequent - 2) * (powers[rare] + 1))]
