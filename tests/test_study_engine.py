"""The engine against code that shares nothing with it: autodiff, finite differences, a plain optax loop."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from numerics.study import engine, softmax
from numerics.study.arms import ARMS
from numerics.study.chunk import curves, run_chunk
from numerics.study.job import Job, canonical, chunks, job_from
from numerics.study.model import Batch, Parameters, Terms, decoded, gradients, initial
from numerics.study.order import shuffled
from numerics.study.sampling import splits
from numerics.study.train import train
from unskew.ground.refusals import InputError

EPS = np.finfo(np.float64).eps
compiled = jax.jit(gradients)


def random_problem(seed: int, classes: int, inputs: int, hidden: tuple[int, ...], models: int = 2, b: int = 32) -> Any:
    rng = np.random.default_rng(seed)
    widths = (inputs, *hidden)
    layers = tuple(rng.normal(size=(models, o, i + 1)) for i, o in zip(widths, hidden, strict=False))
    parameters = Parameters(
        layers, rng.normal(size=(models, hidden[-1] + 1)), rng.normal(size=(models, classes, hidden[-1] + 1))
    )
    batch = Batch(
        rng.normal(size=(models, inputs, b)),
        rng.normal(size=(models, b)),
        rng.uniform(0.1, 3, (models, b)),
        rng.integers(0, classes, (models, b)).astype(np.int32) if classes else None,
    )
    terms = Terms(rng.uniform(1, 9, models), rng.uniform(0.5, 2, models), rng.normal(size=(models, classes)))
    return jax.tree.map(jnp.asarray, (parameters, batch, terms))


def plain_loss(
    layers: list[Any], x: Any, y: Any, weight: Any, label: Any, squared: float, entropy: float, offset: Any
) -> Any:
    """One model's loss, samples on the first axis, by autodiff-friendly library functions."""
    *hidden, out, head = layers
    h = x
    for layer in hidden:
        h = jax.nn.relu(h @ layer[:, :-1].T + layer[:, -1])
    loss = squared * jnp.mean(weight * (h @ out[:-1] + out[-1] - y) ** 2)
    if head.shape[0]:
        logits = h @ head[:, :-1].T + head[:, -1] + offset
        loss += entropy * optax.softmax_cross_entropy_with_integer_labels(logits, label).mean()
    return loss


@pytest.mark.parametrize(
    ("classes", "inputs", "hidden"),
    [(0, 1, (6, 15)), (5, 1, (6, 15)), (1024, 1, (6, 15)), (7, 3, (4,)), (3, 4, (5, 6, 7))],
)
def test_gradients_against_autodiff(classes: int, inputs: int, hidden: tuple[int, ...]) -> None:
    parameters, batch, terms = random_problem(0, classes, inputs, hidden)
    found, squared, entropy = compiled(parameters, batch, terms)
    for i in range(2):
        one = [layer[i] for layer in (*parameters.hidden, parameters.out, parameters.head)]
        label = None if batch.label is None else batch.label[i]
        rest = (batch.x[i].T, batch.y[i], batch.weight[i], label, terms.squared[i], terms.classes[i], terms.offset[i])
        value, expected = jax.jit(jax.value_and_grad(plain_loss))(one, *rest)
        total = terms.squared[i] * squared[i] + terms.classes[i] * entropy[i]
        # Each entry sums at most 32 K products; both sides round each once.
        terms_summed = 32 * max(classes, 15) * 4
        assert abs(total - value) <= terms_summed * EPS * abs(value)
        for a, b in zip([layer[i] for layer in (*found.hidden, found.out, found.head)], expected, strict=True):
            if b.size:
                assert np.abs(a - b).max() <= terms_summed * EPS * np.abs(b).max()


