"""The file that training code reads: `classes.json` and `classes.npz`, one content."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from numerics.advise.cells import Cells
from numerics.advise.classes import Edges
from unskew.ground import files
from unskew.ground.refusals import InputError

SCHEMA = "classes/1"
REMEDY = "name a classes.json or classes.npz written by 'python -m numerics.advise --out'"
ARRAYS = ("edges", "centres", "p", "q", "log_adjustment")
ABOUT = ("kind", "remainder", "reference", "version")


@dataclass(frozen=True)
class Classes:
    """Classes and their correction, as the heads of `unskew.jax` and `unskew.torch` take them.

    Attributes:
      edges: (K + 1,), increasing, label units; class c is [edges[c], edges[c+1]), the last one closed.
      centres: (K,), mean of the reference within each class: what a class is decoded to.
      p: (K,), share of the training labels in each class.
      q: (K,), mass of the reference.
      log_adjustment: (K,), log p - log q: added to the logits in the training loss.
      kind, remainder, reference, version: how they came about.
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


def version() -> str:
    """The installed version of this library."""
    from importlib import metadata

    try:
        return metadata.version("classification-for-regression")
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
                found: Any = {name: archive[name] for name in archive.files}
        else:
            found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as problem:
        raise InputError(f"{path} cannot be read ({problem.__class__.__name__})", REMEDY) from None
    return from_json(found, str(path))


def from_json(found: Any, where: str) -> Classes:
    """The classes from the content of a file.

    Raises:
      InputError: it is not what `as_json` makes; `where` is named.
    """
    try:
        schema = str(found["schema"])
        arrays = {name: np.asarray(found[name], np.float64) for name in ARRAYS}
        made = Classes(
            **arrays,
            kind=str(found["kind"]),
            remainder=float(found["remainder"]),
            reference=str(found["reference"]),
            version=str(found["version"]),
        )
    except (KeyError, ValueError, TypeError, IndexError) as problem:
        raise InputError(f"{where} is no classes file ({problem.__class__.__name__})", REMEDY) from None
    if schema != SCHEMA:
        raise InputError(f"{where} has the schema {schema[:20]!r}", REMEDY)
    count = len(made.p) if made.p.ndim == 1 else 0
    fits = all(arrays[name].shape == (count + (name == "edges"),) for name in ARRAYS)
    if not count or not fits or not all(np.isfinite(array).all() for array in arrays.values()):
        raise InputError(f"{where} has arrays that do not fit together", REMEDY)
    if not np.all(np.diff(made.edges) > 0):
        raise InputError(f"{where} has edges that do not increase", REMEDY)
    return made
