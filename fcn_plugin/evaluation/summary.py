"""Compute mean and standard deviation of a net's scores over several runs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from ..atomic_write import read_plain
from ..errors import UserError
from ..invocation import command
from .confusion import SCORE_NAMES

ABSENT = "-"  # shown for classes absent from truth and prediction


def read_scores(folder: str | Path) -> dict[str, Any]:
    """Read the ``metrics.json`` that :class:`FCNMetric` wrote; UserError: ``file-missing``, ``record-damaged``."""
    path = Path(folder) / "metrics.json"
    try:
        record = json.loads(read_plain(path))
    except FileNotFoundError:
        raise UserError(
            "file-missing", f"no metrics.json in {folder}: run {command('test')} --work-dir {folder}"
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        raise UserError("record-damaged", f"can't read {path} as JSON ({error}): evaluate again") from error
    try:
        values = [record[key] for key in SCORE_NAMES]
        for scores in record["classes"].values():
            values += [0 * scores["pixels"], 0 if scores["IoU"] is None else scores["IoU"]]
        if not all(0 <= value <= 1 for value in values):
            raise ValueError("a score outside 0 .. 1")
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        found = f"{path} was not written by FCNMetric ({type(error).__name__}: {error})"
        raise UserError("record-damaged", f"{found}: evaluate again") from error
    return record


def summary(nets: Mapping[str, Sequence[str | Path]], folds: bool = False) -> str:
    """Format two Markdown tables in percent: the four scores of each net, and the IU of each class that occurs.

    Args:
        nets: title -> folders with ``metrics.json``, one per seed.
        folds: the folders are one per fold instead, in the same order for all nets; folds have different images.

    Raises:
        UserError: those of :func:`read_scores`; ``lists-differ``: nets were not evaluated on the same images and classes.
    """
    records = {title: [read_scores(folder) for folder in folders] for title, folders in nets.items()}
    _require_same_data(nets, records, folds)
    scores = [
        [title, str(len(runs)), *(_spread([run[key] for run in runs]) for key in SCORE_NAMES)]
        for title, runs in records.items()
    ]
    classes = [
        [name, *(_spread([run["classes"][name]["IoU"] for run in runs]) for runs in records.values())]
        for name in next(iter(records.values()))[0]["classes"]
    ]
    occurring = [row for row in classes if set(row[1:]) != {ABSENT}]
    return _table(["net", "runs", *SCORE_NAMES.values()], scores) + "\n\n" + _table(["IU", *records], occurring)


def _require_same_data(
    nets: Mapping[str, Sequence[Any]], records: Mapping[str, list[dict[str, Any]]], folds: bool
) -> None:
    """Compare the true pixels of each class, which depend only on the images. Folds need only the same classes."""
    seen: dict[int, tuple[dict[str, Any], str]] = {}  # fold -> pixels of its classes, folder they were read from
    for title, runs in records.items():
        for number, (folder, run) in enumerate(zip(nets[title], runs, strict=True)):
            pixels = {name: scores["pixels"] for name, scores in run["classes"].items()}
            known, first = seen.setdefault(number if folds else 0, (pixels, str(folder)))
            if pixels != known or pixels.keys() != seen[0][0].keys():
                remedy = "give the folds in the same order" if folds else "use the same split; folds need --folds"
                raise UserError("lists-differ", f"{first} and {folder} have scores of different data: {remedy}")


def _spread(values: Sequence[float | None]) -> str:
    present = [100 * value for value in values if value is not None]
    if len(present) > 1:
        return f"{mean(present):.2f} ± {stdev(present):.2f}"
    return f"{present[0]:.2f}" if present else ABSENT


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows))
