"""One file a result: the checks of its claims, and the wrong versions that they must reject.

Each module has `checks(evidence, ...)`, whose further arguments are knobs with the true value as default, and `FALSIFIERS`, the same
checks with a knob turned. Nothing is imported here, so that a command's argument parsing may read `RESULTS`.
"""

from __future__ import annotations

import importlib
from types import ModuleType

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
)


def load(name: str) -> ModuleType:
    """The checks of one result.

    Raises:
      KeyError: there is no result of that name.
    """
    if name not in RESULTS:
        raise KeyError(name)
    return importlib.import_module(f"numerics.checks.{name}")
