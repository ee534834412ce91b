"""offset: what a prior-corrected classification term takes off the extra error term, and what it leaves."""

from __future__ import annotations

import math

import numpy as np

from numerics import finite
from numerics.checks import exponential, fitted
from numerics.checks.common import ZERO, Page, rounded, total
from numerics.checks.examples import ALL, REVEALED, Example, divergence, posterior
from numerics.evidence import Evidence
from numerics.posterior.records import PerClasses
from numerics.records import Check, Estimate, Falsifier

RESULT = "offset"
PLAIN_WEIGHTS = (0.0, 0.3, 2.0)
"""lambda of the plain cross-entropy term in the finite worlds."""


def checks(
    evidence: Evidence,
    *,
    inputs_weight: float = -1.0,
    inputs_of_training: bool = False,
    gap_weight: float = 1.0,
    classes_weight: float = 1.0,
    plain_weight: float = 1.0,
    correct: bool = True,
) -> list[Check]:
    """The corrected excess by three routes, between the within-class part and W; what it saves at least; finite worlds, the one where it
    hurts among them; fitted models.

    Args:
      inputs_weight: factor of KL(q_x||phat_x) in the corrected excess; -1 in the theorem.
      inputs_of_training: take KL(q_x||p_x) for KL(q_x||phat_x).
      gap_weight: factor of the excess in its order between the within-class part and W; 1 in the theorem.
      classes_weight: factor of KL(q_C||p_C) in what is saved at least; 1 in the theorem.
      plain_weight: factor of lambda in the loss with a plain cross-entropy term; 1 in the theorem.
      correct: correct the class posterior of finite worlds and fitted models for the prior.
    """
    page = Page(evidence, RESULT)
    found = evidence.quantities
    for entry in found.per_classes:
        _world(page, entry, inputs_weight, inputs_of_training, gap_weight, classes_weight)
        exponential.add(page, "corrected_excess", "corrected_excess", entry.corrected_excess, entry.classes)
    _certified(page, inputs_weight)
    for entry in found.per_classes:
        _fitted(page, entry, inputs_weight, inputs_of_training, correct)
    for example in ALL:
        with page.elsewhere(example.name):
            _finite(page, example, inputs_weight, inputs_of_training, gap_weight, classes_weight, correct)
            _plain(page, example, plain_weight)
    with page.elsewhere(REVEALED.name):
        _counterexample(page, correct)
    return page.checks


def _world(
    page: Page,
    entry: PerClasses,
    inputs_weight: float,
    inputs_of_training: bool,
    gap_weight: float,
    classes_weight: float,
) -> None:
    K, found = entry.classes, page.evidence.quantities
    inputs = found.kl_inputs if inputs_of_training else entry.kl_inputs_corrected
    told = total(entry.remainder, inputs.scaled(inputs_weight))
    page.add("corrected_excess", "identity", told, entry.corrected_excess, "W - KL(q_x||phat_x)", classes=K)
    page.add(
        "corrected_posterior",
        "identity",
        entry.corrected_excess_by_tilt,
        entry.corrected_excess,
        "price of phat",
        classes=K,
    )
    excess = entry.corrected_excess.scaled(gap_weight)
    page.add("at_most_remainder", "upper bound", entry.remainder, excess, classes=K)
    page.add("within_at_most_corrected", "upper bound", excess, entry.within_part, classes=K)
    saved = found.price - entry.corrected_excess
    least = total(entry.kl_classes.scaled(classes_weight), found.kl_inputs.scaled(-1.0))
    help_certain = least.value > least.error
    words = "certain to help" if help_certain else "not certain to help"
    page.add("guaranteed_help", "upper bound", saved, least, words, classes=K, because=("price",))


