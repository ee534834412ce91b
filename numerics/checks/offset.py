"""offset: what a prior-corrected classification term takes off the extra error term, and what it leaves."""

from __future__ import annotations

from numerics.checks import fitted, statements
from numerics.checks.common import Page
from numerics.evidence import Evidence
from numerics.records import Check, Estimate
from numerics.routes import quadrature
from numerics.routes.route import NotReached
from theory.claim import Claim
from theory.record import Result
from theory.statement import Statement
from theory.words import corrected_excess, price


def checks(evidence: Evidence, result: Result) -> list[Check]:
    """Every statement by every route and in finite worlds; trained models against the bounds, with what training leaves."""
    page = Page(evidence, result.name)
    statements.add(page, result)
    for claim in result.claims:
        for classes in evidence.world.classes if evidence.fits is not None else ():
            _trained(page, claim, classes)
    return page.checks


def _trained(page: Page, claim: Claim, classes: int) -> None:
    """Upper bounds on trained models: the corrected one stays below W, and below the plain one by what is saved for certain."""
    corrected = fitted.find(page.evidence, "corrected_excess", classes)
    plain = fitted.find(page.evidence, "plain_excess", classes)
    if corrected is None or plain is None:
        return
    fit, mean = corrected
    first, _ = quadrature.routes(page.evidence)
    gap = abs(fit.representation_gap)
    for line in claim.lines:
        if not isinstance(line, Statement) or line.relation != "<=" or line.world is not None:
            continue
        try:
            if line.left == corrected_excess:
                allowance = fit.training_gap + gap
                page.add(
                    claim.name,
                    "upper bound",
                    first.number(line.right, classes),
                    Estimate(fit.raw_mean, mean.error),
                    f"as trained, its bias left in; allowance: training {fit.training_gap:.1e}, family {gap:.1e}",
                    source="fitted",
                    classes=classes,
                    allowance=allowance,
                )
            elif line.right == price - corrected_excess:
                families = gap + abs(plain[0].representation_gap)
                page.add(
                    claim.name,
                    "upper bound",
                    plain[1] - mean,
                    first.number(line.left, classes),
                    f"what the trained models save, at least; allowance: families {families:.1e}",
                    source="fitted",
                    classes=classes,
                    allowance=families,
                )
        except NotReached:
            continue
