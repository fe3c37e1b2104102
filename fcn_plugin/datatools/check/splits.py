"""List the images and masks to check: those of a config's splits, or of two folders."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.config import ConfigDict
from mmseg.datasets import BaseSegDataset
from mmseg.registry import DATASETS

from ...data.bands.read import ARRAYS
from ...data.bands.readers import PLAIN, Reader, reader_of
from ...data.class_map import ClassMap
from ...data.classes_file import read_classes
from ...data.leaves import leaf_datasets, refuse_multilabel
from ...errors import UserError
from ...invocation import command
from ...listing import IMAGE_SUFFIXES, MASK_SUFFIXES, files_below
from ..bands.choose import choose_reader
from .crop import Crop, find_crop

Strays = tuple[tuple[str, str, np.ndarray], ...]


@dataclass(frozen=True)
class Source:
    """Images and masks of one data set. Paths are stored compactly as NumPy bytes, for ``os.fsdecode``."""

    images: np.ndarray  # (N,) paths
    masks: np.ndarray  # (N,) paths, empty for images without a mask
    class_map: ClassMap | None = None  # None if unknown
    palette: Sequence[Sequence[int]] | None = None  # [r, g, b] of each class, if known
    crop: Crop | None = None  # training crop, if known
    strays: Strays = ()  # unpaired files: (code of the problem, what was found, paths)
    reader: Reader = PLAIN  # of the images


@dataclass(frozen=True)
class Split:
    """One of a config's splits, or two folders."""

    name: str
    sources: tuple[Source, ...]  # several under a ConcatDataset

    def __len__(self) -> int:
        return sum(len(source.images) for source in self.sources)

    def contents(self) -> list[tuple[Any, ...]]:
        """List files and class maps, which are equal for splits that need to be read only once."""
        return [(source.images.tolist(), source.masks.tolist(), source.class_map) for source in self.sources]


def pack(paths: Iterable[str]) -> np.ndarray:
    """Pack paths into (N,) NumPy bytes."""
    return np.array([os.fsencode(path) for path in paths], np.bytes_)


def splits_of_config(loaders: dict[str, ConfigDict], num_classes: int, rgb: Sequence[int] | None = None) -> list[Split]:
    """List the splits of a prepared config's dataloaders; merge test with val if they have the same files.

    Args:
        loaders: dataloaders of train, val and test, or some of these, in this order.
        num_classes: number of classes of the net; ids serve as class names of data sets without names.
        rgb: bands to show as red, green and blue.

    Raises:
        UserError: ``config-data``: a data set without masks.
    """
    splits: list[Split] = []
    for name, loader in loaders.items():
        split = Split(name, tuple(_source_of(leaf, name, num_classes, rgb) for leaf in leaf_datasets(loader.dataset)))
        if splits and splits[-1].name == "val" and splits[-1].contents() == split.contents():
            splits[-1] = replace(split, name=f"val and {name}")
        else:
            splits.append(split)
    return splits


def _source_of(leaf: ConfigDict, split: str, num_classes: int, rgb: Sequence[int] | None) -> Source:
    refuse_multilabel(leaf, "check_dataset")
    leaf = leaf.copy()
    leaf.serialize_data = False  # read once and dropped
    named = leaf.get("class_map") or leaf.get("metainfo", {}).get("classes")
    if not named and not DATASETS.get(leaf.type).METAINFO.get("classes"):
        leaf.metainfo = dict(leaf.get("metainfo", {}), classes=[str(i) for i in range(num_classes)])
    dataset = DATASETS.build(leaf)
    infos = (dataset.get_data_info(i) for i in range(len(dataset)))
    files = [(info["img_path"], info.get("seg_map_path", "")) for info in infos]
    if files and not files[0][1] and split != "test":
        raise UserError("config-data", f"the {split} data set {leaf.type} has no masks: set data_prefix.seg_map_path")
    images, masks = (pack(path[side] for path in files) for side in (0, 1))
    own = leaf.get("palette") or leaf.get("metainfo", {}).get("palette") or type(dataset).METAINFO.get("palette")
    palette = dataset.metainfo["palette"] if own else None  # without one, mmseg makes a random palette
    listed = leaf.get("ann_file") or not hasattr(dataset, "img_suffix")
    strays = () if listed else _strays(dataset, images, masks)
    steps, class_map = leaf.get("pipeline", ()), ClassMap.of_dataset(dataset)
    return Source(images, masks, class_map, palette, find_crop(steps), strays, reader_of(steps, rgb))