def _fitted(page: Page, entry: PerClasses, inputs_weight: float, inputs_of_training: bool, correct: bool) -> None:
    """Trained models: plain, they keep the price; corrected, they come down to the corrected excess, at most W plus what training leaves."""
    K, found = entry.classes, page.evidence.quantities
    name = "corrected_excess" if correct else "plain_excess"
    inputs = found.kl_inputs if inputs_of_training else entry.kl_inputs_corrected
    fitted.add(page, "plain_cross_entropy", "plain_excess", found.price, K)
    fitted.add(page, "corrected_excess", name, total(entry.remainder, inputs.scaled(inputs_weight)), K)
    corrected, plain = fitted.find(page.evidence, name, K), fitted.find(page.evidence, "plain_excess", K)
    if corrected is None or plain is None:
        return
    fit, mean = corrected
    gap = abs(fit.representation_gap)
    raw = Estimate(fit.raw_mean, mean.error)
    words = f"as trained, its bias left in; allowance: training {fit.training_gap:.1e}, family {gap:.1e}"
    allowance = fit.training_gap + gap
    page.add(
        "at_most_remainder", "upper bound", entry.remainder, raw, words, source="fitted", classes=K, allowance=allowance
    )
    if (entry.kl_classes - found.kl_inputs).value > 0:
        page.add(
            "guaranteed_help",
            "upper bound",
            plain[1],
            mean,
            "the plain model, above the corrected one",
            source="fitted",
            classes=K,
        )


def _certified(page: Page, inputs_weight: float) -> None:
    """The corrected excess enclosed, for the numbers of classes that are certified."""
    certificates, found = page.evidence.certificates, page.evidence.quantities
    inputs = None if certificates is None else certificates.inputs
    for ball in () if inputs is None else inputs.corrections:
        entry = next(entry for entry in found.per_classes if entry.classes == ball.classes)
        told = total(entry.remainder, ball.kl_inputs_corrected.estimate.scaled(inputs_weight))
        excess = ball.corrected_excess.estimate
        K = entry.classes
        page.add("corrected_excess", "identity", told, excess, "the certified excess", source="certified", classes=K)
        page.add("excess_by_quadrature", "identity", excess, entry.corrected_excess, source="certified", classes=K)


def _finite(
    page: Page,
    example: Example,
    inputs_weight: float,
    inputs_of_training: bool,
    gap_weight: float,
    classes_weight: float,
    correct: bool,
) -> None:
    """The same on a finite world, qhat built from its definition: reweighted class posterior times within-class posterior of p."""
    q, p, k, members = example.q, example.p, example.k, example.members
    posterior_q, posterior_p, q_x = posterior(q, k), posterior(p, k), q @ k
    excess = example.found(finite.corrected_excess if correct else finite.price)
    within = example.found(finite.within_part)
    here = example.world
    hat = np.array(
        [finite.corrected_posterior(here, j) if correct else here.posterior(p, j) for j in range(k.shape[1])]
    ).T
    law = example.corrected
    W, classes = divergence(q, law), divergence(members @ q, members @ p)
    inputs = divergence(q_x, (p if inputs_of_training else law) @ k)
    page.add("corrected_excess", "identity", total(W, inputs.scaled(inputs_weight)), excess)
    gap = np.abs(hat - posterior(law, k))
    y, x = np.unravel_index(int(np.argmax(gap)), gap.shape)
    page.add(
        "corrected_posterior",
        "identity",
        rounded(float(posterior(law, k)[y, x]), 16, 1.0),
        rounded(float(hat[y, x]), 16, 1.0),
        "qhat(y|x) where the two forms differ most",
    )
    page.add("at_most_remainder", "upper bound", W, excess.scaled(gap_weight))
    page.add("within_at_most_corrected", "upper bound", excess.scaled(gap_weight), within)
    price = divergence(posterior_q * q_x, posterior_p * q_x)
    least = total(classes.scaled(classes_weight), divergence(q_x, p @ k).scaled(-1.0))
    page.add("guaranteed_help", "upper bound", price - excess, least)
    silent = np.broadcast_to(k[:1], k.shape)
    blind = divergence(q[:, None] * silent, law[:, None] * silent)
    page.add("worst_channel", "identity", W, blind, "the channel made silent")


