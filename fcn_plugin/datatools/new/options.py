"""What the user asks of a new data set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple


class Options(NamedTuple):
    """Arguments of the command."""

    name: str  # of the data set: letters, digits, _ and -
    images: str  # folder
    masks: str  # folder of masks or of labelme's files, or a COCO file
    out_dir: str | None = None  # for lists and converted masks; None: data/NAME
    configs_dir: str = "configs"
    classes: str | None = None  # file of names
    ignore_ids: Sequence[int] | None = None  # void; None: 255, unless it is a class of two
    ignore_colors: Sequence[tuple[int, int, int]] = ()  # void
    mask_suffix: str | None = None  # what names of masks have after those of their images; None finds it
    convert: bool = False  # write index PNGs of masks that could be used where they are
    val: float | None = None  # share of the images for val; None: 0.2, or the images' folders train and val
    val_list: str | None = None  # file of the images for val
    seed: int = 0  # of the random split
    allow_missing: bool = False  # leave out images without mask and masks without image
    net: Literal["light", "vgg16"] | None = None  # None: light where its packages are installed, else vgg16
    from_scratch: bool = False  # a config that needs no ImageNet weights
    sigmoid: bool = False  # a net with one channel for two classes
    force: bool = False  # replace what an earlier call wrote
