"""Hostile and odd label files: every label is read, or the file is refused in one line."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest

from unskew.ground.refusals import InputError
from unskew.label_files import reader as label_reader
from unskew.label_files import text as label_text
from unskew.label_files.reader import read_column

LABELS = np.round(np.linspace(0.25, 90, 50_000), 3)
LARGE = ("age\n" + "\n".join(map(str, LABELS)) + "\n").encode()


@pytest.fixture(params=["arrow", "numpy"])
def splitter(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every text is split by Arrow and by the fallback."""
    if request.param == "arrow":
        pytest.importorskip("pyarrow", reason="the extra `data` (pyarrow) is not installed")
    else:
        monkeypatch.setattr(label_text, "has_arrow", lambda: False)


def npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def headed(header: str, data: bytes) -> bytes:
    """An npy file with a header of one's own."""
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + data


def archive(members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return stream.getvalue()


def patched(content: bytes, offset: int, value: int) -> bytes:
    """An archive of one member with a field of both of its headers changed; `offset` is that of the central one."""
    central = content.rindex(b"PK\x01\x02") + offset
    local = offset - 2
    return (
        content[:local]
        + struct.pack("<H", value)
        + content[local + 2 : central]
        + struct.pack("<H", value)
        + content[central + 2 :]
    )


DOUBLES = npy(np.arange(5.0))
SHAPE = "{{'descr': '<f8', 'fortran_order': False, 'shape': {}, }}\n"
WIDE = ",".join(f"column{number}" for number in range(9_000))
WIDE_ROWS = "\n".join([WIDE, *[",".join([f"{row}.5"] * 9_000) for row in range(3)]])
CELLS = "y," + "x" * 100_000 + "\n1,a\n2,b\n"

READ = [
    ("wide header and rows", "w.csv", WIDE_ROWS.encode(), ":column8999", [0.5, 1.5, 2.5]),
    ("a header cell of 100 kB", "c.csv", CELLS.encode(), ":y", [1, 2]),
    ("cells of 100 kB", "c.csv", ("y,t\n" + f"1,{'x' * 100_000}\n" * 3).encode(), ":y", [1, 1, 1]),
    ("carriage returns alone", "r.csv", b"y\r1\r2\r3\r", "", [1, 2, 3]),
    ("carriage returns alone, two columns", "r.csv", b"y,z\r1,a\r2,b\r3,c", ":y", [1, 2, 3]),
    ("carriage returns alone, long", "r.csv", b"y\r" + b"1.5\r" * 40_000, "", [1.5] * 40_000),
    ("line ends of three kinds", "m.csv", b"y\r1\r\n2\n3\r4", "", [1, 2, 3, 4]),
    ("two byte order marks", "b.csv", b"\xef\xbb\xbf\xef\xbb\xbfage,x\n1,a\n2,b\n", ":age", [1, 2]),
    ("two byte order marks, no header", "b.csv", b"\xef\xbb\xbf\xef\xbb\xbf1\n2\n", "", [1, 2]),
    ("100,000 blank lines first", "n.csv", b"\n" * 100_000 + b"y\n1\n2\n", "", [1, 2]),
    ("a line separator in a header", "u.csv", "a\u2028b,c\n1,2\n3,4\n".encode(), ":c", [2, 4]),
    ("a form feed in a cell", "f.csv", b"t,y\na\x0cb,1\nc,2\n", ":y", [1, 2]),
    ("inches in a cell", "i.csv", b'y,z\n1,5" pipe\n2,4\n', ":y", [1, 2]),
    ("newline in the file's name", "a\nb.csv", b"y\n1\n2\n", "", [1, 2]),
    ("backslash in the file's name", "a\\b.csv", b"y\n1\n2\n", "", [1, 2]),
    ("a name of 255 bytes", "n" * 251 + ".csv", b"y\n1\n2\n", ":y", [1, 2]),
    ("an npz with one array twice", "d.npz", archive({"y.npy": DOUBLES, "z.npy": DOUBLES}), ":1", list(range(5))),
    ("an npz with deflate", "d.npz", archive({"y.npy": DOUBLES}, zipfile.ZIP_DEFLATED), "", list(range(5))),
    ("an npz with lzma", "d.npz", archive({"y.npy": DOUBLES}, zipfile.ZIP_LZMA), "", list(range(5))),
    ("an npz with bzip2", "d.npz", archive({"y.npy": DOUBLES}, zipfile.ZIP_BZIP2), "", list(range(5))),
    ("an npz among other files", "d.npz", archive({"y.npy": DOUBLES, "me.txt": b"x"}), ":y", list(range(5))),
    ("npy by its content", "y.csv", DOUBLES, "", list(range(5))),
    ("big-endian", "y.npy", npy(np.arange(5, dtype=">f4")), "", list(range(5))),
]


@pytest.mark.parametrize(("name", "content", "column", "values"), [row[1:] for row in READ], ids=[r[0] for r in READ])
def test_every_label_is_read(
    tmp_path: Path, splitter: None, name: str, content: bytes, column: str, values: list[float]
) -> None:
    (tmp_path / name).write_bytes(content)
    np.testing.assert_array_equal(read_column(f"{tmp_path / name}{column}").values, values)


REFUSED = [
    ("a header cell of 200 kB", "c.csv", ("y" * 200_000 + ",z\n1,2\n").encode(), "", "longest cells"),
    ("a header of 70 kB alone", "h.csv", WIDE.encode(), "", "no rows"),
    ("shape (True,)", "s.npy", headed(SHAPE.format("(True,)"), DOUBLES[-40:]), "", "not a whole npy"),
    ("shape that is too small", "s.npy", headed(SHAPE.format("(3,)"), DOUBLES[-40:]), "", "goes on after"),
    ("two arrays in one file", "s.npy", DOUBLES + DOUBLES, "", "goes on after"),
    ("shape that is too large", "s.npy", headed(SHAPE.format("(6,)"), DOUBLES[-40:]), "", "not a whole npy"),
    ("shape of 8 terabytes", "s.npy", headed(SHAPE.format("(10**12,)"), b""), "", "not a whole npy|memory"),
    ("shape of 8e18 bytes", "s.npy", headed(SHAPE.format("(1000000000000000000,)"), b""), "", "not a whole npy|memory"),
    ("negative shape", "s.npy", headed(SHAPE.format("(-1,)"), DOUBLES[-40:]), "", "not a whole npy|goes on"),
    ("a header that is no literal", "s.npy", headed("__import__('os')\n", b""), "", "not a whole npy"),
    ("a header of brackets", "s.npy", headed("(" * 5000 + "\n", b""), "", "not a whole npy"),
    ("a header of bytes", "s.npy", b"\x93NUMPY\x01\x00\x04\x00\xff\xfe\xfd\xfc", "", "not a whole npy"),
    ("an unknown version", "s.npy", b"\x93NUMPY\x09\x00" + DOUBLES[8:], "", "not a whole npy"),
    ("magic alone", "s.npy", b"\x93NUMPY", "", "not a whole npy"),
    ("an npy that is text", "s.npy", b"y\n1\n2\n", "", "not a whole npy"),
    ("an npy that is empty", "s.npy", b"", "", "not a whole npy"),
    ("an npy that is a zip", "s.npy", archive({"y.npy": DOUBLES}), "", "not a whole npy"),
    ("records", "s.npy", npy(np.zeros(3, dtype="f8,i4")), "", "not numbers"),
    ("encrypted", "e.npz", patched(archive({"y.npy": DOUBLES}), 8, 1), "", "password"),
    ("an unknown compression", "e.npz", patched(archive({"y.npy": DOUBLES}), 10, 99), "", "compression"),
    ("deflate64", "e.npz", patched(archive({"y.npy": DOUBLES}), 10, 9), "", "compression"),
    ("a damaged stream", "e.npz", patched(archive({"y.npy": DOUBLES}), 10, 8), "", "not a whole npz"),
    ("a damaged lzma stream", "e.npz", patched(archive({"y.npy": DOUBLES}), 10, 14), "", "not a whole npz"),
    ("a damaged bzip2 stream", "e.npz", patched(archive({"y.npy": DOUBLES}), 10, 12), "", "not a whole npz"),
    ("a wrong checksum", "e.npz", patched(archive({"y.npy": DOUBLES}), 16, 7), "", "not a whole npz"),
    ("an npz that is text", "e.npz", b"y\n1\n2\n", "", "not a whole npz"),
    ("an npz that is empty", "e.npz", b"", "", "not a whole npz"),
    ("an npz without arrays", "e.npz", archive({}), "", "no numeric column"),
    ("an npz with text", "e.npz", archive({"me.txt": b"1\n2\n"}), "", "not a whole npy"),
    ("a parquet that is text", "p.parquet", b"y\n1\n2\n", "", "parquet"),
    ("a parquet that is empty", "p.parquet", b"", "", "parquet"),
    ("a parquet cut short", "p.parquet", b"PAR1" + b"\x00" * 40 + b"PAR1", "", "parquet"),
    ("quotes that never close", "q.csv", b'y,z\n1,"2\n3,4\n5,6\n', ":y", "quotes"),
    ("quotes that never close, long", "q.csv", b'y,z\n1,"2\n3,4\n' + b"5,6\n" * 50_000, ":y", "csv|cells"),
]


@pytest.mark.parametrize(
    ("name", "content", "column", "message"), [row[1:] for row in REFUSED], ids=[r[0] for r in REFUSED]
)
def test_damaged_files_are_refused(
    tmp_path: Path, splitter: None, name: str, content: bytes, column: str, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_column(f"{tmp_path / name}{column}")


def test_an_endless_file_and_a_zip_bomb_are_refused_before_memory_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(label_reader, "MOST_BYTES", 1 << 20)
    bomb = archive({"y.npy": npy(np.zeros(1 << 18))}, zipfile.ZIP_DEFLATED)
    assert len(bomb) < 1 << 14
    (tmp_path / "bomb.npz").write_bytes(bomb)
    with pytest.raises(InputError, match=r"bomb.npz:y holds more than"):
        read_column(str(tmp_path / "bomb.npz"))
    (tmp_path / "long.csv").write_bytes(b"1\n2\n" * (1 << 18))
    with pytest.raises(InputError, match=r"long.csv holds more than"):
        read_column(str(tmp_path / "long.csv"))
    zeros = os.open("/dev/zero", os.O_RDONLY)
    monkeypatch.setattr(sys, "stdin", os.fdopen(zeros))
    with pytest.raises(InputError, match="- holds more than"):
        read_column("-")
    parquet = pytest.importorskip("pyarrow.parquet", reason="the extra `data` (pyarrow) is not installed")
    arrow = pytest.importorskip("pyarrow", reason="the extra `data` (pyarrow) is not installed")
    parquet.write_table(arrow.table({"y": np.zeros(1 << 18)}), tmp_path / "bomb.parquet")
    with pytest.raises(InputError, match=r"bomb.parquet holds more than"):
        read_column(str(tmp_path / "bomb.parquet"))


@pytest.mark.parametrize("way", ["fifo", "descriptor", "standard input"])
def test_a_pipe_loses_no_label(tmp_path: Path, splitter: None, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than a pipe holds and more than is looked at first."""
    if way == "fifo":
        os.mkfifo(tmp_path / "fifo")
        spec, fed = f"{tmp_path / 'fifo'}:age", tmp_path / "fifo"
    else:
        end, start = os.pipe()
        spec, fed = f"/dev/fd/{end}:age" if way == "descriptor" else "-:age", start
        if way != "descriptor":
            monkeypatch.setattr(sys, "stdin", os.fdopen(end))

    def feed() -> None:
        with open(fed, "wb") as stream:
            stream.write(LARGE)

    writer = threading.Thread(target=feed)
    writer.start()
    column = read_column(spec)
    writer.join()
    if way == "descriptor":
        os.close(end)
    np.testing.assert_array_equal(column.values, LABELS)


def test_a_file_that_waits_for_more_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Like a kernel's log, which is a file by its mode: reading it would wait for ever."""
    end, start = os.pipe()
    os.set_blocking(end, False)
    os.write(start, b"1\n2\n")
    with open(end, "rb", buffering=0) as stream, pytest.raises(InputError, match="has no end"):
        label_reader._blocks(stream, "kmsg", 1 << 16)
    os.close(start)


def test_closed_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(InputError, match="standard input is closed"):
        read_column("-")


def test_columns_of_one_name_are_read_by_number(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow", reason="the extra `data` (pyarrow) is not installed")
    parquet = pytest.importorskip("pyarrow.parquet", reason="the extra `data` (pyarrow) is not installed")
    columns = [arrow.array([1.0, 2.0]), arrow.array(["a", "b"]), arrow.array([3.0, 4.0])]
    parquet.write_table(arrow.Table.from_arrays(columns, names=["y", "x", "y"]), tmp_path / "t.parquet")
    with pytest.raises(InputError, match="by its number"):
        read_column(f"{tmp_path / 't.parquet'}:y")
    assert list(read_column(f"{tmp_path / 't.parquet'}:0").values) == [1, 2]
    assert list(read_column(f"{tmp_path / 't.parquet'}:2").values) == [3, 4]


def test_a_memory_limit_ends_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "bomb.npz").write_bytes(archive({"y.npy": npy(np.zeros(1 << 25))}, zipfile.ZIP_DEFLATED))
    code = (
        "import numpy, resource, sys\n"
        "from unskew.label_files.reader import read_column\n"
        "from unskew.ground.command import run\n"
        "resource.setrlimit(resource.RLIMIT_AS, (512 << 20, 512 << 20))\n"
        "run('read', lambda: len(read_column(sys.argv[1]).values))\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "bomb.npz")],
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
    )
    assert (result.returncode, result.stderr.count("\n")) == (2, 1), result.stderr
    assert "does not fit into memory" in result.stderr
