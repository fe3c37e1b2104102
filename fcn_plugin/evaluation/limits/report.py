"""Show the measures of limits: means over classes, a table, a record for ``limits.json``.

Scores are arrays whose last axis is the class, NaN where a class has none; those in ``COUNTS`` are numbers, which add up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from prettytable import PrettyTable

COUNTS = ("size_objects", "thickness_objects", "holes")
BANDS = (1, 3, 5, 10, 20)  # of all widths, those that are shown


def means(scores: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Average over the classes that occur, and add up counts; drops the last axis."""
    found = {}
    for name, values in scores.items():
        there = ~np.isnan(values)
        total, classes = np.where(there, values, 0).sum(-1), there.sum(-1)
        found[name] = total if name in COUNTS else np.where(classes > 0, total / np.maximum(classes, 1), np.nan)
    return found


def headline(averages: Mapping[str, np.ndarray], settings: Mapping) -> dict[str, float]:
    """Choose the scores of logs, each in 0 .. 1; the smallest and the thinnest group stand for all."""
    shown = {f"trimap_mIoU_{width}": averages["trimap_IoU"][width - 1] for width in _bands(settings)}
    shown |= {"boundary_mIoU": averages["boundary_IoU"], "boundary_mF1": averages["boundary_F1"]}
    shown |= {"small_mIoU": averages["size_IoU"][0], "thin_mIoU": averages["thickness_IoU"][0]}
    shown |= {"hole_rate": averages["hole_rate"], "missed_inside": averages["missed_inside"]}
    return {name: float(value) for name, value in shown.items() if not np.isnan(value)}


def table(scores: Mapping[str, np.ndarray], classes: Sequence[str], settings: Mapping) -> str:
    """Write a row for each class that occurs and one for the mean, in percent; below it IU by size and thickness."""
    columns = {f"{width} px": scores["trimap_IoU"][width - 1] for width in _bands(settings)}
    columns |= {"bound. IoU": scores["boundary_IoU"], "bound. F1": scores["boundary_F1"]}
    columns |= {f"<= {settings['sizes'][0]:g} px": scores["size_IoU"][0]} if settings["sizes"] else {}
    columns |= (
        {f"<= {settings['thicknesses'][0]:g} thick": scores["thickness_IoU"][0]} if settings["thicknesses"] else {}
    )
    columns |= {"in holes": scores["hole_rate"], "missed inside": scores["missed_inside"]}
    text = PrettyTable(["class", *columns, "holes"], align="r")
    text.align["class"] = "l"
    for number, name in enumerate(classes):
        if not np.isnan(scores["boundary_IoU"][number]):
            values = [_percent(column[number]) for column in columns.values()]
            text.add_row([name, *values, int(scores["holes"][number])])
    averages = means(scores)
    values = [_percent(value) for value in means(columns).values()]
    text.add_row(["mean", *values, int(averages["holes"])])
    lines = [text.get_string()]
    for name, edges, unit in (("size", settings["sizes"], "px"), ("thickness", settings["thicknesses"], "px")):
        groups = zip(_names(edges), averages[f"{name}_IoU"], averages[f"{name}_objects"], strict=True)
        shown = (f"{group} {unit} {_percent(iou)} ({int(objects)})" for group, iou, objects in groups)
        lines.append(f"mean IU by {name} (objects): {', '.join(shown)}")
    return "\n".join(lines)


def record(scores: Mapping[str, np.ndarray], classes: Sequence[str], settings: Mapping) -> dict:
    """Return what ``limits.json`` holds beside the headline: settings, means, and the scores of each class; None for NaN."""
    by_class = {}
    for number, name in enumerate(classes):
        by_class[name] = {key: _plain(values[..., number], key) for key, values in scores.items()}
    averages = {key: _plain(values, key) for key, values in means(scores).items()}
    return {"settings": dict(settings), "means": averages, "classes": by_class}


def _bands(settings: Mapping) -> list[int]:
    return [width for width in BANDS if width <= settings["width"]]


def _names(edges: Sequence[float]) -> list[str]:
    return [f"<= {edge:g}" for edge in edges] + [f"> {edges[-1]:g}" if edges else "all"]


def _percent(value: float) -> str:
    return "-" if np.isnan(value) else f"{100 * value:.2f}"


def _plain(values: np.ndarray, key: str) -> int | float | list | None:
    if np.ndim(values):
        return [_plain(value, key) for value in values]
    return None if np.isnan(values) else int(values) if key in COUNTS else float(values)
