"""The two prices of Gaussian labels in closed form, and what they say about the bounds. Residuals of proof steps."""

from __future__ import annotations

from sympy import QQ, symbols

from theory import gaussian
from theory.residual import Residual


def bayes_rule() -> Residual:
    """q(y) k(x|y) = q(y|x) q(x), logarithms taken."""
    channel = gaussian.Normal(gaussian.number(gaussian.Y), gaussian.NOISE).log_density(gaussian.number(gaussian.X))
    for prior in (gaussian.Q, gaussian.P):
        joint = prior.log_density(gaussian.number(gaussian.Y)) + channel
        both = gaussian.posterior(prior).log_density(gaussian.number(gaussian.Y))
        yield joint - both - gaussian.evidence(prior).log_density(gaussian.number(gaussian.X))


def gaussian_divergence(half: int = 1) -> Residual:
    for pair in ((gaussian.Q, gaussian.P), (gaussian.evidence(gaussian.Q), gaussian.evidence(gaussian.P))):
        yield gaussian.divergence(*pair) - gaussian.closed_divergence(*pair) * half


def log_loss_price(sign: int = 1) -> Residual:
    inner = gaussian.divergence(gaussian.posterior(gaussian.Q), gaussian.posterior(gaussian.P))
    inputs = gaussian.closed_divergence(gaussian.evidence(gaussian.Q), gaussian.evidence(gaussian.P))
    return gaussian.mean_over_inputs(inner) - gaussian.closed_divergence(gaussian.Q, gaussian.P) + inputs * sign


def attained_by_shift(constant: int = 2) -> Residual:
    """Gaussian labels of one variance: (f_p - f_q)^2 = 2 s_x^2 KL(q(y|x)||p(y|x)), s_x^2 the variance of p(y|x)."""
    q, p = gaussian.posterior(gaussian.Q), gaussian.posterior(gaussian.shared_variance())
    shift = p.mean - q.mean
    return gaussian.divergence(q, p) * p.variance * constant + -(shift * shift)


def attained_by_tilt(constant: int = 2) -> Residual:
    """Affine l on the whole line (tilt, gaussian_shift): (f_p - f_q)^2 = 2 s^2 KL(N(m, s^2)||N(m + alpha s^2, s^2))."""
    q = gaussian.Normal(gaussian.number(gaussian.X), gaussian.NOISE)
    p = gaussian.Normal(q.mean + gaussian.number(gaussian.ALPHA) * gaussian.NOISE, gaussian.NOISE)
    shift = p.mean - q.mean
    return gaussian.divergence(q, p) * gaussian.NOISE * constant + -(shift * shift)


def gaussian_means(swap: bool = False) -> Residual:
    """f_q, f_p solve the normal equations of the joint law: E[(y - f(x))] = 0 and E[(y - f(x)) x] = 0, by the law of x and y."""
    for prior in (gaussian.Q, gaussian.P):
        wide = gaussian.evidence(prior)
        mean = gaussian.posterior(gaussian.P if swap else prior).mean
        x = gaussian.number(gaussian.X)
        yield gaussian.expectation(mean, gaussian.X, wide) - prior.mean
        cross = gaussian.expectation(mean * x, gaussian.X, wide)
        yield cross - prior.mean * prior.mean - prior.variance.ratio


def squared_error_price(square: int = 1) -> Residual:
    """E_{q(x)} (f_p - f_q)^2 = A^2 (v_q + s^2) + B^2."""
    f_q, f_p = (gaussian.posterior(prior).mean for prior in (gaussian.Q, gaussian.P))
    wide_q, wide_p = (gaussian.evidence(prior).variance for prior in (gaussian.Q, gaussian.P))
    A = (gaussian.P.variance / wide_p).ratio - (gaussian.Q.variance / wide_q).ratio
    B = (gaussian.P.mean - gaussian.Q.mean) * gaussian.NOISE / wide_p
    mean = gaussian.expectation((f_p - f_q) * (f_p - f_q), gaussian.X, gaussian.evidence(gaussian.Q))
    return mean - A * A * wide_q - B * B * square


def beyond_length(factor: int = 1) -> Residual:
    """v_q = v_p = s^2 = D^2: E(f_p - f_q)^2 = D^2 E_q Delta, twice what (D^2/2) E_q Delta allows; m is the shift of the mean."""
    D, m = symbols("D m", positive=True)
    posterior_variance = D**2 * D**2 * factor / (D**2 + D**2 * factor)
    shift = m * D**2 * factor / (D**2 + D**2 * factor)
    price = shift**2 / (2 * posterior_variance)
    excess = shift**2 - D**2 / 2 * price
    return [shift**2 - D**2 * price, excess - m**2 / 8, (m**2 / 8).is_positive]


def shared_price() -> Residual:
    """With one label variance v, E_q Delta = KL(q(y|x)||p(y|x)) = (f_p - f_q)^2/(2 V), V the posterior variance, at every x."""
    q, p = gaussian.posterior(gaussian.Q), gaussian.posterior(gaussian.shared_variance())
    shift = p.mean - q.mean
    known = (gaussian.P.mean - gaussian.Q.mean) * gaussian.NOISE / gaussian.evidence(gaussian.Q).variance
    yield shift - known
    value = gaussian.divergence(q, p)
    yield value + -(shift * shift / p.variance * gaussian.number(QQ(1, 2)))
    yield gaussian.mean_over_inputs(value) - value
