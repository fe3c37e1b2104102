"""Format the measures of limits: means over classes, a table, a record for ``limits.json``.

Scores are arrays with the class as last axis, NaN if undefined. Integer arrays are counts, which are summed, not averaged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from prettytable import PrettyTable

from .maps import ratio

RATES = {"hole_rate": ("hole_pixels", "pixels"), "missed_inside": ("inside_missed", "inside_pixels")}
BANDS = (1, 3, 5, 10, 20)  # widths to show


def with_rates(scores: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Add the rates: pixels in holes, and missed pixels inside objects."""
    return {**scores, **{name: ratio(scores[part], scores[whole]) for name, (part, whole) in RATES.items()}}


def means(scores: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Average over the classes that occur, sum counts, and compute rates over all pixels; drop the last axis."""
    found = {}
    for name, values in scores.items():
        there = ~np.isnan(values)
        total, classes = np.where(there, values, 0).sum(-1), there.sum(-1)
        found[name] = total if values.dtype.kind == "i" else ratio(total, classes)
    return with_rates(found)


def headline(averages: Mapping[str, np.ndarray], settings: Mapping[str, Any]) -> dict[str, float]:
    """Choose the scores for logs, each in 0 .. 1; of the object groups only the smallest and the thinnest."""
    shown = {f"trimap_mIoU_{width}": averages["trimap_IoU"][width - 1] for width in _bands(settings)}
    shown |= {"boundary_mIoU": averages["boundary_IoU"], "boundary_mF1": averages["boundary_F1"]}
    shown |= {"small_mIoU": averages["size_IoU"][0], "thin_mIoU": averages["thickness_IoU"][0]}
    shown |= {"hole_rate": averages["hole_rate"], "missed_inside": averages["missed_inside"]}
    return {name: float(value) for name, value in shown.items() if not np.isnan(value)}


def table(scores: Mapping[str, np.ndarray], classes: Sequence[str], settings: Mapping[str, Any]) -> str:
    """Format a row for each class that occurs and one for all, in percent; below them mean IU by size and thickness."""
    averages = means(scores)
    bands, sizes, thicknesses = _bands(settings), group_names(settings["sizes"]), group_names(settings["thicknesses"])
    heads = [f"{width} px" for width in bands] + ["bound. IoU", "bound. F1", sizes[0], f"{thicknesses[0]} thick"]
    text = PrettyTable(["class", *heads, "holes", "in holes", "missed inside"], align="r")
    text.align["class"] = "l"
    rows = {name: {key: values[..., i] for key, values in scores.items()} for i, name in enumerate(classes)}
    for name, row in {**rows, "all": averages}.items():
        if not np.isnan(row["boundary_IoU"]):
            shown = [row["trimap_IoU"][width - 1] for width in bands] + [row["boundary_IoU"], row["boundary_F1"]]
            shown += [row["size_IoU"][0], row["thickness_IoU"][0]]
            last = [int(row["holes"]), *(_percent(float(row[key])) for key in ("hole_rate", "missed_inside"))]
            text.add_row([name, *map(_percent, shown), *last])
    lines = [text.get_string()]
    for name, groups in (("size", sizes), ("thickness", thicknesses)):
        found = zip(groups, averages[f"{name}_IoU"], averages[f"{name}_objects"], strict=True)
        texts = (f"{group} {_percent(iou)} ({int(objects)})" for group, iou, objects in found)
        lines.append(f"mean IU by {name} (objects): {', '.join(texts)}")
    return "\n".join(lines)


def record(scores: Mapping[str, np.ndarray], classes: Sequence[str], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of ``limits.json`` besides the headline: settings, means, scores of each class; None for NaN."""
    by_class = {}
    for number, name in enumerate(classes):
        by_class[name] = {key: _plain(values[..., number]) for key, values in scores.items()}
    averages = {key: _plain(values) for key, values in means(scores).items()}
    return {"settings": dict(settings), "means": averages, "classes": by_class}


def group_names(edges: Sequence[float]) -> list[str]:
    """Name the groups of objects by the edges between them."""
    return [f"<= {edge:g} px" for edge in edges] + [f"> {edges[-1]:g} px" if edges else "all"]


def _bands(settings: Mapping[str, Any]) -> list[int]:
    return [width for width in BANDS if width <= settings["width"]]


def _percent(value: float) -> str:
    return "-" if np.isnan(value) else f"{100 * value:.2f}"


def _plain(values: np.ndarray) -> int | float | list[Any] | None:
    if np.ndim(values):
        return [_plain(value) for value in values]
    return None if np.isnan(values) else values.item()