def test_gradients_against_finite_differences() -> None:
    parameters, batch, terms = random_problem(1, 6, 1, (6, 15), models=1)

    def loss(p: Parameters) -> jax.Array:
        _, squared, entropy = compiled(p, batch, terms)
        return terms.squared * squared + terms.classes * entropy

    found, _, _ = compiled(parameters, batch, terms)
    step = 1e-5
    leaves, structure = jax.tree.flatten(parameters)
    for seed in range(3):
        keys = jax.random.split(jax.random.key(seed), len(leaves))
        direction = [jax.random.normal(key, leaf.shape) for key, leaf in zip(keys, leaves, strict=True)]

        def along(t: float, direction: list[jax.Array] = direction) -> float:
            moved = [p + t * d for p, d in zip(leaves, direction, strict=True)]
            return float(loss(jax.tree.unflatten(structure, moved))[0])

        expected = sum(float((g * d).sum()) for g, d in zip(jax.tree.leaves(found), direction, strict=True))
        wide = (along(2 * step) - along(-2 * step)) / (4 * step)
        narrow = (along(step) - along(-step)) / (2 * step)
        # Error of the narrow difference: a third of the change from twice the step (h^2 law), and rounding of two losses.
        allowed = abs(wide - narrow) + 64 * EPS * abs(along(0)) / step
        assert abs(narrow - expected) <= allowed
        assert abs(narrow - 1.01 * expected) > allowed


def test_exponential_is_accurate() -> None:
    t = np.concatenate([np.linspace(-126, 0, 400_001), -np.logspace(-30, 2, 1000)]).astype(np.float32)
    exact = np.exp2(t.astype(np.float64))
    found = np.asarray(softmax.exp2_nonpositive(jnp.asarray(t)), np.float64)
    # Horner's last two roundings and that of the polynomial's last coefficient: two units in the last place.
    assert np.max(np.abs(found / exact - 1)) <= 2 * np.finfo(np.float32).eps
    assert float(softmax.exp2_nonpositive(jnp.float32(-1e9))) == 2.0**-126


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_cross_entropy_of_huge_logits(dtype: str) -> None:
    rng = np.random.default_rng(0)
    head, h = rng.normal(size=(1, 9, 5)) * 1e3, np.abs(rng.normal(size=(1, 5, 8))) * 10
    h[:, -1] = 1
    label, offset = rng.integers(0, 9, (1, 8)).astype(np.int32), rng.normal(size=(1, 9))
    values = [jnp.asarray(v.astype(dtype)) for v in (head, offset, h)]
    found, dhead, dh = jax.jit(softmax.cross_entropy)(*values, jnp.asarray(label), jnp.ones(1, dtype))
    logits = np.einsum("kj,jb->bk", *(np.asarray(v[0], np.float64) for v in (values[0], values[2]))) + np.asarray(
        values[1][0], float
    )
    expected = np.mean(optax.softmax_cross_entropy_with_integer_labels(jnp.asarray(logits), jnp.asarray(label[0])))
    # Rounding of logits of this size, six products each.
    assert abs(float(found[0]) - expected) <= 6 * np.finfo(dtype).eps * np.abs(logits).max() * 2
    assert all(np.isfinite(v).all() for v in (dhead, dh))


def reference(job: Job, weighted: bool, perturb: float = 0.0) -> np.ndarray:
    """A plain loop over batches of one model: autodiff, optax, NumPy indexing; the flat parameters at the end."""
    arm, one = ARMS[job.arm], engine.inputs(job)
    third = one.splits[0]
    n = len(third.y)
    layers = [jnp.asarray(layer * (1 + perturb)) for layer in one.layers]
    weight = third.inverse_ratio if weighted else np.ones(n)
    offset = jnp.asarray(one.log_prior if arm.corrected else np.zeros_like(one.log_prior))
    rule = optax.adam(job.learning_rate) if job.optimizer == "adam" else optax.sgd(job.learning_rate)
    optimiser = optax.chain(optax.add_decayed_weights(job.decay if arm.decay else 0.0), rule)
    state = optimiser.init(layers)
    squared = 0.0 if not arm.regression else job.scale if arm.scaled else 1.0

    @jax.jit
    def step(layers: list[Any], state: Any, x: Any, y: Any, weight: Any, label: Any) -> Any:
        gradient = jax.grad(plain_loss)(layers, x, y, weight, label, squared, 1.0, offset)
        change, state = optimiser.update(gradient, state, layers)
        return optax.apply_updates(layers, change), state

    for epoch in range(job.epochs):
        positions = jnp.arange(n, dtype=jnp.uint32)[None]
        order = np.asarray(
            shuffled(
                jnp.array([one.order], jnp.uint32),
                jnp.array([epoch], jnp.uint32),
                positions,
                jnp.array([n], jnp.uint32),
            )
        )[0]
        for start in range(0, n - job.batch + 1, job.batch):
            rows = order[start : start + job.batch]
            label = jnp.asarray(one.label[rows]) if arm.classifies else None
            layers, state = step(layers, state, third.x[rows], third.y[rows], weight[rows], label)
    return np.concatenate([np.asarray(layer).ravel() for layer in layers])


