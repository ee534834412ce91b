"""class_split: the extra error term is a class part plus a within-class part, neither of them negative."""

from __future__ import annotations

import numpy as np

from numerics import finite
from numerics.checks import fitted
from numerics.checks.common import ZERO, Page, rounded, total
from numerics.checks.examples import ALL, Example, divergence, posterior
from numerics.evidence import Evidence
from numerics.records import Check, Falsifier

RESULT = "class_split"


def checks(
    evidence: Evidence,
    *,
    within_weight: float = 1.0,
    inputs_weight: float = -1.0,
    inner_weight: float = 1.0,
    parts_sign: float = 1.0,
    swapped: bool = False,
) -> list[Check]:
    """The split for each number of classes, the class part by its chain rule too, the signs, and finite worlds.

    Args:
      within_weight: factor of the within-class part in the sum; 1 in the theorem.
      inputs_weight: factor of KL(q_x||p_x) in the class part; -1 in the theorem.
      inner_weight: factor of sum_c q_c KL(q_{x|c}||p_{x|c}) in the class part; 1 in the theorem.
      parts_sign: sign with which both parts are claimed to be non-negative; 1 in the theorem.
      swapped: take each part for the other.
    """
    page = Page(evidence, RESULT)
    found = evidence.quantities
    for entry in found.per_classes:
        K = entry.classes
        parts = total(entry.class_part, entry.within_part.scaled(within_weight))
        page.add("price_split", "identity", parts, found.price, classes=K, because=("price",))
        told = total(
            entry.kl_classes, entry.kl_inputs_within.scaled(inner_weight), found.kl_inputs.scaled(inputs_weight)
        )
        page.add("class_part", "identity", told, entry.within_part if swapped else entry.class_part, classes=K)
    for entry in found.per_classes:
        for name, part in (("class part", entry.class_part), ("within-class part", entry.within_part)):
            page.add(
                "non_negative",
                "upper bound",
                ZERO,
                part.scaled(-parts_sign),
                f"minus the {name}",
                classes=entry.classes,
            )
    for entry in found.per_classes:
        K, inner = entry.classes, entry.kl_inputs_within.scaled(inner_weight)
        told = total(entry.kl_classes, inner, found.kl_inputs.scaled(inputs_weight))
        names = ("class_excess", "within_excess")
        classes, within = reversed(names) if swapped else names
        fitted.add(page, "class_part", "class_excess", told, K, measured=classes)
        fitted.add(page, "within_part", "within_excess", entry.within_part, K, measured=within)
        _fitted(page, K, within_weight)
    for example in ALL:
        with page.elsewhere(example.name):
            _finite(page, example, within_weight, inputs_weight, inner_weight, parts_sign, swapped)
    return page.checks


def _fitted(page: Page, K: int, within_weight: float) -> None:
    """The class network's excess and the regressor's within its classes add up to what the regressor loses alone.

    The regressor has a class posterior of its own, trained apart from the class network's, so nothing makes the two agree but that both
    are right. The intervals of a run hold all together (in 99 runs of a hundred), so the sum of three is allowed, and the distance of the
    families' optima.
    """
    names = (("class_excess", K), ("within_excess", K), ("extra_term", None))
    entries = [found for found in (fitted.find(page.evidence, *name) for name in names) if found is not None]
    if len(entries) < len(names):
        return
    (classes, classes_mean), (within, within_mean), (whole, whole_mean) = entries
    gap = abs(classes.representation_gap + within.representation_gap - whole.representation_gap)
    page.add(
        "price_split",
        "identity",
        total(classes_mean, within_mean.scaled(within_weight)),
        whole_mean,
        f"class network and regressor against the regressor alone; the families' optima are {gap:.1e} apart, allowed for",
        source="fitted",
        classes=K,
        allowance=gap,
    )


def _finite(
    page: Page,
    example: Example,
    within_weight: float,
    inputs_weight: float,
    inner_weight: float,
    parts_sign: float,
    swapped: bool,
) -> None:
    """Losses pair by pair, and the means, on a finite world."""
    q, p, k, members = example.q, example.p, example.k, example.members
    posterior_q, posterior_p = posterior(q, k), posterior(p, k)
    spread_p = members.T @ (members @ posterior_p)
    within_p = np.where(spread_p > 0, posterior_p / np.where(spread_p > 0, spread_p, 1.0), 0.0)
    q_x = q @ k
    class_part, within_part = example.found(finite.class_part), example.found(finite.within_part)
    price = divergence(posterior_q * q_x, posterior_p * q_x)
    page.add("price_split", "identity", total(class_part, within_part.scaled(within_weight)), price)
    inner = divergence(
        members @ (q[:, None] * k), (members @ (p[:, None] * k)) / (members @ p / (members @ q))[:, None]
    )
    told = total(
        divergence(members @ q, members @ p), inner.scaled(inner_weight), divergence(q_x, p @ k).scaled(inputs_weight)
    )
    page.add("class_part", "identity", told, within_part if swapped else class_part)
    for words, part in (("class part", class_part), ("within-class part", within_part)):
        page.add("non_negative", "upper bound", ZERO, part.scaled(-parts_sign), f"minus the {words}")
    seen = posterior_p > 0
    loss, class_loss, inner_loss = (-np.log(np.where(seen, law, 1.0)) for law in (posterior_p, spread_p, within_p))
    gap = np.abs(class_loss + within_weight * inner_loss - loss)
    y, x = np.unravel_index(int(np.argmax(gap)), gap.shape)
    told = rounded(
        float(class_loss[y, x] + within_weight * inner_loss[y, x]), 16, float(class_loss[y, x] + inner_loss[y, x] + 1)
    )
    page.add(
        "loss_split",
        "identity",
        told,
        rounded(float(loss[y, x]), 16, float(loss[y, x] + 1)),
        "where the sides differ most",
    )


FALSIFIERS = (
    Falsifier(
        RESULT, "dropped", "the within-class part is left out", lambda evidence: checks(evidence, within_weight=0.0)
    ),
    Falsifier(
        RESULT, "sign", "the within-class part is taken off", lambda evidence: checks(evidence, within_weight=-1.0)
    ),
    Falsifier(
        RESULT, "plus", "KL(q_x||p_x) is added to the class part", lambda evidence: checks(evidence, inputs_weight=1.0)
    ),
    Falsifier(
        RESULT,
        "label shift of classes",
        "the class part as if classes had one channel: the divergences of inputs within classes are left out",
        lambda evidence: checks(evidence, inner_weight=0.0),
    ),
    Falsifier(
        RESULT,
        "negative",
        "both parts are claimed to be at most zero",
        lambda evidence: checks(evidence, parts_sign=-1.0),
    ),
    Falsifier(RESULT, "swapped", "each part is taken for the other", lambda evidence: checks(evidence, swapped=True)),
)
