"""Who trains and who validates: by folders of those names, by a list, or by lot."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from ...errors import UserError
from .pool import listed

FOLDERS = {"train": ("train", "training"), "val": ("val", "valid", "validation"), "test": ("test", "testing")}

Splits = dict[str, list[int]]  # places in the list of pairs, ascending


def by_folders(images: Sequence[str]) -> Splits | None:
    """The splits of images that lie in folders ``train``, ``val`` and perhaps ``test``; None where they do not."""
    split_of = {folder: split for split, folders in FOLDERS.items() for folder in folders}
    splits: Splits = defaultdict(list)
    for i, image in enumerate(images):
        folder, slash, _ = image.partition("/")
        splits[split_of.get(folder.lower(), "") if slash else ""].append(i)
    if "" in splits or not {"train", "val"} <= set(splits):
        return None
    return {split: splits[split] for split in FOLDERS if split in splits}


def by_list(names: Sequence[str], images: Sequence[str], path: str) -> Splits:
    """Images that a file names, one a line, with suffix or without, validate.

    Raises:
        UserError: no such file, a line that is no image, or nothing left for either side.
    """
    try:
        lines = {line.strip() for line in Path(path).read_text(encoding="utf-8").splitlines()} - {""}
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} can't be read as a list of images ({error}): write one name a line") from error
    val = [i for i, pair in enumerate(zip(names, images, strict=True)) if lines.intersection(pair)]
    unknown = sorted(lines - set(names) - set(images))
    if unknown:
        raise UserError(f"{path} names {len(unknown)} images that are not there: {listed(unknown)}")
    train = sorted(set(range(len(names))) - set(val))
    if not train or not val:
        raise UserError(f"{path} leaves {len(train)} images to train and {len(val)} to validate: leave some to both")
    return dict(train=train, val=val)


def by_lot(digests: Sequence[bytes], share: float, seed: int) -> Splits:
    """A share of the images validates; images of the same bytes stay together.

    Args:
        digests: of the images' files.
        share: of the images, above 0 and below 1; both sides get one at least.
        seed: the same one gives the same splits of the same images.

    Raises:
        UserError: fewer than two different images.
    """
    groups: dict[bytes, list[int]] = defaultdict(list)
    for i, digest in enumerate(digests):
        groups[digest].append(i)
    if len(groups) < 2:
        raise UserError(
            f"there are {len(groups)} different images: at least one to train and one to validate are needed"
        )
    order = list(groups.values())
    random.Random(seed).shuffle(order)
    val = order.pop()
    while len(order) > 1 and len(val) + len(order[-1]) <= round(share * len(digests)):
        val = val + order.pop()
    return dict(train=sorted(i for group in order for i in group), val=sorted(val))
