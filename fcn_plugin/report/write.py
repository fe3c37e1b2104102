"""Write a report's files after an evaluation: the page, and its tables as CSV."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from mmengine.dataset import BaseDataset
from torch import nn

from ..atomic_write import atomic_write
from ..evaluation.limits.metric import FCNLimits
from ..evaluation.metric import FCNMetric
from ..visualization.panels import Panels
from .gather import FCNReport
from .page import page
from .tables import write_classes, write_confusion, write_images

FILES = ("report.html", "report_classes.csv", "report_images.csv", "report_confusion.csv")


def write_report(
    folder: Path,
    title: str,
    facts: Mapping[str, str],
    metrics: Iterable[FCNMetric],
    dataset: BaseDataset,
    model: nn.Module | None = None,
) -> list[Path]:
    """Write the files of a report and return their paths.

    Args:
        folder: folder of the files.
        title: title of the page.
        facts: facts about the evaluation, name -> value.
        metrics: metrics of an evaluation, including :class:`.FCNReport` and :class:`.FCNLimits`.
        dataset: the evaluated data set.
        model: the net, wrapped or not; it knows which bands to show as red, green and blue.

    Raises:
        UserError: image-unreadable; classes-count: more classes than palette colours.
    """
    metrics = list(metrics)
    findings = next(metric for metric in metrics if isinstance(metric, FCNReport)).findings
    limits = next(metric for metric in metrics if isinstance(metric, FCNLimits))
    measured = limits.scores(limits.last)
    classes, palette = dataset.metainfo["classes"], dataset.metainfo["palette"]
    panels = Panels(dataset, model)

    def name_of(path: str) -> str:
        return panels.place(path).as_posix()

    labelled = int(findings.matrix.sum())
    facts = {**facts, "images": f"{len(findings.images):,}", "labelled pixels": f"{labelled:,}"}
    text = page(title, facts, findings, (measured, limits.settings), classes, palette, name_of, panels.read)
    html, by_class, by_image, confusion = (folder / name for name in FILES)
    more = {"boundary IoU": measured["boundary_IoU"], "boundary F1": measured["boundary_F1"]}
    write_classes(by_class, classes, findings.matrix, more)
    write_images(by_image, [name_of(image.path) for image in findings.images], findings.images, classes)
    write_confusion(confusion, classes, findings.matrix)
    with atomic_write(html) as part:
        part.write_text(text, encoding="utf-8", errors="backslashreplace")
    return [html, by_class, by_image, confusion]
