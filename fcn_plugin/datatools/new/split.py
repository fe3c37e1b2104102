"""Split images into train and val: by folders of those names, by a list, or at random."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence

from ...data.class_map_dataset import read_list
from ...errors import UserError, abbreviate

FOLDERS = {"train": ("train", "training"), "val": ("val", "valid", "validation"), "test": ("test", "testing")}
SPLIT_OF = {folder: split for split, folders in FOLDERS.items() for folder in folders}

Splits = dict[str, list[int]]  # places in the list of pairs, ascending


def by_folders(images: Sequence[str]) -> Splits | None:
    """Split images that lie in folders ``train``, ``val`` and perhaps ``test``; None where they do not."""
    splits: Splits = defaultdict(list)
    for i, image in enumerate(images):
        folder, slash, _ = image.partition("/")
        splits[SPLIT_OF.get(folder.lower(), "") if slash else ""].append(i)
    if "" in splits or not {"train", "val"} <= set(splits):
        return None
    return {split: splits[split] for split in FOLDERS if split in splits}


def by_list(names: Sequence[str], images: Sequence[str], path: str) -> Splits:
    """Take the images that a file names, one per line, with suffix or without, for val; UserError: ``list-file``."""
    lines = set(read_list(path))
    if unknown := sorted(lines - set(names) - set(images)):
        raise UserError("list-file", f"{path} names {len(unknown)} unknown images: {abbreviate(unknown, 10)}")
    splits: Splits = dict(train=[], val=[])
    for i, pair in enumerate(zip(names, images, strict=True)):
        splits["val" if lines.intersection(pair) else "train"].append(i)
    if not all(splits.values()):
        raise UserError("list-file", f"{path} names {len(splits['val'])} of {len(names)} images: leave some for both")
    return splits


def random_split(digests: Sequence[bytes], share: float, seed: int) -> Splits:
    """Take a random share, 0 to 1, of the images for val; those of one digest stay together. UserError: ``dataset-empty``."""
    groups: dict[bytes, list[int]] = defaultdict(list)
    for i, digest in enumerate(digests):
        groups[digest].append(i)
    if len(groups) < 2:
        raise UserError("dataset-empty", f"there are {len(groups)} different images: train and val need one each")
    order = list(groups.values())
    random.Random(seed).shuffle(order)
    val = order.pop()
    while len(order) > 1 and len(val) + len(order[-1]) <= round(share * len(digests)):
        val = val + order.pop()
    return dict(train=sorted(i for group in order for i in group), val=sorted(val))
