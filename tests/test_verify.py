"""`python -m numerics.verify` from end to end."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

import theory.price
from numerics import checks
from numerics.laws import densities
from numerics.records import Check, EvidenceKind
from numerics.verify import falsify, table
from numerics.verify.__main__ import main, parser
from numerics.verify.request import Request, from_arguments
from numerics.verify.result_summary import verdict
from theory import words
from theory.statement import Statement
from theory.terms import KL, Y, p, q

KINDS_OF_EVIDENCE = get_args(EvidenceKind)
COMMAND = [sys.executable, "-m", "numerics.verify"]
ROOT = Path(__file__).resolve().parent.parent
REQUIRED = ("schema", "density", "channel", "classes", "versions", "seeds", "quantities", "checks", "status")
QUANTITIES = ("kl_labels", "kl_inputs", "price", "squared_error_price", "balanced_risk", "per_classes")
PER_CLASSES = ("classes", "class_part", "within_part", "remainder", "corrected_excess", "corrected_squared_error")
CHECK = ("result", "claim", "kind", "evidence", "theory", "numeric", "error", "tolerance", "status", "note")


def shell(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, cwd=ROOT, timeout=300, **options)


def reported(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    """Exit code and report of a run in this process."""
    code = main([*arguments, "--json", "-"])
    return code, json.loads(capsys.readouterr().out)


def assert_schema(made: dict[str, Any]) -> None:
    assert not set(REQUIRED) - set(made)
    assert not set(QUANTITIES) - set(made["quantities"])
    assert made["quantities"]["per_classes"]
    for entry in made["quantities"]["per_classes"]:
        assert not set(PER_CLASSES) - set(entry)
    for check in made["checks"]:
        assert not set(CHECK) - set(check)
        assert check["evidence"] in KINDS_OF_EVIDENCE
        assert check["status"] in ("holds", "fails", "not_applicable")
        assert check["note"] or check["status"] != "not_applicable"


@pytest.mark.parametrize("density", densities.NAMES)
def test_named_densities_hold(density: str, capsys: pytest.CaptureFixture[str]) -> None:
    """All results for one density with jumps and one without; two for the others, whose checks the tests of the results run in full."""
    only = () if density in ("severe", "skewed") else ("price", "offset")
    code, made = reported(
        capsys, "--density", density, "--no-fit", "--classes", "4", "16", *(("--only", *only) if only else ())
    )
    assert code == 0
    assert made["status"] == "holds"
    assert made["classes"] == [4, 16]
    assert_schema(made)
    assert {check["result"] for check in made["checks"]} == set(only or checks.RESULTS)
    assert {check["evidence"] for check in made["checks"]} >= {"symbolic", "certified", "quadrature"}


def test_reference_table_of_the_sheet(capsys: pytest.CaptureFixture[str]) -> None:
    """The table under `rates` in the theory sheet, to all printed digits."""
    arguments = ("--density", "exp(-6*y)", "--noise", "0.1", "--no-fit", "--classes", "2", "8", "32", "64")
    code, made = reported(capsys, *arguments, "--only", "price", "offset")
    assert code == 0
    numbers = made["quantities"]
    printed = [f"{numbers['kl_labels']:.4f}", f"{numbers['kl_inputs']:.4f}", f"{numbers['price']:.6f}"]
    assert [*printed, f"{numbers['squared_error_price']:.3e}", f"{numbers['balanced_risk']:.3e}"] == [
        "1.2058",
        "1.0585",
        "0.147269",
        "2.614e-03",
        "8.194e-03",
    ]
    formats = {
        2: (".6f", ".3e", ".3e", None, ".3e"),
        8: (".6f", ".3e", ".3e", ".3e", ".3e"),
        32: (".6f", ".3e", ".5e", ".5e", ".4e"),
        64: (".6f", ".3e", ".5e", ".5e", ".4e"),
    }
    table_of_the_sheet = {
        2: ("0.032683", "1.146e-01", "2.123e-01", None, "1.481e-03"),
        8: ("0.126607", "2.066e-02", "2.279e-02", "2.333e-02", "5.311e-06"),
        32: ("0.145817", "1.453e-03", "1.46227e-03", "1.46441e-03", "2.1464e-08"),
        64: ("0.146904", "3.654e-04", "3.66050e-04", "3.66184e-04", "1.3448e-09"),
    }
    columns = ("class_part", "within_part", "corrected_excess", "remainder", "corrected_squared_error")
    for entry in numbers["per_classes"]:
        K = entry["classes"]
        for name, form, told in zip(columns, formats[K], table_of_the_sheet[K], strict=True):
            if form is not None:
                assert format(entry[name], form) == told, (K, name)
    assert made["central"][0]["verdict"] == "hurts"


@pytest.mark.parametrize("name", ["agedb_ages.csv", "stsb_scores.csv"])
def test_real_labels(name: str, real_data: Any, capsys: pytest.CaptureFixture[str]) -> None:
    code, made = reported(capsys, "--density", f"labels:{real_data(name)}", "--classes", "4", "16")
    assert code == 0
    assert_schema(made)
    assert made["law"]["discrete"] == (name == "agedb_ages.csv")
    assert made["law"]["labels"]["words"]
    for row in made["bin_masses"]:
        assert sum(row["empirical"]) == pytest.approx(1, abs=1e-12)
        # Atoms are the labels themselves; a kernel smooths, by how much is said.
        assert row["largest_gap"] < (1e-12 if made["law"]["discrete"] else 1)
    assert {check["evidence"] for check in made["checks"] if check["status"] == "holds"} == set(KINDS_OF_EVIDENCE)


def test_labels_that_never_occur_are_said_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "ages.csv"
    path.write_text("age\n" + "".join(f"{1 + i % 7}\n" for i in range(400)))
    code = main(["--density", f"labels:{path}:age", "--support", "0", "9", "--no-fit", "--classes", "2", "5"])
    text = capsys.readouterr().out
    assert code == 0
    assert "infinite: labels that are never sampled" in text
    assert not any(bare in text.split() for bare in ("inf", "nan", "-inf"))
    code, made = reported(capsys, "--density", f"labels:{path}", "--support", "0", "9", "--no-fit", "--classes", "2")
    assert made["quantities"]["price"] == "infinite"
    assert 0 < made["quantities"]["squared_error_price"] < 81


def test_fits_stand_beside_the_theory(fitted_run: Path) -> None:
    """The four numbers of the question for each K, and every fitted check within its interval."""
    made = json.loads((fitted_run / "report.json").read_text())
    assert made["status"] == "holds"
    assert made["seeds"] == 8
    for row in made["central"]:
        plain, corrected = row["extra_measured"], row["corrected_measured"]
        assert plain["low"] - abs(plain["gap"]) <= row["extra_predicted"] <= plain["high"] + abs(plain["gap"])
        assert corrected["low"] - abs(corrected["gap"]) <= row["corrected_predicted"]
        assert corrected["mean"] < plain["mean"]
    fitted = [check for check in made["checks"] if check["evidence"] == "fitted"]
    assert {check["result"] for check in fitted} >= {"price", "class_split", "offset", "squared_error", "risk"}
    assert all(check["error"] > 0 for check in fitted)


FITTED = ("--density", "exp(-3*y)", "--classes", "4", "8", "--seed", "3", "--quiet")


@pytest.fixture(scope="module")
def fitted_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a report, arrays and figures of a run with fits."""
    folder = tmp_path_factory.mktemp("verify") / "new" / "out"
    done = shell(*FITTED, "--out", str(folder))
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""
    return folder


