"""The house: imports point one way, and heavy modules stay out of `--help`."""

from __future__ import annotations

import ast
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
THIRD_PARTY = {
    "theory": {"sympy", "mpmath"},
    "figures": {"matplotlib", "numpy"},
}
# Where a check sets theory and numerics side by side, or a command prints the ledger, numerics may import theory.
MAY_IMPORT_THEORY = (
    "numerics/checks/",
    "numerics/grids/",
    "numerics/routes/",
    "numerics/verify/",
    "numerics/study/verdict_report",
)


def imports(path: Path) -> set[str]:
    """Dotted names of all modules imported anywhere in a file."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import; write the full name"
            found.add(node.module or "")
            # What is taken from a package may be a module of it.
            if node.module in ("unskew", "unskew.ground", "theory", "numerics", "figures"):
                found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def files(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def tops(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imports(path)} - set(sys.stdlib_module_names) - {"__future__"}


def only_ground(path: Path) -> bool:
    """Whether a file takes nothing of `unskew` but the ground room."""
    return all(name.startswith("unskew.ground") for name in imports(path) if name.startswith("unskew"))


@pytest.mark.parametrize("path", files("unskew"), ids=str)
def test_unskew_imports_nothing_of_ours(path: Path) -> None:
    assert not tops(path) & {"theory", "numerics", "figures", "tests", "benchmarks"}


@pytest.mark.parametrize("path", files("unskew/ground"), ids=str)
def test_the_ground_room_imports_the_standard_library_alone(path: Path) -> None:
    assert tops(path) <= {"unskew"}


@pytest.mark.parametrize("path", files("theory"), ids=str)
def test_theory_imports_sympy_only(path: Path) -> None:
    assert tops(path) <= THIRD_PARTY["theory"] | {"theory", "unskew"}
    assert only_ground(path)


@pytest.mark.parametrize("path", files("figures"), ids=str)
def test_figures_compute_nothing(path: Path) -> None:
    # What a report was made from, and the ground room; nothing that computes is allowed.
    allowed = {"numerics.provenance"}
    numeric = {name for name in imports(path) if name.startswith("numerics")}
    assert numeric <= allowed | {"numerics"}
    assert tops(path) <= THIRD_PARTY["figures"] | {"figures", "numerics", "unskew"}
    assert only_ground(path)


@pytest.mark.parametrize("path", files("numerics"), ids=str)
def test_numerics_does_not_compute_with_theory(path: Path) -> None:
    name = path.relative_to(ROOT).as_posix()
    used = tops(path)
    assert "figures" not in used or name.startswith("numerics/verify/")
    if "theory" in used or "sympy" in used:
        assert name.startswith(MAY_IMPORT_THEORY), f"{name} imports theory; only checks may"


def test_no_module_imports_in_a_circle() -> None:
    """Not even by a lazy import or one for types alone: every module can be read after those that it imports."""
    modules = {path.relative_to(ROOT).with_suffix("").as_posix().replace("/", "."): path for path in files("numerics")}
    graph = {}
    for name, path in modules.items():
        tree = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        sources = [node for node in tree if isinstance(node, ast.ImportFrom) and node.module]
        graph[name] = {
            target
            for node in sources
            for alias in node.names
            for target in (f"{node.module}.{alias.name}", str(node.module))
            if target in modules
        }
    TopologicalSorter(graph).prepare()


def test_one_result_has_one_name_in_every_room() -> None:
    """The rooms may not import each other, so each lists the results; the lists are one list."""
    from figures import album
    from numerics import checks
    from theory import ledger

    assert ledger.RESULTS == checks.RESULTS == album.VERIFY
