"""Heads and losses for JAX: the same names, arguments and numbers as in `unskew.torch`.

    head = unskew.jax.WithinClassRegression(edges, p, q)          # K classes, shares of training labels and of the target in each
    outputs = network(parameters, x)                              # (n, head.outputs)
    loss = head.loss(outputs, y).mean()                           # one value a label, nats
    prediction = head.predict(outputs)                            # label units

Each is a small frozen record with pure methods, so `jax.jit`, `jax.grad` and `jax.vmap` apply; its arrays are leaves of a pytree, so a program takes any
classes of one number, and stacked records go through `jax.vmap`. They are constants: what is trained is an argument, the outputs and the
`log_noise` of Balanced MSE, which `unskew.torch` keeps as a parameter.

`edges` (K + 1,) increase; class c is [edges[c], edges[c+1]), the last one closed. `p` and `q` (K,) are the shares of the training labels and of the
target law; `unskew.Classes` has all three. Half precision is computed in single. Labels that are NaN or outside the edges are refused; traced
code cannot refuse, there the loss of such a label is NaN.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.scipy.special import ndtr
from jax.typing import ArrayLike

from unskew import heads
from unskew.ground.refusals import InputError
from unskew.heads import Numbers

Record = TypeVar("Record")


def _pytree(kind: type[Record]) -> type[Record]:
    """Makes the fields of a record leaves; nothing is checked again when JAX puts one together."""

    def flatten(record: Record) -> tuple[tuple[Any, ...], tuple[str, ...]]:
        return tuple(vars(record).values()), tuple(vars(record))

    def unflatten(names: tuple[str, ...], values: Sequence[Any]) -> Record:
        record = object.__new__(kind)
        vars(record).update(zip(names, values, strict=True))
        return record

    jax.tree_util.register_pytree_node(kind, flatten, unflatten)
    return kind


jax.tree_util.register_dataclass(heads.HeadClasses, ["edges", "centres", "widths", "log_adjustment", "spread"], [])
jax.tree_util.register_dataclass(heads.BinLaw, ["centres", "log_masses"], [])
jax.tree_util.register_dataclass(heads.Mixture, ["log_weights", "means", "variances"], [])


@dataclass(frozen=True, eq=False, init=False)
class _Head:
    """What the heads share: labels checked against the classes, and the corrected cross-entropy."""

    classes: heads.HeadClasses

    @property
    def outputs(self) -> int:
        """How many numbers the network gives a label."""
        raise NotImplementedError

    def _batch(self, outputs: ArrayLike, y: ArrayLike) -> tuple[Array, Array]:
        """Outputs and labels in one dtype, labels outside the edges as NaN."""
        outputs = self._read(outputs)
        heads.check_shapes(outputs.shape, jnp.shape(y), self.outputs)
        y = jnp.asarray(y, outputs.dtype)
        low, high = (jnp.asarray(self.classes.edges[end], y.dtype) for end in (0, -1))
        inside = (y >= low) & (y <= high)
        if not isinstance(inside, jax.core.Tracer) and not inside.all():
            raise heads.refuse_labels(np.asarray(y), float(low), float(high))
        return outputs, jnp.where(inside, y, jnp.nan)

    def _read(self, outputs: ArrayLike) -> Array:
        outputs = jnp.asarray(outputs)
        heads.check_shapes(outputs.shape, outputs.shape[:-1], self.outputs)
        return outputs.astype(jnp.promote_types(outputs.dtype, jnp.float32))

    def _class_of(self, y: Array) -> Array:
        return jnp.searchsorted(jnp.asarray(self.classes.edges[1:-1], y.dtype), y, side="right")

    def _entropy(self, logits: Array, classes: Array) -> Array:
        """`-log softmax(logits + log_adjustment)[class]`."""
        shifted = logits + jnp.asarray(self.classes.log_adjustment, logits.dtype)
        return jax.nn.logsumexp(shifted, axis=-1) - _of_class(shifted, classes)


@_pytree
@dataclass(frozen=True, eq=False, init=False)
class WithinClassRegression(_Head):
    """Class logits and a regression within each class, corrected for the class prior; see `unskew.torch.WithinClassRegression`.

    Args:
      edges: (K + 1,), label units.
      p, q: (K,), shares of the training labels and of the target law.
      corrected: False trains the plain cross-entropy and predicts under the training law, for comparison.

    Raises:
      InputError: see `unskew.heads.head_classes`.

    Source: result *offset*.
    """

    def __init__(self, edges: Numbers, p: Numbers, q: Numbers, *, corrected: bool = True) -> None:
        object.__setattr__(self, "classes", heads.head_classes(edges, p, q, corrected=corrected))

    @property
    def outputs(self) -> int:
        """2K: K logits and K numbers whose sigmoid is the place of the label in its class."""
        return 2 * self.classes.widths.shape[-1]

    def loss(self, outputs: ArrayLike, y: ArrayLike) -> Array:
        """Cross-entropy of the class and squared error within it.

        Args:
          outputs: (..., 2K).
          y: (...), label units.

        Returns:
          (...), nats: `-log softmax(logits + log p/q)[c(y)] + 6 ((y - m_c)/width_c)^2`.

        Raises:
          InputError: shapes do not match, labels are NaN or outside the edges.
        """
        outputs, y = self._batch(outputs, y)
        logits, inner = jnp.split(outputs, 2, axis=-1)
        c = self._class_of(y)
        place = (y - jnp.asarray(self.classes.edges, y.dtype)[c]) / jnp.asarray(self.classes.widths, y.dtype)[c]
        return self._entropy(logits, c) + heads.WITHIN * (place - jax.nn.sigmoid(_of_class(inner, c))) ** 2

    def predict(self, outputs: ArrayLike) -> Array:
        """`sum_c qhat(c|x) E[y|x,c]`: outputs (..., 2K) to label units (...)."""
        inner = jnp.split(self._read(outputs), 2, axis=-1)[1]
        low, width = (jnp.asarray(part, inner.dtype) for part in (self.classes.edges[:-1], self.classes.widths))
        return (self.probabilities(outputs) * (low + width * jax.nn.sigmoid(inner))).sum(-1)

    def probabilities(self, outputs: ArrayLike) -> Array:
        """`qhat(c|x)`, or `p(c|x)` where not corrected: (..., K)."""
        return jax.nn.softmax(jnp.split(self._read(outputs), 2, axis=-1)[0], axis=-1)


@_pytree
@dataclass(frozen=True, eq=False, init=False)
class HLGauss(_Head):
    """Cross-entropy against soft targets, decoded to class centres, corrected by the smoothed label law; see `unskew.torch.HLGauss`.

    Args:
      edges, p, q: as in `WithinClassRegression`; labels are taken as uniform within a class when its mass is smoothed.
      smoothing: standard deviation of the targets in mean class widths; 0 gives hard classes.
      corrected: False for comparison.

    Raises:
      InputError: see `unskew.heads.head_classes`.

    Source: result *soft_labels*; Imani and White, ICML 2018.
    """

    def __init__(
        self, edges: Numbers, p: Numbers, q: Numbers, *, smoothing: float = 0.75, corrected: bool = True
    ) -> None:
        object.__setattr__(self, "classes", heads.head_classes(edges, p, q, corrected=corrected, smoothing=smoothing))

    @property
    def outputs(self) -> int:
        """K logits."""
        return self.classes.widths.shape[-1]

    def loss(self, outputs: ArrayLike, y: ArrayLike) -> Array:
        """Cross-entropy against the soft targets of y: outputs (..., K) and labels (...) to nats (...)."""
        logits, y = self._batch(outputs, y)
        classes = self.classes
        if classes.spread is None:
            return self._entropy(logits, self._class_of(y)) + 0 * y
        below = ndtr((jnp.asarray(classes.edges, y.dtype) - y[..., None]) / classes.spread)
        target = jnp.diff(below) / (below[..., -1:] - below[..., :1])
        shifted = logits + jnp.asarray(classes.log_adjustment, y.dtype)
        return -(target * jax.nn.log_softmax(shifted, axis=-1)).sum(-1)

    def predict(self, outputs: ArrayLike) -> Array:
        """Mean of the class centres: outputs (..., K) to label units (...)."""
        share = self.probabilities(outputs)
        return share @ jnp.asarray(self.classes.centres, share.dtype)

    def probabilities(self, outputs: ArrayLike) -> Array:
        """Balanced class probabilities, or those of training where not corrected: (..., K)."""
        return jax.nn.softmax(self._read(outputs), axis=-1)


@_pytree
@dataclass(frozen=True, eq=False, init=False)
class RegressionWithClasses(_Head):
    """`scale` times squared error plus a cross-entropy, predicted by the regression output; see `unskew.torch.RegressionWithClasses`.

    Args:
      edges, p, q: as in `WithinClassRegression`.
      scale: lambda, nats per squared label unit.
      corrected: True adds `log p_c - log q_c` to the logits.

    Raises:
      InputError: see `unskew.heads.head_classes`.

    Source: Pintea et al., ICCV 2023; what it does not do: results *class_split*, *loss_scale*.
    """

    scale: float

    def __init__(self, edges: Numbers, p: Numbers, q: Numbers, *, scale: float = 1.0, corrected: bool = False) -> None:
        object.__setattr__(self, "classes", heads.head_classes(edges, p, q, corrected=corrected))
        object.__setattr__(self, "scale", scale)

    @property
    def outputs(self) -> int:
        """1 + K: the prediction and K logits."""
        return 1 + self.classes.widths.shape[-1]

    def loss(self, outputs: ArrayLike, y: ArrayLike) -> Array:
        """Outputs (..., 1 + K) and labels (...) to nats (...)."""
        outputs, y = self._batch(outputs, y)
        squared = (outputs[..., 0] - y) ** 2
        return self.scale * squared + self._entropy(outputs[..., 1:], self._class_of(y))

    def predict(self, outputs: ArrayLike) -> Array:
        """The regression output: (..., 1 + K) to label units (...)."""
        return self._read(outputs)[..., 0]


@_pytree
@dataclass(frozen=True, eq=False, init=False)
class BalancedMSEBatch:
    """Balanced MSE, batch variant (BMC): the labels of the batch stand for the training label law; see `unskew.torch.BalancedMSEBatch`.

    Source: Ren et al., CVPR 2022; what it is right about: result *balanced_mse*.
    """

    def loss(self, predictions: ArrayLike, y: ArrayLike, log_noise: ArrayLike) -> Array:
        """`-log( N(y; f, s^2) / mean_j N(f; y_j, s^2) )` up to a constant.

        Args:
          predictions, y: (n,), label units.
          log_noise: log s, a scalar; trained.

        Returns:
          (n,), nats.

        Raises:
          InputError: predictions and labels are not both (n,), or labels are not finite.
        """
        if jnp.ndim(predictions) != 1:
            raise InputError(f"predictions of shape {jnp.shape(predictions)}", "the batch variant takes one axis, (n,)")
        f, y = _batch(predictions, y)
        fits = _exponent(f[:, None], y[None, :], log_noise)
        return jax.nn.logsumexp(fits, axis=1) - math.log(len(y)) - _exponent(f, y, log_noise)


@_pytree
@dataclass(frozen=True, eq=False, init=False)
class BalancedMSEBins:
    """Balanced MSE, bin variant (BNI): the training label law has the masses `p` at the class centres; see `unskew.torch.BalancedMSEBins`.

    Args:
      edges, p: (K + 1,) and (K,); empty classes contribute nothing.
    """

    law: heads.BinLaw

    def __init__(self, edges: Numbers, p: Numbers) -> None:
        object.__setattr__(self, "law", heads.bin_law(edges, p))

    def loss(self, predictions: ArrayLike, y: ArrayLike, log_noise: ArrayLike) -> Array:
        """`-log( N(y; f, s^2) / sum_c p_c N(f; centre_c, s^2) )`: (...) and (...) to nats (...)."""
        f, y = _batch(predictions, y)
        centres, log_masses = (jnp.asarray(part, f.dtype) for part in (self.law.centres, self.law.log_masses))
        fits = _exponent(f[..., None], centres, log_noise)
        return jax.nn.logsumexp(fits + log_masses, axis=-1) - _exponent(f, y, log_noise)


@_pytree
@dataclass(frozen=True, eq=False, init=False)
class BalancedMSEMixture:
    """Balanced MSE, closed form (GAI): the training label law is a mixture of normal laws; see `unskew.torch.BalancedMSEMixture`.

    Args:
      weights, means, deviations: (m,) each; weights sum to one.
    """

    law: heads.Mixture

    def __init__(self, weights: Numbers, means: Numbers, deviations: Numbers) -> None:
        object.__setattr__(self, "law", heads.mixture(weights, means, deviations))

    def loss(self, predictions: ArrayLike, y: ArrayLike, log_noise: ArrayLike) -> Array:
        """`-log( N(y; f, s^2) / sum_i w_i N(f; m_i, v_i^2 + s^2) )`: (...) and (...) to nats (...)."""
        f, y = _batch(predictions, y)
        spread = jnp.log(jnp.asarray(self.law.variances, f.dtype) + jnp.exp(2 * jnp.asarray(log_noise, f.dtype))) / 2
        fits = _exponent(f[..., None], jnp.asarray(self.law.means, f.dtype), spread) - spread
        mass = jax.nn.logsumexp(fits + jnp.asarray(self.law.log_weights, f.dtype), axis=-1)
        return mass - _exponent(f, y, log_noise) + log_noise


def _batch(predictions: ArrayLike, y: ArrayLike) -> tuple[Array, Array]:
    """Predictions and labels in one dtype."""
    heads.check_shapes(jnp.shape(predictions), jnp.shape(y), None)
    f = jnp.asarray(predictions)
    f = f.astype(jnp.promote_types(f.dtype, jnp.float32))
    y = jnp.asarray(y, f.dtype)
    if not isinstance(y, jax.core.Tracer) and not jnp.isfinite(y).all():
        raise heads.refuse_numbers(np.asarray(y))
    return f, y


def _exponent(value: Array, mean: Array, log_deviation: ArrayLike) -> Array:
    """The exponent of a normal law."""
    return -(((value - mean) * jnp.exp(-jnp.asarray(log_deviation, value.dtype))) ** 2) / 2


def _of_class(values: Array, classes: Array) -> Array:
    """Of each row the entry of its class."""
    return jnp.take_along_axis(values, classes[..., None], axis=-1)[..., 0]
