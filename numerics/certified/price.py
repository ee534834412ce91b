"""Rigorous enclosures of numbers that need the inputs: KL(q_x||p_x), the price, the squared-error price, and the same for the corrected posterior.

Only for the Gaussian channel, and laws whose p(x) has a closed form: atoms (`numerics.certified.atoms`), and densities made of constants, polynomials,
exponentials and Gaussian bumps, by sums and products, piece by piece (`numerics.certified.truncated_moments`). Then

  price = KL(q_y||p_y) - KL(q_x||p_x),   corrected excess = W - KL(q_x||phat_x)

with one-dimensional integrals over x (`numerics.certified.inputs`). Beyond the range of integration the integrands are bounded, not cut:
log(p(x)/q(x)) is the log of an average of r, hence between inf l and sup l, and (f_p - f_q)^2 <= D^2; either times the mass that q(x) has
there, at most erfc(R/(s sqrt 2))/2 on each side.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from itertools import pairwise
from typing import Any

import flint
from flint import arb

from numerics.certified.atoms import AtomKernel, AtomMixture
from numerics.certified.enclosure import Enclosure, NotCertified, enclosure, extremes
from numerics.certified.inputs import (
    REACH,
    STEP,
    Mixed,
    Mixture,
    SeriesContext,
    Unresolved,
    divergence,
    grid,
    locals_of,
)
from numerics.certified.label_balls import bin_members, kl_classes_ball, kl_labels_ball
from numerics.certified.truncated_moments import FLAT_TERM, smoothed, terms
from numerics.expression.balls import exact
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
    if here.channel.name != "gaussian":
        raise NotCertified("no certified price", f"p(x) has no closed form for the {here.channel.name} channel")
    with flint.ctx.workprec(WORKING), SeriesContext():
        for halving in range(HALVINGS + 1):
            try:
                return _certified(here, STEP / 2**halving, most_classes)
            except Unresolved:
                continue
    raise NotCertified("no certified price", "p(x) was not proved to be without zeros near the real line")


@dataclass(frozen=True)
class Sides:
    """What a law brings to its certificates.

    Attributes:
      q, p: the densities of x.
      kl_labels: KL(q_y||p_y).
      largest: a bound of sup |l|.
      corrected: for bin edges: phat(x), W, and a bound of the bins' own log masses.
    """

    q: Mixed
    p: Mixed
    kl_labels: arb
    largest: arb
    corrected: Callable[[Sequence[Fraction]], tuple[Mixed, arb, arb]]


def _certified(here: World, step: Fraction, most_classes: int) -> CertifiedPrice:
    law, noise = here.law, here.channel.exact_noise
    sides = _discrete_sides(law, noise) if law.discrete else _density_sides(law, noise)
    centers = grid(law.support, noise, step)
    q = locals_of(sides.q, centers, noise, step)
    mass = (exact(Fraction(REACH)) / arb(2).sqrt()).erfc()  # both sides together
    square_tail = (exact(law.support[1] - law.support[0]) ** 2 * mass).abs_upper() * arb("0.5 +/- 0.5")

    def against(mixture: Mixed, largest: arb) -> tuple[arb, arb]:
        kl, square = divergence(q, locals_of(mixture, centers, noise, step), noise, step)
        return kl + arb(0, 1) * (mass * largest).abs_upper(), square + square_tail

    kl, square = against(sides.p, sides.largest)
    corrections = []
    for count, edges in zip(here.classes, here.edges, strict=True):
        if count > most_classes:
            continue
        mixture, remainder, shift = sides.corrected(edges)
        # |log phat/q| on labels is at most |l| plus the size of the bin's own log mass.
        corrected_kl, corrected_square = against(mixture, sides.largest + shift)
        corrections.append(
            CertifiedCorrection(
                count,
                enclosure(corrected_kl, "KL(q_x||phat_x)"),
                enclosure(remainder - corrected_kl, "corrected excess"),
                enclosure(corrected_square, "corrected squared error"),
            )
        )
    return CertifiedPrice(
        enclosure(sides.kl_labels - kl, "price"),
        enclosure(kl, "KL(q_x||p_x)"),
        enclosure(square, "squared-error price"),
        tuple(corrections),
    )


def _shift(q: Sequence[Fraction], p: Sequence[arb]) -> arb:
    """max |log(p_c/q_c)|, bounded above."""
    return reduce(arb.max, ((b / exact(a)).log().abs_upper() for a, b in zip(q, p, strict=True)))


def _density_sides(law: Any, noise: Fraction) -> Sides:
    low, high = law.support
    reference = smoothed(FLAT_TERM, law.support, [1 / exact(high - low)], noise)
    assert reference is not None
    forward = kl_labels_ball(law)

    def corrected(edges: Sequence[Fraction]) -> tuple[Mixed, arb, arb]:
        p = law.mass_balls(edges)
        q = [(right - left) / (high - low) for left, right in pairwise(edges)]
        weights = [exact(a) / (b * law.normaliser) for a, b in zip(q, p, strict=True)]
        return _mixture(law, edges, weights, noise), forward - kl_classes_ball(q, p), _shift(q, p)

    imbalanced = _mixture(law, law.support, [1 / law.normaliser], noise)
    return Sides(Mixture((reference,)), imbalanced, forward, _largest_log_ratio(law), corrected)


def _discrete_sides(law: Any, noise: Fraction) -> Sides:
    q, p = law.masses
    if not all(mass > 0 for mass in p):
        raise NotCertified("no certified price", "it is infinite: some labels are never sampled")
    kernel = AtomKernel(law.atoms, noise)
    forward = kl_classes_ball(q, [exact(mass) for mass in p])

    def corrected(edges: Sequence[Fraction]) -> tuple[Mixed, arb, arb]:
        members = bin_members(law.atoms, edges)
        q_bins, p_bins = ([sum((masses[i] for i in inside), Fraction(0)) for inside in members] for masses in (q, p))
        weights = {i: p[i] * a / b for inside, a, b in zip(members, q_bins, p_bins, strict=True) for i in inside}
        mixture = AtomMixture(kernel, [exact(weights[i]) for i in range(len(p))])
        balls = [exact(mass) for mass in p_bins]
        return mixture, forward - kl_classes_ball(q_bins, balls), _shift(q_bins, balls)

    balanced, imbalanced = (AtomMixture(kernel, [exact(mass) for mass in masses]) for masses in (q, p))
    return Sides(balanced, imbalanced, forward, _shift(q, [exact(mass) for mass in p]), corrected)


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
        for end in extremes(piece.log_expression, piece.lower, piece.upper):
            bound = bound.max((end - level).abs_upper())
    return bound
