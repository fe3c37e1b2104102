"""The base class of output forms."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..item import Item
from ..prediction import Prediction


class Form:
    """Write predictions in one form below a folder; files are named after the items.

    A form that collects all images in one file (COCO JSON, a table) first writes one part per image and joins them in
    :meth:`finish`, so that an interrupted prediction can resume and several processes can share the work.

    Args:
        out_dir: folder of all results.
        classes: C names.
        palette: C colours, RGB.
    """

    needs_probabilities = False
    frames_alone = False  # accepts only frames of videos, in order, in one thread
    multilabel = False  # can write multi-label predictions
    package = ""  # import name of an optional package that it needs

    def __init__(self, out_dir: Path, classes: Sequence[str], palette: Sequence[Sequence[int]]) -> None:
        self.out_dir, self.classes, self.palette = out_dir, classes, palette

    def files(self, name: str) -> list[Path]:
        """Return the files that :meth:`write` makes for an item of this name; the item is complete when all exist."""
        raise NotImplementedError

    def write(self, item: Item, prediction: Prediction) -> None:
        """Write the files of one item, each atomically (:mod:`fcn_plugin.atomic_write`)."""
        raise NotImplementedError

    def finish(self) -> None:
        """Join the parts of all items; called once, on one process, after the last item."""

    def close(self, whole: bool) -> None:
        """Close a file of several items; called once in every process, with ``whole`` False if the last file is incomplete."""
