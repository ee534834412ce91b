"""One file a result: the checks of its claims, and the wrong versions that they must reject.

Each module has `checks(evidence, result)`: what it compares it reads from the result's statements, so that a wrong version of a statement
gives the wrong checks. Nothing is imported here, so that a command's argument parsing may read `RESULTS`.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numerics.evidence import Evidence
    from numerics.records import Check
    from theory.record import Result

RESULTS: tuple[str, ...] = (
    "tilt",
    "price",
    "class_split",
    "remainder",
    "offset",
    "squared_error",
    "rates",
    "bin_width",
    "sample_size",
    "best_classes",
    "discretisation",
    "risk",
    "decoder",
    "readout",
    "gradient_flow",
    "loss_scale",
    "predictions",
    "transfer",
    "recalibration",
    "ratio_error",
    "estimation",
    "first_order",
    "beyond_label_shift",
    "absolute_error",
    "i_mmse",
    "balanced_mse",
    "soft_labels",
)


def load(name: str) -> ModuleType:
    """The checks of one result.

    Raises:
      KeyError: there is no result of that name.
    """
    if name not in RESULTS:
        raise KeyError(name)
    return importlib.import_module(f"numerics.checks.{name}")


def run(name: str, evidence: Evidence, result: Result | None = None) -> list[Check]:
    """The checks of one result on a run's evidence.

    Args:
      result: the result to read the statements from; that of the ledger if None. A wrong one must fail.
    """
    from theory import ledger

    return list(load(name).checks(evidence, result or ledger.load(name)))


def wrong_versions(name: str, evidence: Evidence) -> Iterator[tuple[str, str, list[Check]]]:
    """The wrong versions of a result: a name, what is wrong, and the checks that come of it. Those that are true as well are left out."""
    from numerics.checks.statements import wrong_results
    from theory import ledger

    for wrong in wrong_results(ledger.load(name)):
        checks = run(name, evidence, wrong.result)
        if any(check.status == "fails" for check in checks) or not wrong.needs_no_rejection():
            yield f"{wrong.true.name}: {wrong.mistake}", wrong.wrong.text, checks