@pytest.mark.parametrize(
    ("arm", "optimizer", "rate"),
    [
        ("reg_weighted", "adam", 1e-3),
        ("reg_cls_corrected", "adam", 1e-3),
        ("reg_cls_placebo", "sgd", 1e-4),
        ("cls_decoded", "sgd", 1e-2),
    ],
)
def test_engine_against_a_plain_loop(arm: str, optimizer: str, rate: float) -> None:
    classes = 16 if ARMS[arm].classifies else 0
    job = Job(
        "noisy", "severe", 2, 1, classes, arm, optimizer, rate, 10.0, 1e-2, 0.1, epochs=2, batch=4096, dtype="float64"
    )
    other = replace(job, function=5, data_seed=0)
    group = [engine.inputs(one) for one in (other, job)]
    assert len(group[0].splits[0].y) // 4096 >= 5
    arguments = engine.group_arguments(ARMS[arm], job, group, engine.PADDED)
    found, _, _ = train(*jax.tree.map(jnp.asarray, arguments), optimizer=optimizer, batch=4096)
    ours = np.concatenate([np.asarray(layer[1]).ravel() for layer in (*found.hidden, found.out, found.head)])
    expected = reference(job, ARMS[arm].weighted)
    # Rounding is amplified by training; how much, a start that differs by 64 units in the last place shows.
    allowed = np.abs(reference(job, ARMS[arm].weighted, 64 * EPS) - expected).max() + 64 * EPS * np.abs(expected).max()
    assert np.abs(ours - expected).max() <= allowed
    assert allowed < 1e-6  # so that a wrong term cannot hide in it
    wrong = reference(replace(job, decay=job.decay * 1.01), ARMS[arm].weighted)
    assert np.abs(wrong - expected).max() > allowed


def leaves(job: Job) -> dict[str, np.ndarray]:
    """All that the compiled program sees of one training, by name."""
    arguments = engine.group_arguments(ARMS[job.arm], job, [engine.inputs(job)], engine.PADDED)
    flat, _ = jax.tree_util.tree_flatten_with_path(arguments[1:4])
    named = {jax.tree_util.keystr(path): np.asarray(leaf) for path, leaf in flat}
    layers = arguments[0]
    return named | {
        "shared": np.concatenate([part.ravel() for part in (*layers.hidden, layers.out)]),
        "head": layers.head,
    }


ONLY = {
    "reg_scaled": {"[1].squared"},
    "reg_nodecay": {"[2].decay"},
    "reg_weighted": {"[0].weight"},
    "reg_cls": {"[0].label", "[1].classes", "[1].offset", "head"},
    "reg_cls_nodecay": {"[2].decay"},
    "reg_cls_corrected": {"[1].offset"},
    "reg_cls_placebo": {"[0].label"},
    "cls_decoded": {"[1].squared"},
}


@pytest.mark.parametrize("name", ONLY)
def test_an_arm_differs_from_its_partner_in_one_thing(name: str) -> None:
    job = Job("clean", "severe", 1, 0, 8, name)
    mine, other = leaves(canonical(job)), leaves(canonical(replace(job, arm=ARMS[name].partner)))
    different = {
        key
        for key in mine.keys() | other.keys()
        if key not in mine or key not in other or not np.array_equal(mine[key], other[key])
    }
    assert different == ONLY[name]
    if name == "reg_cls_placebo":
        labels = mine["[0].label"], other["[0].label"]
        n = mine["[0].size"][0]
        assert np.array_equal(*(np.sort(label[0, :n]) for label in labels))
        assert np.mean(labels[0] == labels[1]) < 0.9


