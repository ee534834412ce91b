"""Classes of labels: how many, with which edges, and their correction for the class prior; kept in `classes.json` and `classes.npz`, one content.

Edges follow the score. In squared error the classes are read as a mean of centres, so the ones with the least predicted error of that mean are taken,
what it costs to learn them from so many samples included; in log-loss those with the least corrected excess, the same included. More classes than four to a noise buy nothing
(result `bin_width`), and each holds at least `class_edges.LEAST` labels.
"""

from __future__ import annotations

import io
import json
import math
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from unskew import cells as fine
from unskew import channel, class_edges, estimation
from unskew.cells import Cells, Target
from unskew.class_edges import Edges
from unskew.ground import files
from unskew.ground.refusals import InputError
from unskew.label_files.column import column_of
from unskew.labels import labels_of

SCORES = ("squared", "log")
FINEST = 4
"""Classes to a noise, beyond which finer ones buy nothing: narrower than s/4 they leave less than (1/4)^2/12 of the price (`bin_width`)."""
COUNTS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 40, 48, 64, 80, 96, 128)
MOST = 128
SCHEMA = "classes/1"
REMEDY = "name a classes.json or classes.npz written by 'unskew advise --out'"
ARRAYS = ("edges", "centres", "p", "q", "log_adjustment")
ABOUT = ("kind", "remainder", "reference", "version")


@dataclass(frozen=True)
class Classes:
    """Classes and their correction, as the heads and losses take them.

    Attributes:
      edges: (K + 1,), increasing, label units; class c is [edges[c], edges[c+1]), the last one closed.
      centres: (K,), mean of the reference within each class: what a class is decoded to.
      p: (K,), share of the training labels in each class.
      q: (K,), mass of the reference.
      log_adjustment: (K,), log p - log q: added to the logits in the training loss.
      kind, remainder, reference, version: how they came about; the remainder W in nats.
    """

    edges: np.ndarray
    centres: np.ndarray
    p: np.ndarray
    q: np.ndarray
    log_adjustment: np.ndarray
    kind: str
    remainder: float
    reference: str
    version: str

    @classmethod
    def fit(
        cls,
        y_train: np.ndarray,
        noise: float | None = None,
        score: str = "squared",
        *,
        target: Target = None,
        kind: str | None = None,
        classes: int | None = None,
    ) -> Classes:
        """The classes with the least predicted error.

        Args:
          y_train: labels that the model is trained on, (n,).
          noise: how far apart labels of one input lie (standard deviation), label units; None where nothing is known.
          score: `squared` (mean of centres, squared error) or `log` (log-loss).
          target: label law of the score, see `unskew.cells.Target`.
          kind: one of `class_edges.KINDS`; None takes the better of optimal and equal-width for the score.
          classes: their number; None takes the best.

        Raises:
          InputError: labels, noise, score or kind that cannot be used.

        Source: results `bin_width`, `sample_size`, `estimation`, `best_classes`, `decoder`.
        """
        return choose(fine.make(labels_of(column_of(y_train, "y_train")), target), noise, score, kind, classes)


def choose(cells: Cells, noise: float | None, score: str, kind: str | None, classes: int | None) -> Classes:
    """See `Classes.fit`."""
    if score not in SCORES:
        raise InputError(f"score {score!r}", f"use one of {', '.join(SCORES)}")
    if kind is not None and kind not in class_edges.KINDS:
        raise InputError(f"kind {kind!r}", f"use one of {', '.join(class_edges.KINDS)}")
    if noise is not None and not 0 < noise < math.inf:
        raise InputError(f"noise {noise}", "give a positive scale in label units")
    if classes is not None and not 1 <= classes <= class_edges.CANDIDATES:
        raise InputError(f"{classes} classes", f"ask for 1 to {class_edges.CANDIDATES}")
    kinds = (kind,) if kind else class_edges.KINDS[:2] if noise else class_edges.KINDS[score == "squared" :][:1]
    most = len(class_edges.candidates(cells)) - 1
    if noise is not None:
        most = min(most, max(1, math.floor(FINEST * cells.length / noise)))
    counts = [min(classes, most)] if classes else [count for count in COUNTS if count < most] + [most]
    tried = {
        edges: one
        for one in kinds
        for edges in class_edges.edges_of(cells, one, sorted({min(c, MOST) for c in counts}))
    }
    errors = predicted_errors(cells, list(tried), noise, score)
    best = min(tried, key=lambda edges: (errors[edges], len(edges)))
    return make(cells, best, tried[best], max(0.0, channel.remainder(cells, best)))


