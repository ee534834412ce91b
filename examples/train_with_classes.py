"""Train a small network with and without the classes that the adviser recommends, and compare balanced errors.

    python examples/train_with_classes.py DATA.npz

DATA.npz holds `x (n, f)`, `y (n,)` and `split (n,)` of the words train, dev and test. Four models, the same in all but the loss:

    MSE                       squared error
    lambda MSE                the same scaled: the control, since under weight decay the scale alone changes the solution
    lambda MSE + CE           a plain classification term beside it
    lambda MSE + corrected CE the classification term corrected for the class prior

Each is read from its regression head, and those with classes also from the classes (soft decoding). The theory promises something for one line
only, the corrected term read from its classes: a plain term moves no optimum, and a regression head that shares features with a corrected
classifier still fits the training law. The score is the mean squared error averaged over 20 equal stretches of the test labels.
"""

from __future__ import annotations

import argparse
import math
import sys
from functools import partial
from pathlib import Path
from typing import Any

from unskew.ground import command
from unskew.ground.refusals import InputError

ARMS = ("MSE", "lambda MSE", "lambda MSE + CE", "lambda MSE + corrected CE")
CONTROL = ARMS[1]
RATE = 3e-3


def train(data: Any, classes: Any, arm: str, options: argparse.Namespace) -> tuple[Any, Any]:
    """Trains one arm with all seeds at once.

    Args:
      data: standardised inputs and labels, see `numerics.study.own_data`.
      classes: edges, centres and log adjustment in standardised labels.

    Returns:
      predictions of the test rows from the regression head and from the classes, (seeds, rows) each, standardised.
    """
    import jax
    import jax.numpy as jnp
    import optax

    from numerics import losses

    x, y = (jnp.asarray(part[data.split == 0], jnp.float32) for part in (data.x, data.y))
    tested = jnp.asarray(data.x[data.split == 2], jnp.float32)
    edges, centres, adjustment = (jnp.asarray(part, jnp.float32) for part in classes)
    scale = 1.0 if arm == "MSE" else options.scale
    batch = min(options.batch, len(y))
    steps = len(y) // batch
    optimiser = optax.chain(optax.add_decayed_weights(options.decay), optax.adam(RATE))

    def start(key: Any) -> dict[str, Any]:
        one, two, three = jax.random.split(key, 3)
        wide = options.hidden
        normal = partial(jax.random.normal, dtype=jnp.float32)
        return {
            "hidden": normal(one, (x.shape[1], wide)) * math.sqrt(2 / x.shape[1]),
            "shift": jnp.zeros(wide, jnp.float32),
            "value": normal(two, (wide,)) / math.sqrt(wide),
            "offset": jnp.zeros((), jnp.float32),
            "logits": normal(three, (wide, len(centres))) / math.sqrt(wide),
            "prior": jnp.zeros(len(centres), jnp.float32),
        }

    def model(weights: dict[str, Any], x: Any) -> tuple[Any, Any]:
        features = jax.nn.relu(x @ weights["hidden"] + weights["shift"])
        return features @ weights["value"] + weights["offset"], features @ weights["logits"] + weights["prior"]

    def loss(weights: dict[str, Any], x: Any, y: Any) -> Any:
        prediction, logits = model(weights, x)
        if "CE" not in arm:
            return jnp.mean(scale * (prediction - y) ** 2)
        corrected = adjustment if "corrected" in arm else None
        return jnp.mean(
            losses.regression_with_classes(prediction, y, logits, edges, scale=scale, log_adjustment=corrected)
        )

    def run(key: Any) -> tuple[Any, Any]:
        first, rest = jax.random.split(key)
        weights = start(first)

        def step(carry: tuple[Any, Any], rows: Any) -> tuple[tuple[Any, Any], None]:
            weights, state = carry
            slope = jax.grad(loss)(weights, x[rows], y[rows])
            change, state = optimiser.update(slope, state, weights)
            return (optax.apply_updates(weights, change), state), None

        def epoch(carry: tuple[Any, Any], key: Any) -> tuple[tuple[Any, Any], None]:
            rows = jax.random.permutation(key, len(y))[: steps * batch].reshape(steps, batch)
            return jax.lax.scan(step, carry, rows)

        (weights, _), _ = jax.lax.scan(
            epoch, (weights, optimiser.init(weights)), jax.random.split(rest, options.epochs)
        )
        prediction, logits = model(weights, tested)
        return prediction, losses.soft_decode(logits, centres)

    # The same keys for every arm: equal starts and equal batches, so that differences are paired.
    return jax.jit(jax.vmap(run))(jax.random.split(jax.random.key(options.seed), options.seeds))


