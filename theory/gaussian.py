"""Gaussian labels, reference and channel in closed form: exact arithmetic on means and variances.

Everything is a `Ratio` or `Logs` of `theory.logarithms` over one ring. Nothing is looked up: a divergence is the mean of a difference of
log densities, which is a quadratic, and a mean of a quadratic needs the first two moments alone.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import overload

from sympy import QQ
from sympy.polys.rings import PolyElement, ring

from theory.logarithms import Logs, Positive, Ratio, positive, summed, total

_, MQ, MP, VQ, VP, S2, X, Y, TWO_PI, ALPHA, BETA = ring("m_q,m_p,v_q,v_p,s2,x,y,two_pi,alpha,beta", QQ)
ONE = positive(MQ.ring.one)


def number(polynomial: PolyElement | int) -> Ratio:
    """A polynomial in the symbols of this module, as a `Ratio`."""
    return Ratio(MQ.ring.one * polynomial, {})


@dataclass(frozen=True, eq=False)
class Normal:
    """A Gaussian law.

    Attributes:
      mean: may contain the symbol x.
      variance: a positive number without x and y.
    """

    mean: Ratio
    variance: Positive

    def log_density(self, at: Ratio) -> Logs:
        """log N(at; mean, variance)."""
        square = (at - self.mean) * (at - self.mean) / self.variance
        scale = (positive(TWO_PI) * self.variance).log
        return scale * number(QQ(-1, 2)) + square * number(QQ(-1, 2))


NOISE = positive(S2)
Q = Normal(number(MQ), positive(VQ))
P = Normal(number(MP), positive(VP))


def evidence(prior: Normal) -> Normal:
    """The law of x = y + noise."""
    return Normal(prior.mean, total([prior.variance, NOISE]))


def posterior(prior: Normal, at: PolyElement = X) -> Normal:
    """The law of y given x."""
    wide = evidence(prior).variance
    mean = (prior.mean * NOISE + number(at) * prior.variance) / wide
    return Normal(mean, prior.variance * NOISE / wide)


@overload
def expectation(value: Logs, variable: PolyElement, law: Normal) -> Logs: ...
@overload
def expectation(value: Ratio, variable: PolyElement, law: Normal) -> Ratio: ...
def expectation(value: Logs | Ratio, variable: PolyElement, law: Normal) -> Logs | Ratio:
    """The mean over `variable` of an expression at most quadratic in it.

    Raises:
      ValueError: the variable stands in a denominator or logarithm, or to a higher power.
    """
    if isinstance(value, Logs):
        if any(_degree(atom, variable) for atom in value.terms):
            raise ValueError("a logarithm of the variable")
        terms = {atom: _mean(coefficient, variable, law) for atom, coefficient in value.terms.items()}
        return Logs(terms, _mean(value.plain, variable, law))
    return _mean(value, variable, law)


def _degree(polynomial: PolyElement, variable: PolyElement) -> int:
    return max(int(polynomial.degree(variable)), 0) if polynomial else 0


def _mean(value: Ratio, variable: PolyElement, law: Normal) -> Ratio:
    numbers = value.above.ring
    place = numbers.gens.index(variable)
    if any(_degree(atom, variable) for atom in value.below) or _degree(value.above, variable) > 2:
        raise ValueError("not a polynomial of degree two")
    moments = [number(1), law.mean, law.mean * law.mean + law.variance.ratio]
    parts = [numbers.zero] * 3
    for exponents, coefficient in value.above.terms():
        rest = (*exponents[:place], 0, *exponents[place + 1 :])
        parts[exponents[place]] += numbers.from_dict({rest: coefficient})
    return summed(Ratio(part, value.below) * moment for part, moment in zip(parts, moments, strict=True))


def divergence(first: Normal, second: Normal) -> Logs:
    """KL(first || second) as the mean of the difference of log densities."""
    value = expectation(first.log_density(number(Y)) - second.log_density(number(Y)), Y, first)
    assert isinstance(value, Logs)
    return value


def closed_divergence(first: Normal, second: Normal) -> Logs:
    """(1/2)[log(v2/v1) + v1/v2 - 1 + (m1 - m2)^2/v2]."""
    shift = first.mean - second.mean
    plain = (first.variance / second.variance).ratio - number(1) + shift * shift / second.variance
    return ((second.variance / first.variance).log + plain) * number(QQ(1, 2))


def mean_over_inputs(value: Logs) -> Logs:
    """E_{q(x)} of a quadratic in x."""
    return expectation(value, X, evidence(Q))


@functools.cache
def shared_variance() -> Normal:
    """A training law with the variance of the reference: only the mean is moved."""
    return Normal(number(MP), positive(VQ))
