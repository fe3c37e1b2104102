"""Which images and masks a check reads: those of a config's splits, or of two folders."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from mmengine.config import ConfigDict
from mmseg.registry import DATASETS

from ...data.class_map import ClassMap
from ...data.headers import IMAGE_SUFFIXES
from ...data.leaves import leaf_configs
from ...errors import UserError
from .crop import Crop, find_crop


@dataclass(frozen=True)
class Source:
    """Images and masks of one data set. Paths are NumPy's bytes: 100,000 of them are one object.

    Attributes:
        images: (N,) paths.
        masks: (N,) paths, empty where an image has none.
        class_map: what ids mean; None where nothing is known of them.
        palette: [r, g, b] of each class, if known.
        crop: what training takes of an image, if known.
        strays: files left out of the pairs: (kind of problem, what was found, paths).
    """

    images: np.ndarray
    masks: np.ndarray
    class_map: ClassMap | None = None
    palette: Sequence[Sequence[int]] | None = None
    crop: Crop | None = None
    strays: tuple[tuple[str, str, np.ndarray], ...] = ()


@dataclass(frozen=True)
class Split:
    """Attributes: ``name``; ``sources``, several under a ConcatDataset."""

    name: str
    sources: tuple[Source, ...]

    def __len__(self) -> int:
        return sum(len(source.images) for source in self.sources)

    def reads_as(self, other: Split) -> bool:
        """Whether both hold the same files, read with the same ids."""
        return len(self.sources) == len(other.sources) and all(
            np.array_equal(a.images, b.images) and np.array_equal(a.masks, b.masks) and a.class_map == b.class_map
            for a, b in zip(self.sources, other.sources, strict=True)
        )


def pack(paths: Iterable[str]) -> np.ndarray:
    """(N,) paths as bytes of NumPy."""
    return np.array([os.fsencode(path) for path in paths], np.bytes_)


def unpack(path: np.bytes_) -> str:
    """One of :func:`pack`'s paths."""
    return os.fsdecode(bytes(path))


def splits_of_config(loaders: dict[str, ConfigDict], num_classes: int) -> list[Split]:
    """The splits of a config that was found sound; test is left out where it holds the files of val.

    Args:
        loaders: split -> its dataloader's entry.
        num_classes: of the net, for data sets that name no classes.

    Raises:
        UserError: a data set that can't be built, or without masks.
    """
    splits: list[Split] = []
    for name, loader in loaders.items():
        sources = tuple(_source_of(leaf, name, num_classes) for leaf in leaf_configs(loader.dataset))
        split = Split(name, sources)
        same = next((i for i, one in enumerate(splits) if one.name != "train" and one.reads_as(split)), None)
        if same is None:
            splits.append(split)
        else:
            splits[same] = Split(f"{splits[same].name} and {name}", splits[same].sources)
    return splits


def _source_of(leaf: ConfigDict, split: str, num_classes: int) -> Source:
    leaf = leaf.copy()
    leaf.serialize_data = False  # read once and dropped
    named = leaf.get("class_map") or leaf.get("metainfo", {}).get("classes")
    if not named and not DATASETS.get(leaf.type).METAINFO.get("classes"):
        leaf.metainfo = dict(leaf.get("metainfo", {}), classes=[str(i) for i in range(num_classes)])
    dataset = DATASETS.build(leaf)
    files = []
    for i in range(len(dataset)):
        info = dataset.get_data_info(i)
        files.append((info["img_path"], info.get("seg_map_path", "")))
    if files and not files[0][1] and split != "test":
        raise UserError(f"the {split} data set {leaf.type} names no masks: set seg_map_path in its data_prefix")
    images, masks = (pack(path[side] for path in files) for side in (0, 1))
    own = leaf.get("palette") or leaf.get("metainfo", {}).get("palette") or type(dataset).METAINFO.get("palette")
    palette = dataset.metainfo["palette"] if own else None  # mmseg draws one at random where there is none
    listed = leaf.get("ann_file") or not hasattr(dataset, "img_suffix")
    strays = () if listed else _strays(dataset, images, masks)
    return Source(images, masks, ClassMap.of_dataset(dataset), palette, find_crop(leaf.get("pipeline", ())), strays)


def _strays(dataset, images: np.ndarray, masks: np.ndarray) -> tuple[tuple[str, str, np.ndarray], ...]:
    """Files of a data set's folders that it passes over."""
    folders = dataset.data_prefix
    known = np.union1d(images, masks)
    skipped = np.setdiff1d(pack(_files(folders["img_path"], IMAGE_SUFFIXES)), known)
    strays = [("skipped image", f"img_suffix is {dataset.img_suffix}", skipped)]
    if folders.get("seg_map_path") and folders["seg_map_path"] != folders["img_path"]:
        lone = np.setdiff1d(pack(_files(folders["seg_map_path"], [dataset.seg_map_suffix])), known)
        strays.append(("mask without image", f"no image of its name in {folders['img_path']}", lone))
    return tuple(strays)


def split_of_folders(
    images: str, masks: str, class_map: ClassMap | None, palette: Sequence[Sequence[int]] | None
) -> Split:
    """All images of one folder and the masks of another that share their names but for the suffix, in depth.

    Raises:
        UserError: a folder that does not exist or holds no image, or no image with a mask.
    """
    if Path(images).resolve() == Path(masks).resolve():
        raise UserError(f"{images} is the folder of images and of masks: put them into two, or check a config")
    found = {}
    for folder, what, option in ((images, "images", "--images"), (masks, "masks", "--masks")):
        if not Path(folder).is_dir():
            raise UserError(f"the folder of {what} {folder} does not exist: correct {option}")
        found[what] = _by_stem(folder)
        if not found[what]:
            raise UserError(f"no {what} in {folder} ({' '.join(sorted(IMAGE_SUFFIXES))}): correct {option}")
    pairs = sorted(
        (image, found["masks"][stem][0])
        for stem, group in found["images"].items()
        for image in group
        if stem in found["masks"]
    )
    if not pairs:
        names = [found[what][min(found[what])][0] for what in ("images", "masks")]
        raise UserError(
            f"no mask has the name of an image, as {names[0]} and {names[1]}: name them alike, or let tools/new_dataset.py do it"
        )
    strays = (
        ("image without mask", f"no mask of its name in {masks}", _unmatched(found["images"], found["masks"])),
        ("mask without image", f"no image of its name in {images}", _unmatched(found["masks"], found["images"])),
        (
            "same name",
            "only its suffix differs from another's",
            pack(sorted(path for group in found["masks"].values() for path in group[1:])),
        ),
    )
    source = Source(
        pack(image for image, _ in pairs), pack(mask for _, mask in pairs), class_map, palette, None, strays
    )
    return Split("folder", (source,))


def _by_stem(folder: str) -> dict[str, list[str]]:
    """Path below the folder, without suffix -> files of that name."""
    found: dict[str, list[str]] = {}
    for path in _files(folder, IMAGE_SUFFIXES):
        found.setdefault(os.path.splitext(os.path.relpath(path, folder))[0], []).append(path)
    return found


def _unmatched(some: dict[str, list[str]], others: dict[str, list[str]]) -> np.ndarray:
    return pack(sorted(path for stem, group in some.items() if stem not in others for path in group))


def _files(folder: str, suffixes: Iterable[str]) -> list[str]:
    """Visible files below a folder, sorted; suffixes in any case."""
    endings = tuple(suffix.lower() for suffix in suffixes)
    return sorted(
        os.path.join(root, name)
        for root, _, names in os.walk(folder, followlinks=True)
        for name in names
        if not name.startswith(".") and name.lower().endswith(endings)
    )
