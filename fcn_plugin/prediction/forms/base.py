"""What every form of output is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..item import Item
from ..prediction import Prediction


class Form:
    """Write predictions in one form below a folder; files are named after the items.

    Whatever a form collects over all images (COCO JSON, a table) it writes as one part per image first, and joins the parts in
    :meth:`finish`: a prediction that was stopped goes on, and several processes share the work.

    Args:
        out_dir: folder of all results.
        classes: C names.
        palette: C colours, RGB.
    """

    needs_probabilities = False
    frames_alone = False  # takes frames of videos alone, in order, in one thread
    multilabel = False  # can write several labels at once
    package = ""  # optional package that it needs, by the name that is imported

    def __init__(self, out_dir: Path, classes: Sequence[str], palette: Sequence[Sequence[int]]) -> None:
        self.out_dir, self.classes, self.palette = out_dir, classes, palette

    def files(self, name: str) -> list[Path]:
        """Return the files that :meth:`write` makes for an item of this name; the item is done when all exist."""
        raise NotImplementedError

    def write(self, item: Item, prediction: Prediction) -> None:
        """Write the files of one item, each at once (:mod:`fcn_plugin.atomic_write`)."""
        raise NotImplementedError

    def finish(self) -> None:
        """Join the parts of all items; called once, on one process, after the last item."""

    def close(self, whole: bool) -> None:
        """End a file of several items; called once in every process, with ``whole`` False where items of the last file are left."""
