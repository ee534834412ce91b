"""The same certificates for discrete laws: p(x) is a finite Gaussian mixture, whose Taylor series at a center are moments of its atoms.

With d_i = (y_i - c)/s^2, p(c + t) = e^{-t^2/(2 s^2)} sum_i w_i N(c; y_i, s^2) e^{t d_i}: one table of d_i^k/k! times the kernel serves all weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import flint
from flint import arb, arb_mat, arb_series

from numerics.certified.inputs import ORDER
from numerics.expression.balls import exact


@dataclass(frozen=True)
class AtomKernel:
    """The channel at a law's atoms.

    Attributes:
      atoms: labels.
      noise: s.
    """

    atoms: tuple[Fraction, ...]
    noise: Fraction
    tables: dict[Fraction, arb_mat] = field(default_factory=dict, compare=False, repr=False)

    def row(self, center: Fraction) -> list[arb]:
        """N(c; y_i, s^2) for each atom."""
        scale = 1 / (exact(self.noise) * (2 * arb.pi()).sqrt())
        return [exact(-((center - atom) ** 2) / (2 * self.noise**2)).exp() * scale for atom in self.atoms]

    def table(self, center: Fraction) -> arb_mat:
        """Coefficients of each atom's series, (ORDER, atoms), kept: the mixtures share them."""
        found = self.tables.get(center)
        if found is None:
            current = self.row(center)
            slopes = [exact((atom - center) / self.noise**2) for atom in self.atoms]
            entries: list[list[arb]] = []
            for power in range(ORDER):
                entries.append(current)
                current = [value * slope / (power + 1) for value, slope in zip(current, slopes, strict=True)]
            found = self.tables[center] = arb_mat(entries)
        return found


@dataclass(frozen=True)
class AtomMixture:
    """A weighted sum of the channel at atoms.

    Attributes:
      kernel: shared by all mixtures of a law.
      weights: masses.
    """

    kernel: AtomKernel
    weights: Sequence[arb]

    def value(self, center: Fraction) -> arb:
        """The density at a point."""
        return sum((a * b for a, b in zip(self.weights, self.kernel.row(center), strict=True)), arb(0))

    def series(self, center: Fraction) -> arb_series:
        """Its series in a displacement from the center."""
        column = self.kernel.table(center) * arb_mat([[weight] for weight in self.weights])
        coefficients = arb_series([column[k, 0] for k in range(ORDER)], prec=flint.ctx.cap)
        return coefficients * arb_series([0, 0, exact(-1 / (2 * self.kernel.noise**2))]).exp()
