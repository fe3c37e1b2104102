"""Write a report's files after an evaluation: the page, and its tables as CSV."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from ..atomic_write import atomic_write
from ..data.bands.readers import reader_of
from ..data.leaves import leaf_datasets
from ..evaluation.limits.metric import FCNLimits
from ..evaluation.metric import FCNMetric
from .gather import FCNReport
from .page import page
from .tables import write_classes, write_confusion, write_images

FILES = ("report.html", "report_classes.csv", "report_images.csv", "report_confusion.csv")


def write_report(
    folder: Path, title: str, facts: Mapping[str, str], metrics: Iterable[FCNMetric], dataset, rgb=None
) -> list[Path]:
    """Write the files of a report and return their paths.

    Args:
        folder: folder of the files.
        title: title of the page.
        facts: facts about the evaluation, name -> value.
        metrics: metrics of an evaluation, including :class:`.FCNReport` and :class:`.FCNLimits`.
        dataset: the evaluated data set.
        rgb: bands to show as red, green and blue, for images of other bands.

    Raises:
        UserError: image-unreadable; classes-count: more classes than palette colours.
    """
    metrics = list(metrics)
    findings = next(metric for metric in metrics if isinstance(metric, FCNReport)).findings
    limits = next(metric for metric in metrics if isinstance(metric, FCNLimits))
    measured = limits.scores(limits.last)
    classes, palette = dataset.metainfo["classes"], dataset.metainfo["palette"]
    reader = reader_of(getattr(getattr(next(leaf_datasets(dataset)), "pipeline", None), "transforms", ()), rgb)
    root = Path(getattr(dataset, "data_prefix", {}).get("img_path") or ".")

    def name_of(path: str) -> str:
        inside = Path(path).is_relative_to(root)
        return (Path(path).relative_to(root) if inside else Path(path)).as_posix()

    def read(path: str) -> np.ndarray:
        return reader.picture(reader.read(path)[1])

    labelled = int(findings.matrix.sum())
    facts = {**facts, "images": f"{len(findings.images):,}", "labelled pixels": f"{labelled:,}"}
    text = page(title, facts, findings, (measured, limits.settings), classes, palette, name_of, read)
    html, by_class, by_image, confusion = (folder / name for name in FILES)
    more = {"boundary IoU": measured["boundary_IoU"], "boundary F1": measured["boundary_F1"]}
    write_classes(by_class, classes, findings.matrix, more)
    write_images(by_image, [name_of(image.path) for image in findings.images], findings.images, classes)
    write_confusion(confusion, classes, findings.matrix)
    with atomic_write(html) as part:
        part.write_text(text, encoding="utf-8", errors="backslashreplace")
    return [html, by_class, by_image, confusion]
