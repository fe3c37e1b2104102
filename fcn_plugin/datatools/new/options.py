"""Options for a new data set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple


class Options(NamedTuple):
    """Arguments of the command ``new_dataset``."""

    name: str  # of the data set: letters, digits, _ and -
    images: str  # folder
    masks: str  # folder of masks or of label files, or a COCO file
    out_dir: str | None = None  # for lists and converted masks; None: data/NAME
    configs_dir: str = "configs"
    classes: str | None = None  # file of names
    ignore_ids: Sequence[int] | None = None  # void; None: 255, unless it is a class of two
    ignore_colors: Sequence[tuple[int, int, int]] = ()  # void
    threshold: float | None = None  # two classes of gray values, background below it
    nearest_colors: bool = False  # map each pixel to the nearest colour of the classes
    mask_suffix: str | None = None  # text that mask names add to image names; None: detect it
    image_suffix: str | None = None  # text that image names have instead of the mask suffix; None: detect it
    per_class: bool = False  # masks are of one class each, several per image
    convert: bool = False  # also convert masks that could be used unchanged
    val: float | None = None  # share of the images for val; None: 0.2, or the images' folders train and val
    val_list: str | None = None  # file of the images for val
    folds: int | None = None  # number of folds; each image is in val once
    group: str | None = None  # regular expression: images whose paths give the same match stay together
    seed: int = 0  # of the random split
    allow_missing: bool = False  # skip images without mask and masks without image
    net: Literal["light", "vgg16"] | None = None  # None: light if its packages are installed, else vgg16
    bands: bool = False  # train on all bands at full depth; automatic if no image is 8-bit with up to four channels
    rgb: Sequence[int] | None = None  # bands shown as red, green and blue, from 1
    from_scratch: bool = False  # a config that needs no ImageNet weights
    sigmoid: bool = False  # a net with one channel for two classes
    force: bool = False  # replace the files of an earlier call
    more_masks: Sequence[str] = ()  # more COCO files, such as those of other splits
    format: str | None = None  # of label files: a name in shapes/formats.py; None: masks, COCO or labelme
    boxes: bool = False  # draw boxes that have no outline
    line_width: float | None = None  # pixels; None: skip lines and points
