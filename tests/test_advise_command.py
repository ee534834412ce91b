"""The adviser's command: what it prints and writes, what it survives, what it refuses."""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import sys
import types

import numpy as np
import pytest

from numerics.advise import classes_file
from numerics.advise.__main__ import main
from unskew.ground import command

FAST = ["--max-classes", "16"]


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of the command, in this process."""
    with pytest.raises(SystemExit) as ended:
        command.run("python -m numerics.advise", lambda: main(list(arguments)))
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, err


def npy(array: np.ndarray, **options: bool) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, **options)
    return stream.getvalue()


def report(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict:
    code, out, err = call(capsys, *arguments, "--json", "-")
    assert code == 0, err
    return json.loads(out)


# --- what it says
# -----------------------------------------------------------------------------------------------------------------------


def test_report_and_files(tmp_path, capsys) -> None:
    ages = np.clip(np.random.default_rng(0).normal(30, 8, 2000).round(), 1, 70)
    (tmp_path / "ages.csv").write_text("name,age\n" + "".join(f"x,{age:g}\n" for age in ages))
    folder = tmp_path / "advice"
    code, out, err = call(
        capsys, f"{tmp_path}/ages.csv:age", "--noise", "4", "--out", str(folder), "--json", f"{tmp_path}/r.json", *FAST
    )
    assert code == 0, err
    assert "advice: add a prior-corrected classification term" in out
    assert "plain cross-entropy term does not move the optimum" in out
    assert "import optax" in out
    assert "import torch" in out
    assert (folder / "report.json").read_text() == (tmp_path / "r.json").read_text()
    made = json.loads((folder / "report.json").read_text())
    found = classes_file.read(folder / "classes.npz")
    assert len(found.p) == made["recommended"]["classes"]
    assert made["recommended"]["definition"]["edges"] == found.edges.tolist()
    for name in ("advise_labels", "advise_classes", "advise_noise"):
        assert (folder / f"{name}.png").read_bytes()[:4] == b"\x89PNG"
        assert (folder / f"{name}.txt").read_text().startswith(name)
    bounds = made["bounds"]
    saved = made["noise"]["benefit"][0]
    assert bounds["least"] <= saved <= bounds["most"]
    before = out
    for more in ((), ("--out", str(tmp_path / "again"))):
        code, out, _ = call(capsys, f"{tmp_path}/ages.csv:age", "--noise", "4", "--quiet", *more, *FAST)
        assert code == 0
        assert out.splitlines()[1] in before
        assert "import" not in out
    assert "import jax" in (tmp_path / "again" / "use_jax.py").read_text()


def test_same_seed_same_bytes(tmp_path, capsys) -> None:
    np.save(tmp_path / "y.npy", np.random.default_rng(0).gamma(2.0, 1.0, 500))
    first, second = (call(capsys, f"{tmp_path}/y.npy", "--json", "-", *FAST)[1] for _ in range(2))
    assert first == second
    other = call(capsys, f"{tmp_path}/y.npy", "--json", "-", "--seed", "1", *FAST)[1]
    assert other != first
    assert json.loads(other)["recommended"] == json.loads(first)["recommended"]


def test_noise_decides(tmp_path, capsys) -> None:
    """Without a noise the answer depends; inputs that tell nearly everything make the correction hurt with few classes."""
    np.save(tmp_path / "y.npy", np.random.default_rng(0).exponential(1.0, 3000).clip(0, 5))
    assert report(capsys, f"{tmp_path}/y.npy", *FAST)["recommended"]["verdict"] == "depends"
    noisy = report(capsys, f"{tmp_path}/y.npy", "--noise", "1", *FAST)
    assert noisy["recommended"]["verdict"] == "classes"
    exact = report(capsys, f"{tmp_path}/y.npy", "--noise", "0.002", "--max-classes", "3")
    assert exact["recommended"]["verdict"] == "none"
    assert any("would hurt" in warning for warning in exact["warnings"])


SURVIVED = {
    "two": np.array([0.0] * 30 + [1.0] * 3),
    "two-once": np.array([0.0, 1.0]),
    "ten": np.arange(10.0) ** 1.5,
    "three": np.array([1.0, 1.0, 2.0]),
    "skew": np.concatenate([np.zeros(20_000), [1e6]]),
    "wide": np.exp(np.random.default_rng(0).normal(0, 5, 2000)),
    "point": np.concatenate([np.full(5000, 3.0), np.random.default_rng(1).normal(3, 1, 200)]),
    "negative": -np.random.default_rng(2).gamma(1.0, 1e-6, 300),
    "integers": np.arange(100).repeat(3),
    "far": 1e9 + np.random.default_rng(3).uniform(0, 1, 400),
}


@pytest.mark.parametrize("name", SURVIVED)
@pytest.mark.parametrize("kind", ["optimal", "equal-width", "equal-frequency"])
def test_survives(name, kind, tmp_path, capsys) -> None:
    np.save(tmp_path / "y.npy", SURVIVED[name])
    noise = f"{float(np.ptp(SURVIVED[name])) / 20:.6g}"
    made = report(capsys, f"{tmp_path}/y.npy", "--edges", kind, "--noise", noise, "--max-classes", "32")
    advice = made["recommended"]
    found = classes_file.from_json(advice["definition"], "report")
    assert len(found.p) == advice["classes"] >= 1
    assert np.all(found.p > 0)
    assert advice["verdict"] in ("classes", "none")
    assert 0 <= advice["W"] <= made["bounds"]["most"] + 1e-9


@pytest.mark.parametrize("spec", ["agedb_ages.csv:age", "stsb_scores.csv:score", "stsb_features.npz:y"])
def test_real_labels(spec, real_data, capsys) -> None:
    name, column = spec.split(":")
    made = report(capsys, f"{real_data(name)}:{column}", *FAST)
    assert made["recommended"]["classes"] > 1
    for kind, rows in made["remainder"].items():
        values = [row["W"] for row in rows]
        assert kind != "optimal" or values == sorted(values, reverse=True)


def test_labels_never_sampled_are_said_in_words(tmp_path, capsys) -> None:
    (tmp_path / "y.csv").write_text("".join(f"{k}\n" for k in list(range(10)) * 20))
    made = report(capsys, f"{tmp_path}/y.csv", "--support", "0", "12", *FAST)
    assert made["imbalance"]["price_is_infinite"]
    assert any("never sampled: 10 to 12" in warning for warning in made["warnings"])
    _, out, _ = call(capsys, f"{tmp_path}/y.csv", "--support", "0", "12", *FAST)
    assert "KL(q_y||p_y) infinite" in out


def test_standard_input(tmp_path, capsys, monkeypatch) -> None:
    text = "".join(f"{k % 7}\n" for k in range(100)).encode()
    monkeypatch.setattr(sys, "stdin", types.SimpleNamespace(buffer=io.BytesIO(text)))
    assert report(capsys, "-", *FAST)["labels"]["n"] == 100


def test_parquet(tmp_path, capsys) -> None:
    pyarrow = pytest.importorskip("pyarrow", reason="the extra `data` (pyarrow) is not installed")
    parquet = pytest.importorskip("pyarrow.parquet", reason="the extra `data` (pyarrow) is not installed")
    parquet.write_table(pyarrow.table({"y": np.arange(200) % 9, "word": ["a"] * 200}), tmp_path / "y.parquet")
    assert report(capsys, f"{tmp_path}/y.parquet", *FAST)["labels"]["n"] == 200


def test_help_is_light() -> None:
    code = "import sys; import numerics.advise.__main__ as m; m.parser().format_help(); print(sorted({'jax','numpy','scipy','rich'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# --- what it refuses
# -----------------------------------------------------------------------------------------------------------------------

MANY = "".join(f"{k % 7}.{k}\n" for k in range(100)).encode()
GOOD = b"y\n" + b"".join(b"%d\n" % (k % 7) for k in range(100))
BAD = [
    ("empty.csv", b"", [], "is empty"),
    ("header.csv", b"age\n", [], "header and no rows"),
    ("one.csv", b"y\n3\n", [], "one label"),
    ("constant.csv", b"y\n2\n2\n2\n2\n", [], "all equal 2"),
    ("missing.csv", b"y\nNA\n\nnan\n", [], "no labels"),
    ("mixed.csv", MANY + b"old\n", [], "'old' in line 101"),
    ("decimal-comma.csv", b"y;z\n1,5;a\n2,5;b\n", ["y"], "'1,5' in line 2"),
    ("pipe.csv", b"a|b\n1|2\n3|4\n", [], "'1|2'"),
    ("inf.csv", b"y\n1\ninf\n2\n", [], "infinite"),
    ("huge.csv", b"y\n1\n1e300\n2\n", [], "double precision"),
    ("overflow.csv", b"y\n1\n1e999\n2\n", [], "infinite"),
    ("ragged.csv", b"a,b\n1,2\n3,4,5\n", ["a"], "3 cells in line 3"),
    ("two.csv", b"a,b\n1,2\n3,4\n", [], "2 numeric columns"),
    ("unknown.csv", b"a,b\n1,2\n3,4\n", ["c"], "no column 'c'"),
    ("duplicate.csv", b"a,a\n1,2\n3,4\n", ["a"], "2 columns named 'a'"),
    ("words.csv", b"a,b\nx,u\ny,v\n", [], "no numeric column"),
    ("utf16.csv", "y\n1\n2\n".encode("utf-16"), [], "UTF-16"),
    ("latin.csv", b"\xe9ge\n1\n2\n", [], "UTF-8"),
    ("zipped.csv", gzip.compress(b"y\n1\n2\n"), [], "gzip"),
    ("binary.csv", b"y\n1\x00\n2\n", [], "not text"),
    ("pickle.npy", npy(np.array([1, "a", None], dtype=object), allow_pickle=True), [], "pickled"),
    ("matrix.npy", npy(np.zeros((3, 2))), [], "shape 3x2"),
    ("scalar.npy", npy(np.array(3.0)), [], "single number"),
    ("complex.npy", npy(np.array([1j, 2.0])), [], "not numbers"),
    ("cut.npy", npy(np.arange(9.0))[:-8], [], "not a whole npy"),
    ("garbage.npz", b"PK\x03\x04 nothing", [], "not a whole npz"),
    ("garbage.parquet", b"PAR1 nothing PAR1", [], "parquet"),
    ("absent/none.csv", None, [], "no file"),
    ("y.csv", GOOD, ["--noise", "-1"], "--noise -1"),
    ("y.csv", GOOD, ["--noise", "0"], "--noise 0"),
    ("y.csv", GOOD, ["--noise", "nan"], "--noise nan"),
    ("y.csv", GOOD, ["--support", "3", "1"], "lower end first"),
    ("y.csv", GOOD, ["--support", "1", "9"], "outside the support"),
    ("y.csv", GOOD, ["--epsilon", "0"], "--epsilon 0"),
    ("y.csv", GOOD, ["--epsilon", "few"], "--epsilon few"),
    ("y.csv", GOOD, ["--edges", "best"], "--edges best"),
    ("y.csv", GOOD, ["--max-classes", "1"], "--max-classes 1"),
    ("y.csv", GOOD, ["--max-classes", "5000"], "--max-classes 5000"),
    ("y.csv", GOOD, ["--seed", "x"], "--seed x"),
    ("y.csv", GOOD, ["--reference", "NARROW"], "runs from 2 to 4"),
    ("y.csv", GOOD, ["--reference", "absent.csv"], "no file"),
    ("y.csv", GOOD, ["--reference", "y - 3"], "y - 3"),
    ("y.csv", GOOD, ["--reference", "__import__('os')"], "character '_'"),
    ("y.csv", GOOD, ["--json", "ABSENT/x.json"], "cannot write"),
    ("y.csv", GOOD, ["--out", "FILE"], "cannot make a folder"),
    ("y.csv", GOOD, ["--frequency"], "frequency"),
]


@pytest.mark.parametrize(("name", "content", "arguments", "words"), BAD, ids=[f"{b[0]} {' '.join(b[2])}" for b in BAD])
def test_bad_input_is_one_line(name, content, arguments, words, tmp_path, capsys) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    (tmp_path / "narrow.csv").write_text("".join(f"{2 + k % 3}\n" for k in range(60)))
    (tmp_path / "file").write_text("x")
    real = {
        "NARROW": f"{tmp_path}/narrow.csv",
        "ABSENT/x.json": f"{tmp_path}/absent/x.json",
        "FILE": f"{tmp_path}/file",
    }
    column = f":{arguments[0]}" if len(arguments) == 1 and not arguments[0].startswith("-") else ""
    options = [] if column else [real.get(argument, argument) for argument in arguments]
    before = sorted(tmp_path.rglob("*"))
    code, out, err = call(capsys, f"{path}{column}", *options)
    assert code == 2
    assert out == ""
    assert err.count("\n") == 1
    assert words in err
    assert sorted(tmp_path.rglob("*")) == before