def test_losses_of_the_arms_at_equal_parameters() -> None:
    """Values, not wiring: the loss of each arm from the terms of `reg` and a cross-entropy by hand, all in NumPy."""
    for name, arm in ARMS.items():
        job = canonical(Job("clean", "severe", 1, 0, 8, name, dtype="float64", scale=128.0))
        one = engine.inputs(job)
        parameters, samples, terms, rates, _ = jax.tree.map(
            jnp.asarray, engine.group_arguments(arm, job, [one], engine.PADDED)
        )
        n = 1000
        batch = Batch(
            *(None if v is None else jnp.swapaxes(v[:, :n], 1, 2) if v.ndim == 3 else v[:, :n] for v in samples[:4])
        )
        _, squared, entropy = compiled(parameters, batch, terms)
        x, y = one.splits[0].x[:n], one.splits[0].y[:n]
        h = x
        for layer in one.layers[:2]:
            h = np.maximum(h @ layer[:, :-1].T + layer[:, -1], 0)
        errors = (h @ one.layers[2][:-1] - y) ** 2
        weight = one.splits[0].inverse_ratio[:n] if name == "reg_weighted" else 1.0
        # Sums of n products of about unit size, in two orders.
        tolerance = 64 * n * EPS
        assert float(squared[0]) == pytest.approx(np.mean(weight * errors), rel=tolerance)
        assert float(terms.squared[0]) == {"reg": 1, "reg_nodecay": 1, "reg_weighted": 1, "cls_decoded": 0}.get(
            name, 128
        )
        assert float(rates.decay[0]) == (0 if "nodecay" in name else 1e-3)
        if arm.classifies:
            y_train = one.splits[0].y
            edges = np.linspace(y_train.min(), y_train.max(), 9)
            c = np.clip(np.searchsorted(edges, y_train, side="right") - 1, 0, 7)
            p = (np.bincount(c, minlength=8) + 0.5) / (len(c) + 4)
            if name == "reg_cls_placebo":
                c = one.label
            logits = h @ one.layers[3][:, :-1].T + (np.log(p / (1 / 8)) if name == "reg_cls_corrected" else 0)
            expected = np.mean(np.log(np.exp(logits).sum(1)) - logits[np.arange(n), c[:n]])
            assert float(entropy[0]) == pytest.approx(expected, rel=tolerance)


def test_initial_weights() -> None:
    small, large = initial(3, 1, 1, (6, 15), 4), initial(3, 1, 1, (6, 15), 1024)
    for a, b in zip(small[:3], large[:3], strict=True):
        assert np.array_equal(a, b)
    assert not np.array_equal(small[0], initial(3, 2, 1, (6, 15), 4)[0])
    for layer, bound in zip(large, [6 / 7, 6 / 21, 6 / 16, 6 / 1039], strict=True):
        weights = layer[..., :-1]
        assert np.all(layer[..., -1] == 0)
        assert np.abs(weights).max() < np.sqrt(bound)
    # Variance of the uniform law, against its standard error (kurtosis 9/5).
    weights = large[3][:, :-1].ravel()
    assert abs(weights.var() / (6 / 1039 / 3) - 1) <= 5 * np.sqrt(0.8 / weights.size)


def test_prior_corrected_decoding() -> None:
    rng = np.random.default_rng(0)
    q_posterior = rng.dirichlet(np.ones(6), 4)
    p, q = rng.dirichlet(np.ones(6)), np.full(6, 1 / 6)
    imbalanced = q_posterior * p / q
    logits = np.log(imbalanced / imbalanced.sum(1, keepdims=True))
    # A head that reads its logits from the features: identity weights.
    parameters = Parameters((), jnp.zeros((1, 7)), jnp.concatenate([jnp.eye(6), jnp.zeros((6, 1))], 1)[None])
    h = jnp.concatenate([jnp.asarray(logits.T), jnp.ones((1, 4))])[None]
    centres = np.linspace(-1, 1, 6)
    found = decoded(parameters, h, jnp.log(p / q)[None], jnp.asarray(centres)[None])[0]
    assert np.abs(found - q_posterior @ centres).max() <= 64 * EPS


SMALL: dict[str, Any] = {"epochs": 2, "batch": 256}


def same(a: dict[str, Any], b: dict[str, Any]) -> bool:
    return json.dumps(a) == json.dumps(b)


