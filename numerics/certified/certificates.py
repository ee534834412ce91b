"""Certified enclosures of everything that the labels alone decide, to 20 digits: `certificates(world)`.

Ball arithmetic (Arb through python-flint) encloses each integral rigorously: piece by piece, so that no kink or jump lies inside one, with the
`analytic` flag honoured by `numerics.expression.balls.ball`. Pieces that are constant, and discrete laws, need no integral: their numbers are
logarithms of exact rationals. The price itself, where the channel is Gaussian and p(x) has a closed form, is in `numerics.certified.price`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import pairwise

import flint

from numerics.certified.bounds import RemainderBounds, density_bounds, discrete_bounds
from numerics.certified.enclosure import Enclosure, NotCertified, enclosure
from numerics.certified.label_balls import bin_members, kl_classes_ball, kl_labels_ball, kl_labels_reversed_ball
from numerics.certified.price import CertifiedPrice, certified_price
from numerics.expression.balls import PRECISION, exact
from numerics.laws.density import Density
from numerics.laws.discrete import DiscreteLaw
from numerics.world import World


@dataclass(frozen=True)
class CertifiedClasses:
    """Certificates of one partition.

    Attributes:
      classes: K as asked for.
      q: bin masses under q, exact.
      p: bin masses under p; exact decimals' radius 0 only where a decimal is exact.
      kl_classes: KL(q_C||p_C); None where infinite.
      remainder: W; None where infinite or undefined.
      bounds: the upper bounds on W of result `remainder`; None where they do not apply.
    """

    classes: int
    q: tuple[Fraction, ...]
    p: tuple[Enclosure, ...]
    kl_classes: Enclosure | None
    remainder: Enclosure | None
    bounds: RemainderBounds | None


@dataclass(frozen=True)
class Certificates:
    """Everything certified about a world.

    Attributes:
      kl_labels, kl_labels_reversed: KL(q_y||p_y) (None where infinite), KL(p_y||q_y).
      per_classes: one for each K.
      inputs: what needs the inputs (price, squared-error price, corrections); None without a closed form of p(x), see `notes`.
      notes: why a certificate is missing, by field name.
      seconds: time that each group of certificates took.
    """

    kl_labels: Enclosure | None
    kl_labels_reversed: Enclosure
    per_classes: tuple[CertifiedClasses, ...]
    inputs: CertifiedPrice | None = None
    notes: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def price(self) -> Enclosure | None:
        """E_q Delta; None where not certified."""
        return None if self.inputs is None else self.inputs.price

    @property
    def kl_inputs(self) -> Enclosure | None:
        """KL(q_x||p_x); None where not certified."""
        return None if self.inputs is None else self.inputs.kl_inputs

    @property
    def squared_error_price(self) -> Enclosure | None:
        """E_{q(x)} (f_p - f_q)^2; None where not certified."""
        return None if self.inputs is None else self.inputs.squared_error_price


def certificates(here: World, *, with_price: bool = True) -> Certificates:
    """Certificates of a world; a missing one is None with words in `notes`, never a ball that is not finite.

    Raises:
      NotCertified: a label integral has no finite enclosure.
    """
    with flint.ctx.workprec(PRECISION):
        found = _discrete(here) if here.law.discrete else _density(here)
    if not with_price:
        return found
    start = time.perf_counter()
    try:
        inputs, notes = certified_price(here), found.notes
    except NotCertified as problem:
        inputs, notes = None, {**found.notes, "price": str(problem)}
    return replace(found, inputs=inputs, notes=notes, seconds={**found.seconds, "price": time.perf_counter() - start})


def _density(here: World) -> Certificates:
    law = here.law
    assert isinstance(law, Density)
    start = time.perf_counter()
    forward = kl_labels_ball(law)
    after_forward = time.perf_counter()
    backward = kl_labels_reversed_ball(law)
    after_backward = time.perf_counter()
    width = law.support[1] - law.support[0]
    per = []
    for count, edges, bounds in zip(here.classes, here.edges, density_bounds(law, here.edges), strict=True):
        p = law.mass_balls(edges)
        q = tuple((high - low) / width for low, high in pairwise(edges))
        classes = kl_classes_ball(q, p)
        per.append(
            CertifiedClasses(
                count,
                q,
                tuple(enclosure(mass, "bin mass") for mass in p),
                enclosure(classes, "KL(q_C||p_C)"),
                enclosure(forward - classes, "W"),
                bounds,
            )
        )
    seconds = {
        "kl_labels": after_forward - start,
        "kl_labels_reversed": after_backward - after_forward,
        "per_classes": time.perf_counter() - after_backward,
    }
    return Certificates(
        enclosure(forward, "KL(q_y||p_y)"), enclosure(backward, "KL(p_y||q_y)"), tuple(per), seconds=seconds
    )


def _discrete(here: World) -> Certificates:
    law = here.law
    assert isinstance(law, DiscreteLaw)
    start = time.perf_counter()
    q, p = law.masses
    notes: dict[str, str] = {}
    forward = None
    if all(mass > 0 for mass in p):
        forward = kl_classes_ball(q, [exact(mass) for mass in p])
    else:
        notes["kl_labels"] = "infinite: labels that are never sampled: " + "; ".join(map(str, law.unsampled))
    backward = kl_classes_ball(p, [exact(mass) for mass in q])
    per = []
    for count, edges in zip(here.classes, here.edges, strict=True):
        bins = bin_members(law.atoms, edges)
        q_bins = tuple(sum((q[i] for i in members), Fraction(0)) for members in bins)
        p_bins = tuple(sum((p[i] for i in members), Fraction(0)) for members in bins)
        classes = remainder = None
        if all(mass > 0 for mass in p_bins):
            classes = kl_classes_ball(q_bins, [exact(mass) for mass in p_bins])
            if forward is not None:
                remainder = enclosure(forward - classes, "W")
        per.append(
            CertifiedClasses(
                count,
                q_bins,
                tuple(enclosure(exact(mass), "bin mass") for mass in p_bins),
                None if classes is None else enclosure(classes, "KL(q_C||p_C)"),
                remainder,
                discrete_bounds(q, p, bins) if forward is not None else None,
            )
        )
    return Certificates(
        None if forward is None else enclosure(forward, "KL(q_y||p_y)"),
        enclosure(backward, "KL(p_y||q_y)"),
        tuple(per),
        notes=notes,
        seconds={"per_classes": time.perf_counter() - start},
    )
