"""Heads and losses for PyTorch: the same names, arguments and numbers as in `unskew.jax`.

    head = unskew.torch.WithinClassRegression(edges, p, q)        # K classes, shares of training labels and of the target in each
    network = nn.Sequential(trunk, nn.Linear(64, head.outputs))
    loss = head.loss(network(x), y).mean()                        # one value a label, nats
    prediction = head.predict(network(x))                         # label units

`edges` (K + 1,) increase; class c is [edges[c], edges[c+1]), the last one closed. `p` and `q` (K,) are the shares of the training labels and
of the target law; `unskew.Classes` has all three. Buffers move with the module and stand in its `state_dict`. Half precision is computed in
single. Labels that are NaN or outside the edges are refused; compiled code cannot refuse, there the loss of such a label is NaN.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from unskew import heads
from unskew.ground.refusals import InputError
from unskew.heads import Numbers


class _Head(nn.Module):
    """Classes as buffers, and labels checked against them."""

    edges: Tensor
    centres: Tensor
    widths: Tensor
    log_adjustment: Tensor

    def __init__(self, classes: heads.HeadClasses, outputs: int, device: Any, dtype: Any) -> None:
        super().__init__()
        self.outputs = outputs
        self.spread = classes.spread
        for name in ("edges", "centres", "widths", "log_adjustment"):
            values = torch.tensor(getattr(classes, name), dtype=dtype or torch.get_default_dtype(), device=device)
            self.register_buffer(name, values)

    def _batch(self, outputs: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Outputs and labels in one dtype, labels outside the edges as NaN."""
        heads.check_shapes(outputs.shape, y.shape, self.outputs)
        outputs = self._read(outputs)
        _same_device("labels", y, outputs)
        y = y.to(outputs.dtype)
        low, high = self.edges[0].to(y.dtype), self.edges[-1].to(y.dtype)
        inside = (y >= low) & (y <= high)
        if not torch.compiler.is_compiling() and not bool(inside.all()):
            raise heads.refuse_labels(y.detach().cpu().numpy(), float(low), float(high))
        return outputs, torch.where(inside, y, torch.nan)

    def _read(self, outputs: Tensor) -> Tensor:
        heads.check_shapes(outputs.shape, outputs.shape[:-1], self.outputs)
        _same_device("outputs", outputs, self.edges)
        return outputs.to(torch.promote_types(outputs.dtype, torch.float32))

    def _class_of(self, y: Tensor) -> Tensor:
        return torch.bucketize(y, self.edges[1:-1].to(y.dtype), right=True)

    def _entropy(self, logits: Tensor, classes: Tensor) -> Tensor:
        """`-log softmax(logits + log_adjustment)[class]`."""
        shifted = logits + self.log_adjustment.to(logits.dtype)
        return torch.logsumexp(shifted, -1) - _of_class(shifted, classes)

    def forward(self, outputs: Tensor) -> Tensor:
        """`predict`."""
        return self.predict(outputs)

    def predict(self, outputs: Tensor) -> Tensor:
        """The prediction, see the head."""
        raise NotImplementedError


