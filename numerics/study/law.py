"""The functions of the study by number: the protocol's ten, and further ones drawn from their law by keys.

The law: `A` uniform on [0, 1], `C` uniform on the integers from 12 to 28, `B = 1.5 - A`, `D = C // 3`. The number of a function is its key, so
that function 57 is the same whether 60 or 600 are drawn.
"""

from __future__ import annotations

from functools import lru_cache

from numerics.study.protocol import FUNCTIONS, Function
from numerics.study.streams import stream

LEAST_C, LARGEST_C = 12, 28


@lru_cache(maxsize=4096)
def function(number: int) -> Function:
    """Function `number`: 0 to 9 are the protocol's, the rest are drawn."""
    if number < len(FUNCTIONS):
        return FUNCTIONS[number]
    generator = stream("function", number)
    return Function(float(generator.uniform()), int(generator.integers(LEAST_C, LARGEST_C + 1)))
