"""What the heads of `unskew.torch` and `unskew.jax` share: their classes, checked and corrected once, in NumPy and double precision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import ndtr

from unskew.ground.refusals import InputError

NODES, WEIGHTS = np.polynomial.legendre.leggauss(16)
"""Of the mean over one class: a normal law as narrow as half a class is integrated to 1e-12 by 16 nodes."""

LAW = 1e-6
"""How far masses in single precision may sum beside one."""

WITHIN = 6.0
"""Of the squared error within a class in squared class widths: a normal law with the variance of uniform labels there, width^2/12."""

EMPTY = 0.01
"""A class with less than this share of the smallest class mass that is there has no labels of its own nor near it."""

Array = np.ndarray
Numbers = Sequence[float] | np.ndarray
"""One-dimensional."""


@dataclass(frozen=True)
class HeadClasses:
    """The classes of a head.

    Attributes:
      edges: (K + 1,), increasing, label units; class c is [edges[c], edges[c+1]), the last one closed.
      centres: (K,), middle of each class.
      widths: (K,), label units.
      log_adjustment: (K,), `log p_c - log q_c`, added to the logits in the training loss; zero where the head is not corrected.
      spread: standard deviation of the soft targets in label units; None for hard classes.
    """

    edges: Array
    centres: Array
    widths: Array
    log_adjustment: Array
    spread: float | None


def head_classes(edges: Numbers, p: Numbers, q: Numbers, *, corrected: bool, smoothing: float = 0.0) -> HeadClasses:
    """Checks edges and masses and works out the correction.

    Args:
      edges: (K + 1,), increasing, label units.
      p, q: (K,), share of the training labels and of the target law in each class; each sums to one.
      corrected: False leaves the class prior as it is.
      smoothing: standard deviation of the soft targets in mean class widths. The correction is then that of the smoothed label laws.

    Raises:
      InputError: fewer than two classes, edges that do not increase, masses that are negative, do not sum to one or do not fit the
        edges, a class that training or target leaves empty.

    Source: results *offset* and *soft_labels*.
    """
    return _head_classes(plain(edges), plain(p), plain(q), bool(corrected), float(smoothing))


def plain(values: Numbers) -> tuple[float, ...]:
    """A sequence or one-dimensional array as a tuple of floats, which can be compared and hashed."""
    array = np.asarray(values, np.float64)
    if array.ndim != 1:
        raise InputError(f"edges, p and q have one dimension, not shape {array.shape}", "give one number for each")
    return tuple(array.tolist())


@lru_cache(maxsize=64)
def _head_classes(
    edges: tuple[float, ...], p: tuple[float, ...], q: tuple[float, ...], corrected: bool, smoothing: float
) -> HeadClasses:
    borders = checked_edges(edges)
    if not (np.isfinite(smoothing) and smoothing >= 0):
        raise InputError(f"smoothing {smoothing}", "give a number of class widths from 0 up")
    spread = smoothing * float(borders[-1] - borders[0]) / (len(borders) - 1) if smoothing else None
    law_p, law_q = (_masses(name, masses, borders, spread) for name, masses in (("p", p), ("q", q)))
    adjustment = np.log(law_p) - np.log(law_q) if corrected else np.zeros(len(law_p))
    return HeadClasses(borders, (borders[1:] + borders[:-1]) / 2, np.diff(borders), adjustment, spread)


def checked_edges(edges: tuple[float, ...]) -> Array:
    """Edges of at least two classes."""
    borders = np.array(edges)
    if len(borders) < 3:
        raise InputError(f"{len(borders)} edges", "a head needs at least two classes, so three edges")
    if not np.isfinite(borders).all() or not (np.diff(borders) > 0).all():
        raise InputError("edges are not finite and increasing", "sort them and leave equal ones out")
    return borders


def check_law(name: str, law: Array, classes: int) -> None:
    """Refuses masses that do not fit the classes or are no law."""
    if len(law) != classes:
        raise InputError(f"{len(law)} masses {name} for {classes + 1} edges", f"give {classes}, one for each class")
    if not (np.isfinite(law).all() and (law >= 0).all() and abs(law.sum() - 1) <= LAW):
        raise InputError(f"masses {name} are no law", "give numbers from 0 up that sum to one: counts over their sum")


def _masses(name: str, masses: tuple[float, ...], edges: Array, spread: float | None) -> Array:
    """Masses checked, and smoothed where the targets are."""
    law = np.array(masses)
    check_law(name, law, len(edges) - 1)
    soft = law if spread is None else law @ smoothing_matrix(edges, spread)
    if (soft <= EMPTY * law[law > 0].min()).any():
        empty = int(np.argmin(soft))
        lack = "training labels" if name == "p" else "target mass"
        raise InputError(
            f"class {empty}, from {edges[empty]:g} to {edges[empty + 1]:g}, has no {lack} (masses {name})",
            "merge it with a neighbour; nothing can be corrected there",
        )
    return soft


def smoothing_matrix(edges: Array, spread: float) -> Array:
    """(K, K): row c is the mean soft target of labels that are uniform in class c."""
    half, centres = np.diff(edges) / 2, (edges[1:] + edges[:-1]) / 2
    matrix = np.zeros((len(half), len(half)))
    for node, weight in zip(NODES, WEIGHTS, strict=True):
        matrix += weight / 2 * soft_targets(centres + node * half, edges, spread)
    return matrix


def soft_targets(y: Array, edges: Array, spread: float) -> Array:
    """(n, K): mass that a normal law around each label, cut off at the outer edges, has in each class."""
    below = ndtr((edges - np.asarray(y)[..., None]) / spread)
    return np.diff(below) / (below[..., -1:] - below[..., :1])


def check_shapes(outputs: Sequence[int], labels: Sequence[int], width: int | None) -> None:
    """Refuses shapes that would broadcast.

    Args:
      outputs: shape of the network's outputs; its last length is `width`, unless that is None (one number a label).

    Raises:
      InputError: the last length is wrong, or labels do not have the shape of the rest.
    """
    rows = tuple(outputs)
    if width is not None:
        if not rows or rows[-1] != width:
            raise InputError(f"outputs of shape {rows}", f"this head reads a last axis of {width} (`head.outputs`)")
        rows = rows[:-1]
    if tuple(labels) != rows:
        raise InputError(
            f"labels of shape {tuple(labels)} for predictions of shape {rows}",
            "give equal shapes: squeeze(-1) takes a last axis of one away",
        )


def check_noise(noise: float) -> float:
    """The logarithm of a noise level.

    Raises:
      InputError: it is not positive and finite.
    """
    if not (np.isfinite(noise) and noise > 0):
        raise InputError(f"noise {noise}", "give a positive standard deviation in label units")
    return float(np.log(noise))


@dataclass(frozen=True)
class Mixture:
    """A mixture of normal laws, each (m,): logarithms of its weights, means and variances, in label units."""

    log_weights: Array
    means: Array
    variances: Array


def mixture(weights: Numbers, means: Numbers, deviations: Numbers) -> Mixture:
    """A mixture from its weights, means and standard deviations, (m,) each.

    Raises:
      InputError: lengths differ, weights are no law, a mean is not finite, a deviation is not positive.
    """
    w, m, v = (np.array(plain(part)) for part in (weights, means, deviations))
    if not len(w) == len(m) == len(v) > 0:
        raise InputError(f"{len(w)} weights, {len(m)} means, {len(v)} deviations", "give one of each a component")
    if not ((w > 0).all() and abs(w.sum() - 1) <= LAW):
        raise InputError("mixture weights are no law", "give positive numbers that sum to one")
    if not (np.isfinite(m).all() and np.isfinite(v).all() and (v > 0).all()):
        raise InputError("mixture means or deviations", "give finite means and positive deviations")
    return Mixture(np.log(w), m, v**2)


@dataclass(frozen=True)
class BinLaw:
    """Centres of classes and the logarithms of their masses, (K,) each; an empty class has `-inf`."""

    centres: Array
    log_masses: Array


def bin_law(edges: Numbers, p: Numbers) -> BinLaw:
    """A label law as masses at class centres.

    Raises:
      InputError: as in `head_classes`, but for empty classes, which contribute nothing.
    """
    borders, law = checked_edges(plain(edges)), np.array(plain(p))
    check_law("p", law, len(borders) - 1)
    with np.errstate(divide="ignore"):
        return BinLaw((borders[1:] + borders[:-1]) / 2, np.log(law))


def refuse_labels(y: Array, low: float, high: float) -> InputError:
    """What is said of labels some of which are NaN or outside the edges."""
    wrong = np.flatnonzero(~((y >= low) & (y <= high)))
    return InputError(
        f"{len(wrong)} labels are NaN or outside the edges {low:g} to {high:g}, the first in row {wrong[0]}",
        "leave those rows out, or take edges that hold them",
    )


def refuse_numbers(y: Array) -> InputError:
    """What is said of labels some of which are not finite."""
    wrong = np.flatnonzero(~np.isfinite(y))
    return InputError(f"{len(wrong)} labels are not finite, the first in row {wrong[0]}", "leave those rows out")
