"""`unskew advise`: read, answer, write, print."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from unskew import classes as class_files
from unskew import from_labels, report, words
from unskew.ground import command, files
from unskew.inputs import held_out, label_cells
from unskew.options import Options


def run(options: Options, *, more: bool, json: str | None, out: str | None) -> int:
    """Runs a request.

    Args:
      more: print everything.
      json: file for the report, `-` for standard output, or None.
      out: folder for report, classes and figures, or None.

    Returns:
      the exit code.

    Raises:
      InputError: bad input, before anything is written.
    """
    if options.has_predictions:
        from unskew.remedies import compare

        sample = held_out(options)
        comparison = compare(sample, options.score, options.seed)
        content = report.of_rows(options, sample, comparison)
        lines = words.rows_first(options, sample, comparison)
        lines += words.rows_more(options, sample, comparison) if more else words.notes(sample, comparison)
        classes = None
    else:
        answer = from_labels.answer(label_cells(options), options.noise)
        content = report.of_labels(options, answer)
        lines = words.labels_first(answer) + (words.labels_more(answer) if more else [])
        classes = answer.classes
    if json is not None:
        files.write_json(json, content)
    if out is not None:
        lines.append(f"written to {out}: {', '.join(save(Path(out), content, classes))}")
    if json != "-":
        print("\n".join(command.one_line(line) for line in lines))
    return command.HOLDS


def save(folder: Path, content: dict[str, Any], classes: class_files.Classes | None) -> list[str]:
    """Writes report, classes and figures; returns their names."""
    from unskew import pictures

    files.make_folder(folder)
    written = [] if classes is None else class_files.write(classes, folder)
    files.write_json(folder / "report.json", content)
    return [path.name for path in [*written, folder / "report.json", *pictures.draw(content, folder)]]
