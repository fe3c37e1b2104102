"""Lists of images, as VOC's ``ImageSets/Segmentation/*.txt`` and SBD's ``train.txt``: one name a line.

``trainaug`` is VOC 2012 train and all of SBD without VOC 2012 val. The authors train on ``sbd_train`` and validate on
``seg11valid``, the images of VOC 2011 val that are not in it (PAMI 2016, sec. 4).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from ...atomic_write import atomic_write
from ...errors import UserError
from .releases import EXTRACT_AGAIN

Names = frozenset[str]

FOLDER = Path("ImageSets/Segmentation")
FULL_COUNTS = {"trainaug": 10582, "sbd_train": 8498, "seg11valid": 736}  # of the whole releases
USED_TOGETHER = (("train", "val"), ("trainaug", "val"), ("sbd_train", "seg11valid"))


def read_names(path: Path) -> Names:
    """Names of a list.

    Raises:
        UserError: no such file, no text, or empty.
    """
    try:
        names = frozenset(path.read_text().split())
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} can't be read as a list of images ({error}): {EXTRACT_AGAIN}") from error
    if not names:
        raise UserError(f"{path} names no image: {EXTRACT_AGAIN}")
    return names


def make_lists(voc2012: Path, sbd: Path, voc2011: Path | None) -> dict[str, Names]:
    """All lists: VOC's ``train`` and ``val``, SBD's ``sbd_train`` and ``sbd_val``, ``trainaug`` and ``seg11valid``.

    Without VOC 2011, ``seg11valid`` is the one that lies with VOC 2012's lists, if any.

    Raises:
        UserError: a list is missing, VOC 2011's are VOC 2012's, or a training list shares images with the validation
            list used with it.
    """
    lists = {
        "train": read_names(voc2012 / FOLDER / "train.txt"),
        "val": read_names(voc2012 / FOLDER / "val.txt"),
        "sbd_train": read_names(sbd / "train.txt"),
        "sbd_val": read_names(sbd / "val.txt"),
    }
    lists["trainaug"] = (lists["train"] | lists["sbd_train"] | lists["sbd_val"]) - lists["val"]
    if voc2011:
        val2011 = read_names(voc2011 / FOLDER / "val.txt")
        if val2011 == lists["val"]:
            raise UserError(
                f"{voc2011} is not VOC 2011, its val list is that of {voc2012}: name VOC 2011's folder or archive by "
                "--voc2011, or move this folder away to build no seg11valid"
            )
        lists["seg11valid"] = val2011 - lists["sbd_train"]
    elif (voc2012 / FOLDER / "seg11valid.txt").exists():
        lists["seg11valid"] = read_names(voc2012 / FOLDER / "seg11valid.txt")
    for training, validation in USED_TOGETHER:
        if validation in lists:
            refuse_overlap(lists, training, validation)
    return lists


def refuse_overlap(lists: Mapping[str, Names], training: str, validation: str) -> None:
    """Raise a UserError where a net would be scored on images that it was trained on."""
    shared = sorted(lists[training] & lists[validation])
    if shared:
        raise UserError(
            f"{training} and {validation} share {len(shared)} images ({', '.join(shared[:3])}): "
            "take the lists of the releases as they are, and remove lists made by other means"
        )


def write_names(path: Path, names: Names) -> None:
    """Write a list in order of the names; it appears only when it is whole."""
    with atomic_write(path) as part:
        part.write_bytes(_content(names))


def describe(name: str, names: Names) -> list[str]:
    """Count and SHA-256 of the list's file; a warning where the whole releases give another count."""
    lines = [f"{name}: {len(names)} images, sha256 {hashlib.sha256(_content(names)).hexdigest()}"]
    full = FULL_COUNTS[name]
    if len(names) != full:
        lines.append(f"warning: {name} has {full} images in the full releases, {len(names)} were found")
    return lines


def _content(names: Names) -> bytes:
    return "".join(f"{name}\n" for name in sorted(names)).encode()
