"""What counts as an object in forms that list objects: every connected piece of every class but the background."""

from __future__ import annotations

from collections.abc import Sequence

from ...outlines import Outline
from ...prediction import Prediction

BACKGROUND = "background"


def background_of(classes: Sequence[str]) -> int:
    """Return the id of the class named ``background``, -1 without one."""
    return classes.index(BACKGROUND) if BACKGROUND in classes else -1


def objects(prediction: Prediction) -> list[Outline]:
    """Return the objects of an image."""
    background = background_of(prediction.classes)
    return [outline for outline in prediction.polygons() if outline.label != background]


def category_ids(classes: Sequence[str]) -> dict[int, int]:
    """Map class ids to numbers from 1, as detection tools expect, without the background; VOC's stay as they are."""
    background = background_of(classes)
    return {label: number for number, label in enumerate((i for i in range(len(classes)) if i != background), 1)}
