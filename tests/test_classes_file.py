"""The classes file and the pieces to paste: one content in both formats, refused when damaged, and the snippets run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from numerics.advise import cells as fine
from numerics.advise import classes, classes_file, snippets
from numerics.label_files.column import Column
from unskew.ground.refusals import InputError
from unskew.jax import RegressionWithClasses


@pytest.fixture(scope="module")
def made() -> classes_file.Classes:
    values = np.round(np.random.default_rng(0).gamma(3.0, 2.0, 4000)).astype(float)
    cells = fine.make(Column(values, 0, "test", ""), "uniform", None)
    edges = classes.equal_width(cells, 9)
    return classes_file.make(cells, edges, "equal-width", 0.125)


@pytest.fixture
def folder(made, tmp_path) -> Path:
    classes_file.write(made, tmp_path)
    return tmp_path


def test_content(made) -> None:
    count = len(made.p)
    assert made.edges.shape == (count + 1,)
    assert abs(made.p.sum() - 1) < 1e-12
    assert abs(made.q.sum() - 1) < 1e-12
    assert np.all((made.centres >= made.edges[:-1]) & (made.centres <= made.edges[1:]))
    np.testing.assert_array_equal(made.log_adjustment, np.log(made.p) - np.log(made.q))


def test_shares_are_those_of_the_labels(made) -> None:
    values = np.round(np.random.default_rng(0).gamma(3.0, 2.0, 4000))
    found = np.bincount(class_of(values, made.edges), minlength=len(made.p)) / len(values)
    np.testing.assert_array_equal(found, made.p)
    # Edges lie half way between labels, so single precision changes no class.
    single = class_of(values.astype(np.float32), made.edges.astype(np.float32))
    np.testing.assert_array_equal(single, class_of(values, made.edges))


def test_both_formats_read_back_to_the_bit(made, folder) -> None:
    for name in ("classes.json", "classes.npz"):
        found = classes_file.read(folder / name)
        for field in classes_file.ARRAYS:
            np.testing.assert_array_equal(getattr(found, field), getattr(made, field))
        assert (found.kind, found.remainder, found.reference, found.version) == (
            made.kind,
            made.remainder,
            made.reference,
            made.version,
        )
    before = (folder / "classes.npz").read_bytes()
    classes_file.write(made, folder)
    assert (folder / "classes.json").read_text() == json.dumps(
        classes_file.as_json(made), indent=1, ensure_ascii=False
    ) + "\n"
    assert len(before) == len((folder / "classes.npz").read_bytes())


def damaged(change) -> dict:
    good = {
        "schema": classes_file.SCHEMA,
        "version": "1",
        "kind": "optimal",
        "reference": "uniform",
        "remainder": 0.1,
        "edges": [0.0, 1.0, 2.0],
        "centres": [0.5, 1.5],
        "p": [0.25, 0.75],
        "q": [0.5, 0.5],
        "log_adjustment": [-0.69, 0.41],
    }
    change(good)
    return good


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.pop("edges"),
        lambda d: d.update(schema="classes/9"),
        lambda d: d.update(edges=[0.0, 2.0, 1.0]),
        lambda d: d.update(edges=[0.0, 1.0]),
        lambda d: d.update(p=[[0.25, 0.75]]),
        lambda d: d.update(q=["a", "b"]),
        lambda d: d.update(log_adjustment=[float("nan"), 0.0]),
        lambda d: d.update(p=[], q=[], centres=[], log_adjustment=[], edges=[0.0]),
        lambda d: d.update(remainder=None),
    ],
)
def test_damaged_files_are_refused(change, tmp_path) -> None:
    path = tmp_path / "classes.json"
    path.write_text(json.dumps(damaged(change)))
    with pytest.raises(InputError, match=r"python -m numerics\.advise"):
        classes_file.read(path)


@pytest.mark.parametrize(
    ("name", "content"), [("classes.json", b"[1"), ("classes.npz", b"PK\x03\x04"), ("classes.json", b"[]")]
)
def test_garbage_is_refused(name, content, tmp_path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError):
        classes_file.read(tmp_path / name)
    with pytest.raises(InputError):
        classes_file.read(tmp_path / f"absent-{name}")


def class_of(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    return np.searchsorted(edges[1:-1], values, side="right")


def library_loss(made: classes_file.Classes, prediction: np.ndarray, logits: np.ndarray, y: np.ndarray) -> jax.Array:
    head = RegressionWithClasses(made.edges, made.p, made.q, scale=2.0, corrected=True)
    return head.loss(np.concatenate([prediction[:, None], logits], 1), y)


def batch(made: classes_file.Classes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(1)
    y = random.uniform(made.edges[0], made.edges[-1], 64)
    y[:3] = made.edges[[0, 4, -1]]
    return random.normal(size=64), random.normal(size=(64, len(made.p))), y


def mean_rounding(terms) -> float:
    """Of a mean of n terms on two sides: n/2 units of the sum in any order, and on each side eight of a term (a square, a log-sum-exp)."""
    return (len(terms) + 2 * 8) * np.finfo(float).eps * float(jnp.abs(terms).max())


def decode_rounding(logits: np.ndarray, centres: np.ndarray) -> float:
    """Of a softmax mean of K centres on two sides: half a unit of the largest exponent, K/2 of each of two sums, four of exp, products, quotient."""
    K, exponent = len(centres), float(np.ptp(logits, axis=-1).max())
    return 2 * (exponent / 2 + K + 4) * np.finfo(float).eps * float(np.abs(centres).max())


def test_jax_snippet_is_the_library_s_loss(made, folder) -> None:
    space: dict = {}
    exec(compile(snippets.snippet("jax", made, folder / "classes.npz"), "use_jax.py", "exec"), space)
    prediction, logits, y = batch(made)
    expected = library_loss(made, prediction, logits, y)
    found = jax.jit(lambda f, z: space["loss"](f, z, y, 2.0))(prediction, logits)
    tolerance = mean_rounding(expected)
    assert abs(float(found) - float(jnp.mean(expected))) <= tolerance
    np.testing.assert_array_equal(space["class_of"](y), class_of(y, made.edges))
    decoded = jax.nn.softmax(jnp.asarray(logits)) @ made.centres
    np.testing.assert_allclose(
        space["decode"](jnp.asarray(logits)), decoded, rtol=0, atol=decode_rounding(logits, made.centres)
    )
    assert all(jnp.isfinite(g).all() for g in jax.grad(space["loss"], (0, 1))(prediction, jnp.asarray(logits), y))


def test_jax_snippet_runs_by_itself_in_single_precision(made, folder) -> None:
    """As a user would: a fresh interpreter, default precision, one step of optax."""
    text = snippets.snippet("jax", made, folder / "classes.npz")
    text += (
        "\ny = jnp.linspace(float(edges[0]), float(edges[-1]), 32)\n"
        f"parameters = (jnp.zeros(32), jnp.zeros((32, {len(made.p)})))\n"
        "optimiser = optax.adam(1e-2)\nstate = optimiser.init(parameters)\n"
        "value, slope = jax.value_and_grad(lambda w: loss(w[0], w[1], y))(parameters)\n"
        "change, state = optimiser.update(slope, state)\n"
        "after = loss(*optax.apply_updates(parameters, change), y)\n"
        "assert after < value and decode(parameters[1]).shape == (32,)\nprint('fine')\n"
    )
    (folder / "use.py").write_text(text)
    done = subprocess.run([sys.executable, "use.py"], cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "fine", done.stderr


def test_torch_snippet_is_the_library_s_loss(made, folder) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    space: dict = {}
    exec(compile(snippets.snippet("torch", made, folder / "classes.npz"), "use_torch.py", "exec"), space)
    prediction, logits, y = batch(made)
    expected = library_loss(made, prediction, logits, y)
    tensors = [torch.tensor(array) for array in (prediction, logits, y)]
    tolerance = mean_rounding(expected)
    assert abs(float(space["loss"](*tensors, 2.0)) - float(jnp.mean(expected))) <= tolerance
    np.testing.assert_array_equal(space["class_of"](tensors[2]), class_of(y, made.edges))
    np.testing.assert_allclose(
        space["decode"](tensors[1]),
        jax.nn.softmax(jnp.asarray(logits)) @ made.centres,
        rtol=0,
        atol=decode_rounding(logits, made.centres),
    )


def test_torch_snippet_is_python_at_least(made) -> None:
    """Where PyTorch is absent the lines are still parsed, and name everything that the JAX lines name."""
    import ast

    defined = [
        {
            node.name
            for node in ast.walk(ast.parse(snippets.snippet(name, made, "classes.npz")))
            if isinstance(node, ast.FunctionDef)
        }
        for name in snippets.NAMES
    ]
    assert defined[0] == defined[1] == {"class_of", "loss", "decode"}
