"""JAX in double precision, for the comparison of the two frameworks."""

from __future__ import annotations

from numerics import runtime

runtime.start()
