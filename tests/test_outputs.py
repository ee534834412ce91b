"""What commands write: through devices, pipes and links, never over an input, whole or not at all."""

from __future__ import annotations

import io
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from figures import __main__ as figures_command
from numerics import drawing
from numerics.study import options as study_options
from numerics.study import session as study_session
from numerics.verify import __main__ as verify_command
from numerics.verify.saved import refuse_early
from theory import __main__ as theory_command
from unskew import __main__ as unskew_command
from unskew.ground import command, files
from unskew.ground.refusals import InputError

CONTENT = b"new\n"


def test_a_device_stays_a_device(tmp_path: Path) -> None:
    before = os.stat("/dev/null")
    files.write_bytes("/dev/null", CONTENT)
    link = tmp_path / "link"
    link.symlink_to("/dev/null")
    files.write_bytes(link, CONTENT)
    after = os.stat("/dev/null")
    assert stat.S_ISCHR(after.st_mode)
    assert (before.st_ino, before.st_mode) == (after.st_ino, after.st_mode)
    assert link.is_symlink()
    with pytest.raises(InputError, match="No space left"):
        files.write_bytes("/dev/full", CONTENT)
    assert stat.S_ISCHR(os.stat("/dev/full").st_mode)


def test_a_fifo_is_written_through(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    contents: list[bytes] = []
    reader = threading.Thread(target=lambda: contents.append(fifo.read_bytes()))
    reader.start()
    files.write_bytes(fifo, CONTENT * 50_000)
    reader.join()
    assert contents == [CONTENT * 50_000]
    assert stat.S_ISFIFO(fifo.stat().st_mode)


@pytest.mark.parametrize("way", ["/dev/fd/{}", "/proc/self/fd/{}"])
def test_an_open_descriptor_is_written_through(way: str) -> None:
    end, start = os.pipe()
    files.write_bytes(way.format(start), CONTENT)
    os.close(start)
    with open(end, "rb") as stream:
        assert stream.read() == CONTENT


def linked(folder: Path) -> Path:
    (folder / "file").write_text("old")
    (folder / "link").symlink_to("file")
    return folder / "link"


def dangling(folder: Path) -> Path:
    (folder / "link").symlink_to("file")
    return folder / "link"


def chained(folder: Path) -> Path:
    (folder / "inner").mkdir()
    (folder / "inner" / "one").symlink_to("../file")
    (folder / "link").symlink_to("inner/one")
    return folder / "link"


def existing(folder: Path) -> Path:
    (folder / "file").write_text("old")
    return folder / "file"


@pytest.mark.parametrize("make", [linked, dangling, chained, existing, lambda folder: folder / "file"])
def test_links_are_followed_and_stay(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    target = make(tmp_path)
    link = target.is_symlink()
    files.check_file("--json", target)
    files.write_bytes(target, CONTENT)
    assert target.is_symlink() == link
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert not (tmp_path / "file").is_symlink()
    assert not list(tmp_path.rglob("*.part"))


def test_permissions_stay(tmp_path: Path) -> None:
    path = existing(tmp_path)
    path.chmod(0o600)
    files.write_bytes(path, CONTENT)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_longest_name_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 255)
    files.check_file("--json", path)
    files.write_bytes(path, CONTENT)
    assert path.read_bytes() == CONTENT


def test_the_file_of_standard_output_is_not_replaced(tmp_path: Path) -> None:
    """`--json out.txt > out.txt`: a replaced file would lose what is printed."""
    path = tmp_path / "file"
    stdout = os.dup(1)
    try:
        with path.open("w") as stream:
            os.dup2(stream.fileno(), 1)
            os.write(1, b"printed\n")
            files.write_bytes(path, CONTENT)
            os.write(1, b"printed\n")
    finally:
        os.dup2(stdout, 1)
        os.close(stdout)
    assert path.read_bytes() == b"printed\nnew\nprinted\n"


def setting(folder: Path) -> None:
    """A folder with a file `in.csv`, other names for it, and things that are no files."""
    (folder / "in.csv").write_text("y\n" + "".join(f"{k % 7}\n" for k in range(50)))
    (folder / "link").symlink_to("in.csv")
    os.link(folder / "in.csv", folder / "hard")
    (folder / "folder").mkdir()
    (folder / "inner").symlink_to("folder")
    (folder / "loop").symlink_to("loop")
    os.mkfifo(folder / "fifo")


REFUSED_FILES = [
    ("folder", "is a folder"),
    ("inner", "is a folder"),
    (".", "is a folder"),
    ("in.csv", "read or written already"),
    ("./in.csv", "read or written already"),
    ("folder/../in.csv", "read or written already"),
    ("link", "read or written already"),
    ("hard", "read or written already"),
    ("absent/file", "cannot write into"),
    ("in.csv/file", "cannot write into"),
    ("n" * 300, "File name too long"),
    ("n/" * 3000, "too long|cannot write into"),
    ("nul\0byte", "null"),
]


@pytest.mark.parametrize(("target", "message"), REFUSED_FILES, ids=lambda value: repr(value)[:30])
def test_files_that_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str, message: str) -> None:
    monkeypatch.chdir(tmp_path)
    setting(tmp_path)
    before = sorted(os.listdir(tmp_path))
    with pytest.raises(InputError, match=message):
        files.check_file("--json", target, ["in.csv"])
    assert sorted(os.listdir(tmp_path)) == before


