"""price: what imbalance costs the best predictor in log-loss, E_q Delta = KL(q_y||p_y) - KL(q_x||p_x)."""

from __future__ import annotations

from numerics.checks import gaussian_world, statements
from numerics.checks.common import Page
from numerics.evidence import Evidence
from numerics.records import Check
from theory.record import Result


def checks(evidence: Evidence, result: Result) -> list[Check]:
    """Every statement by every route and in finite worlds; Gaussian labels on the whole line."""
    page = Page(evidence, result.name)
    statements.add(page, result)
    gaussian_world.price(page, result)
    return page.checks
