"""The store: what is finished stays, whatever happens; the resumed table is the undisturbed one, byte for byte."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
import study_fake

from numerics.study import execution
from numerics.study.job import Job
from numerics.study.store import Store, environment
from unskew.ground.refusals import InputError

HERE = Path(__file__).resolve().parent
FAKE = [sys.executable, str(HERE / "study_fake.py")]
GRID = [
    *("--setting", "clean", "noisy", "--sampling", "mild", "severe", "--classes", "4", "16"),
    *("--functions", "4", "--seeds", "2", "--arms", "reg", "reg_scaled", "reg_cls", "reg_cls_placebo"),
]


def variables(pause: float = 0.0, **more: str) -> dict[str, str]:
    return os.environ | {"FAKE_PAUSE": str(pause), "PYTHONPATH": str(HERE.parent)} | more


def finish(store: Path, out: Path, *more: str) -> subprocess.CompletedProcess[str]:
    arguments = [*FAKE, *GRID, "--store", str(store), "--out", str(out), *more]
    return subprocess.run(arguments, env=variables(), capture_output=True, text=True, check=False)


def jobs(count: int = 3) -> list[Job]:
    return [Job("clean", "severe", function, 0, 0, "reg") for function in range(count)]


def test_killed_at_random_moments_and_resumed_byte_for_byte(tmp_path: Path) -> None:
    store, seed = tmp_path / "killed.sqlite", random.Random(4)
    kills = finished = partial = 0
    while kills < 12:
        process = subprocess.Popen(
            [*FAKE, *GRID, "--store", str(store)],
            env=variables(0.03),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        # Every third time at any moment, else once some more work is in the store: how long a start takes depends on the machine.
        goal = 0 if kills % 3 == 0 else _rows(store) + seed.randint(1, 12)
        while process.poll() is None and _rows(store) < goal:
            time.sleep(0.005)
        time.sleep(seed.uniform(0.0, 0.4 if goal == 0 else 0.04))
        process.kill()
        finished += process.wait() == 0
        kills += 1
        partial += _rows(store) > 0 and not finished
        if finished:
            store.unlink()  # it was too fast: begin again, so that every kill falls into work
            finished = 0
    assert partial >= 5
    resumed = finish(store, tmp_path / "resumed")
    undisturbed = finish(tmp_path / "whole.sqlite", tmp_path / "whole")
    assert resumed.returncode == undisturbed.returncode == 0, resumed.stderr + undisturbed.stderr
    assert resumed.stdout == undisturbed.stdout
    for name in ("report.json", "table.csv", "runs.csv"):
        assert (tmp_path / "resumed" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_second_run_computes_nothing(tmp_path: Path) -> None:
    calls: list[int] = []

    def counting(chunk: Sequence[Job]) -> list[dict[str, object]]:
        calls.append(len(chunk))
        return study_fake.fake(chunk)

    chunks = [tuple(jobs(3)), tuple(Job("clean", "mild", function, 0, 0, "reg") for function in range(2))]
    with Store(tmp_path / "s.sqlite", 1) as store:
        first = execution.complete(chunks, store, execution.in_process(counting))
        assert calls == [3, 2]
        assert execution.complete(chunks, store, execution.in_process(counting)) == first
        assert calls == [3, 2]
    with Store(tmp_path / "s.sqlite", 2) as store:  # another engine trains again, and keeps what the first one wrote
        execution.complete(chunks, store, execution.in_process(counting))
        assert calls == [3, 2, 3, 2]
        assert store.other_engines() == 5


def test_a_chunk_that_lacks_one_result_runs_whole(tmp_path: Path) -> None:
    with Store(tmp_path / "s.sqlite", 1) as store:
        store.add(jobs(3)[:2], study_fake.fake(jobs(3)[:2]))
        assert execution.missing([tuple(jobs(3))], store) == [(0, tuple(jobs(3)))]


def test_first_result_stays_and_numbers_keep_their_bits(tmp_path: Path) -> None:
    job = jobs(1)
    with Store(tmp_path / "s.sqlite", 1) as store:
        store.add(job, [{"a": 0.1 + 0.2, "b": float("inf"), "c": 5e-324, "d": True}])
        store.add(job, [{"a": 9.0}])
        assert store.get(job)[job[0].text()] == {"a": 0.1 + 0.2, "b": float("inf"), "c": 5e-324, "d": True}


def test_the_store_knows_which_environments_wrote_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store(tmp_path / "s.sqlite", 1) as store:
        assert store.environments() == []
        store.add(jobs(1), [{"a": 1.0}])
        store.add(jobs(2)[1:], [{"a": 1.0}])
        assert store.environments() == [environment()]
        monkeypatch.setattr("numerics.study.store.environment", lambda: "another")
        store.add(jobs(3)[2:], [{"a": 1.0}])
        assert store.environments() == sorted(["another", environment()])


def test_two_processes_into_one_store(tmp_path: Path) -> None:
    store = tmp_path / "both.sqlite"
    arguments = [*FAKE, *GRID, "--store", str(store), "--json", "-", "--quiet"]
    both = [
        subprocess.Popen(arguments, env=variables(0.02), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    outputs = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    assert outputs[0][0] == outputs[1][0]
    connection = sqlite3.connect(store)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_ending_politely_says_what_is_kept(tmp_path: Path, number: signal.Signals) -> None:
    store = tmp_path / "s.sqlite"
    process = subprocess.Popen(
        [*FAKE, *GRID, "--store", str(store)],
        env=variables(0.1),
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    while not store.exists() or not _rows(store):
        time.sleep(0.02)
        assert process.poll() is None
    process.send_signal(number)
    output, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in error
    assert "the same command goes on from there" in error
    assert _rows(store) > 0
    assert output == ""


def _rows(path: Path) -> int:
    try:
        return int(sqlite3.connect(path).execute("SELECT count(*) FROM results").fetchone()[0])
    except sqlite3.DatabaseError:
        return 0


def test_full_disk_is_one_line_and_loses_nothing(tmp_path: Path) -> None:
    store = tmp_path / "s.sqlite"
    # A file may have 96 KiB (bash counts in KiB), a run writes more; the shell sets it, since a process with JAX must not fork.
    small = ["bash", "-c", 'trap "" XFSZ; ulimit -f 96; exec "$@"', "small"]
    arguments = [*small, *FAKE, *GRID, "--store", str(store), "--quiet"]
    full = subprocess.run(arguments, env=variables(), capture_output=True, text=True, check=False)
    assert full.returncode == 2, full.stderr
    assert full.stderr.count("\n") == 1
    assert "finished chunks in it are kept" in full.stderr
    kept = _rows(store)
    assert kept > 0
    assert finish(store, tmp_path / "a").stdout == finish(tmp_path / "whole.sqlite", tmp_path / "b").stdout
    assert _rows(store) > kept


@pytest.mark.parametrize("schema", [1, 99])
def test_other_schema_is_refused_with_a_remedy(tmp_path: Path, schema: int) -> None:
    path = tmp_path / "s.sqlite"
    Store(path, 1).close()
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {schema}")
    connection.close()
    with pytest.raises(InputError, match=rf"schema {schema}.*name a new file"):
        Store(path, 1)


def everything(path: Path) -> tuple[object, ...]:
    """All that a store says."""
    with Store(path, 1) as store:
        return store.get(jobs(3)), store.rate(), store.environments(), store.other_engines()


def test_a_changed_digit_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    with Store(path, 1) as store:
        store.add(jobs(3), study_fake.fake(jobs(3)), 1.0, 2.0)
    for statement in (
        "UPDATE results SET result = replace(result, '\"test_variance\":1.0', '\"test_variance\":7.0')",
        "UPDATE speeds SET seconds = 20",
        "UPDATE environments SET words = 'another'",
        "UPDATE results SET engine = 2",
    ):
        copy = tmp_path / "copy.sqlite"
        copy.write_bytes(path.read_bytes())
        connection = sqlite3.connect(copy)
        assert connection.execute(statement).rowcount
        connection.commit()
        connection.close()
        with pytest.raises(InputError, match="not as it was written"):
            everything(copy)


def corrupted(content: bytes, seed: int) -> bytes:
    """The file after a disk has changed it: a bit, some bytes, a page of zeros, two pages exchanged, the end cut off."""
    dice, page = random.Random(seed), 4096
    at = dice.randrange(len(content))
    match seed % 5:
        case 0:
            return content[:at] + bytes([content[at] ^ 1 << dice.randrange(8)]) + content[at + 1 :]
        case 1:
            return content[:at] + dice.randbytes(dice.randint(1, 64)) + content[at + 64 :]
        case 2:
            start = at // page * page
            return content[:start] + bytes(page) + content[start + page :]
        case 3:
            pages = [content[start : start + page] for start in range(0, len(content), page)]
            one, other = dice.sample(range(len(pages)), 2)
            pages[one], pages[other] = pages[other], pages[one]
            return b"".join(pages)
        case _:
            return content[:at]


def test_whatever_a_disk_changes_the_store_is_right_or_refused(tmp_path: Path) -> None:
    path, copy = tmp_path / "s.sqlite", tmp_path / "copy.sqlite"
    chunks = [
        tuple(Job("clean", sampling, f, s, 0, "reg") for f in range(5) for s in range(4))
        for sampling in ("mild", "severe")
    ]
    with Store(path, 1) as store:
        expected = execution.complete(chunks, store, execution.in_process(study_fake.fake))
        environments = store.environments()
    whole, outcomes = path.read_bytes(), {"right": 0, "refused": 0}
    for seed in range(400):
        for left in tmp_path.glob("copy.sqlite*"):
            left.unlink()
        copy.write_bytes(corrupted(whole, seed))
        try:
            with Store(copy, 1) as store:
                assert execution.complete(chunks, store, execution.in_process(study_fake.fake)) == expected
                assert store.environments() == environments
                store.rate(), store.other_engines()
            outcomes["right"] += 1
        except InputError:
            outcomes["refused"] += 1
    # Both happen: a check that refused every file, or none, would say nothing.
    assert outcomes["right"] > 20, outcomes
    assert outcomes["refused"] > 100, outcomes


def test_what_is_no_store_is_refused_and_left_alone(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("my only copy\n" * 200)
    with pytest.raises(InputError, match="not a readable database"):
        Store(text, 1)
    assert text.read_text() == "my only copy\n" * 200
    other = tmp_path / "other.sqlite"
    connection = sqlite3.connect(other)
    connection.execute("CREATE TABLE mine (a)")
    connection.commit()
    connection.close()
    before = other.read_bytes()
    with pytest.raises(InputError, match="something else"):
        Store(other, 1)
    assert other.read_bytes() == before
    with pytest.raises(InputError, match="is a folder"):
        Store(tmp_path, 1)
    with pytest.raises(InputError, match="does not exist"):
        Store(tmp_path / "absent" / "s.sqlite", 1)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_unwritable_store_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    Store(path, 1).close()
    path.chmod(0o444)
    with pytest.raises(InputError, match="cannot write the store"):
        Store(path, 1)
