"""When a step must be run again: a digest of its arguments, sources, library versions and files, kept beside what it wrote."""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Collection, Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from numerics.paper.steps import Step
from numerics.provenance import ROOT, versions
from unskew.ground import files

PACKAGES = ("unskew", "theory", "numerics", "figures")


def module_files(name: str) -> list[Path]:
    """The file of a module, or the file of a package; none if the name is something inside a module."""
    path = ROOT.joinpath(*name.split("."))
    return [file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()]


@cache
def _imports(path: Path) -> frozenset[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(name for name in names if name.split(".")[0] in PACKAGES)


def sources(modules: Iterable[str]) -> list[Path]:
    """Every source file that these modules import, directly or not, and all files of those that are packages."""
    waiting: list[Path] = []
    for name in modules:
        folder = ROOT.joinpath(*name.split("."))
        waiting += module_files(name)
        if folder.is_dir():
            waiting += [path for path in folder.iterdir() if path.is_file() and path.name != "py.typed"]
    paths: set[Path] = set()
    while waiting:
        path = waiting.pop()
        if path not in paths:
            paths.add(path)
            if path.suffix == ".py":
                waiting += [file for name in _imports(path) for file in module_files(name)]
    return sorted(paths)


def digest(path: Path) -> str:
    """SHA-256 of a file's bytes, or a word where it is not there."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "absent"


def key(step: Step, folder: Path) -> str:
    """What a step's result depends on, as one digest."""
    inputs: dict[str, Any] = {
        "arguments": step.arguments,
        "sources": [(path.relative_to(ROOT).as_posix(), digest(path)) for path in sources(step.modules)],
        "versions": versions(),
        "reads": [digest(path) for path in step.reads],
    }
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()


class Keys:
    """What was made with which key: `runs/keys.json` in the folder of the write-up."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "runs" / "keys.json"
        try:
            content = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            content = {}
        # What is broken is no key: its step runs again.
        self.entries: dict[str, Any] = {
            name: entry
            for name, entry in (content.items() if isinstance(content, dict) else ())
            if isinstance(entry, dict) and isinstance(entry.get("files"), dict) and isinstance(entry.get("code"), int)
        }

    def fresh(self, step: Step, key: str) -> bool:
        """Whether the step was run with this key and what it wrote is as it left it."""
        entry = self.entries.get(step.name)
        if entry is None or entry.get("key") != key:
            return False
        return all(digest(self.folder / name) == value for name, value in entry["files"].items())

    def forget(self, names: Collection[str]) -> None:
        """Takes away what steps wrote that are asked for no more: else a column of labels would stay in the tables under a stamp that does not name it."""
        for name in set(self.entries) - set(names):
            for file in self.entries.pop(name)["files"]:
                (self.folder / file).unlink(missing_ok=True)
            files.write_json(self.path, self.entries)

    def code(self, step: Step) -> int:
        """The exit code of a step that is fresh."""
        return int(self.entries[step.name]["code"])

    def keep(self, step: Step, key: str, code: int, written: Sequence[str]) -> None:
        """Records a step that has just been run."""
        digests = {name: digest(self.folder / name) for name in sorted(written)}
        self.entries[step.name] = {"key": key, "code": code, "files": digests}
        files.write_json(self.path, self.entries)
