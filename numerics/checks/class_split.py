"""class_split: the extra error term is a class part plus a within-class part, neither of them negative."""

from __future__ import annotations

from numerics.checks import statements
from numerics.checks.common import Page
from numerics.evidence import Evidence
from numerics.records import Check
from theory.record import Result


def checks(evidence: Evidence, result: Result) -> list[Check]:
    """Every statement by every route, on trained models and in finite worlds."""
    page = Page(evidence, result.name)
    statements.add(page, result)
    return page.checks
