"""Standard streams, environment and signals in any state: the right exit code, one line, no traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PRINTS = """
import sys
from unskew.ground import command
from unskew.ground.refusals import InputError
def main():
    {}
    return 0
command.run('prog', main)
"""
LITTLE = PRINTS.format("print('\\u03bb \\u2264 1')")
MUCH = PRINTS.format("[print('\\u03bb \\u2264 1' * 100) for _ in range(10_000)]")
REFUSES = PRINTS.format("raise InputError('\\u03bb \\u2264 \\udcff', 'mend it')")
JSON = PRINTS.format("__import__('unskew.ground.files').ground.files.write_json('-', {'\\u03bb': 1})")
READS = PRINTS.format("__import__('unskew.label_files.reader').label_files.reader.read_column('-')")
RICH = PRINTS.format("import numerics.verify.table as t; [t.show(t.console(), 'row' * 30) for _ in range(5_000)]")
COMPUTES = PRINTS.format("sum([[0] * 10**9 for _ in range(10**6)], [])")


def shell(line: str, code: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """A line of bash in which `prog` runs the code; its exit code is that of `prog`."""
    script = f'prog() {{ {sys.executable} -c "$CODE" "$@"; }}; {line}'
    environment = os.environ | {"CODE": code, "PYTHONPATH": str(ROOT)} | variables
    return subprocess.run(
        ["bash", "-c", script], env=environment, capture_output=True, encoding="utf-8", errors="replace", timeout=120
    )


STREAMS = [
    ("prog", LITTLE, {}, 0, "λ ≤ 1\n", ""),
    *(
        ("prog", LITTLE, {"PYTHONIOENCODING": name}, 0, "? ? 1\n", "")
        for name in ("ascii", "latin-1", "cp1252", "iso8859-5")
    ),
    ("prog", LITTLE, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, 0, "? ? 1\n", ""),
    *(
        ("prog", REFUSES, {"PYTHONIOENCODING": name}, 2, "", "prog: ")
        for name in ("ascii", "latin-1", "cp1252", "utf-8")
    ),
    *(("prog", JSON, {"PYTHONIOENCODING": name}, 0, '{\n "λ": 1\n}\n', "") for name in ("ascii", "cp1252", "utf-8")),
    ("prog >&-", LITTLE, {}, 0, "", ""),
    ("prog <&-", LITTLE, {}, 0, "λ ≤ 1\n", ""),
    ("prog 2>&-", LITTLE, {}, 0, "λ ≤ 1\n", ""),
    ("prog <&- >&-", LITTLE, {}, 0, "", ""),
    ("prog >&- 2>&-", LITTLE, {}, 0, "", ""),
    ("prog <&- >&- 2>&-", LITTLE, {}, 0, "", ""),
    ("prog >&-", JSON, {}, 0, "", ""),
    ("prog <&- >&- 2>&-", REFUSES, {}, 2, "", ""),
    ("prog 2>&-", REFUSES, {}, 2, "", ""),
    ("prog <&-", READS, {}, 2, "", "standard input is closed"),
    ("prog </dev/null", READS, {}, 2, "", "is empty"),
    ("prog >/dev/full", LITTLE, {}, 2, "", "prog: cannot write standard output: No space left on device"),
    ("prog >/dev/full", MUCH, {}, 2, "", "prog: cannot write standard output: No space left on device"),
    ("prog >/dev/full", JSON, {}, 2, "", "prog: cannot write standard output: No space left on device"),
    ("prog 2>/dev/full", REFUSES, {}, 2, "", ""),
    ("prog >/dev/full 2>/dev/full", MUCH, {}, 2, "", ""),
    ("prog 2>/dev/full", LITTLE, {}, 0, "λ ≤ 1\n", ""),
    ("prog | head -1 | wc -l; exit ${PIPESTATUS[0]}", MUCH, {}, 141, "1\n", ""),
    ("prog | head -1 | wc -l; exit ${PIPESTATUS[0]}", RICH, {}, 141, "1\n", ""),
    ("prog 2>&1 | true; exit ${PIPESTATUS[0]}", MUCH, {}, 141, "", ""),
    ("prog | cat; exit ${PIPESTATUS[0]}", LITTLE, {}, 0, "λ ≤ 1\n", ""),
    ("ulimit -v 400000; prog", COMPUTES, {}, 2, "", "prog: memory is full"),
]


@pytest.mark.parametrize(
    ("line", "code", "variables", "expected", "output", "error"),
    STREAMS,
    ids=[f"{number} {row[0]} {' '.join(row[2].values())}" for number, row in enumerate(STREAMS)],
)
def test_streams(line: str, code: str, variables: dict[str, str], expected: int, output: str, error: str) -> None:
    result = shell(line, code, **variables)
    assert result.returncode == expected, result.stderr
    assert result.stdout == output
    assert error in result.stderr
    assert result.stderr.count("\n") == bool(error)


def test_a_store_is_not_what_a_closed_stream_prints_to(tmp_path: Path) -> None:
    """The next file that is opened would get the descriptor of a closed standard output."""
    code = PRINTS.format("stream = open('file', 'w'); print('printed'); stream.write('kept')")
    result = shell(f"cd {tmp_path}; prog >&-", code)
    assert (result.returncode, (tmp_path / "file").read_text()) == (0, "kept")


COMMANDS = [
    ("ascii", "numerics.verify --no-fit --only price", 0),
    ("cp1252", "numerics.verify --no-fit --only nonsense", 2),
    ("ascii", "theory gibbs", 0),
    ("latin-1", "numerics.study --preset smoke --dry-run --store :memory:", 0),
]


@pytest.mark.parametrize(("encoding", "words", "expected"), COMMANDS, ids=[row[1] for row in COMMANDS])
def test_commands_where_letters_cannot_be_printed(encoding: str, words: str, expected: int) -> None:
    result = subprocess.run(
        [sys.executable, "-m", *words.split()],
        env=os.environ | {"PYTHONIOENCODING": encoding, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        encoding=encoding,
        timeout=120,
    )
    assert result.returncode == expected, result.stderr
    assert "Traceback" not in result.stderr


ENVIRONMENTS = [
    ({"JAX_PLATFORMS": "nonsense"}, "JAX_PLATFORMS=nonsense"),
    ({"JAX_ENABLE_X64": "maybe"}, "JAX_ENABLE_X64=maybe"),
    ({"XLA_FLAGS": "--nonsense"}, "Unknown flag in XLA_FLAGS"),
    ({"XLA_FLAGS": "nonsense"}, "XLA_FLAGS=nonsense"),
    ({"XLA_FLAGS": "--xla_force_host_platform_device_count=many"}, "XLA_FLAGS=--xla_force"),
]


@pytest.mark.parametrize(("variables", "message"), ENVIRONMENTS, ids=lambda value: str(value)[:40])
def test_an_environment_that_means_nothing_is_one_line(variables: dict[str, str], message: str) -> None:
    result = shell("prog", PRINTS.format("__import__('numerics.runtime').runtime.start()"), **variables)
    assert (result.returncode, result.stderr.count("\n")) == (2, 1), result.stderr
    assert message in result.stderr


def test_an_environment_that_means_something_is_taken() -> None:
    code = PRINTS.format(
        "__import__('numerics.runtime').runtime.start(devices=2); print(len(__import__('jax').devices()))"
    )
    result = shell("prog", code, XLA_FLAGS="--xla_cpu_enable_fast_math=false", JAX_PLATFORMS="cpu")
    assert (result.returncode, result.stdout) == (0, "2\n"), result.stderr


STARTS = PRINTS.format(
    "print('begun', flush=True); import numerics.runtime as r; r.start(); import jax.numpy as n; n.ones(3).sum(); import time; time.sleep(60)"
)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("delay", [0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6])
def test_a_signal_while_native_code_is_imported_ends_the_command(number: signal.Signals, delay: float) -> None:
    """An exception in the middle of such an import was swallowed, or ended in SIGSEGV or SIGABRT."""
    process = subprocess.Popen(
        [sys.executable, "-X", "faulthandler", "-c", STARTS],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    time.sleep(delay)
    process.send_signal(number)
    _, error = process.communicate(timeout=60)
    assert (process.returncode, error) == (130, "prog: interrupted\n")


def test_children_end_with_their_command(tmp_path: Path) -> None:
    code = PRINTS.format(
        "from unskew.ground import interrupt\n"
        "    with interrupt.child([sys.executable, '-c', 'import time; time.sleep(60)']) as child:\n"
        "        print(child.pid, flush=True); child.wait()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    child = int(process.stdout.readline())
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=60)
    deadline = time.monotonic() + 30
    while alive(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(child)


def alive(process: int) -> bool:
    """Whether it runs; one that has ended and has not been waited for does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


LONG = "x" * 100_000


@pytest.mark.parametrize(
    "arguments",
    [["numerics.verify", "--density", LONG], ["numerics.verify", "--only", LONG], ["numerics.verify", f"--{LONG}"], ["theory", LONG],
     ["numerics.study", "--data", LONG], ["numerics.study", "--preset", LONG], ["figures", LONG], ["numerics.verify", "--support", LONG, "1"]],
    ids=lambda arguments: " ".join(arguments)[:40],
)  # fmt: skip
def test_error_lines_are_cut(arguments: list[str]) -> None:
    result = subprocess.run(
        [sys.executable, "-m", *arguments],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (result.returncode, result.stderr.count("\n")) == (2, 1), result.stderr[:500]
    assert len(result.stderr) < 800
