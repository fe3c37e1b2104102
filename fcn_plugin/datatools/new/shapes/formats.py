"""Formats for ``--format NAME``: YOLO's is read by this package, the others by datumaro."""

from __future__ import annotations

from typing import NamedTuple

from ....errors import UserError
from ..classes import IGNORE

EXTRA = "'fcn-plugin[formats]'"


class Format(NamedTuple):
    """Attributes: ``folder``, description of ``--masks``; ``background``: pixels outside all shapes are a class, not void;
    ``top``: skip parts of objects, which are at higher levels; ``names``, meaning of labels.
    """

    folder: str
    background: bool = True
    top: bool = False
    names: dict[str, str] = {}


FORMATS = {
    "yolo": Format("YOLO's polygons: the folder of data.yaml, with labels/*.txt next to images/"),
    "cvat": Format("CVAT for images 1.1: the folder of annotations.xml, with a folder images"),
    "label_me": Format("LabelMe's XML: the folder of Annotations/ and Images/"),
    "voc_segmentation": Format(
        "VOC, and CVAT's Segmentation mask 1.1: the folder of ImageSets/, JPEGImages/ and SegmentationClass/",
        names={"ignored": IGNORE},
    ),
    "coco_panoptic": Format("COCO panoptic: the folder of annotations/ and images/", background=False),
    "ade20k2020": Format("full ADE20K: the folder of training/ and validation/", background=False, top=True),
    "mapillary_vistas": Format("Mapillary Vistas 2: the folder of training/ and validation/", background=False),
}


def choose_format(name: str) -> Format:
    """Return a format by name; UserError: ``option-value``."""
    if name not in FORMATS:
        raise UserError("option-value", f"--format is {name!r}: give one of {', '.join(FORMATS)}")
    return FORMATS[name]


def list_formats() -> str:
    """Format the list of formats for users."""
    wide = max(map(len, FORMATS))
    lines = [f"{name:{wide}}  {form.folder}{'' if name == 'yolo' else ' *'}" for name, form in FORMATS.items()]
    found = "without --format: masks (images), COCO (a JSON or a folder of them), labelme (a folder of JSON)"
    return "\n".join([*lines, f"* read by datumaro: pip install {EXTRA}", found])
