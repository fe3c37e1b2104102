"""The table of data set problems: severity, title and remedy; used by the check, training and testing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from ..errors import UserError
from ..invocation import command


class Kind(NamedTuple):
    """Attributes: ``severity`` (an error stops a run); ``title`` for reports; ``remedy``, what to do."""

    severity: Literal["error", "warning"]
    title: str
    remedy: str


CONVERTS = "new_dataset with --threshold (two classes) or --nearest-colors"

_ERRORS = {
    "image-unreadable": ("images that can't be read", "replace it, or take it out of the split"),
    "mask-unreadable": ("masks that can't be read", "replace it, or take it out of the split"),
    "mask-size": ("masks of another size than their image", "image and mask must have one size"),
    "image-turned": ("images that loading turns, but not their masks", "save the image upright, without EXIF"),
    "image-depth": (
        "images of more than 8 bits per channel",
        "scale it to 8 bits, or load it with FCNLoadBands",
    ),
    "image-bands": ("images of other bands than the rest", "all images need the same bands, of one type"),
    "image-multiplied": ("TIFFs whose colours loading multiplies by alpha", "load them with FCNLoadImageFromFile"),
    "mask-colours": (
        "masks of colours, not of ids",
        f"convert them to ids: {command('new_dataset')}, or save index PNGs",
    ),
    "mask-depth": ("masks of more than 8 bits", "load them with FCNLoadAnnotations: mmseg's loader keeps 8 bits"),
    "mask-lossy": ("masks in a lossy format", f"its values changed at every edge: take the PNG, or call {CONVERTS}"),
    "mask-fractions": (
        "masks of fractions",
        "save whole numbers, or make two classes: new_dataset with --threshold 0.5",
    ),
    "mask-ids": ("masks with unknown ids", "correct the mask, or add the id to class_map or ignore_ids"),
    "class-single": ("training masks of a single class", "check the class map: a net learns nothing from them"),
    "image-shared": ("images that training has seen", "take it out of one of the splits: scores on it mean nothing"),
    "image-thin": ("images too thin to be resized or flipped", "take it out, or crop or enlarge it"),
    "image-unpaired": ("images without a mask", "add the mask, or remove the image"),
    "mask-name": ("masks whose names differ only in the suffix", "keep the one that is meant"),
}
_WARNINGS = {
    "image-turned-with-mask": ("turned images, with masks that seem turned too", "save the image upright to be sure"),
    "image-gray": ("gray images", "nothing to do if it is meant: the net gets three equal channels"),
    "image-alpha": ("images with transparency", "nothing to do if it is meant: transparency is dropped"),
    "image-cmyk": ("images in CMYK", "save it as RGB: programs disagree on the colours"),
    "image-palette": ("images with a palette", "save it as RGB: is it a mask by mistake?"),
    "image-pages": ("images of several pages", "nothing to do if it is meant: the first page is used"),
    "mask-pages": ("masks of several pages", "nothing to do if it is meant: the first page is used"),
    "palette-swapped": ("masks that give an id the colour of another class", "compare the order of the classes"),
    "palette-differs": ("masks with a palette of their own", "check that ids mean the same in all masks"),
    "mask-near-binary": ("masks of values near 0 and 255", "two classes: convert them by new_dataset with --threshold"),
    "mask-mixed": ("binary masks of two kinds, 0/1 and 0/255", "convert them by new_dataset with --threshold 1"),
    "mask-void": ("masks without a labelled pixel", "take it out of the split: nothing is learnt from it"),
    "class-absent": ("classes that never occur", "check class map and split: such a class is never learnt or scored"),
    "image-duplicate": ("images that a split holds twice", "take it out, unless it should weigh more"),
    "image-similar": (
        "images that look like one of train",
        "frames of one scene belong in one split: new_dataset --group",
    ),
    "image-small": ("images smaller than the crop", "take a smaller crop_size: the rest of the crop is void"),
    "mask-unpaired": ("masks without an image", "add the image: the mask is not used"),
    "image-suffix": ("images of another suffix", "correct img_suffix: the image is not used"),
}
# code -> kind of fault, errors first: the order of reports
KINDS = {code: Kind("error", *texts) for code, texts in _ERRORS.items()}
KINDS |= {code: Kind("warning", *texts) for code, texts in _WARNINGS.items()}


@dataclass(frozen=True)
class Problem:
    """Attributes: ``code``, a key of ``KINDS``; ``path``, the file; ``found``, the value that was found in it."""

    code: str
    path: str
    found: str

    @property
    def message(self) -> str:
        return f"{self.path}: {self.found}; {KINDS[self.code].remedy}"

    def error(self) -> UserError:
        """Return the error to raise."""
        return UserError(self.code, self.message)


def refuse(problems: Iterable[Problem]) -> None:
    """Raise a UserError for the first problem of severity ``error``."""
    for problem in problems:
        if KINDS[problem.code].severity == "error":
            raise problem.error()