def _plain(page: Page, example: Example, plain_weight: float) -> None:
    """A plain cross-entropy term with weight lambda: what any model (a(c|x), b(y|x,c)) loses on the population, beyond p's own posterior."""
    q, p, k, members = example.q, example.p, example.k, example.members
    posterior_p, p_x = posterior(p, k), p @ k
    class_p = members @ posterior_p
    # Any other model: the balanced one, blurred so that nothing is zero where p is not.
    model = posterior(q, 0.5 * k + 0.5 * k.mean(axis=0))
    a, spread = members @ model, members.T @ (members @ model)
    b = model / np.where(spread > 0, spread, 1.0)
    joint, classes = posterior_p * p_x, class_p * p_x
    there = joint > 0

    def mean_loss(weights: np.ndarray, law: np.ndarray) -> float:
        seen = weights > 0
        return float(-(weights[seen] * np.log(law[seen])).sum())

    for weight in PLAIN_WEIGHTS:
        lost = mean_loss(joint, (members.T @ a) * b) + weight * mean_loss(classes, a)
        least = mean_loss(joint, posterior_p) + weight * mean_loss(classes, class_p)
        told = total(
            divergence(classes, a * p_x).scaled(1 + plain_weight * weight),
            divergence(joint, np.where(there, (members.T @ class_p) * b * p_x, 0.0)),
        )
        page.add(
            "plain_cross_entropy",
            "identity",
            told,
            rounded(lost - least, 64, lost + least + 1),
            f"lambda = {weight:g}: excess of another model over p(y|x)",
        )


def _counterexample(page: Page, correct: bool) -> None:
    """Two classes where three are needed: the price is zero and the corrected model pays."""
    example = REVEALED
    q, k, law = example.q, example.k, example.corrected if correct else example.p
    q_x = q @ k
    price = divergence(posterior(q, k) * q_x, posterior(example.p, k) * q_x)
    excess = divergence(posterior(q, k) * q_x, posterior(law, k) * q_x)
    W = divergence(q, example.corrected)
    page.add("can_hurt", "counterexample", price, excess, "the price, below the corrected excess")
    page.add("can_hurt", "counterexample", excess, W, "the corrected excess, below W")
    page.add("can_hurt_excess", "identity", rounded(math.log(16 / 15) / 4), excess, "(1/4) log(16/15)")
    page.add("can_hurt_remainder", "identity", rounded(math.log(75 / 64) / 4), W, "(1/4) log(75/64)")
    page.add("can_hurt_price", "identity", ZERO, price, "the input determines r")


FALSIFIERS = (
    Falsifier(RESULT, "sign", "KL(q_x||phat_x) is added", lambda evidence: checks(evidence, inputs_weight=1.0)),
    Falsifier(
        RESULT,
        "dropped",
        "the corrected excess is W for every channel",
        lambda evidence: checks(evidence, inputs_weight=0.0),
    ),
    Falsifier(
        RESULT,
        "inputs",
        "KL(q_x||p_x) in place of KL(q_x||phat_x)",
        lambda evidence: checks(evidence, inputs_of_training=True),
    ),
    Falsifier(
        RESULT,
        "no correction",
        "the class posterior is left as p has it",
        lambda evidence: checks(evidence, correct=False),
    ),
    Falsifier(
        RESULT, "half", "twice the corrected excess is at most W", lambda evidence: checks(evidence, gap_weight=2.0)
    ),
    Falsifier(
        RESULT,
        "saving",
        "at least 2 KL(q_C||p_C) - KL(q_x||p_x) is saved",
        lambda evidence: checks(evidence, classes_weight=2.0),
    ),
    Falsifier(
        RESULT,
        "plain weight",
        "lambda counts twice in the plain loss",
        lambda evidence: checks(evidence, plain_weight=2.0),
    ),
)
