"""Heads and losses of `unskew.torch` against plain loops, finite differences and `unskew.jax`; as modules; what they refuse.

Run by `make test-torch` in an environment of its own; the ordinary suite does not collect this folder.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from head_cases import BAD_CLASSES, BAD_LABELS, CASES, GOOD_CLASSES, Batch, Case, batch, tolerance

import unskew.jax
import unskew.torch
from unskew import words
from unskew.ground.refusals import InputError

DOUBLE = torch.float64
cases = pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
SEEDS = range(12)


def built(case: Case, b: Batch, dtype: Any = DOUBLE) -> Any:
    noise = () if case.outputs else (b.noise,)
    return getattr(unskew.torch, case.name)(*case.arguments(b), *noise, **case.options, dtype=dtype)


def tensor(values: np.ndarray) -> torch.Tensor:
    return torch.tensor(values, dtype=DOUBLE)


@cases
@pytest.mark.parametrize("seed", SEEDS)
def test_losses_and_predictions_against_loops_and_jax(case: Case, seed: int) -> None:
    b = batch(seed)
    atol = tolerance(case, b)
    module, values = built(case, b), case.read(b)
    found = module.loss(tensor(values), tensor(b.y)).detach().numpy()
    np.testing.assert_allclose(found, case.losses(b), rtol=0, atol=atol)
    record = getattr(unskew.jax, case.name)(*case.arguments(b), **case.options)
    noise = () if case.outputs else (math.log(b.noise),)
    # The frameworks share the classes of `unskew.heads`, so only rounding is between them.
    rounding = 64 * 64 * 5 * np.finfo(np.float64).eps * max(1.0, 1 / b.noise**2)
    np.testing.assert_allclose(found, record.loss(values, b.y, *noise), rtol=0, atol=rounding)
    if case.predict is not None:
        predicted = module(tensor(values)).detach().numpy()
        np.testing.assert_allclose(predicted, [case.predict(b, row) for row in values], rtol=0, atol=atol)
        np.testing.assert_allclose(predicted, record.predict(values), rtol=0, atol=rounding)


@cases
def test_gradients_against_finite_differences_and_jax(case: Case) -> None:
    b = batch(5)
    module = built(case, b)
    values = tensor(case.read(b)).requires_grad_()
    assert torch.autograd.gradcheck(lambda v: module.loss(v, tensor(b.y)), values)
    record = getattr(unskew.jax, case.name)(*case.arguments(b), **case.options)
    noise = () if case.outputs else (math.log(b.noise),)
    module.loss(values, tensor(b.y)).sum().backward()
    slope = jax.grad(lambda v, *rest: record.loss(v, b.y, *rest).sum(), tuple(range(1 + len(noise))))
    expected = slope(jnp.asarray(case.read(b)), *noise)
    rounding = 64 * 64 * 5 * np.finfo(np.float64).eps * max(1.0, 1 / b.noise**3)
    np.testing.assert_allclose(values.grad.numpy(), expected[0], rtol=0, atol=rounding)
    if noise:
        assert abs(float(module.log_noise.grad) - float(expected[1])) <= len(b.y) * rounding


@cases
def test_compiled_is_eager(case: Case) -> None:
    """One graph without breaks; the tracer's backend is enough, so no C++ compiler is needed."""
    b = batch(6)
    module = built(case, b)
    values, y = tensor(case.read(b)), tensor(b.y)
    compiled = torch.compile(module.loss, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(values, y), module.loss(values, y), rtol=0, atol=tolerance(case, b))
    broken = compiled(values, torch.where(torch.arange(len(y)) == 3, torch.nan, y))
    assert bool(broken[3].isnan())
    if case.outputs:
        predict = torch.compile(module, fullgraph=True, backend="aot_eager")
        torch.testing.assert_close(predict(values), module(values), rtol=0, atol=tolerance(case, b))