def _strays(dataset: BaseSegDataset, images: np.ndarray, masks: np.ndarray) -> Strays:
    """List files in a data set's folders that it does not use."""
    folder, mask_folder = dataset.data_prefix["img_path"], dataset.data_prefix.get("seg_map_path")
    known = np.union1d(images, masks)
    skipped = np.setdiff1d(pack(files_below(folder, IMAGE_SUFFIXES)), known)
    strays = [("image-suffix", f"img_suffix is {dataset.img_suffix}", skipped)]
    if mask_folder and mask_folder != folder:
        lone = np.setdiff1d(pack(files_below(mask_folder, [dataset.seg_map_suffix])), known)
        strays.append(("mask-unpaired", f"no image with its name in {folder}", lone))
    return tuple(strays)


def split_of_folders(images: str, masks: str, classes: str | None, ignore_ids: Iterable[int] | None) -> Split:
    """Pair all images below one folder with the masks of the same names, except for the suffix, below another.

    ``classes`` is a file of class names, or None; ``ignore_ids`` are ignored.

    Raises:
        UserError: dataset-missing; dataset-empty; option-value: the folders are equal; image-unpaired; class-file; class-map.
    """
    class_map = palette = None
    if classes is not None:
        names, colours = read_classes(classes)
        class_map = ClassMap.of(names, ignore_ids)
        if colours is not None:  # of ids that share a name, use the first one's colour
            by_name = {names[id]: list(colours[id]) for id in reversed(names)}
            palette = [by_name[name] for name in class_map.classes]
    if Path(images).resolve() == Path(masks).resolve():
        raise UserError("option-value", f"--images and --masks are both {images}: give two folders, or check a config")
    photos = _by_stem(images, "images", {*IMAGE_SUFFIXES, *ARRAYS}, masks)
    labels = _by_stem(masks, "masks", MASK_SUFFIXES, images)
    pairs = sorted((image, labels[stem][0]) for stem, group in photos.items() if stem in labels for image in group)
    if not pairs:
        found = f"no mask has the name of an image, for example {photos[min(photos)][0]} and {labels[min(labels)][0]}"
        raise UserError("image-unpaired", f"{found}: rename them, or use {command('new_dataset')}")
    bare = (path for stem in photos.keys() - labels.keys() for path in photos[stem])
    lone = (path for stem in labels.keys() - photos.keys() for path in labels[stem])
    twins = (path for group in labels.values() for path in group[1:])
    strays = (
        ("image-unpaired", f"no mask with its name in {masks}", pack(sorted(bare))),
        ("mask-unpaired", f"no image with its name in {images}", pack(sorted(lone))),
        ("mask-name", "its name differs from another mask's only in the suffix", pack(sorted(twins))),
    )
    reader = choose_reader([image for image, _ in pairs])
    paired, paired_masks = (pack(side) for side in zip(*pairs, strict=True))
    return Split("folder", (Source(paired, paired_masks, class_map, palette, strays=strays, reader=reader),))


def _by_stem(folder: str, what: str, suffixes: Collection[str], leave_out: str) -> dict[str, list[str]]:
    """Map relative path without suffix -> files of that name."""
    if not Path(folder).is_dir():
        raise UserError("dataset-missing", f"the folder of {what} {folder} does not exist: correct --{what}")
    found = defaultdict(list)
    for path in files_below(folder, suffixes, [leave_out]):
        found[os.path.splitext(os.path.relpath(path, folder))[0]].append(path)
    if not found:
        kinds = " ".join(sorted(suffixes))
        raise UserError("dataset-empty", f"no {what} in {folder} ({kinds}): correct --{what}")
    return found
