"""Write one task of a multi-task net in another form, to a folder named after the task."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..item import Item
from ..prediction import Prediction
from .base import Form


class OfTask(Form):
    """Write one task's part of predictions with another form.

    Args:
        form: form of the task's classes, with its folder.
        index: index of the task.
        name: name of the task.
        sizes: number of classes of each task.
    """

    def __init__(self, form: Form, index: int, name: str, sizes: Sequence[int]) -> None:
        super().__init__(form.out_dir, form.classes, form.palette)
        self.form, self.task = form, (index, name, sizes)
        self.needs_probabilities, self.frames_alone = form.needs_probabilities, form.frames_alone

    def files(self, name: str) -> list[Path]:
        """Return the other form's files."""
        return self.form.files(name)

    def write(self, item: Item, prediction: Prediction) -> None:
        """Write the task's part of one item."""
        self.form.write(item, prediction.of_task(*self.task))

    def finish(self) -> None:
        """Join the parts of all items."""
        self.form.finish()

    def close(self, whole: bool) -> None:
        """End a file of several items."""
        self.form.close(whole)
