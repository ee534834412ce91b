"""offset: what a prior-corrected classification term takes off the extra error term, and what it leaves."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from numerics import finite
from numerics.checks import exponential, fitted
from numerics.checks.common import ZERO, Page, rounded, total
from numerics.checks.examples import ALL, REVEALED, Example, divergence, exact, posterior
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
    correct_plain: bool = False,
    misplaced: bool = False,
) -> list[Check]:
    """The corrected excess by three routes, between the within-class part and W; what it saves at least; finite worlds, the one where it
    hurts among them; fitted models.

    Args:
      inputs_weight: factor of KL(q_x||phat_x) in the corrected excess; -1 in the theorem.
      inputs_of_training: take KL(q_x||p_x) for KL(q_x||phat_x).
      gap_weight: factor of the excess in its order between the within-class part and W; 1 in the theorem.
      classes_weight: factor of KL(q_C||p_C) in what is saved at least; 1 in the theorem.
      plain_weight: factor of lambda in the loss with a plain cross-entropy term; 1 in the theorem.
      correct: correct the class posterior for the prior, in finite worlds, fitted models and what is set beside the certified excess.
      correct_plain: claim that a plain cross-entropy term corrects the class posterior by itself.
      misplaced: let the masses of labels 2 and 4 change places in the world where the correction hurts.
    """
    page = Page(evidence, RESULT)
    found = evidence.quantities
    for entry in found.per_classes:
        _world(page, entry, inputs_weight, inputs_of_training, gap_weight, classes_weight)
        exponential.add(page, "corrected_excess", "corrected_excess", entry.corrected_excess, entry.classes)
    _certified(page, inputs_weight, correct)
    for entry in found.per_classes:
        _fitted(page, entry, inputs_weight, inputs_of_training, classes_weight, correct, correct_plain)
    for example in ALL:
        with page.elsewhere(example.name):
            _finite(page, example, inputs_weight, inputs_of_training, gap_weight, classes_weight, correct)
            _plain(page, example, plain_weight, correct_plain)
    with page.elsewhere(REVEALED.name):
        _counterexample(page, correct, misplaced)
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


def _fitted(
    page: Page,
    entry: PerClasses,
    inputs_weight: float,
    inputs_of_training: bool,
    classes_weight: float,
    correct: bool,
    correct_plain: bool,
) -> None:
    """Trained models: plain, they keep the price; corrected, they come down to the corrected excess, at most W plus what training leaves, and
    below the plain ones by what is saved at least."""
    K, found = entry.classes, page.evidence.quantities
    name = "corrected_excess" if correct else "plain_excess"
    inputs = found.kl_inputs if inputs_of_training else entry.kl_inputs_corrected
    plain_name = "corrected_excess" if correct_plain else "plain_excess"
    fitted.add(page, "plain_cross_entropy", "plain_excess", found.price, K, measured=plain_name)
    told = total(entry.remainder, inputs.scaled(inputs_weight))
    fitted.add(page, "corrected_excess", "corrected_excess", told, K, measured=name)
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
    least = total(entry.kl_classes.scaled(classes_weight), found.kl_inputs.scaled(-1.0))
    gap += abs(plain[0].representation_gap)
    page.add(
        "guaranteed_help",
        "upper bound",
        plain[1] - least,
        mean,
        f"the corrected model, below the plain one by what is certain; allowance: families {gap:.1e}",
        source="fitted",
        classes=K,
        allowance=gap,
    )


def _certified(page: Page, inputs_weight: float, correct: bool) -> None:
    """The corrected excess enclosed, for the numbers of classes that are certified."""
    certificates, found = page.evidence.certificates, page.evidence.quantities
    inputs = None if certificates is None else certificates.inputs
    for ball in () if inputs is None else inputs.corrections:
        entry = next(entry for entry in found.per_classes if entry.classes == ball.classes)
        told = total(entry.remainder, ball.kl_inputs_corrected.estimate.scaled(inputs_weight))
        excess = ball.corrected_excess.estimate
        K = entry.classes
        page.add("corrected_excess", "identity", told, excess, "the certified excess", source="certified", classes=K)
        other = entry.corrected_excess if correct else found.price
        page.add("excess_by_quadrature", "identity", excess, other, source="certified", classes=K)


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
    silent = replace(here, k=np.broadcast_to(k[:1], k.shape))
    blind = finite.corrected_excess(silent) if correct else finite.price(silent)
    page.add("worst_channel", "identity", W, rounded(blind, 32, 1 + blind), "the channel made silent")


def _plain(page: Page, example: Example, plain_weight: float, correct_plain: bool) -> None:
    """A plain cross-entropy term with weight lambda: what any model (a(c|x), b(y|x,c)) loses on the population, beyond p's own posterior."""
    q, p, k, members = example.q, example.p, example.k, example.members
    posterior_p, p_x = posterior(p, k), p @ k
    class_p = members @ posterior_p
    # Any other model: the balanced one, blurred so that nothing is zero where p is not.
    model = posterior(q, 0.5 * k + 0.5 * k.mean(axis=0))
    a, spread = members @ model, members.T @ (members @ model)
    b = model / np.where(spread > 0, spread, 1.0)
    joint, classes = posterior_p * p_x, class_p * p_x
    optimum = posterior(example.corrected, k) if correct_plain else posterior_p
    there = joint > 0

    def mean_loss(weights: np.ndarray, law: np.ndarray) -> float:
        seen = weights > 0
        return float(-(weights[seen] * np.log(law[seen])).sum())

    for weight in PLAIN_WEIGHTS:
        lost = mean_loss(joint, (members.T @ a) * b) + weight * mean_loss(classes, a)
        least = mean_loss(joint, optimum) + weight * mean_loss(classes, members @ optimum)
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


def _counterexample(page: Page, correct: bool, misplaced: bool) -> None:
    """Two classes where three are needed: the price is zero and the corrected model pays."""
    example = replace(REVEALED, exact_p=exact("1/8 3/8 1/4 1/4")) if misplaced else REVEALED
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
    Falsifier(
        RESULT,
        "plain corrects",
        "a plain cross-entropy term corrects the class posterior by itself",
        lambda evidence: checks(evidence, correct_plain=True),
    ),
    Falsifier(
        RESULT,
        "double",
        "twice the within-class part is at most the corrected excess",
        lambda evidence: checks(evidence, gap_weight=0.5),
    ),
    Falsifier(
        RESULT,
        "misplaced",
        "p = (1/8, 3/8, 1/4, 1/4) in the world where the correction hurts: the input does not determine r",
        lambda evidence: checks(evidence, misplaced=True),
    ),
)