def test_same_seed_same_bytes(fitted_run: Path, tmp_path: Path) -> None:
    assert shell(*FITTED, "--out", str(tmp_path)).returncode == 0
    names = sorted(path.name for path in fitted_run.iterdir())
    assert {"report.json", "arrays.npz", "offset.pdf", "offset.png"} <= set(names)
    assert names == sorted(path.name for path in tmp_path.iterdir())
    for name in names:
        assert (fitted_run / name).read_bytes() == (tmp_path / name).read_bytes(), name


def test_report_has_no_time_and_figures_redraw_from_it(fitted_run: Path) -> None:
    text = (fitted_run / "report.json").read_text()
    assert "seconds" not in text
    assert str(ROOT) not in text
    before = (fitted_run / "price.pdf").read_bytes()
    redrawn = subprocess.run([sys.executable, "-m", "figures", str(fitted_run)], cwd=ROOT, check=True)
    assert redrawn.returncode == 0
    assert (fitted_run / "price.pdf").read_bytes() == before
    arrays = np.load(fitted_run / "arrays.npz")
    assert arrays["means.x"].ndim == 1
    assert arrays["map.extra_error"].shape == (len(arrays["map.x"]), len(arrays["map.y"]))


PLAIN = {**os.environ, "FORCE_COLOR": "", "COLUMNS": "40"}
"""A terminal's settings must not reach a pipe."""
MOST_LINES, MOST_COLUMNS = 50, 100