@cases
def test_a_module_like_any_other(case: Case) -> None:
    """Its buffers are its state, follow dtype and device, and stay put in training; its only parameter is the noise."""
    b, other = batch(7), batch(8)
    module = built(case, b)
    assert [name for name, _ in module.named_parameters()] == ([] if case.outputs else ["log_noise"])
    restored = built(case, other)
    restored.load_state_dict(module.state_dict())
    if case.options.get("smoothing", 0) == 0:
        values, y = tensor(case.read(b)), tensor(b.y)
        assert torch.equal(restored.loss(values, y), module.loss(values, y))
    assert all(part.dtype == torch.float32 for part in copy.deepcopy(module).to(torch.float32).state_dict().values())
    moved = copy.deepcopy(module).to("meta")
    assert all(part.device.type == "meta" for part in moved.state_dict().values())
    made = built(case, b, torch.float32)
    single = made.loss(torch.tensor(case.read(b), dtype=torch.float32), torch.tensor(b.y, dtype=torch.float32))
    half = made.loss(torch.tensor(case.read(b), dtype=torch.bfloat16), torch.tensor(b.y, dtype=torch.float32))
    assert single.dtype == half.dtype == torch.float32
    assert bool(half.isfinite().all())


@cases
def test_another_device_is_refused(case: Case) -> None:
    b = batch(7)
    module = built(case, b)
    values, y = tensor(case.read(b)), tensor(b.y)
    for arguments in ((values.to("meta"), y), (values, y.to("meta")), (values.to("meta"), y.to("meta"))):
        with pytest.raises(InputError, match=r"are on .*meta"):
            module.loss(*arguments)
    if case.outputs:
        with pytest.raises(InputError, match=r"are on .*meta"):
            module.predict(values.to("meta"))


@cases
@pytest.mark.parametrize(("name", "change", "message"), BAD_LABELS, ids=[row[0] for row in BAD_LABELS])
def test_bad_labels(case: Case, name: str, change: Any, message: str) -> None:
    b = batch(2, 4)
    with pytest.raises(InputError, match=message):
        built(case, b).loss(tensor(case.read(b)), tensor(change(b.y)))


@pytest.mark.parametrize("case", [case for case in CASES if case.outputs], ids=lambda case: case.id)
def test_labels_outside_and_outputs_of_wrong_width(case: Case) -> None:
    b = batch(2, 4)
    module = built(case, b)
    outside = tensor(np.where(np.arange(4) == 3, b.edges[-1] + 1e-6, b.y))
    with pytest.raises(InputError, match=r"1 labels are NaN or outside the edges .* the first in row 3"):
        module.loss(tensor(case.read(b)), outside)
    for outputs in (b.outputs[:, : case.outputs - 1], b.outputs[0, 0]):
        for call in (lambda o: module.loss(o, tensor(b.y)), module.predict):
            with pytest.raises(InputError, match=f"last axis of {case.outputs}"):
                call(tensor(outputs))


@pytest.mark.parametrize("name", ["WithinClassRegression", "HLGauss", "RegressionWithClasses"])
@pytest.mark.parametrize(("words", "change", "message"), BAD_CLASSES, ids=[row[0] for row in BAD_CLASSES])
def test_bad_classes(name: str, words: str, change: dict[str, Any], message: str) -> None:
    options = {"smoothing": 0.0} if name == "HLGauss" else {}
    with pytest.raises(InputError, match=message):
        getattr(unskew.torch, name)(**(GOOD_CLASSES | change), **options)


def test_bad_noise() -> None:
    for noise in (0.0, -1.0, math.nan, math.inf):
        with pytest.raises(InputError, match="noise"):
            unskew.torch.BalancedMSEBatch(noise)
    assert not list(unskew.torch.BalancedMSEBatch(1.0, trained=False).parameters())


def test_integer_labels_and_extreme_outputs() -> None:
    head = unskew.torch.WithinClassRegression([0, 30, 60, 90], [0.2, 0.7, 0.1], [1 / 3] * 3)
    outputs = torch.randn(3, 6, generator=torch.Generator().manual_seed(0))
    whole, real = torch.tensor([0, 45, 90]), torch.tensor([0.0, 45.0, 90.0])
    assert torch.equal(head.loss(outputs, whole), head.loss(outputs, real))
    for case in CASES:
        b = batch(4)
        values = (500 * tensor(case.read(b))).requires_grad_()
        built(case, b).loss(values, tensor(b.y)).sum().backward()
        assert bool(values.grad.isfinite().all()), case.id


