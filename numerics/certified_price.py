"""Rigorous enclosures of numbers that need the inputs: KL(q_x||p_x), the price, the squared-error price, and the same for the corrected posterior.

Only for the Gaussian channel and densities whose p(x) has a closed form (`numerics.truncated_moments`): uniform, polynomial, exponential, Gaussian
bumps, piecewise constant, and sums and products of these. Then

  price = KL(q_y||p_y) - KL(q_x||p_x),   corrected excess = W - KL(q_x||phat_x)

with one-dimensional integrals over x (`numerics.certified_inputs`). Beyond the range of integration the integrands are bounded, not cut:
log(p(x)/q(x)) is the log of an average of r, hence between inf l and sup l, and (f_p - f_q)^2 <= D^2; either times the mass that q(x) has
there, at most erfc(R/(s sqrt 2))/2 on each side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

import flint
from flint import arb

from numerics.certified import kl_classes_ball, kl_labels_ball
from numerics.certified_inputs import (
    REACH,
    STEP,
    Local,
    Mixture,
    SeriesContext,
    Unresolved,
    divergence,
    grid,
    locals_of,
)
from numerics.enclosure import Enclosure, NotCertified, enclosure, extremes
from numerics.expression import exact
from numerics.truncated_moments import FLAT_TERM, smoothed, terms
from numerics.world import World

HALVINGS = 3
WORKING = 128
"""Bits: 38 digits, of which results keep 20; at the far ends p(x) is 1e-22 and keeps 16."""
MOST_CLASSES = 16
"""Beyond, the corrected excess is not certified by default: each K costs about 5 ms a class."""


@dataclass(frozen=True)
class CertifiedCorrection:
    """Certificates of one K that need the inputs.

    Attributes:
      classes: K.
      kl_inputs_corrected: KL(q_x||phat_x).
      corrected_excess: W minus that.
      corrected_squared_error: E_{q(x)} (fhat - f_q)^2.
    """

    classes: int
    kl_inputs_corrected: Enclosure
    corrected_excess: Enclosure
    corrected_squared_error: Enclosure


@dataclass(frozen=True)
class CertifiedPrice:
    """Certificates that need the inputs.

    Attributes:
      price: E_q Delta.
      kl_inputs: KL(q_x||p_x).
      squared_error_price: E_{q(x)} (f_p - f_q)^2.
      corrections: one for each K up to the limit.
    """

    price: Enclosure
    kl_inputs: Enclosure
    squared_error_price: Enclosure
    corrections: tuple[CertifiedCorrection, ...]


def certified_price(here: World, most_classes: int = MOST_CLASSES) -> CertifiedPrice:
    """The enclosures of a world; corrections for partitions of at most `most_classes` bins.

    Raises:
      NotCertified: no closed form of p(x), or no proof; the message says why.
    """
    if here.law.discrete:
        raise NotCertified(
            "no certified price", "discrete labels: p(x) is a finite mixture of channels, enclosed nowhere here"
        )
    if here.channel.name != "gaussian":
        raise NotCertified("no certified price", f"p(x) has no closed form for the {here.channel.name} channel")
    with flint.ctx.workprec(WORKING), SeriesContext():
        for halving in range(HALVINGS + 1):
            try:
                return _certified(here, STEP / 2**halving, most_classes)
            except Unresolved:
                continue
    raise NotCertified("no certified price", "p(x) was not proved to be without zeros near the real line")


def _certified(here: World, step: Fraction, most_classes: int) -> CertifiedPrice:
    law, noise = here.law, here.channel.exact_noise
    support = law.support
    length = exact(support[1] - support[0])
    reference = smoothed(FLAT_TERM, support, [1 / length], noise)
    assert reference is not None
    centers = grid(support, noise, step)

    def around(mixture: Mixture) -> list[Local]:
        return locals_of(mixture, centers, noise, step)

    q = around(Mixture((reference,)))
    p = around(_mixture(law, support, [1 / law.normaliser], noise))
    mass = (exact(Fraction(REACH)) / arb(2).sqrt()).erfc()  # both sides together
    square_tail = (length * length * mass * arb(0, 1)).abs_upper()
    largest = _largest_log_ratio(law)
    kl, square = divergence(q, p, noise, step)
    kl += arb(0, 1) * (mass * largest).abs_upper()
    square += square_tail * arb("0.5 +/- 0.5")
    forward = kl_labels_ball(law)
    corrections = []
    for count, edges in zip(here.classes, here.edges, strict=True):
        if count > most_classes:
            continue
        p_masses = law.mass_balls(edges)
        q_masses = [(high - low) / (support[1] - support[0]) for low, high in pairwise(edges)]
        weights = [exact(a) / (b * law.normaliser) for a, b in zip(q_masses, p_masses, strict=True)]
        corrected_kl, corrected_square = divergence(q, around(_mixture(law, edges, weights, noise)), noise, step)
        # |log phat/q| on labels is at most |l| plus the size of the bin's own log mass.
        shift = max(((b / exact(a)).log().abs_upper() for a, b in zip(q_masses, p_masses, strict=True)), key=float)
        corrected_kl += arb(0, 1) * (mass * (largest + shift)).abs_upper()
        remainder = forward - kl_classes_ball(q_masses, p_masses)
        corrections.append(
            CertifiedCorrection(
                count,
                enclosure(corrected_kl, "KL(q_x||phat_x)"),
                enclosure(remainder - corrected_kl, "corrected excess"),
                enclosure(corrected_square + square_tail * arb("0.5 +/- 0.5"), "corrected squared error"),
            )
        )
    return CertifiedPrice(
        enclosure(forward - kl, "price"),
        enclosure(kl, "KL(q_x||p_x)"),
        enclosure(square, "squared-error price"),
        tuple(corrections),
    )


def _mixture(law: Any, edges: Sequence[Fraction], weights: Sequence[arb], noise: Fraction) -> Mixture:
    """The closed form of the unnormalised density times a weight for each bin, seen through the channel.

    Raises:
      NotCertified: there is none.
    """
    parts = []
    for piece in law.pieces:
        inner = [edge for edge in edges if piece.lower < edge < piece.upper]
        ends = [piece.lower, *inner, piece.upper]
        # The bin of each stretch between consecutive ends, by its left end.
        own = [weights[sum(1 for edge in edges[1:-1] if edge <= low)] for low in ends[:-1]]
        found = terms(piece.expression)
        if found is None:
            raise NotCertified("no certified price", "p(x) has no closed form for this density")
        for term in found:
            part = smoothed(term, ends, own, noise)
            if part is None:
                raise NotCertified("no certified price", "a bump of the density is too steep for this noise")
            parts.append(part)
    return Mixture(tuple(parts))


def _largest_log_ratio(law: Any) -> arb:
    """A bound of sup |l|: l = log f - log N + log D."""
    level = (law.normaliser / exact(law.support[1] - law.support[0])).log()
    bound = arb(0)
    for piece in law.pieces:
        for end in extremes(piece.log_expression, piece.lower, piece.upper, 6):
            bound = bound.max((end - level).abs_upper())
    return bound
