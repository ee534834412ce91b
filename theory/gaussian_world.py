"""Gaussian labels under both laws and a Gaussian channel, on the whole line: everything has a closed form, by the first two moments."""

from __future__ import annotations

from fractions import Fraction

import sympy

from theory.formula import Formula, Range
from theory.residual import Residual

M_Q, M_P = sympy.symbols("m_q m_p", real=True)
V_Q, V_P, S2 = sympy.symbols("v_q v_p s2", positive=True)
"""Means and variances of q_y and p_y, and the variance of the channel's noise."""
X_, Y_ = sympy.symbols("x y", real=True)
GAUSSIAN_RANGES = (
    Range(M_Q, -2, 2),
    Range(M_P, -2, 2),
    Range(V_Q, Fraction(1, 16), 4),
    Range(V_P, Fraction(1, 16), 4),
    Range(S2, Fraction(1, 16), 4),
)


def log_density(at: sympy.Expr, mean: sympy.Expr, variance: sympy.Expr) -> sympy.Expr:
    """log N(at; mean, variance)."""
    return -sympy.log(2 * sympy.pi * variance) / 2 - (at - mean) ** 2 / (2 * variance)


def posterior(mean: sympy.Expr, variance: sympy.Expr) -> tuple[sympy.Expr, sympy.Expr]:
    """Mean and variance of the label at x under a Gaussian label law."""
    return (mean * S2 + variance * X_) / (variance + S2), variance * S2 / (variance + S2)


def divergence(mean: sympy.Expr, variance: sympy.Expr, mean_: sympy.Expr, variance_: sympy.Expr) -> sympy.Expr:
    """KL of one Gaussian from another."""
    return (sympy.log(variance_ / variance) + variance / variance_ - 1 + (mean - mean_) ** 2 / variance_) / 2


def over_inputs(value: sympy.Expr) -> sympy.Expr:
    """The mean of a polynomial of degree two in x over q(x) = N(m_q, v_q + s2)."""
    polynomial = sympy.Poly(sympy.expand(value), X_)
    moments = {0: 1, 1: M_Q, 2: M_Q**2 + V_Q + S2}
    return sum(coefficient * moments[power] for (power,), coefficient in polynomial.terms())


def price_of_gaussians() -> sympy.Expr:
    """E_{q(x)} KL(q(y|x)||p(y|x)), from the posteriors."""
    (mean_q, variance_q), (mean_p, variance_p) = posterior(M_Q, V_Q), posterior(M_P, V_P)
    constant = divergence(sympy.Integer(0), variance_q, sympy.Integer(0), variance_p)
    return constant + over_inputs((mean_q - mean_p) ** 2) / (2 * variance_p)


def bayes_rule() -> Residual:
    """log q(y) + log k(x|y) - log q(y|x) - log q(x), and the same for p."""
    for mean, variance in ((M_Q, V_Q), (M_P, V_P)):
        joint = log_density(Y_, mean, variance) + log_density(X_, Y_, S2)
        both = log_density(Y_, *posterior(mean, variance)) + log_density(X_, mean, variance + S2)
        yield sympy.expand_log(joint - both)


def same(formula: Formula) -> Residual:
    """Left minus right, logarithms of products split."""
    return sympy.expand_log(formula.left - formula.right)


def shift_of_gaussians() -> sympy.Expr:
    """E_{q(x)} (f_p - f_q)^2, from the posteriors."""
    return over_inputs((posterior(M_P, V_P)[0] - posterior(M_Q, V_Q)[0]) ** 2)


def attained_by_shift() -> Residual:
    """Gaussian labels of one variance: (f_p - f_q)^2 = 2 s_x^2 KL(q(y|x)||p(y|x)) at every x, s_x^2 the variance of p(y|x)."""
    (mean_q, variance), (mean_p, _) = posterior(M_Q, V_Q), posterior(M_P, V_Q)
    return (mean_p - mean_q) ** 2 - 2 * variance * divergence(mean_q, variance, mean_p, variance)


def attained_by_tilt() -> Residual:
    """Affine l on the whole line (tilt.gaussian_shift): (f_p - f_q)^2 = 2 s^2 KL(N(m, s^2)||N(m + alpha s^2, s^2))."""
    moved = sympy.Symbol("alpha", real=True) * S2
    return moved**2 - 2 * S2 * divergence(M_Q, S2, M_Q + moved, S2)
