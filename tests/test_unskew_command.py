"""The command `unskew`: what it prints and writes, what it survives, what it refuses."""

from __future__ import annotations

import csv
import gzip
import io
import json
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from unskew.__main__ import main
from unskew.ground import command


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of the command, in this process."""
    with pytest.raises(SystemExit) as ended:
        command.run("unskew", lambda: main(list(arguments)))
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, err


def done(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Standard output of a command that must succeed."""
    code, out, err = call(capsys, *arguments)
    assert code == 0, err
    return out


def report(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict:
    return json.loads(done(capsys, *arguments, "--json", "-"))


def npy(array: np.ndarray, **options: bool) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, **options)
    return stream.getvalue()


def world(n: int = 2000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Skewed labels and the best prediction of a noisy input: imbalance costs something, and recalibration gets it back."""
    random = np.random.default_rng(seed)
    y = random.gamma(2.0, 1.0, n).clip(0, 8)
    seen = y + random.normal(size=n)
    order = np.argsort(seen)
    # The mean label of neighbours in the input is close to E[y|x].
    smooth = np.convolve(y[order], np.ones(101) / 101, mode="same") / np.convolve(
        np.ones(n), np.ones(101) / 101, mode="same"
    )
    t = np.empty(n)
    t[order] = smooth
    return y, t + 1e-6 * random.normal(size=n)


def write(path: Path, y: np.ndarray, t: np.ndarray) -> str:
    rows = "".join(f"row {k},{a!r},{b!r}\n" for k, (a, b) in enumerate(zip(y.tolist(), t.tolist(), strict=True)))
    path.write_text("name,y,f\n" + rows)
    return str(path)


PAIRS = ["--label", "y", "--prediction", "f"]


# --- what it says
# -----------------------------------------------------------------------------------------------------------------------


def test_three_lines_first(tmp_path, capsys) -> None:
    file = write(tmp_path / "held.csv", *world())
    lines = done(capsys, "advise", file, *PAIRS).splitlines()
    assert lines[0].startswith("imbalance costs this model ")
    assert lines[1].startswith("do: unskew correct ")
    assert lines[2].startswith("that buys ")
    more = done(capsys, "advise", file, *PAIRS, "--more").splitlines()
    assert more[:3] == lines[:3]
    assert any("WithinClassRegression" in line for line in more)


def test_report_and_files(tmp_path, capsys) -> None:
    file = write(tmp_path / "held.csv", *world())
    folder = tmp_path / "advice"
    done(capsys, "advise", file, *PAIRS, "--out", str(folder), "--json", str(tmp_path / "r.json"))
    assert (folder / "report.json").read_text() == (tmp_path / "r.json").read_text()
    made = json.loads((folder / "report.json").read_text())
    assert {row["name"] for row in made["remedies"]} == {
        "nothing",
        "recalibration",
        "weights",
        "classes",
        "balanced_mse",
    }
    assert made["recommended"] == "recalibration"
    for row in made["remedies"]:
        for estimate in (row["error"], row["saving"], row["saving"]["share"]):
            assert estimate["low"] <= estimate["value"] <= estimate["high"]
    for name in ("maps", "stretches", "remedies"):
        assert (folder / f"{name}.png").read_bytes()[:4] == b"\x89PNG"


def test_same_seed_same_bytes(tmp_path, capsys) -> None:
    file = write(tmp_path / "held.csv", *world(500))
    first, second = (done(capsys, "advise", file, *PAIRS, "--json", "-") for _ in range(2))
    assert first == second
    other = done(capsys, "advise", file, *PAIRS, "--json", "-", "--seed", "1")
    assert json.loads(other)["cost"]["value"] == json.loads(first)["cost"]["value"]
    assert json.loads(other)["cost"]["low"] != json.loads(first)["cost"]["low"]


def test_every_format_says_the_same(tmp_path, capsys, monkeypatch) -> None:
    y, t = world(500)
    file = write(tmp_path / "held.csv", y, t)
    expected = report(capsys, "advise", file, *PAIRS)["remedies"]
    Path(tmp_path / "held.tsv").write_text(Path(file).read_text().replace(",", "\t"))
    np.savez(tmp_path / "held.npz", y=y, f=t)
    names = ["held.tsv", "held.npz"]
    try:
        import pyarrow
        import pyarrow.parquet

        pyarrow.parquet.write_table(pyarrow.table({"y": y, "f": t}), tmp_path / "held.parquet")
        names.append("held.parquet")
    except ImportError:
        pass
    for name in names:
        assert report(capsys, "advise", str(tmp_path / name), *PAIRS)["remedies"] == expected
    monkeypatch.setattr(sys, "stdin", types.SimpleNamespace(buffer=io.BytesIO(Path(file).read_bytes())))
    assert report(capsys, "advise", "-", *PAIRS)["remedies"] == expected


def test_training_labels_and_targets(tmp_path, capsys) -> None:
    y, t = world()
    file = write(tmp_path / "held.csv", y, t)
    np.save(tmp_path / "train.npy", world(5000, 1)[0].clip(0, 8))
    np.save(tmp_path / "same.npy", y)
    training = ["--training", str(tmp_path / "train.npy")]
    with_training = report(capsys, "advise", file, *PAIRS, *training)
    assert with_training["training"]["n"] == 5000
    same = report(capsys, "advise", file, *PAIRS, "--target", str(tmp_path / "same.npy"))
    assert same["imbalance"]["kl"] == 0
    assert same["cost"]["value"] == 0
    tilted = report(capsys, "advise", file, *PAIRS, "--target", "exp(-y/2)")
    assert 0 < tilted["imbalance"]["kl"] < with_training["imbalance"]["kl"]
    np.save(tmp_path / "new.npy", t[y > 2])
    estimated = report(capsys, "advise", file, *PAIRS, "--target", f"predictions:{tmp_path}/new.npy")
    masses, edges = np.array(estimated["target"]["masses"]), np.array(estimated["stretches"]["edges"])
    assert masses[edges[1:] > 3].sum() > np.mean(y > 3)


def test_probabilities(tmp_path, capsys) -> None:
    y, t = world()
    edges = np.linspace(y.min(), y.max(), 41)
    centres = (edges[1:] + edges[:-1]) / 2
    weights = np.exp(-((centres - t[:, None]) ** 2) / 0.8)
    np.savez(tmp_path / "p.npz", probabilities=weights / weights.sum(axis=1, keepdims=True), edges=edges)
    file = write(tmp_path / "held.csv", y, t)
    arguments = ["--label", "y", "--probabilities", str(tmp_path / "p.npz")]
    made = report(capsys, "advise", file, *arguments)
    assert "probabilities" in {row["name"] for row in made["remedies"]}
    out = tmp_path / "c.npz"
    done(capsys, "correct", file, *arguments, "--apply", str(tmp_path / "p.npz"), "--out", str(out))
    with np.load(out) as archive:
        assert np.allclose(archive["probabilities"].sum(axis=1), 1)
        assert len(archive["corrected"]) == len(y)


def test_correct_keeps_all_columns_and_adds_one(tmp_path, capsys) -> None:
    y, t = world()
    file = write(tmp_path / "held.csv", y, t)
    text = 'id;f;note\n7;1,5;"a ""b"";c"\n8;2,5;\n'.replace("1,5", "1.5").replace("2,5", "2.5")
    (tmp_path / "new.csv").write_text(text)
    out = tmp_path / "out.csv"
    done(capsys, "correct", file, *PAIRS, "--apply", str(tmp_path / "new.csv"), "--out", str(out))
    rows = list(csv.reader(out.read_text().splitlines(), delimiter=";"))
    assert rows[0] == ["id", "f", "note", "corrected"]
    assert rows[1][:3] == ["7", "1.5", 'a "b";c']
    import unskew

    expected = unskew.Recalibrator(unskew.LabelShift(y)).fit(y, t).predict([1.5, 2.5])
    assert [float(row[3]) for row in rows[1:]] == expected.tolist()
    np.savez(tmp_path / "new.npz", f=np.array([1.5, 2.5]), other=np.arange(3))
    done(
        capsys,
        "correct",
        file,
        *PAIRS,
        "--apply",
        f"{tmp_path}/new.npz",
        "--out",
        f"{tmp_path}/out.npz",
        "--column",
        "g",
    )
    with np.load(tmp_path / "out.npz") as archive:
        assert sorted(archive.files) == ["f", "g", "other"]
        assert archive["g"].tolist() == expected.tolist()


def test_absolute_error_has_maps_of_medians(tmp_path, capsys) -> None:
    y, t = world()
    file, new, out = write(tmp_path / "held.csv", y, t), tmp_path / "new.npz", tmp_path / "out.npz"
    first = done(capsys, "advise", file, *PAIRS, "--score", "absolute", "--json", str(tmp_path / "r.json"))
    assert "squared" not in first
    assert "--score absolute" in first
    assert json.loads((tmp_path / "r.json").read_text())["score"] == "absolute"
    np.savez(new, f=np.array([1.5, 2.5]))
    done(capsys, "correct", file, *PAIRS, "--score", "absolute", "--apply", str(new), "--out", str(out))
    import unskew

    expected = unskew.Recalibrator(unskew.LabelShift(y), score="absolute").fit(y, t).predict([1.5, 2.5])
    with np.load(out) as archive:
        assert archive["corrected"].tolist() == expected.tolist()


def test_correct_parquet(tmp_path, capsys) -> None:
    pyarrow = pytest.importorskip("pyarrow", reason="the extra `data` (pyarrow) is not installed")
    parquet = pytest.importorskip("pyarrow.parquet", reason="the extra `data` (pyarrow) is not installed")
    file = write(tmp_path / "held.csv", *world())
    parquet.write_table(pyarrow.table({"f": [1.5, 2.5], "word": ["a", "b"]}), tmp_path / "new.parquet")
    done(capsys, "correct", file, *PAIRS, "--apply", f"{tmp_path}/new.parquet", "--out", f"{tmp_path}/out.parquet")
    assert parquet.read_table(tmp_path / "out.parquet").column_names == ["f", "word", "corrected"]


def test_labels_alone(tmp_path, capsys) -> None:
    ages = np.clip(np.random.default_rng(0).normal(30, 8, 2000).round(), 1, 70)
    (tmp_path / "ages.csv").write_text("name,age\n" + "".join(f"x,{age:g}\n" for age in ages))
    first = done(capsys, "advise", f"{tmp_path}/ages.csv:age").splitlines()
    assert first[0].startswith("from labels alone imbalance costs between 0 and ")
    folder = tmp_path / "advice"
    done(capsys, "advise", f"{tmp_path}/ages.csv:age", "--noise", "4", "--out", str(folder), "--more")
    from unskew import classes

    found = classes.read(folder / "classes.npz")
    made = json.loads((folder / "report.json").read_text())
    assert made["classes"]["edges"] == found.edges.tolist()
    assert (folder / "labels.png").read_bytes()[:4] == b"\x89PNG"
    assert made["squared_error"]["after_decoded"] < made["squared_error"]["most"] < made["squared_error"]["bound"]


def test_labels_never_sampled_are_said_in_words(tmp_path, capsys) -> None:
    (tmp_path / "y.csv").write_text("".join(f"{k}\n" for k in list(range(10)) * 20))
    out = done(capsys, "advise", f"{tmp_path}/y.csv", "--support", "0", "12", "--more")
    assert "never sampled: 10 to 12" in out


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
def test_survives_labels(name, tmp_path, capsys) -> None:
    values = SURVIVED[name]
    np.save(tmp_path / "y.npy", values)
    made = report(capsys, "advise", f"{tmp_path}/y.npy", "--noise", f"{float(np.ptp(values)) / 20:.6g}")
    assert made["classes"]["classes"] == len(made["classes"]["p"]) >= 1
    assert min(made["classes"]["p"]) > 0
    assert 0 <= made["classes"]["remainder"] <= made["imbalance"]["kl"] + 1e-9


@pytest.mark.parametrize("name", [name for name in SURVIVED if len(SURVIVED[name]) >= 30])
@pytest.mark.parametrize("prediction", ["noisy", "exact", "two values", "reversed"])
def test_survives_pairs(name, prediction, tmp_path, capsys) -> None:
    y = SURVIVED[name].astype(float)
    noise = np.random.default_rng(0).normal(size=len(y)) * y.std()
    t = {"noisy": y / 2 + noise / 3, "exact": y, "two values": np.where(y > np.median(y), 1.0, 0.0), "reversed": -y}
    values = t[prediction] if np.ptp(t[prediction]) > 0 else y
    np.savez(tmp_path / "held.npz", y=y, f=values)
    made = report(capsys, "advise", f"{tmp_path}/held.npz", *PAIRS, "--as-named")
    for row in made["remedies"]:
        assert row["error"]["low"] <= row["error"]["value"] <= row["error"]["high"]
    done(
        capsys,
        "correct",
        f"{tmp_path}/held.npz",
        *PAIRS,
        "--as-named",
        "--apply",
        f"{tmp_path}/held.npz",
        "--out",
        f"{tmp_path}/o.npz",
    )
    with np.load(tmp_path / "o.npz") as archive:
        assert np.all((archive["corrected"] >= y.min()) & (archive["corrected"] <= y.max()))


README = Path(__file__).resolve().parent.parent / "README.md"


def test_readme_shows_what_the_command_prints(real_data, capsys, monkeypatch) -> None:
    text = " ".join(README.read_text().split())  # the README folds long lines
    monkeypatch.chdir(real_data("predictions/wages_validation.csv").parent)
    held = ["advise", "wages_validation.csv", "--label", "label", "--prediction", "prediction"]
    lines = done(capsys, *held, "--training", "wages_train_labels.csv").splitlines()
    monkeypatch.chdir(real_data("agedb_ages.csv").parent)
    lines += done(capsys, "advise", "agedb_ages.csv:age", "--noise", "6").splitlines()
    shown = [line for line in lines if line in text]
    assert [line.split()[0] for line in shown] == ["imbalance", "do:", "that", "at", "do:", "that"]


def test_help_is_light() -> None:
    code = "import sys; import unskew.__main__ as m; m.parser().format_help(); print(sorted({'jax','numpy','scipy','rich'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# --- what it refuses
# -----------------------------------------------------------------------------------------------------------------------

MANY = "".join(f"{k % 7}.{k}\n" for k in range(100)).encode()
GOOD = b"y\n" + b"".join(b"%d\n" % (k % 7) for k in range(100))


def pairs(rows: list[tuple[object, object]]) -> bytes:
    return b"y,f\n" + "".join(f"{a},{b}\n" for a, b in rows).encode()


def good(n: int = 200) -> list[tuple[object, object]]:
    y, t = world(n)
    return list(zip(y.tolist(), t.tolist(), strict=True))


def npz(**arrays: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


def classes(rows: np.ndarray, edges: object = None) -> dict[str, bytes]:
    return {"p.npz": npz(probabilities=rows, edges=np.linspace(0, 8, 5) if edges is None else np.asarray(edges))}


EVEN = np.random.default_rng(1).dirichlet(np.ones(4), 200)
LOGITS = np.random.default_rng(0).normal(size=(200, 4)) * 3
HELD = {"h.csv": pairs(good())}
WITH_P = ["advise", "h.csv", "--label", "y", "--probabilities", "p.npz"]
ADVISE = ["advise", "h.csv", *PAIRS]
CORRECT = ["correct", "h.csv", *PAIRS, "--apply", "n.csv", "--out", "o.csv"]
NEW = {"n.csv": b"f,g\n1.5,a\n2.5,b\n"}
NARROW = "".join(f"{2 + k % 3}.{k % 10}\n" for k in range(60)).encode()

BAD: list[tuple[str, dict[str, bytes], list[str], str]] = [
    # label files
    ("empty", {"l.csv": b""}, ["advise", "l.csv"], "is empty"),
    ("header alone", {"l.csv": b"age\n"}, ["advise", "l.csv"], "header and no rows"),
    ("one label", {"l.csv": b"y\n3\n"}, ["advise", "l.csv"], "one label"),
    ("constant", {"l.csv": b"y\n2\n2\n2\n2\n"}, ["advise", "l.csv"], "all equal 2"),
    ("missing", {"l.csv": b"y\nNA\n\nnan\n"}, ["advise", "l.csv"], "no labels"),
    ("a word", {"l.csv": MANY + b"old\n"}, ["advise", "l.csv"], "'old' in line 101"),
    ("decimal comma", {"l.csv": b"y;z\n1,5;a\n2,5;b\n"}, ["advise", "l.csv:y"], "'1,5' in line 2"),
    ("pipes", {"l.csv": b"a|b\n1|2\n3|4\n"}, ["advise", "l.csv"], "'1|2'"),
    ("infinite", {"l.csv": b"y\n1\ninf\n2\n"}, ["advise", "l.csv"], "infinite"),
    ("huge", {"l.csv": b"y\n1\n1e300\n2\n"}, ["advise", "l.csv"], "double precision"),
    ("overflow", {"l.csv": b"y\n1\n1e999\n2\n"}, ["advise", "l.csv"], "infinite"),
    ("ragged", {"l.csv": b"a,b\n1,2\n3,4,5\n"}, ["advise", "l.csv:a"], "3 cells in line 3"),
    ("two columns", {"l.csv": b"a,b\n1,2\n3,4\n"}, ["advise", "l.csv"], "2 numeric columns"),
    ("unknown column", {"l.csv": b"a,b\n1,2\n3,4\n"}, ["advise", "l.csv:c"], "no column 'c'"),
    ("duplicate column", {"l.csv": b"a,a\n1,2\n3,4\n"}, ["advise", "l.csv:a"], "2 columns named 'a'"),
    ("words", {"l.csv": b"a,b\nx,u\ny,v\n"}, ["advise", "l.csv"], "no numeric column"),
    ("utf-16", {"l.csv": "y\n1\n2\n".encode("utf-16")}, ["advise", "l.csv"], "UTF-16"),
    ("latin", {"l.csv": b"\xe9ge\n1\n2\n"}, ["advise", "l.csv"], "UTF-8"),
    ("zipped", {"l.csv": gzip.compress(b"y\n1\n2\n")}, ["advise", "l.csv"], "gzip"),
    ("binary", {"l.csv": b"y\n1\x00\n2\n"}, ["advise", "l.csv"], "not text"),
    ("pickle", {"l.npy": npy(np.array([1, "a", None], dtype=object), allow_pickle=True)}, ["advise", "l.npy"], "pickled"),
    ("matrix", {"l.npy": npy(np.zeros((3, 2)))}, ["advise", "l.npy"], "shape 3x2"),
    ("scalar", {"l.npy": npy(np.array(3.0))}, ["advise", "l.npy"], "single number"),
    ("complex", {"l.npy": npy(np.array([1j, 2.0]))}, ["advise", "l.npy"], "not numbers"),
    ("cut", {"l.npy": npy(np.arange(9.0))[:-8]}, ["advise", "l.npy"], "not a whole npy"),
    ("broken npz", {"l.npz": b"PK\x03\x04 nothing"}, ["advise", "l.npz"], "not a whole npz"),
    ("broken parquet", {"l.parquet": b"PAR1 nothing PAR1"}, ["advise", "l.parquet"], "parquet"),
    ("absent", {}, ["advise", "absent/none.csv"], "no file"),
    # options
    ("noise below zero", {"l.csv": GOOD}, ["advise", "l.csv", "--noise", "-1"], "--noise -1"),
    ("no noise", {"l.csv": GOOD}, ["advise", "l.csv", "--noise", "0"], "--noise 0"),
    ("nan noise", {"l.csv": GOOD}, ["advise", "l.csv", "--noise", "nan"], "--noise nan"),
    ("support reversed", {"l.csv": GOOD}, ["advise", "l.csv", "--support", "3", "1"], "lower end first"),
    ("support too short", {"l.csv": GOOD}, ["advise", "l.csv", "--support", "1", "9"], "outside the support"),
    ("seed", {"l.csv": GOOD}, ["advise", "l.csv", "--seed", "x"], "--seed x"),
    ("narrow target", {"l.csv": GOOD, "t.csv": NARROW}, ["advise", "l.csv", "--target", "t.csv"], "runs from 2"),
    ("target absent", {"l.csv": GOOD}, ["advise", "l.csv", "--target", "absent.csv"], "no file"),
    ("target negative", {"l.csv": GOOD}, ["advise", "l.csv", "--target", "y - 3"], "negative"),
    ("target injected", {"l.csv": GOOD}, ["advise", "l.csv", "--target", "__import__('os')"], "__import__"),
    ("json folder absent", {"l.csv": GOOD}, ["advise", "l.csv", "--json", "absent/x.json"], "cannot write"),
    ("json is a folder", {"l.csv": GOOD}, ["advise", "l.csv", "--json", "."], "is a folder"),
    ("out is a file", {"l.csv": GOOD}, ["advise", "l.csv", "--out", "l.csv"], "cannot make a folder"),
    ("unknown option", {"l.csv": GOOD}, ["advise", "l.csv", "--frequency"], "frequency"),
    ("no command", {}, [], "required"),
    ("unknown command", {}, ["advice"], "advice"),
    ("prediction twice", {**HELD, **classes(EVEN)}, [*ADVISE, "--probabilities", "p.npz"], "give one of them"),
    ("prediction without label", HELD, ["advise", "h.csv", "--prediction", "f"], "without --label"),
    ("label without prediction", HELD, ["advise", "h.csv", "--label", "y"], "without predictions"),
    ("one column for both", HELD, ["advise", "h.csv", "--label", "y", "--prediction", "y"], "name two columns"),
    ("noise with pairs", HELD, [*ADVISE, "--noise", "1"], "leave it out"),
    ("EM without pairs", {"l.csv": GOOD}, ["advise", "l.csv", "--target", "predictions:l.csv"], "held-out pairs"),
    # pairs
    ("constant predictions", {"h.csv": pairs([(a, 3) for a, _ in good()])}, ADVISE, "predictions that all equal 3"),
    ("constant labels", {"h.csv": pairs([(3, b) for _, b in good()])}, ADVISE, "all equal 3"),
    ("swapped", {"h.csv": pairs([(b, a) for a, b in good(2000)])}, ADVISE, "look swapped"),
    ("missing label", {"h.csv": pairs([*good(), ("", 1.0)])}, ADVISE, "misses a label or prediction in 1 of 201 rows"),
    ("missing prediction", {"h.csv": pairs([(1.0, "nan"), *good()])}, ADVISE, "first row 1"),
    ("infinite prediction", {"h.csv": pairs([*good(), (1.0, "inf")])}, ADVISE, "infinite predictions"),
    ("infinite label", {"h.csv": pairs([*good(), ("inf", 1.0)])}, ADVISE, "infinite labels"),
    ("few rows", {"h.csv": pairs(good()[:20])}, ADVISE, "20 held-out pairs"),
    ("no such label", HELD, ["advise", "h.csv", "--label", "z", "--prediction", "f"], "no column 'z'"),
    ("no such prediction", HELD, ["advise", "h.csv", "--label", "y", "--prediction", "z"], "no column 'z'"),
    ("two columns of one name", {"h.csv": b"y,f,f\n1,2,3\n4,5,6\n"}, ADVISE, "2 columns named 'f'"),
    ("word in predictions", {"h.csv": pairs([*good(), (1.0, "high")])}, ADVISE, "'high' in line 202"),
    ("outside training", {**HELD, "t.csv": NARROW}, [*ADVISE, "--training", "t.csv"], "outside the training labels"),
    ("training constant", {**HELD, "t.csv": b"y\n2\n2\n2\n"}, [*ADVISE, "--training", "t.csv"], "all equal 2"),
    ("training absent", HELD, [*ADVISE, "--training", "t.csv"], "no file"),
    ("target where training has none", {**HELD, "t.csv": b"y\n" + b"1\n7\n" * 40}, [*ADVISE, "--support", "-9", "9"], "no training labels"),
    ("target labels outside", {**HELD, "t.csv": b"y\n" + b"1\n70\n" * 40}, [*ADVISE, "--target", "t.csv"], "target labels lie outside"),
    ("target zero", HELD, [*ADVISE, "--target", "0*y"], "zero"),
    ("target nonsense", HELD, [*ADVISE, "--target", "flat"], "--target"),
    ("target too deep", HELD, [*ADVISE, "--target", "(" * 90 + "y" + ")" * 90 + "+" * 60 + "y"], "--target"),
    ("target predictions absent", HELD, [*ADVISE, "--target", "predictions:absent.csv"], "no file"),
    ("few target predictions", {**HELD, "n.npy": npy(np.arange(5.0))}, [*ADVISE, "--target", "predictions:n.npy"], "5 target predictions"),
    ("support of pairs", HELD, [*ADVISE, "--support", "0", "1"], "outside the support"),
    ("no such score", HELD, [*ADVISE, "--score", "cubed"], "invalid choice: 'cubed'"),
    ("score of labels alone", {"l.csv": GOOD}, ["advise", "l.csv", "--score", "absolute"], "with labels alone"),
    # probabilities
    ("not summing to one", {**HELD, **classes(EVEN * 0.9)}, WITH_P, "sums to 0.9"),
    ("logits", {**HELD, **classes(LOGITS)}, WITH_P, "logits"),
    ("log-probabilities", {**HELD, **classes(np.log(EVEN))}, WITH_P, "logits or log-probabilities"),
    ("wrong edges", {**HELD, **classes(EVEN, [0, 4, 8])}, WITH_P, "4 classes have 5 edges"),
    ("edges fall", {**HELD, **classes(EVEN, [0, 4, 3, 6, 8])}, WITH_P, "do not increase"),
    ("edges elsewhere", {**HELD, **classes(EVEN, [10, 14, 23, 26, 28])}, WITH_P, "unit of the labels"),
    ("nan probabilities", {**HELD, **classes(EVEN * np.nan)}, WITH_P, "nan"),
    ("one row of probabilities", {**HELD, **classes(EVEN[0])}, WITH_P, "shape"),
    ("other rows", {**HELD, **classes(EVEN[:50])}, WITH_P, "50 rows"),
    ("no edges", {**HELD, "p.npz": npz(probabilities=EVEN)}, WITH_P, "no array 'edges'"),
    ("no probabilities", {**HELD, "p.npz": npz(edges=np.arange(5.0))}, WITH_P, "no array 'probabilities'"),
    ("an npy", {**HELD, "p.npz": npy(EVEN)}, WITH_P, "one array"),
    ("probabilities absent", HELD, WITH_P, "no file"),
    ("probabilities broken", {**HELD, "p.npz": b"PK\x03\x04"}, WITH_P, "cannot be read"),
    # correct
    ("correct labels alone", {"l.csv": GOOD, **NEW}, ["correct", "l.csv", "--apply", "n.csv", "--out", "o.csv"], "without predictions"),
    ("apply absent", HELD, CORRECT, "no file"),
    ("apply without the column", {**HELD, "n.csv": b"g\n1\n2\n"}, CORRECT, "no column 'f'"),
    ("apply with a gap", {**HELD, "n.csv": b"f,g\n1,2\n,3\n"}, CORRECT, "first in row 2"),
    ("column exists", {**HELD, **NEW}, [*CORRECT, "--column", "g"], "'g' already"),
    ("out folder absent", {**HELD, **NEW}, [*CORRECT[:-1], "absent/o.csv"], "cannot write"),
    ("no out", {**HELD, **NEW}, CORRECT[:-2], "--out"),
]  # fmt: skip


def test_the_table_is_long() -> None:
    assert len(BAD) >= 60 + 28


@pytest.mark.parametrize(("content", "arguments", "words"), [case[1:] for case in BAD], ids=[case[0] for case in BAD])
def test_bad_input_is_one_line(content, arguments, words, tmp_path, capsys, monkeypatch) -> None:
    for name, data in content.items():
        (tmp_path / name).write_bytes(data)
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    code, out, err = call(capsys, *arguments)
    assert code == 2, out
    assert out == ""
    assert err.count("\n") == 1
    assert words in err
    assert ": " in err
    assert len(err) < 500
    assert sorted(tmp_path.rglob("*")) == before