def test_what_the_command_says_about_retraining_runs() -> None:
    """The lines that `unskew advise` prints, typed as they stand."""
    random = np.random.default_rng(0)
    y_train, noise = random.gamma(2.0, size=2000), 0.5
    y = torch.tensor(y_train[:50], dtype=torch.float32)
    first, second, third = (line.partition("#")[0].strip() for line in words.RETRAIN)
    space: dict[str, Any] = {"unskew": unskew, "y_train": y_train, "noise": noise, "y": y}
    exec("\n".join([first, second]), space)
    space["outputs"] = torch.zeros(50, space["head"].outputs)
    value, prediction = (eval(part, space) for part in third.split(";"))
    assert bool(value.isfinite())
    assert prediction.shape == (50,)


def descend(at: torch.Tensor, loss: Callable[[torch.Tensor], torch.Tensor]) -> None:
    """Full-batch quasi-Newton on a loss."""
    optimiser = torch.optim.LBFGS(
        [at], max_iter=500, history_size=50, tolerance_change=0, tolerance_grad=1e-10, line_search_fn="strong_wolfe"
    )

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        value = loss(at)
        value.backward()
        return value

    optimiser.step(closure)


def test_training_reaches_the_balanced_mean_and_the_noise() -> None:
    """Skewed labels seen through noise: the corrected head predicts `E_q[y|x]`, the plain one `E_p[y|x]`; the noise of Balanced MSE is learnt.

    The law is finite (labels on 40 places, inputs on 8), so both targets are sums; full-batch training on the law itself leaves no sampling error.
    """
    y = (torch.arange(40, dtype=DOUBLE) + 0.5) / 40
    x = torch.linspace(-0.2, 1.2, 8, dtype=DOUBLE)
    channel = torch.softmax(-((x[None, :] - y[:, None]) ** 2) / (2 * 0.15**2), 1)
    p = torch.softmax(-4 * y, 0)
    edges = np.linspace(0, 1, 9)
    masses, q = p.reshape(8, 5).sum(1).numpy(), np.full(8, 1 / 8)

    def mean(law: torch.Tensor) -> torch.Tensor:
        joint = law[:, None] * channel
        return (joint * y[:, None]).sum(0) / joint.sum(0)

    kept = p.reshape(8, 5) / p.reshape(8, 5).sum(1, keepdim=True) / 8  # the law that the correction serves (offset)
    targets = {True: mean(kept.reshape(-1)), False: mean(p)}
    rows, labels = torch.arange(8).repeat(40), y.repeat_interleave(8)
    weight = (p[:, None] * channel).reshape(-1)
    for corrected, target in targets.items():
        head = unskew.torch.WithinClassRegression(edges, masses, q, corrected=corrected, dtype=DOUBLE)
        outputs = torch.zeros(8, head.outputs, dtype=DOUBLE, requires_grad=True)
        descend(outputs, lambda at, head=head: (weight * head.loss(at[rows], labels)).sum())
        error = (head.predict(outputs.detach()) - target).abs().max()
        apart = (targets[True] - targets[False]).abs().max()
        # What 500 iterations leave; the other of the two targets is 1,000 times as far.
        assert float(error) < 1e-3 * float(apart)

    generator = torch.Generator().manual_seed(0)
    labels = torch.rand(20_000, generator=generator)
    predictions = labels + 0.1 * torch.randn(20_000, generator=generator)
    criterion = unskew.torch.BalancedMSEBins(np.linspace(0, 1, 101), np.full(100, 0.01), 1.0)
    inner = (predictions > 0.3) & (predictions < 0.7)
    optimiser = torch.optim.Adam(criterion.parameters(), lr=0.05)
    for _ in range(300):
        optimiser.zero_grad()
        criterion(predictions[inner], labels[inner]).mean().backward()
        optimiser.step()
    # The likelihood's standard error of s is s/sqrt(2n) with n about 8,000; four of them.
    assert abs(float(criterion.log_noise.detach().exp()) - 0.1) < 4 * 0.1 / math.sqrt(2 * int(inner.sum()))
