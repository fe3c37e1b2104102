"""Format the scores of each class and of all as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from prettytable import PrettyTable

from .confusion import DETAIL_NAMES, SCORE_NAMES

HEADS = {"IoU": "IU", **SCORE_NAMES, **DETAIL_NAMES}  # keys -> names in tables


def class_table(
    classes: Sequence[str], pixels: np.ndarray, columns: Mapping[str, np.ndarray], metrics: Mapping[str, float]
) -> str:
    """Format a row for each class that occurs and a line for all, in percent.

    Args:
        classes: C names.
        pixels: (C,) numbers of true pixels.
        columns: name -> (C,) in 0 .. 1, NaN if undefined; the last is NaN for classes that do not occur.
        metrics: name -> score of all, in 0 .. 1.
    """
    table = PrettyTable(["class", "pixels", *(f"{HEADS.get(name, name)} %" for name in columns)], align="r")
    table.align["class"] = "l"
    absent = []
    for name, true, *values in zip(classes, pixels, *columns.values(), strict=True):
        if np.isnan(values[-1]):
            absent.append(name)
        else:
            table.add_row([name, int(true), *("-" if np.isnan(v) else f"{100 * v:.2f}" for v in values)])
    lines = [table.get_string(), "   ".join(f"{HEADS.get(name, name)} {100 * v:.2f}" for name, v in metrics.items())]
    if absent:
        lines.append(f"absent from masks and predictions, not in the means: {', '.join(absent)}")
    return "\n".join(lines)
