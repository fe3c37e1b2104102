"""What can be wrong with a data set, how bad it is and how to mend it: one table for the check, training and testing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Kind:
    """Attributes: ``severity``, an error stops a run; ``title`` for reports; ``remedy``, what to do."""

    severity: Literal["error", "warning"]
    title: str
    remedy: str


KINDS = {
    "unreadable image": Kind("error", "images that can't be read", "replace it, or take it out of the split"),
    "unreadable mask": Kind("error", "masks that can't be read", "replace it, or take it out of the split"),
    "size mismatch": Kind("error", "masks of another size than their image", "image and mask must have one size"),
    "turned image": Kind(
        "error",
        "images that are turned on loading and their masks are not",
        "save the image upright, without EXIF orientation",
    ),
    "turned with its mask": Kind(
        "warning", "images that are turned on loading, as their masks seem to be", "save the image upright to be sure"
    ),
    "deep image": Kind(
        "error",
        "images of more than 8 bits a channel",
        "scale it to 8 bits: loading keeps the upper 8, dark ones turn black",
    ),
    "gray image": Kind("warning", "gray images", "nothing to do if it is meant: the net gets three equal channels"),
    "alpha image": Kind("warning", "images with transparency", "nothing to do if it is meant: transparency is dropped"),
    "CMYK image": Kind("warning", "images in CMYK", "save it as RGB: programs disagree on the colours"),
    "palette image": Kind("warning", "images with a palette", "save it as RGB: is it a mask by mistake?"),
    "colour mask": Kind(
        "error", "masks of colours where ids are meant", "convert them to ids: tools/new_dataset.py, or save index PNGs"
    ),
    "deep mask": Kind(
        "error",
        "masks of more bits than are loaded",
        "load them with FCNLoadAnnotations: mmseg's loader keeps the lower 8 bits",
    ),
    "lossy mask": Kind("error", "masks in a lossy format", "save masks as PNG: JPEG changes ids at every edge"),
    "unknown id": Kind(
        "error",
        "masks with ids that are neither classes nor ignored",
        "correct the mask, or name the id in class_map or ignore_ids of the data set",
    ),
    "swapped colours": Kind(
        "warning",
        "masks that colour an id as the config colours another class",
        "compare the order of the classes: ids may mean something else in the masks",
    ),
    "other palette": Kind(
        "warning", "masks with a palette of their own", "check that their ids mean the same as those of the other masks"
    ),
    "void mask": Kind(
        "warning", "masks without a labelled pixel", "take it out of the split: nothing is learnt from it"
    ),
    "absent class": Kind(
        "warning",
        "classes that never occur",
        "check the class map and the split: such a class is never learnt or scored",
    ),
    "single class": Kind(
        "error", "training masks of a single class", "check the class map: a net learns nothing from them"
    ),
    "duplicate image": Kind("warning", "images that a split holds twice", "take it out, unless it should weigh more"),
    "shared image": Kind(
        "error", "images that training has seen", "take it out of one of the splits: scores on it mean nothing"
    ),
    "thin image": Kind(
        "error",
        "images of which resizing leaves nothing",
        "take it out, or crop it: it is too thin for the resize of the pipeline",
    ),
    "small image": Kind(
        "warning", "images smaller than the crop", "take a smaller crop_size: the rest of the crop is void"
    ),
    "image without mask": Kind("error", "images without a mask", "add the mask, or take the image away"),
    "mask without image": Kind("warning", "masks without an image", "add the image: the mask is not used"),
    "skipped image": Kind("warning", "images of another suffix", "correct img_suffix: the image is not used"),
    "same name": Kind("error", "masks that are named alike but for the suffix", "keep the one that is meant"),
}


@dataclass(frozen=True)
class Problem:
    """Attributes: ``kind``, a key of ``KINDS``; ``path``, the file; ``found``, the value that was found in it."""

    kind: str
    path: str
    found: str

    @property
    def severity(self) -> str:
        return KINDS[self.kind].severity

    @property
    def remedy(self) -> str:
        return KINDS[self.kind].remedy

    @property
    def message(self) -> str:
        return f"{self.path}: {self.found}; {self.remedy}"


def first_error(problems: Iterable[Problem]) -> Problem | None:
    """The first one that stops a run; None where all are warnings."""
    return next((problem for problem in problems if problem.severity == "error"), None)