def test_result_depends_on_the_job_alone() -> None:
    """Same bits alone, in company, in another place, and again. The thirds of the ood setting differ in size, so models stop at different steps."""
    jobs = [Job("ood", "severe", f, s, 16, "reg_cls", learning_rate=1e-3, **SMALL) for f in (1, 4, 7) for s in (0, 1)]
    sizes = {len(engine.inputs(job).splits[0].y) // 256 for job in jobs}
    assert len(sizes) > 1
    together = run_chunk(jobs)
    assert all(same(a, b) for a, b in zip(together, run_chunk(jobs), strict=True))
    backwards = run_chunk(jobs[::-1])[::-1]
    assert all(same(a, b) for a, b in zip(together, backwards, strict=True))
    assert same(run_chunk(jobs[5:])[0], together[5])
    assert len({result["test_mse"] for result in together}) == len(jobs)


TWO_DEVICES = """
import json, sys
from numerics.study.chunk import prepare, run_chunk
from numerics.study.job import job_from
prepare(2)
import jax
assert len(jax.devices()) == 2
jobs = [job_from(line) for line in sys.stdin.read().splitlines()]
for devices in (1, 2):
    print(json.dumps(run_chunk(jobs, devices=devices)))
"""


def test_result_does_not_depend_on_the_number_of_devices() -> None:
    jobs = [Job("clean", "mild", f, 0, 64, "reg_cls_corrected", **SMALL) for f in range(6)]
    text = "\n".join(job.text() for job in jobs)
    done = subprocess.run([sys.executable, "-c", TWO_DEVICES], input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    one, two = done.stdout.splitlines()
    assert one == two == json.dumps(run_chunk(jobs))


def test_divergence_is_reported_and_stays_alone() -> None:
    """One of two models has its learning rate blown up inside the group: it is marked, the other keeps its bits."""
    calm = Job("clean", "uniform", 0, 0, 0, "reg", "sgd", 1e-3, **SMALL)
    wild = replace(calm, learning_rate=1e6)
    measured = run_chunk([wild])[0]
    assert measured["diverged"] is True
    assert run_chunk([calm])[0]["diverged"] is False
    group = [engine.inputs(calm)] * 2
    arguments = engine.group_arguments(ARMS["reg"], calm, group, engine.PADDED)
    blown = list(arguments)
    blown[3] = arguments[3]._replace(learning_rate=np.array([1e-3, 1e6], np.float32))
    alone, _, _ = train(*arguments, optimizer="sgd", batch=256)
    mixed, squared, _ = train(*blown, optimizer="sgd", batch=256)
    assert all(np.array_equal(a[0], b[0]) for a, b in zip(jax.tree.leaves(alone), jax.tree.leaves(mixed), strict=True))
    assert not np.isfinite(squared[1])


def test_scores_by_bin() -> None:
    y = np.concatenate([np.zeros(90), np.full(10, 19.5), [20.0]])
    prediction = y + np.where(y == 0, 1.0, -3.0)
    found = engine.score(prediction, y)
    assert found["test_mse"] == pytest.approx((90 * 1 + 11 * 9) / 101, rel=8 * EPS)
    assert found["balanced_mse"] == pytest.approx((1 + 9) / 2, rel=8 * EPS)
    assert [value for value in found["bin_bias"] if value is not None] == [1.0, -3.0]
    assert found["bin_mse"].count(None) == 18


def test_curves_are_the_predictions_that_are_scored() -> None:
    job = Job("clean", "severe", 3, 0, 0, "reg", epochs=2)
    measured = run_chunk([job])[0]
    test = splits(False, "uniform", 0.0, 3, 0)[2]
    assert np.mean((curves([job], test.x[:, 0])[0] - test.y) ** 2) == measured["test_mse"]
    with pytest.raises(InputError, match="training samples"):
        run_chunk([replace(job, batch=30_000)])


def test_jobs_and_chunks() -> None:
    jobs = [Job("clean", "severe", f, s, k, arm) for k in (4, 16) for arm in ARMS for f in range(10) for s in range(5)]
    found = chunks(jobs[::-1])
    assert found == chunks(jobs)
    # Four arms without classes and five with two class counts each.
    assert [len(chunk) for chunk in found] == [50] * 14
    assert all(canonical(job) == job == job_from(job.text()) for chunk in found for job in chunk)
    assert canonical(jobs[0]) == canonical(replace(jobs[0], classes=16, scale=5.0))
    assert len({len(chunk) for chunk in chunks(jobs, size=20)}) == 2


def test_chunks_that_share_data_follow_each_other() -> None:
    jobs = [
        Job("clean", sampling, function, 0, classes, arm)
        for arm, classes in (("reg", 0), ("reg_cls", 4), ("reg_scaled", 0))
        for sampling in ("mild", "severe")
        for function in range(20)
    ]
    data = [(chunk[0].sampling, chunk[0].function) for chunk in chunks(jobs, size=10)]
    assert data == [(sampling, first) for sampling in ("mild", "severe") for first in (0, 10) for _ in range(3)]
