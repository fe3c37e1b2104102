"""Scores of several runs of one net: mean and spread over seeds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean, stdev

from ..errors import UserError
from .confusion import SCORE_NAMES

ABSENT = "-"  # from truth and prediction


def read_scores(folder: str | Path) -> dict:
    """The ``metrics.json`` that :class:`FCNMetric` wrote to a folder.

    Raises:
        UserError: there is none, or it is another program's.
    """
    path = Path(folder) / "metrics.json"
    try:
        record = json.loads(path.read_text())
    except FileNotFoundError:
        raise UserError(f"no metrics.json in {folder}: write it with tools/test.py --work-dir {folder}") from None
    except json.JSONDecodeError as error:
        raise UserError(f"{path} can't be read as JSON ({error}): evaluate again") from error
    missing = [key for key in (*SCORE_NAMES, "classes") if key not in record]
    if missing:
        raise UserError(f"{path} has no {', '.join(missing)}: it is not a record of FCNMetric")
    return record


def summary(nets: Mapping[str, Sequence[str | Path]]) -> str:
    """Two Markdown tables in percent: the four scores of each net, and the IU of each class that occurs.

    Args:
        nets: title -> folders with ``metrics.json``, one per seed.

    Raises:
        UserError: a folder without scores, or nets that were not evaluated on the same images and classes.
    """
    records = {title: [read_scores(folder) for folder in folders] for title, folders in nets.items()}
    _require_same_data(nets, records)
    lines = _table(["net", "runs", *SCORE_NAMES.values()])
    for title, runs in records.items():
        cells = [_spread([run[key] for run in runs]) for key in SCORE_NAMES]
        lines.append(_row([title, str(len(runs)), *cells]))
    lines += ["", *_table(["IU", *records])]
    for name in next(iter(records.values()))[0]["classes"]:
        cells = [_spread([run["classes"][name]["IoU"] for run in runs]) for runs in records.values()]
        if set(cells) != {ABSENT}:
            lines.append(_row([name, *cells]))
    return "\n".join(lines)


def _require_same_data(nets: Mapping[str, Sequence], records: Mapping[str, list[dict]]) -> None:
    """Pixels per class are the truth's: the same for every net on the same images."""
    seen: dict[tuple, str] = {}
    for title, runs in records.items():
        for folder, run in zip(nets[title], runs, strict=True):
            seen.setdefault(tuple((name, one["pixels"]) for name, one in run["classes"].items()), str(folder))
    if len(seen) > 1:
        first, second, *_ = seen.values()
        raise UserError(f"{first} and {second} hold scores of different images or classes: they can't be compared")


def _spread(values: Sequence[float | None]) -> str:
    present = [100 * value for value in values if value is not None]
    if not present:
        return ABSENT
    text = f"{mean(present):.2f}"
    return f"{text} ± {stdev(present):.2f}" if len(present) > 1 else text


def _table(head: Sequence[str]) -> list[str]:
    return [_row(head), _row(["---"] * len(head))]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
