"""A label density: smooth pieces with exact rational ends and expressions with exact constants.

One object serves double precision (quadrature, sampling) and ball arithmetic (certificates). The reference `q` is uniform on the support.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from numerics import deadline
from numerics.laws.law import LabelNodes, Support
from numerics.laws.piece import Piece
from unskew.ground.refusals import InputError

if TYPE_CHECKING:
    from flint import arb


DOUBLE = 2.0**-56
"""Largest radius of a mass that is rounded to a double."""


@dataclass(frozen=True)
class Density:
    """A positive, bounded label density `p` on the support, with the uniform reference `q`.

    Attributes:
      name: as the user gave it.
      support: `(a, b)`.
      pieces: cover the support in order; unnormalised.
      description: one line in words.
      report: what was found in a label file, empty otherwise.
      origin: labels are counted from here; `support` and `pieces` too.
    """

    name: str
    support: Support
    pieces: tuple[Piece, ...]
    description: str = ""
    report: Any = None
    discrete: bool = False
    origin: Fraction = Fraction(0)

    def from_lower_end(self) -> Density:
        """The same density with labels counted from the lower end of the support: doubles are coarse far from zero. Expressions are rewritten exactly."""
        from numerics.expression.tree import Y, add, constant, substitute

        lower, upper = self.support
        label = add(Y, constant(lower))
        pieces = tuple(
            Piece(piece.lower - lower, piece.upper - lower, substitute(piece.expression, label))
            for piece in self.pieces
        )
        return replace(self, support=(Fraction(0), upper - lower), pieces=pieces, origin=self.origin + lower)

    @property
    def length(self) -> float:
        """`D = b - a`, in label units."""
        return float(self.support[1] - self.support[0])

    @property
    def breakpoints(self) -> tuple[Fraction, ...]:
        """Where two pieces meet."""
        return tuple(piece.lower for piece in self.pieces[1:])

    @property
    def unsampled(self) -> list[str]:
        """Where p is zero and q is not; nowhere, since a density is proved positive."""
        return []

    @cached_property
    def mesh(self) -> tuple[Fraction, ...]:
        """Ends, within the support, of panels on which no feature is missed (`numerics.laws.mesh`), breakpoints among them; ascending.

        Raises:
          InputError: features too narrow or too many to be followed.
        """
        from numerics.laws.mesh import panels

        length = self.support[1] - self.support[0]
        inner = [cut for piece in self.pieces for cut in (piece.lower, *panels(piece, length, self.name))]
        return tuple(inner[1:])

    @cached_property
    def finest(self) -> float:
        """Width of the narrowest panel of the mesh, in label units: no feature of the density is much narrower."""
        return float(min(right - left for left, right in pairwise((self.support[0], *self.mesh, self.support[1]))))

    @cached_property
    def graded(self) -> tuple[Fraction, ...]:
        """Ends of pieces at which the slope is infinite (roots)."""
        from numerics.expression.values import evaluate

        found: list[Fraction] = []
        for piece in self.pieces:
            ends = np.array([float(piece.lower), float(piece.upper)])
            with np.errstate(all="ignore"):
                steep = ~np.isfinite(evaluate(piece.slope_expression, ends, np))
            found += [end for end, values in zip((piece.lower, piece.upper), steep, strict=True) if values]
        return tuple(sorted(set(found)))

    @cached_property
    def slope_power(self) -> float:
        """The largest b such that `|l'(y)|` grows like `distance^-b` towards an end of a piece; 0 where the slope is bounded.

        `E_q[l'^2]` is finite only below 1/2; a square root gives 1/2. Read off the slopes at two tiny distances, to about 0.01.
        """
        if not self.graded:
            return 0.0
        found = 0.0
        for piece in self.pieces:
            width = float(piece.upper - piece.lower)
            for end, way in ((float(piece.lower), 1), (float(piece.upper), -1)):
                near, far = (abs(float(self.slope(end + way * width * 2.0**-k))) for k in (40, 30))
                if 0 < far < near:
                    found = max(found, float(np.log2(near / far)) / 10)
        return found

    @cached_property
    def normaliser(self) -> arb:
        """The integral of the pieces, as a ball at `numerics.expression.balls.PRECISION` bits."""
        import flint

        from numerics.expression.balls import PRECISION, masses

        with flint.ctx.workprec(PRECISION):
            total = flint.arb(0)
            for piece in self.pieces:
                total += sum(masses(piece.expression, [piece.lower, piece.upper]), flint.arb(0))
            if not total.is_finite() or not total > 0:
                raise InputError(f"density {self.name!r} has no finite integral", "choose another")
            return total

    @cached_property
    def log_normaliser(self) -> float:
        """Logarithm of the normaliser, rounded once."""
        import flint

        from numerics.expression.balls import PRECISION

        with flint.ctx.workprec(PRECISION):
            return float(self.normaliser.log().mid())

    def log_density(self, y: Any) -> Any:
        """`log p(y)` for labels in the support (others count as its nearer end), NumPy in NumPy out, JAX in JAX out; at a break the piece on the right counts."""
        return self._by_piece(y, "log_expression") - self.log_normaliser

    def density(self, y: Any) -> Any:
        """`p(y)`, of the shape of `y`, per label unit."""
        return _module(y).exp(self.log_density(y))

    def slope(self, y: Any) -> Any:
        """`l'(y) = (log p)'(y)`, of the shape of `y`."""
        return self._by_piece(y, "slope_expression")

    def _by_piece(self, y: Any, which: str) -> Any:
        from numerics.expression.values import accurate, evaluate

        module = _module(y)
        y = module.clip(module.asarray(y, dtype=float), float(self.support[0]), float(self.support[1]))
        if module is np:
            ends = [float(piece.lower) for piece in self.pieces[1:]]
            place = np.searchsorted(ends, y, side="right")
            exact = np.empty(y.shape)
            for number, piece in enumerate(self.pieces):
                exact[place == number] = accurate(
                    getattr(piece, which), y[place == number], int(which == "slope_expression")
                )
            return exact[()]
        values = None
        for piece in self.pieces:
            # Elsewhere the piece is read at its middle: no dead branch can overflow and poison a gradient.
            lower, upper = float(piece.lower), float(piece.upper)
            inside = module.where((y >= lower) & (y <= upper), y, (lower + upper) / 2)
            own = evaluate(getattr(piece, which), inside, module)
            values = own if values is None else module.where(y >= lower, own, values)
        return values

    def nodes(self, cuts: Sequence[Fraction], order: int, width: float) -> LabelNodes:
        """Composite Gauss-Legendre nodes on the support, panels split at the mesh; values right to rounding however much the expression cancels.

        Args:
          cuts: panels are split here too.
          order: nodes a panel.
          width: no panel is wider, in label units.
        """
        from numerics.expression.values import accurate

        deadline.check()
        lower, upper = self.support
        inner = {cut for cut in (*cuts, *self.mesh) if lower < cut < upper}
        ends = [lower, *sorted(inner), upper]
        reference, base = np.polynomial.legendre.leggauss(order)
        columns: list[list[np.ndarray]] = [[], [], [], []]
        for piece in self.pieces:
            own = ends[bisect_left(ends, piece.lower) : bisect_left(ends, piece.upper) + 1]
            edges = _divided(np.array([float(end) for end in own]), width)
            middle, half = (edges[1:] + edges[:-1]) / 2, np.diff(edges) / 2
            y = (middle[:, None] + half[:, None] * reference).ravel()
            columns[0].append(y)
            columns[1].append((half[:, None] * base).ravel())
            columns[2].append(accurate(piece.log_expression, y))
            columns[3].append(accurate(piece.slope_expression, y, 1))
        y, weight, log_shape, slope = (np.concatenate(column) for column in columns)
        log_ratio = log_shape - self.log_normaliser + np.log(self.length)
        return LabelNodes(y, weight / weight.sum(), log_ratio, slope)

    def mass_balls(self, edges: Sequence[Fraction]) -> list[arb]:
        """Certified `p`-masses between consecutive edges (ascending, within the support), at the present precision of `flint.ctx`."""
        import flint

        from numerics.expression.balls import masses

        points = sorted({*edges, *(cut for cut in self.breakpoints if edges[0] < cut < edges[-1])})
        place = {edge: number for number, edge in enumerate(edges)}
        totals = [flint.arb(0)] * (len(edges) - 1)
        for piece in self.pieces:
            inside = [point for point in points if piece.lower <= point <= piece.upper]
            if len(inside) < 2:
                continue
            number = max(index for edge, index in place.items() if edge <= inside[0])
            for left, mass in zip(inside, masses(piece.expression, inside), strict=False):
                number = place.get(left, number)
                totals[number] = totals[number] + mass
        return [total / self.normaliser for total in totals]

    def bin_masses(self, edges: Sequence[Fraction], precision: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """`(q_c, p_c)`, shape (K,) each: certified masses rounded once to doubles.

        Args:
          edges: K + 1 ascending edges within the support.
          precision: in bits; `numerics.expression.balls.PRECISION` when zero.
        """
        import flint

        from numerics.expression.balls import PRECISION

        for bits in (precision or PRECISION, 2 * PRECISION, 4 * PRECISION):
            with flint.ctx.workprec(bits):
                balls = self.mass_balls(edges)
            if all(mass.rad() <= DOUBLE for mass in balls):
                break
        else:
            raise InputError(f"density {self.name!r} has masses that cannot be enclosed", "choose a gentler one")
        p = np.array([float(mass.mid()) for mass in balls])
        width = self.support[1] - self.support[0]
        q = np.array([float((right - left) / width) for left, right in pairwise(edges)])
        return q, p

    @cached_property
    def _inverse(self) -> Any:
        from numerics.laws.inverse_sampling import table

        return table(self)

    def sample(self, key: Any, n: int) -> Any:
        """`n` independent labels from `p`: same key, same bits. Accuracy in `numerics.laws.inverse_sampling`."""
        from numerics.laws.inverse_sampling import draw

        return draw(self._inverse, key, n)


def _divided(ends: np.ndarray, width: float) -> np.ndarray:
    """The ends and points evenly between, so that no panel is wider than `width`."""
    gaps = np.diff(ends)
    counts = np.maximum(1, np.ceil(gaps / width * (1 - 1e-12))).astype(int)
    first = np.repeat(np.cumsum(counts) - counts, counts)
    share = (np.arange(counts.sum()) - first) / np.repeat(counts, counts)
    return np.append(np.repeat(ends[:-1], counts) + np.repeat(gaps, counts) * share, ends[-1])


def _module(y: Any) -> Any:
    """`jax.numpy` for JAX arrays and tracers, `numpy` for the rest."""
    if type(y).__module__.startswith("jax"):
        import jax.numpy

        return jax.numpy
    return np
