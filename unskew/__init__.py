"""What imbalance of labels costs a fitted regressor, and how to get it back.

    import unskew
    shift = unskew.LabelShift(y_train)                       # target: uniform; or labels, a density, masses
    price = unskew.price(shift, y_val, predictions)          # what imbalance costs this model, with an interval
    model = unskew.Recalibrator(shift).fit(y_val, predictions)
    model.predict(new_predictions)

Names are loaded when they are first asked for: `unskew.ground`, which all packages use, must not load NumPy.
"""

from __future__ import annotations

from unskew.ground.own_modules import leave_out_working_folder

leave_out_working_folder()

from importlib import import_module  # noqa: E402
from typing import TYPE_CHECKING, Any  # noqa: E402

if TYPE_CHECKING:
    from unskew.classes import Classes
    from unskew.intervals import Estimate
    from unskew.pricing import Price, price
    from unskew.prior import PriorCorrection
    from unskew.recalibration import Recalibration, Recalibrator
    from unskew.shift import LabelShift, Masses
    from unskew.target_estimation import TargetLaw, target_law

HOMES = {
    "Classes": "classes",
    "Estimate": "intervals",
    "LabelShift": "shift",
    "Masses": "shift",
    "Price": "pricing",
    "PriorCorrection": "prior",
    "Recalibration": "recalibration",
    "Recalibrator": "recalibration",
    "TargetLaw": "target_estimation",
    "price": "pricing",
    "target_law": "target_estimation",
}
"""The module of each public name."""

__all__ = [
    "Classes",
    "Estimate",
    "LabelShift",
    "Masses",
    "Price",
    "PriorCorrection",
    "Recalibration",
    "Recalibrator",
    "TargetLaw",
    "price",
    "target_law",
]


def __getattr__(name: str) -> Any:
    if name not in HOMES:
        raise AttributeError(f"module 'unskew' has no attribute {name!r}")
    value = getattr(import_module(f"unskew.{HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """What `help` and completion show: public names, loaded or not."""
    return sorted(__all__)