class WithinClassRegression(_Head):
    """Class logits and a regression within each class, corrected for the class prior: the estimator of the result *offset*, and the default.

    A network gives `outputs` (..., 2K): K logits and K numbers whose sigmoid is the place of the label in its class, from 0 at the lower edge to
    1 at the upper one. The prediction is `sum_c qhat(c|x) E[y|x,c]`.

    The correction enters in training: `log p_c - log q_c` is added to the logits in the cross-entropy, so that their plain softmax is the
    balanced posterior `qhat(c|x)`. Dividing afterwards has the same optimum, but a network of finite size and with weight decay would spend
    itself on the training prior first, and every rare class would be multiplied by `q_c/p_c` with its error.

    Args:
      edges: (K + 1,), label units.
      p, q: (K,), shares of the training labels and of the target law.
      corrected: False trains the plain cross-entropy and predicts under the training law, for comparison.

    Raises:
      InputError: see `unskew.heads.head_classes`.
    """

    def __init__(
        self,
        edges: Numbers,
        p: Numbers,
        q: Numbers,
        *,
        corrected: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        classes = heads.head_classes(edges, p, q, corrected=corrected)
        super().__init__(classes, 2 * len(classes.centres), device, dtype)

    def loss(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Cross-entropy of the class and squared error within it.

        Args:
          outputs: (..., 2K).
          y: (...), label units.

        Returns:
          (...), nats: `-log softmax(logits + log p/q)[c(y)] + 6 ((y - m_c)/width_c)^2`, the log-loss (up to a constant) of classes with a
          normal law within them as wide as uniform labels are.

        Raises:
          InputError: shapes do not match, a device is another one, labels are NaN or outside the edges.
        """
        outputs, y = self._batch(outputs, y)
        logits, inner = outputs.chunk(2, -1)
        classes = self._class_of(y)
        place = (y - self.edges.to(y.dtype)[classes]) / self.widths.to(y.dtype)[classes]
        return self._entropy(logits, classes) + heads.WITHIN * (place - torch.sigmoid(_of_class(inner, classes))) ** 2

    def predict(self, outputs: Tensor) -> Tensor:
        """`sum_c qhat(c|x) E[y|x,c]`: outputs (..., 2K) to label units (...)."""
        outputs = self._read(outputs)
        inner = outputs.chunk(2, -1)[1]
        within = self.edges[:-1].to(inner.dtype) + self.widths.to(inner.dtype) * torch.sigmoid(inner)
        return (self.probabilities(outputs) * within).sum(-1)

    def probabilities(self, outputs: Tensor) -> Tensor:
        """`qhat(c|x)`, or `p(c|x)` where not corrected: (..., K)."""
        return torch.softmax(self._read(outputs).chunk(2, -1)[0], -1)


class HLGauss(_Head):
    """Cross-entropy against soft targets, decoded to class centres, corrected by the smoothed label law.

    A network gives `outputs` (..., K), logits. The target of a label is the mass that a normal law around it, cut off at the outer edges, has in
    each class; `smoothing` is its standard deviation in mean class widths. At 0 the classes are hard. Take many narrow classes: a centre
    decoder is wrong by up to half a class where targets are hard, by less than 1e-4 of one at `smoothing` 0.75 (away from the outer edges).

    Args:
      edges, p, q: as in `WithinClassRegression`; labels are taken as uniform within a class when its mass is smoothed.
      smoothing: standard deviation of the targets in mean class widths.
      corrected: False for comparison.

    Raises:
      InputError: see `unskew.heads.head_classes`.

    Source: result *soft_labels*; Imani and White, Improving regression performance with distributional losses, ICML 2018.
    """

    def __init__(
        self,
        edges: Numbers,
        p: Numbers,
        q: Numbers,
        *,
        smoothing: float = 0.75,
        corrected: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        classes = heads.head_classes(edges, p, q, corrected=corrected, smoothing=smoothing)
        super().__init__(classes, len(classes.centres), device, dtype)

    def loss(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Cross-entropy against the soft targets of y: outputs (..., K) and labels (...) to nats (...). Errors as in `WithinClassRegression`."""
        logits, y = self._batch(outputs, y)
        if self.spread is None:
            return self._entropy(logits, self._class_of(y)) + 0 * y
        below = torch.special.ndtr((self.edges.to(y.dtype) - y[..., None]) / self.spread)
        target = below.diff(dim=-1) / (below[..., -1:] - below[..., :1])
        return -(target * torch.log_softmax(logits + self.log_adjustment.to(y.dtype), -1)).sum(-1)

    def predict(self, outputs: Tensor) -> Tensor:
        """Mean of the class centres: outputs (..., K) to label units (...)."""
        return self.probabilities(outputs) @ self.centres.to(torch.promote_types(outputs.dtype, torch.float32))

    def probabilities(self, outputs: Tensor) -> Tensor:
        """Balanced class probabilities, or those of training where not corrected: (..., K)."""
        return torch.softmax(self._read(outputs), -1)


class RegressionWithClasses(_Head):
    """`scale` times squared error plus a cross-entropy, predicted by the regression output: the loss of Pintea et al. (ICCV 2023), for comparison.

    A network gives `outputs` (..., 1 + K): the prediction and K logits. In the population the classification term moves nothing, corrected
    or not. Compare it with `scale` times squared error alone (result *loss_scale*).

    Args:
      edges, p, q: as in `WithinClassRegression`.
      scale: lambda, nats per squared label unit.
      corrected: True adds `log p_c - log q_c` to the logits.

    Raises:
      InputError: see `unskew.heads.head_classes`.
    """

    def __init__(
        self,
        edges: Numbers,
        p: Numbers,
        q: Numbers,
        *,
        scale: float = 1.0,
        corrected: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        classes = heads.head_classes(edges, p, q, corrected=corrected)
        super().__init__(classes, 1 + len(classes.centres), device, dtype)
        self.scale = scale

    def loss(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Outputs (..., 1 + K) and labels (...) to nats (...). Errors as in `WithinClassRegression`."""
        outputs, y = self._batch(outputs, y)
        squared = (outputs[..., 0] - y) ** 2
        return self.scale * squared + self._entropy(outputs[..., 1:], self._class_of(y))

    def predict(self, outputs: Tensor) -> Tensor:
        """The regression output: (..., 1 + K) to label units (...)."""
        return self._read(outputs)[..., 0]


class _BalancedMSE(nn.Module):
    """The noise level, trained through its logarithm, and predictions checked against labels."""

    log_noise: Tensor

    def __init__(self, noise: float, trained: bool, device: Any, dtype: Any) -> None:
        super().__init__()
        value = torch.tensor(heads.check_noise(noise), dtype=dtype or torch.get_default_dtype(), device=device)
        if trained:
            self.log_noise = nn.Parameter(value)
        else:
            self.register_buffer("log_noise", value)

    def _batch(self, predictions: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Predictions, labels and log noise in one dtype."""
        heads.check_shapes(predictions.shape, y.shape, None)
        _same_device("predictions", predictions, self.log_noise)
        _same_device("labels", y, predictions)
        dtype = torch.promote_types(predictions.dtype, torch.float32)
        y = y.to(dtype)
        if not torch.compiler.is_compiling() and not bool(torch.isfinite(y).all()):
            raise heads.refuse_numbers(y.detach().cpu().numpy())
        return predictions.to(dtype), y, self.log_noise.to(dtype)

    def _buffer(self, name: str, values: Any) -> None:
        self.register_buffer(name, torch.tensor(values, dtype=self.log_noise.dtype, device=self.log_noise.device))

    def forward(self, predictions: Tensor, y: Tensor) -> Tensor:
        """`loss`."""
        return self.loss(predictions, y)

    def loss(self, predictions: Tensor, y: Tensor) -> Tensor:
        """The loss, see the class."""
        raise NotImplementedError


class BalancedMSEBatch(_BalancedMSE):
    """Balanced MSE, batch variant (BMC): the labels of the batch stand for the training label law.

    `loss(f, y)`, both (n,), gives (n,) nats: `-log( N(y; f, s^2) / mean_j N(f; y_j, s^2) )` up to a constant. The prediction is f itself. The paper's code
    multiplies by 2 s^2, held constant; do so where the learning rate is set for squared error.

    Args:
      noise: s at the start, label units.
      trained: s is a parameter (`log_noise`).

    Raises:
      InputError: noise is not positive; predictions and labels are not both (n,); labels are not finite.

    Source: Ren et al., Balanced MSE for imbalanced visual regression, CVPR 2022; what it is right about: result *balanced_mse*.
    """

    def __init__(self, noise: float, *, trained: bool = True, device: Any = None, dtype: Any = None) -> None:
        super().__init__(noise, trained, device, dtype)

    def loss(self, predictions: Tensor, y: Tensor) -> Tensor:
        """(n,) and (n,) to nats (n,)."""
        if predictions.ndim != 1:
            raise InputError(
                f"predictions of shape {tuple(predictions.shape)}", "the batch variant takes one axis, (n,)"
            )
        f, y, log_noise = self._batch(predictions, y)
        fits = _exponent(f[:, None], y[None, :], log_noise)
        return torch.logsumexp(fits, 1) - math.log(len(y)) - _exponent(f, y, log_noise)


class BalancedMSEBins(_BalancedMSE):
    """Balanced MSE, bin variant (BNI): the training label law has the masses `p` at the class centres.

    `loss(f, y)` gives nats: `-log( N(y; f, s^2) / sum_c p_c N(f; centre_c, s^2) )`. Empty classes contribute nothing.

    Args:
      edges, p: (K + 1,) and (K,).
      noise, trained: as in `BalancedMSEBatch`.

    Source: Ren et al., CVPR 2022.
    """

    centres: Tensor
    log_masses: Tensor

    def __init__(
        self,
        edges: Numbers,
        p: Numbers,
        noise: float,
        *,
        trained: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(noise, trained, device, dtype)
        law = heads.bin_law(edges, p)
        self._buffer("centres", law.centres)
        self._buffer("log_masses", law.log_masses)

    def loss(self, predictions: Tensor, y: Tensor) -> Tensor:
        """(...) and (...) to nats (...)."""
        f, y, log_noise = self._batch(predictions, y)
        fits = _exponent(f[..., None], self.centres.to(f.dtype), log_noise)
        return torch.logsumexp(fits + self.log_masses.to(f.dtype), -1) - _exponent(f, y, log_noise)


class BalancedMSEMixture(_BalancedMSE):
    """Balanced MSE, closed form (GAI): the training label law is a mixture of normal laws.

    `loss(f, y)` gives nats: `-log( N(y; f, s^2) / sum_i w_i N(f; m_i, v_i^2 + s^2) )`, since a normal law integrated against one is one.

    Args:
      weights, means, deviations: (m,) each, the mixture; weights sum to one.
      noise, trained: as in `BalancedMSEBatch`.

    Source: Ren et al., CVPR 2022.
    """

    log_weights: Tensor
    means: Tensor
    variances: Tensor

    def __init__(
        self,
        weights: Numbers,
        means: Numbers,
        deviations: Numbers,
        noise: float,
        *,
        trained: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(noise, trained, device, dtype)
        mixture = heads.mixture(weights, means, deviations)
        for name in ("log_weights", "means", "variances"):
            self._buffer(name, getattr(mixture, name))

    def loss(self, predictions: Tensor, y: Tensor) -> Tensor:
        """(...) and (...) to nats (...)."""
        f, y, log_noise = self._batch(predictions, y)
        spread = torch.log(self.variances.to(f.dtype) + torch.exp(2 * log_noise)) / 2
        fits = _exponent(f[..., None], self.means.to(f.dtype), spread) - spread
        return torch.logsumexp(fits + self.log_weights.to(f.dtype), -1) - _exponent(f, y, log_noise) + log_noise


def _exponent(value: Tensor, mean: Tensor, log_deviation: Tensor) -> Tensor:
    """The exponent of a normal law."""
    return -(((value - mean) * torch.exp(-log_deviation)) ** 2) / 2


def _of_class(values: Tensor, classes: Tensor) -> Tensor:
    """Of each row the entry of its class."""
    return values.gather(-1, classes[..., None]).squeeze(-1)


def _same_device(name: str, values: Tensor, other: Tensor) -> None:
    if values.device != other.device:
        raise InputError(
            f"{name} are on {values.device}, the head or its outputs on {other.device}", "move one with .to()"
        )