@pytest.mark.parametrize(
    "target", [None, "-", "new", "folder/new", "/dev/null", "/dev/stdout", "fifo", "inner/new", "a\nb"]
)
def test_files_that_are_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str | None) -> None:
    monkeypatch.chdir(tmp_path)
    setting(tmp_path)
    files.check_file("--json", target, ["in.csv"])


def test_the_file_on_standard_input_is_an_input(tmp_path: Path) -> None:
    path = existing(tmp_path)
    stdin = os.dup(0)
    try:
        with path.open() as stream:
            os.dup2(stream.fileno(), 0)
            with pytest.raises(InputError, match="read or written already"):
                files.check_file("--json", path)
    finally:
        os.dup2(stdin, 0)
        os.close(stdin)


REFUSED_FOLDERS = [
    ("in.csv", "cannot make a folder"),
    ("in.csv/inside", "cannot make a folder"),
    ("fifo", "cannot make a folder"),
    ("/dev/null", "cannot make a folder"),
    ("n" * 300, "too long"),
    (".", "would overwrite in.csv"),
    ("folder/..", "would overwrite in.csv"),
]


@pytest.mark.parametrize(("folder", "message"), REFUSED_FOLDERS, ids=lambda value: repr(value)[:30])
def test_folders_that_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str, message: str) -> None:
    monkeypatch.chdir(tmp_path)
    setting(tmp_path)
    with pytest.raises(InputError, match=message):
        files.check_folder("--out", folder, ["in.csv"], ["*.csv"])


@pytest.mark.parametrize("folder", [None, "new", "new/inner", "folder", "inner", "."])
def test_folders_that_are_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str | None) -> None:
    monkeypatch.chdir(tmp_path)
    setting(tmp_path)
    files.check_folder("--out", folder, ["in.csv"], ["report.json"])
    assert not (tmp_path / "new").exists()


def theory(*arguments: str) -> int:
    return theory_command.main(["gibbs", *arguments])


def verify(*arguments: str) -> int:
    from numerics.verify.request import from_arguments

    refuse_early(from_arguments(verify_command.parser().parse_args(["--density", "labels:in.csv:y", *arguments])))
    return command.HOLDS


def advise(*arguments: str) -> int:
    return unskew_command.main(["advise", "in.csv:y", *arguments])


def study(*arguments: str) -> int:
    return study_session.run(study_options.read(["--preset", "smoke", "--published", "in.csv", *arguments]))


def figures(*arguments: str) -> int:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["figures", *arguments])
        return figures_command.main()


OPTIONS = [
    *((run, (option, ""), "empty") for run in (theory, verify, advise, study) for option in ("--json",)),
    *((run, (f"{option}=",), "empty") for run in (verify, advise, study) for option in ("--json", "--out")),
    (theory, ("--latex", ""), "empty"),
    (study, ("--store", ""), "empty"),
    (study, ("--published", ""), "empty"),
    (figures, ("",), "empty"),
    (theory, ("--json", "x", "--latex", "x"), "written already"),
    (theory, ("--json", "folder"), "is a folder"),
    (theory, ("--json", "absent/x"), "cannot write into"),
    *(
        (run, ("--json", name), "read or written already")
        for run in (verify, advise)
        for name in ("in.csv", "link", "hard")
    ),
    *((run, ("--json", "folder"), "is a folder") for run in (verify, advise)),
    *((run, ("--out", "in.csv"), "cannot make a folder") for run in (verify, advise)),
    *((run, ("--json", "n" * 300), "too long") for run in (theory, verify, advise)),
    *((run, ("--out", "n" * 300), "too long") for run in (verify, advise)),
    (advise, ("--target", "hard", "--json", "hard"), "read or written already"),
]


@pytest.mark.parametrize(
    ("run", "arguments", "message"),
    OPTIONS,
    ids=[f"{run.__name__} {' '.join(arguments)[:40]}" for run, arguments, _ in OPTIONS],
)
def test_options_that_are_refused(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    run: Callable[..., int],
    arguments: tuple[str, ...],
    message: str,
) -> None:
    """Before any work, with nothing written."""
    monkeypatch.chdir(tmp_path)
    setting(tmp_path)
    before = {path.name: path.lstat().st_mtime_ns for path in tmp_path.iterdir()}
    with pytest.raises(InputError, match=message):
        run(*arguments)
    assert {path.name: path.lstat().st_mtime_ns for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("name", ["report.json", "classes.npz", "classes.json"])
def test_labels_inside_the_folder_of_the_report_are_not_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_text("y\n1\n2\n3\n")
    with pytest.raises(InputError, match="would overwrite"):
        unskew_command.main(["advise", name, "--out", "."])


def test_json_on_standard_output_is_utf8_in_any_locale(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, encoding="ascii"))
    files.write("-", "λ ≤ \udcff\n")
    assert raw.getvalue() == "λ ≤ ?\n".encode()


def test_figures_that_cannot_be_drawn_are_no_success(tmp_path: Path) -> None:
    """A full disk, for example: the command must not end as if they were there."""
    files.write_json(tmp_path / "report.json", {"schema": "nonsense/1"})
    with pytest.raises(InputError, match=r"could not be drawn.*unknown schema"):
        drawing.draw(tmp_path)


def test_a_column_of_standard_input_is_no_option() -> None:
    assert unskew_command.parser().parse_args(["advise", "-:age", "--noise", "6"]).file == "-:age"
    assert unskew_command.parser().parse_args(["advise", "--target", "-:age", "-"]).target == "-:age"
