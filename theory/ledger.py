"""All results by name, in the order of the theory sheet. Imports nothing heavy: a result is loaded when asked for."""

from __future__ import annotations

import importlib

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
"""Results, each with a file of its name in every room."""

LEMMAS: tuple[str, ...] = (
    "gibbs",
    "hoeffding",
    "specht",
    "sinh_bound",
    "lipschitz",
    "pinsker",
    "tanh_bound",
    "log_concave",
    "taylor",
)
"""What the proofs lean on; each is proved like a result, and has no rooms outside `theory`."""


def load(name: str) -> Result:
    """The record of a result or lemma.

    Raises:
      KeyError: no such name in the ledger.
      LookupError: the file of that name is missing, or says another name.
    """
    if name not in RESULTS + LEMMAS:
        raise KeyError(name)
    try:
        result = importlib.import_module(f"theory.{name}").RESULT
    except (ModuleNotFoundError, AttributeError) as problem:
        raise LookupError(f"theory/{name}.py is listed in the ledger but has no RESULT: {problem}") from problem
    if not isinstance(result, Result) or result.name != name:
        raise LookupError(f"theory/{name}.py does not hold the result {name}")
    return result
