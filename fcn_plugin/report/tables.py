"""Write the tables of a report as CSV: classes, images, confusion. Scores are in 0 .. 1; undefined ones are empty."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..atomic_write import atomic_write
from ..evaluation.confusion import per_class, precision_and_dice
from .images import ImageCounts


def class_columns(matrix: np.ndarray) -> dict[str, np.ndarray]:
    """Compute the columns of the class table from a confusion matrix (C, C), (C,) each; NaN if undefined."""
    accuracy, iou = per_class(matrix)
    precision, dice = precision_and_dice(matrix)
    total = max(1, int(matrix.sum()))
    shares = {"share of truth": matrix.sum(1) / total, "share of prediction": matrix.sum(0) / total}
    return {"IU": iou, "accuracy": accuracy, "precision": precision, "Dice": dice, **shares}


def write_classes(path: Path, classes: Sequence[str], matrix: np.ndarray, more: Mapping[str, np.ndarray]) -> None:
    """Write a row per class; ``more`` are further columns, (C,) each."""
    columns = {"pixels": matrix.sum(1), **class_columns(matrix), **more}
    rows = zip(classes, *columns.values(), strict=True)
    write_csv(path, ["class", *columns], rows)


def write_images(path: Path, names: Sequence[str], images: Sequence[ImageCounts], classes: Sequence[str]) -> None:
    """Write a row per image, worst first: mean IU, accuracy, labelled pixels, and the IU of each class in it."""
    order = sorted(zip(names, images, strict=True), key=lambda pair: (np.isnan(pair[1].mean_iou), *pair[1].rank))
    rows = ([name, image.mean_iou, image.accuracy, image.pixels, *image.iou] for name, image in order)
    write_csv(path, ["image", "mean IU", "pixel accuracy", "pixels", *(f"IU {name}" for name in classes)], rows)


def write_confusion(path: Path, classes: Sequence[str], matrix: np.ndarray) -> None:
    """Write pixel counts, one row per true class and one column per predicted class."""
    write_csv(path, ["true class", *classes], ([name, *row] for name, row in zip(classes, matrix, strict=True)))


def write_csv(path: Path, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a table; NaN becomes an empty field."""
    with atomic_write(path) as part, open(part, "w", newline="", encoding="utf-8", errors="backslashreplace") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(head)
        writer.writerows([_text(value) for value in row] for row in rows)


def _text(value: str | float) -> str | int:
    if isinstance(value, (float, np.floating)):
        return "" if np.isnan(value) else f"{value:.6f}"
    return value
