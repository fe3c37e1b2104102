"""What a person says of a new data set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .source import Colour


@dataclass(frozen=True)
class Options:
    """What a person says of the data set.

    Attributes:
        name: letters, digits, ``_`` and ``-``.
        images: folder.
        masks: folder of masks or of labelme's files, or a COCO file.
        out_dir: for lists and converted masks; None: ``data/NAME``.
        configs_dir: for the configs.
        classes: file of names.
        ignore_ids, ignore_colors: void; None: 255 where that is no class of two.
        mask_suffix: what names of masks have after those of their images; None finds it.
        convert: write index PNGs of masks that could be used as they are.
        val: share of the images that validate; None: 0.2, or the folders ``train`` and ``val`` where images lie in them.
        val_list: file of the images that validate.
        seed: of the lots.
        allow_missing: leave out images without mask and masks without image.
        from_scratch: a config that needs no ImageNet weights.
        force: replace what an earlier call wrote.
    """

    name: str
    images: str
    masks: str
    out_dir: str | None = None
    configs_dir: str = "configs"
    classes: str | None = None
    ignore_ids: Sequence[int] | None = None
    ignore_colors: Sequence[Colour] = ()
    mask_suffix: str | None = None
    convert: bool = False
    val: float | None = None
    val_list: str | None = None
    seed: int = 0
    allow_missing: bool = False
    from_scratch: bool = False
    force: bool = False
