"""Training: L-BFGS on the samples' own log-loss, all repetitions (and all numbers of classes) at once, in JAX with optax.

The loss is convex with modulus at least the ridge, so a small gradient certifies the minimum: loss minus minimum <= |gradient|^2/(2 ridge).
Training moves in whitened coordinates `theta = T z` (T from the population's Hessian), where it needs a few dozen steps from zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from numerics.fits.features import Family, padded
from numerics.fits.fitted_numbers import Options
from numerics.fits.population import Optimum, Statistics

MOST_STEPS = 400
MEMORY = 12
DECREASE = 1e-4
"""Armijo's constant: the share of the linear decrease that a step must bring."""
ROUNDING = 1e-14
"""Of a loss of order one: a smaller decrease is not told from none, so the line search accepts the step."""


class Model(NamedTuple):
    """Arrays of one (padded) family, see `features.Family`; `transform` is T, shape (parameters, parameters)."""

    hidden: Any
    output: Any
    bias: Any
    log_weight: Any
    transform: Any


def loss(model: Model, inputs: Any, moments: Any, ridge: Any, theta: Any) -> Any:
    """Penalised mean log-loss of one fit, up to a constant of the sample; nats.

    Args:
      inputs: share of each cell, shape (cells,).
      moments: mean sufficient statistics, shape (parameters,).
      theta: shape (parameters,).
    """
    number = model.bias.shape[1]
    head = theta[number:].reshape(model.hidden.shape[1], model.output.shape[1])
    logits = model.hidden @ head @ model.output.T + (model.bias @ theta[:number] + model.log_weight)
    return inputs @ jax.nn.logsumexp(logits, axis=1) - moments @ theta + ridge / 2 * theta @ theta


def _train_one(model: Model, inputs: Any, moments: Any, start: Any, ridge: Any, tolerance: Any) -> tuple[Any, ...]:
    """L-BFGS with backtracking, one evaluation a turn: a trial is accepted, or the step is halved.

    A loss evaluated once a turn, without loops inside the loop, compiles in a third of the time, and fits side by side do not wait for each other's
    line searches.
    """

    @jax.value_and_grad
    def evaluate(z: Any) -> Any:
        return loss(model, inputs, moments, ridge, model.transform @ z)

    memory = optax.scale_by_lbfgs(MEMORY)

    def turn(carry: tuple[Any, ...]) -> tuple[Any, ...]:
        at, (z, value, gradient, state, direction), length = carry
        trial = z + length * direction
        trial_value, trial_gradient = evaluate(trial)
        accepted = trial_value <= value + DECREASE * length * (gradient @ direction) + ROUNDING
        ascent, trial_state = memory.update(trial_gradient, state, trial)
        new = (trial, trial_value, trial_gradient, trial_state, -ascent)
        kept = jax.tree.map(partial(jnp.where, accepted), new, carry[1])
        return at + 1, kept, jnp.where(accepted, 1.0, length / 2)

    def unfinished(carry: tuple[Any, ...]) -> Any:
        _, value, gradient, *_ = carry[1]
        return ((jnp.linalg.norm(gradient) > tolerance) | jnp.isinf(value)) & (carry[0] < MOST_STEPS)

    # The first trial is the start itself, against an infinite value: it is accepted, and gives the first direction.
    first = (start, jnp.inf, jnp.zeros_like(start), memory.init(start), jnp.zeros_like(start))
    steps, (z, _, gradient, *_), _ = jax.lax.while_loop(unfinished, turn, (0, first, 1.0))
    theta = model.transform @ z
    plain = jnp.linalg.solve(model.transform.T, gradient)
    return theta, model.transform @ (z - gradient), jnp.linalg.norm(plain), steps


# At the first level of optimisation the program compiles in two thirds of the time and runs as fast. One host device: on two, executions that
# each wait for the threads of the one pool can wait for ever.
@partial(jax.jit, compiler_options={"xla_backend_optimization_level": 1})
def _train(model: Model, inputs: Any, moments: Any, start: Any, ridge: Any, tolerance: Any) -> tuple[Any, ...]:
    """`_train_one` for all families (axis 0 of the model, moments and start) and all samples (axis 0 of the inputs, 1 of the rest)."""
    one = jax.vmap(_train_one, in_axes=(None, 0, 0, 0, None, None))
    return jax.vmap(one, in_axes=(0, None, 0, 0, None, None))(model, inputs, moments, start, ridge, tolerance)


@dataclass(frozen=True)
class Trained:
    """Fits of several families to the same samples; lists have one entry a family.

    Attributes:
      theta: shape (fits, parameters of the family) each.
      stepped: theta after one more Newton step with the population's Hessian: the distance tells what stopping left.
      gap: bound |gradient|^2/(2 ridge) of loss minus minimum, nats, shape (families, fits).
      steps: shape (families, fits).
    """

    theta: list[np.ndarray]
    stepped: list[np.ndarray]
    gap: np.ndarray
    steps: np.ndarray


def train(
    families: Sequence[Family],
    optima: Sequence[Optimum],
    data: Sequence[Statistics],
    options: Options,
    start: Sequence[np.ndarray] | None = None,
) -> Trained:
    """Fits every family to every sample, in float64.

    Args:
      optima: of the families, for the preconditioner.
      data: of each family, arrays with a leading axis of fits; all on the same samples.
      options: ridge and tolerance.
      start: theta of each family to start from, shape (fits, parameters); zero by default.
    """
    hidden, output, bias, log_weight = padded(families)
    width, I = bias.shape[2], output.shape[2]
    total = width + hidden.shape[2] * I
    fits = data[0].inputs.shape[0]
    moments, begin = np.zeros((len(families), fits, total)), np.zeros((len(families), fits, total))
    transform = np.tile(np.eye(total), (len(families), 1, 1))
    places = []
    for number, (family, optimum, own) in enumerate(zip(families, optima, data, strict=True)):
        head = np.arange(family.hidden.shape[1])[:, None] * I + np.arange(family.output.shape[1])
        place = np.concatenate([np.arange(family.bias.shape[1]), width + head.ravel()])
        places.append(place)
        root = np.linalg.cholesky(optimum.hessian)
        transform[number][np.ix_(place, place)] = np.linalg.inv(root).T
        moments[number][:, place] = own.moments
        if start is not None:
            begin[number][:, place] = start[number] @ root
    model = Model(*map(jnp.asarray, (hidden, output, bias, log_weight, transform)))
    fitted = _train(model, data[0].inputs, moments, begin, options.ridge, options.tolerance)
    theta, stepped, gradient, steps = (np.asarray(part) for part in fitted)
    return Trained(
        [theta[g][:, place] for g, place in enumerate(places)],
        [stepped[g][:, place] for g, place in enumerate(places)],
        gradient**2 / (2 * options.ridge),
        steps,
    )
