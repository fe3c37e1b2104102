"""Make lists of images like VOC's ``ImageSets/Segmentation/*.txt`` and SBD's ``train.txt``: one name per line.

``trainaug`` is VOC 2012 train and all of SBD without VOC 2012 val. The authors train on ``sbd_train`` and validate on
``seg11valid``, the images of VOC 2011 val that are not in it (PAMI 2016, sec. 4).
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from ...data.class_map_dataset import read_list
from ...errors import UserError, abbreviate
from .sources import EXTRACT_AGAIN

Names = frozenset[str]

FOLDER = Path("ImageSets/Segmentation")
FULL_COUNTS = {"trainaug": 10582, "sbd_train": 8498, "seg11valid": 736}  # of the full releases
PUBLISHED = {
    "seg11valid": "4ca991bd72c251fd2485eaa9e29536502ea3800d1b1c17c151fd6a04bcfbc2cc"
}  # SHA-256 of the authors' file


def read_names(path: Path) -> Names:
    """Read the names of a list; UserError: ``list-file``."""
    if not (names := frozenset(read_list(path))):
        raise UserError("list-file", f"{path} is empty: {EXTRACT_AGAIN}")
    return names


def make_lists(voc2012: Path, sbd: Path, voc2011: Path | None) -> dict[str, Names]:
    """Make the lists ``train`` and ``val`` of VOC, ``sbd_train`` and ``sbd_val`` of SBD, ``trainaug`` and ``seg11valid``.

    Without VOC 2011, ``seg11valid`` is read from VOC 2012's lists, if it exists. UserError: ``lists-overlap`` and others.
    """
    lists = {name: read_names(voc2012 / FOLDER / f"{name}.txt") for name in ("train", "val")}
    lists |= {f"sbd_{name}": read_names(sbd / f"{name}.txt") for name in ("train", "val")}
    lists["trainaug"] = (lists["train"] | lists["sbd_train"] | lists["sbd_val"]) - lists["val"]
    if voc2011:
        val2011 = read_names(voc2011 / FOLDER / "val.txt")
        if val2011 == lists["val"]:
            found = f"{voc2011} is not VOC 2011, since it has the val list of {voc2012}"
            raise UserError("dataset-missing", f"{found}: give both --voc2011 and --voc2012, or omit the former")
        lists["seg11valid"] = val2011 - lists["sbd_train"]
    elif (voc2012 / FOLDER / "seg11valid.txt").exists():
        lists["seg11valid"] = read_names(voc2012 / FOLDER / "seg11valid.txt")
    for training, validation in (("train", "val"), ("trainaug", "val"), ("sbd_train", "seg11valid")):
        if shared := sorted(lists[training] & lists.get(validation, frozenset())):
            found = f"{training} and {validation} share {len(shared)} images ({abbreviate(shared)})"
            raise UserError("lists-overlap", f"{found}: use the original lists of the releases, and remove others")
    return lists


def list_text(names: Names) -> str:
    """Format a list's file, with sorted names."""
    return "".join(f"{name}\n" for name in sorted(names))


def describe_count(what: object, found: int, full: int) -> str:
    """Describe the number of images of a list; warn if the full release has another."""
    line = f"{what}: {found} images"
    return line if found == full else f"warning: {line}, the full release has {full}"


def describe(name: str, names: Names) -> list[str]:
    """Describe count and SHA-256 of a list's file; warn if it differs from the published list or count."""
    texts = list_text(names), list_text(names).rstrip()  # a published file may lack its last newline
    digests = [hashlib.sha256(text.encode()).hexdigest() for text in texts]
    line, published = f"{name}: {len(names)} images, sha256 {digests[0]}", PUBLISHED.get(name)
    if len(names) != FULL_COUNTS[name]:
        return [
            line,
            f"warning: {name} has {FULL_COUNTS[name]} images in the full releases, but {len(names)} were found",
        ]
    if published and published not in digests:
        return [line, f"warning: {name} is not the authors' list, whose sha256 is {published}"]
    return [f"{line}, the authors' list" if published else line]
