"""The few lines that use a classes file in PyTorch and in JAX, generated for that file and complete in themselves."""

from __future__ import annotations

from pathlib import Path

from numerics.advise.classes_file import Classes

NAMES = ("jax", "torch")

JAX = '''\
# Regression with {count} classes, corrected for the class prior. Needs jax, numpy and optax.
import jax
import jax.numpy as jnp
import numpy as np
import optax

classes = np.load({path!r})
edges, centres = jnp.asarray(classes["edges"]), jnp.asarray(classes["centres"])
log_adjustment = jnp.asarray(classes["log_adjustment"])  # log p_c - log q_c


def class_of(y):
    return jnp.searchsorted(edges[1:-1], y, side="right")


def loss(prediction, logits, y, scale=1.0):
    """prediction (n,), logits (n, {count}), y (n,) in label units; compare with scale * squared error alone."""
    cross_entropy = optax.softmax_cross_entropy_with_integer_labels(logits + log_adjustment, class_of(y))
    return jnp.mean(scale * (prediction - y) ** 2 + cross_entropy)


def decode(logits):
    """The balanced prediction, (n,): logits as trained by `loss`, nothing added."""
    return jax.nn.softmax(logits, axis=-1) @ centres
'''

TORCH = '''\
# Regression with {count} classes, corrected for the class prior. Needs torch and numpy.
import numpy as np
import torch

classes = np.load({path!r})
edges, centres = torch.tensor(classes["edges"]), torch.tensor(classes["centres"])
log_adjustment = torch.tensor(classes["log_adjustment"])  # log p_c - log q_c


def class_of(y):
    return torch.bucketize(y.to(edges.dtype).contiguous(), edges[1:-1].contiguous(), right=True)


def loss(prediction, logits, y, scale=1.0):
    """prediction (n,), logits (n, {count}), y (n,) in label units; compare with scale * squared error alone."""
    shifted = logits + log_adjustment.to(logits)
    cross_entropy = torch.nn.functional.cross_entropy(shifted, class_of(y).to(logits.device))
    return scale * torch.mean((prediction - y) ** 2) + cross_entropy


def decode(logits):
    """The balanced prediction, (n,): logits as trained by `loss`, nothing added."""
    return torch.softmax(logits, dim=-1) @ centres.to(logits)
'''


def snippet(name: str, classes: Classes, path: Path | str) -> str:
    """The lines for `jax` or `torch`.

    Args:
      path: of the `classes.npz` that they will read.
    """
    template = {"jax": JAX, "torch": TORCH}[name]
    return template.replace("{count}", str(len(classes.p))).replace("{path!r}", repr(str(path)))