def assert_short(text: str) -> None:
    """Fits on one screen: no more than 50 lines of 100 columns, no control codes, nothing at the ends of lines."""
    lines = text.splitlines()
    assert len(lines) <= MOST_LINES
    assert max(map(len, lines)) <= MOST_COLUMNS, max(lines, key=len)
    assert "\x1b" not in text
    assert all(line == line.rstrip() for line in lines)


def test_the_summary_fits_on_a_screen(capsys: pytest.CaptureFixture[str], real_data: Any) -> None:
    """One line a result, the table for each K, the verdict last; for named densities as for labels with much to say."""
    done = shell(env=PLAIN)
    assert done.returncode == 0
    assert done.stderr == ""
    assert_short(done.stdout)
    lines = done.stdout.splitlines()
    assert lines[0].endswith("?")
    assert lines[-1].startswith("HOLDS: skewed: ")
    assert [line.split()[0] for line in lines if " of " in line][1:-1] == list(checks.RESULTS)
    for source in (real_data("agedb_ages.csv"), real_data("stsb_scores.csv")):
        assert main(["--density", f"labels:{source}", "--no-fit"]) == 0
        assert_short(capsys.readouterr().out)


def test_failures_are_in_the_summary_and_cut_short(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    true = theory.price.RESULT
    dropped = Statement(words.price, "=", KL(q, p, Y))
    claims = (replace(c, lines=(dropped,)) if c.name == "label_minus_input" else c for c in true.claims)
    monkeypatch.setattr(theory.price, "RESULT", replace(true, claims=tuple(claims)))
    assert main(["--no-fit", "--only", "price", "--classes", "3", "--quiet"]) == 1
    text = capsys.readouterr().out
    assert "FAILS: label_minus_input" in text
    assert text.splitlines()[-1].startswith("FAILS: skewed")
    code, made = reported(capsys, "--no-fit", "--only", "price", "--classes", "3")
    assert (code, made["status"]) == (1, "fails")
    assert main(["--no-fit", "--only", "price", "--classes", "3", "--quiet", "--falsify"]) == 1


def test_falsify_rejects_every_wrong_version(capsys: pytest.CaptureFixture[str]) -> None:
    """On a few results; `tests/test_NAME.py` has every check of every result rejected."""
    assert main(["--falsify", "--no-fit", "--classes", "4", "--only", "ratio_error", "transfer"]) == 0
    text = capsys.readouterr().out
    assert "missed" not in text
    assert text.splitlines()[-1].startswith("HOLDS: ")
    code, report = reported(capsys, "--falsify", "--classes", "4", "--density", "severe", "--only", "price")
    assert code == 0
    assert any("fitted" in row["evidence"] for row in report["falsifiers"])
    code, report = reported(
        capsys, "--falsify", "--no-fit", "--classes", "4", "--density", "uniform", "--only", "price"
    )
    assert (code, report["status"]) == (0, "holds")
    rows = report["falsifiers"]
    assert all(row["caught"] and row["by"] for row in rows)
    numeric = [row for row in rows if row["evidence"] != ["symbolic"]]
    assert min(len(numeric), len(rows) - len(numeric)) >= 100


def test_falsify_ends_and_says_what_it_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A result whose wrong versions take for ever: the run ends, names the result and does not claim that each was rejected."""
    monkeypatch.setattr(falsify.numeric, "__defaults__", (0.3,))
    monkeypatch.setattr(checks, "wrong_versions", lambda *_: (("harmless", "wrong", []) for _ in iter(int, 1)))
    assert main(["--falsify", "--no-fit", "--only", "tilt", "--classes", "3", "--quiet"]) == 1
    assert "tilt: not decided: 0.3 s of processor time are spent" in capsys.readouterr().out


def test_a_missed_wrong_version_fails_the_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(checks, "wrong_versions", lambda *_: [("harmless", "nothing is wrong", [])])
    assert main(["--falsify", "--no-fit", "--only", "tilt", "--classes", "3", "--quiet"]) == 1
    assert "MISSED: tilt: nothing is wrong" in capsys.readouterr().out


def test_kinds_agree_with_the_ledger(capsys: pytest.CaptureFixture[str]) -> None:
    """Every claim is proved and has a numeric check of its own kind; a claim of several lines may have checks of others besides."""
    from theory import ledger

    _, made = reported(capsys, "--no-fit", "--classes", "4")
    kinds = {(name, claim.name, claim.kind) for name in checks.RESULTS for claim in ledger.load(name).claims}
    numeric = [check for check in made["checks"] if check["evidence"] != "symbolic"]
    missing = kinds - {(check["result"], check["claim"], check["kind"]) for check in numeric}
    assert not missing, f"claims without a numeric check of their kind: {sorted(missing)}"


def test_interrupt_leaves_nothing(tmp_path: Path) -> None:
    out, path = tmp_path / "out", tmp_path / "report.json"
    process = subprocess.Popen(
        [*COMMAND, "--out", str(out), "--json", str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        start_new_session=True,
    )
    # Once the prover runs beside it, the command is past its imports and at work.
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    deadline = time.monotonic() + 60
    while children.exists() and not children.read_text() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(1.0 if children.exists() else 4.0)
    os.killpg(process.pid, signal.SIGINT)
    output, problems = process.communicate(timeout=60)
    assert process.returncode == 130
    assert problems == "python -m numerics.verify: interrupted\n"
    assert output == ""
    assert list(tmp_path.iterdir()) == []


def test_help_is_light() -> None:
    """Nothing heavy is imported to parse arguments; the time itself is measured by `python -m benchmarks verify`."""
    program = (
        "import sys; from numerics.verify.__main__ import parser; parser().format_help();"
        "print(*(m for m in ('jax', 'numpy', 'scipy', 'sympy', 'matplotlib', 'rich', 'flint') if m in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == ""


def test_defaults() -> None:
    assert from_arguments(parser().parse_args([])) == Request()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (3.0, "3"),
        (0.147269, "0.1472690"),
        (1.2058, "1.205800"),
        (123.456789, "123.4568"),
        (2.614e-3, "2.614000e-03"),
        (-0.5, "-0.5000000"),
        (float("inf"), "infinite"),
        (float("-inf"), "-infinite"),
        (float("nan"), "undefined"),
    ],
)
def test_numbers_in_words_and_digits(value: float, text: str) -> None:
    assert table.number(value) == text


def test_user_text_is_no_markup() -> None:
    stream = io.StringIO()
    table.show(table.console(stream), "labels:[red]x[/red] \x1b[31m")
    assert stream.getvalue() == "labels:[red]x[/red] \\x1b[31m\n"


def test_nothing_checked_is_no_success() -> None:
    skipped = Check("price", "p", "identity", "quadrature", 0, 0, 0, 0, "not_applicable", "words")
    assert verdict([]) == verdict([skipped]) == "fails"