def predicted_errors(cells: Cells, partitions: list[Edges], noise: float | None, score: str) -> dict[Edges, float]:
    """What each partition is expected to lose against the best balanced predictor, in the score's unit; without a noise W plus the penalty, nats."""
    if noise is None:
        return {one: channel.remainder(cells, one) + class_edges.penalty(cells, one) for one in partitions}
    prediction, costs = channel.predict(cells, partitions, noise), estimation.costs(cells, partitions, noise)
    if score == "log":
        return {one: left + cost.log for one, left, cost in zip(partitions, prediction.corrected, costs, strict=True)}
    return {
        one: left + cost.squared for one, left, cost in zip(partitions, prediction.squared_decoded, costs, strict=True)
    }


def version() -> str:
    """The installed version of this library."""
    from importlib import metadata

    try:
        return metadata.version("unskew")
    except metadata.PackageNotFoundError:
        return "unknown"


def make(cells: Cells, edges: Edges, kind: str, remainder: float) -> Classes:
    """The classes with these edges; p from the labels' own counts, which the penalty of *sample_size* is about."""
    starts = edges[:-1]
    q = np.add.reduceat(cells.q, starts)
    p = np.add.reduceat(cells.counts, starts) / cells.n
    return Classes(
        edges=cells.edges[list(edges)],
        centres=np.add.reduceat(cells.q * cells.y, starts) / q,
        p=p,
        q=q,
        log_adjustment=np.log(p) - np.log(q),
        kind=kind,
        remainder=remainder,
        reference=cells.reference,
        version=version(),
    )


def as_json(classes: Classes) -> dict[str, Any]:
    """The content of `classes.json`."""
    return {
        "schema": SCHEMA,
        "version": classes.version,
        "classes": len(classes.p),
        "kind": classes.kind,
        "reference": classes.reference,
        "remainder": classes.remainder,
        **{name: getattr(classes, name).tolist() for name in ARRAYS},
    }


def write(classes: Classes, folder: Path) -> list[Path]:
    """Writes `classes.json` and `classes.npz`."""
    content = io.BytesIO()
    content_of: dict[str, Any] = {name: getattr(classes, name) for name in (*ARRAYS, *ABOUT)}
    np.savez(content, schema=SCHEMA, **content_of)
    files.write_bytes(folder / "classes.npz", content.getvalue())
    files.write_json(folder / "classes.json", as_json(classes))
    return [folder / "classes.json", folder / "classes.npz"]


def read(path: Path | str) -> Classes:
    """Reads `classes.json` or `classes.npz`.

    Raises:
      InputError: no such file, or not one that `write` made.
    """
    path = Path(path)
    try:
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as archive:
                content: Any = {name: archive[name] for name in archive.files}
        else:
            content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as problem:
        raise InputError(f"{path} cannot be read ({problem.__class__.__name__})", REMEDY) from None
    return from_json(content, str(path))


def from_json(content: Any, where: str) -> Classes:
    """The classes from the content of a file.

    Raises:
      InputError: it is not what `as_json` makes; `where` is named.
    """
    try:
        schema = str(content["schema"])
        arrays = {name: np.asarray(content[name], np.float64) for name in ARRAYS}
        classes = Classes(
            **arrays,
            kind=str(content["kind"]),
            remainder=float(content["remainder"]),
            reference=str(content["reference"]),
            version=str(content["version"]),
        )
    except (KeyError, ValueError, TypeError, IndexError) as problem:
        raise InputError(f"{where} is no classes file ({problem.__class__.__name__})", REMEDY) from None
    if schema != SCHEMA:
        raise InputError(f"{where} has the schema {schema[:20]!r}", REMEDY)
    count = len(classes.p) if classes.p.ndim == 1 else 0
    fits = all(arrays[name].shape == (count + (name == "edges"),) for name in ARRAYS)
    if not count or not fits or not all(np.isfinite(array).all() for array in arrays.values()):
        raise InputError(f"{where} has arrays that do not fit together", REMEDY)
    if not np.all(np.diff(classes.edges) > 0):
        raise InputError(f"{where} has edges that do not increase", REMEDY)
    return classes
