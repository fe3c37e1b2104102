"""Define the objects that forms list: every connected piece of every class except the background."""

from __future__ import annotations

from collections.abc import Sequence

from ...outlines import Outline
from ...prediction import Prediction

BACKGROUND = "background"


def background_of(classes: Sequence[str]) -> int:
    """Return the id of the class named ``background``; -1 if there is none."""
    return classes.index(BACKGROUND) if BACKGROUND in classes else -1


def objects(prediction: Prediction) -> list[Outline]:
    """Return the objects of an image."""
    background = background_of(prediction.classes)
    return [outline for outline in prediction.polygons() if outline.label != background]


def category_ids(classes: Sequence[str]) -> dict[int, int]:
    """Map class ids, without the background, to numbers from 1, as detection tools expect; VOC's ids are unchanged."""
    background = background_of(classes)
    return {label: number for number, label in enumerate((i for i in range(len(classes)) if i != background), 1)}
