"""A stretch on which an unnormalised density is smooth."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING

from numerics.expression.tree import Expression

if TYPE_CHECKING:
    from flint import acb


@dataclass(frozen=True)
class Piece:
    """A smooth stretch of an unnormalised density.

    Attributes:
      lower, upper: its ends.
      expression: positive and smooth on it.
    """

    lower: Fraction
    upper: Fraction
    expression: Expression

    def ball(self, y: acb, analytic: bool = False) -> acb:
        """An enclosure of the unnormalised density; honours `analytic` as `acb.integral` needs it."""
        from numerics.expression.balls import ball

        return ball(self.expression, y, analytic)

    def log_ball(self, y: acb, analytic: bool = False) -> acb:
        """An enclosure of the logarithm of the unnormalised density; honours `analytic`."""
        from numerics.expression.balls import ball

        return ball(self.log_expression, y, analytic)

    @cached_property
    def log_expression(self) -> Expression:
        """The logarithm, with exponentials taken apart so that it neither overflows nor underflows."""
        from numerics.expression.calculus import logarithm

        return logarithm(self.expression)

    @cached_property
    def slope_expression(self) -> Expression:
        """The derivative of the log density; the normaliser drops out."""
        from numerics.expression.calculus import derivative

        return derivative(self.log_expression)
