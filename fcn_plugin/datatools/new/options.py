"""What the user asks of a new data set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple


class Options(NamedTuple):
    """Arguments of the command."""

    name: str  # of the data set: letters, digits, _ and -
    images: str  # folder
    masks: str  # folder of masks or of label files, or a COCO file
    out_dir: str | None = None  # for lists and converted masks; None: data/NAME
    configs_dir: str = "configs"
    classes: str | None = None  # file of names
    ignore_ids: Sequence[int] | None = None  # void; None: 255, unless it is a class of two
    ignore_colors: Sequence[tuple[int, int, int]] = ()  # void
    threshold: float | None = None  # makes two classes of gray values, background below it
    nearest_colors: bool = False  # take each pixel for the nearest colour of the classes
    mask_suffix: str | None = None  # what names of masks have after those of their images; None finds it
    image_suffix: str | None = None  # what names of images have after what they share with masks; None finds it
    per_class: bool = False  # masks are of one class each, several for an image
    convert: bool = False  # write index PNGs of masks that could be used where they are
    val: float | None = None  # share of the images for val; None: 0.2, or the images' folders train and val
    val_list: str | None = None  # file of the images for val
    folds: int | None = None  # how many times the images are split, each image in val once
    group: str | None = None  # regular expression: images whose paths share what it finds stay together
    seed: int = 0  # of the random split
    allow_missing: bool = False  # leave out images without mask and masks without image
    net: Literal["light", "vgg16"] | None = None  # None: light where its packages are installed, else vgg16
    bands: bool = (
        False  # train with all bands in full depth; done anyway where no image has 8 bits and up to four channels
    )
    rgb: Sequence[int] | None = None  # bands that pictures show, from 1 on
    from_scratch: bool = False  # a config that needs no ImageNet weights
    sigmoid: bool = False  # a net with one channel for two classes
    force: bool = False  # replace what an earlier call wrote
    more_masks: Sequence[str] = ()  # more COCO files, as of other splits
    format: str | None = None  # of label files: a name of shapes/formats.py; None: masks, COCO or labelme
    boxes: bool = False  # draw boxes that have no outline
    line_width: float | None = None  # pixels; None leaves lines and points out