def main(arguments: list[str] | None = None) -> int:
    parser = command.Parser(
        prog="train_with_classes.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("data", metavar="DATA.npz", type=Path)
    add("--noise", type=float, metavar="S", help="spread of the labels of one input (default: error of ridge on dev)")
    add("--edges", default="equal-width", choices=("optimal", "equal-width", "equal-frequency"))
    add("--scale", type=float, default=3.0, metavar="LAMBDA", help="of the squared error beside a classification term")
    add("--decay", type=float, default=1e-3, metavar="MU")
    add("--hidden", type=int, default=64, metavar="WIDTH")
    add("--epochs", type=int, default=40, metavar="N")
    add("--batch", type=int, default=256, metavar="N")
    add("--seeds", type=int, default=8, metavar="N")
    add("--seed", type=int, default=0, metavar="INT")
    options = parser.parse_args(arguments)
    if min(options.hidden, options.epochs, options.batch) < 1 or options.seeds < 3:
        raise InputError("hidden, epochs, batch or seeds are too few", "give at least 1, and at least 3 seeds")
    if not (math.isfinite(options.scale) and options.scale > 0 and 0 <= options.decay < math.inf):
        raise InputError(f"--scale {options.scale} --decay {options.decay}", "give finite ones, the scale positive")

    import numpy as np

    from numerics import runtime
    from numerics.advise.answer import answer
    from numerics.advise.classes_file import make
    from numerics.advise.options import Options
    from numerics.label_files.column import Column
    from numerics.label_files.report import decimal
    from numerics.study import own_data, statistics

    runtime.start()
    own = own_data.read(options.data, 1)
    noise = options.noise if options.noise is not None else math.sqrt(own_data.ridge(own)["dev_mse"])
    if not (math.isfinite(noise) and noise > 0):
        raise InputError(f"--noise {noise}", "give a positive number in label units")
    labels = Column(own.y[own.data.split == 0], 0, str(options.data), "y", True)
    asked = Options(labels=str(options.data), edges=options.edges, noise=decimal(noise))
    found = answer(labels, asked)
    advice = found.recommendation
    print(f"{found.cells.n} training labels, KL(q_y||p_y) {found.imbalance.kl:.4g} nats, noise taken as {noise:.3g}")
    assert advice.prediction is not None
    print(
        f"advice: {advice.verdict}; {advice.classes} {advice.kind} classes; predicted squared error that imbalance costs:"
        f" {advice.prediction.squared_price:.3g} of {advice.prediction.balanced_risk:.3g}"
    )
    if advice.classes < 2:
        print("one class is no classification term: nothing to train")
        return command.HOLDS
    made = make(found.cells, advice.edges, advice.kind, advice.remainder)
    classes = ((made.edges - own.mean) / own.deviation, (made.centres - own.mean) / own.deviation, made.log_adjustment)

    truth = own.y[own.data.split == 2]
    errors: dict[str, Any] = {}
    for arm in ARMS:
        heads = train(own.data, classes, arm, options)
        for words, predicted in zip(("", ", from the classes"), heads, strict=True):
            if words and "CE" not in arm:
                continue
            rows = own.mean + own.deviation * np.asarray(predicted, np.float64)
            errors[arm + words] = np.array([own_data.scores(truth, row)[1] for row in rows])
    print(
        f"\nbalanced squared error on {len(truth)} test rows, mean of {options.seeds} seeds; difference to {CONTROL} [95 %]"
    )
    for name, values in errors.items():
        difference = statistics.mean((values - errors[CONTROL])[:, None])
        change = "" if name == CONTROL else f"  {difference.value:+.4g} [{difference.low:+.4g}, {difference.high:+.4g}]"
        print(f"  {name:44s}{values.mean():10.4g}{change}")
    plain, corrected = (errors[f"lambda MSE + {term}, from the classes"] for term in ("CE", "corrected CE"))
    correction = statistics.mean((corrected - plain)[:, None])
    print(
        f"  the correction itself (corrected against plain CE, both from the classes): {correction.value:+.4g}"
        f" [{correction.low:+.4g}, {correction.high:+.4g}]"
    )
    print(
        "\nIntervals are over training seeds on these rows and do not speak of other rows. A gain of the plain term is"
        "\none of capacity, optimisation or regularisation, or of cross-entropy as a regression loss: in the population it moves no optimum."
    )
    return command.HOLDS


if __name__ == "__main__":
    command.run("train_with_classes.py", lambda: main(sys.argv[1:]))
