"""Files of the two folders, and which mask belongs to which image.

A name is a path relative to its folder, without suffix; a tail is what names of masks have after those of their images:
``a_mask`` is ``a`` with the tail ``_mask``.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ...errors import UserError
from .pool import listed

IMAGE_TAILS = ("", "_leftImg8bit", "_image", "_img", "_rgb", "_sat")
TAIL_STARTS = "_-. "
PREFERRED = ("labelTrainIds", "labelIds", "mask", "masks", "label", "labels", "seg", "gt")  # where several tails fit


@dataclass(frozen=True)
class Pairs:
    """Attributes: ``names``, of the images; ``images`` and ``masks``, files relative to their folders, in the same order."""

    names: list[str]
    images: list[str]
    masks: list[str]
    notes: list[str] = field(default_factory=list)


def list_files(folder: Path, suffixes: Collection[str], leave_out: Path | None = None) -> dict[str, str]:
    """Name -> file of a folder, subfolders included, in order of the names; hidden files are left out.

    Args:
        folder: where to look.
        suffixes: of the files, lower case with the dot.
        leave_out: a folder that is not looked into where it lies inside.

    Raises:
        UserError: no such folder, two files of one name, or a name that no list can hold.
    """
    if not folder.is_dir():
        raise UserError(f"no folder {folder}: give one that exists")
    if not os.access(folder, os.R_OK | os.X_OK):
        raise UserError(f"no permission to read the folder {folder}: change its mode, or give a copy")
    root, inner = folder.resolve(), leave_out and leave_out.resolve()
    if inner == root:
        inner = None
    files: dict[str, str] = {}
    for path in sorted(root.rglob("*")):
        inside = path.relative_to(root)
        if path.suffix.lower() not in suffixes or any(part.startswith(".") for part in inside.parts):
            continue
        if inner in path.parents:
            continue
        file, name = inside.as_posix(), inside.with_suffix("").as_posix()
        if name in files:
            raise UserError(
                f"{folder} holds {files[name]} and {file}: one name for two images; give the masks their own folder, or rename one"
            )
        if file != file.strip() or not file.isprintable():
            raise UserError(f"{folder}/{file!r} has blanks at an end of its name, or a tab: rename it")
        files[name] = file
    return files


def pair(
    images: Mapping[str, str], masks: Mapping[str, str], tail: str | None = None, allow_missing: bool = False
) -> Pairs:
    """Masks of images by their names; where these have no common tail that is known, by the tail that fits most.

    Args:
        images: name -> file.
        masks: the same of masks; the same mapping where all lie in one folder.
        tail: of the masks' names; None finds it.
        allow_missing: leave out what has no partner.

    Raises:
        UserError: names that do not pair, or none that do.
    """
    one_folder = images is masks
    image_tail, tail = _best_tails(images, masks, tail, one_folder)
    mask_of = {name.removesuffix(tail): file for name, file in masks.items() if name.endswith(tail)}
    image_of = {name.removesuffix(image_tail): file for name, file in images.items() if name.endswith(image_tail)}
    names = [name for name in image_of if name in mask_of]
    used = {image_of[name] for name in names} | {mask_of[name] for name in names}
    # other files of an image, such as Cityscapes' _color beside _labelIds, lack nothing
    lone_images = [f for n, f in images.items() if f not in used and not (one_folder and any(_tails(n, set(names))))]
    lone_masks = [f for n, f in masks.items() if f not in used and not one_folder and not [*_tails(n, image_of)]]
    missing = [
        f"{len(lone)} {what} without {other}: {listed(lone)}"
        for lone, what, other in ((lone_images, "images", "mask"), (lone_masks, "masks", "image"))
        if lone
    ]
    if missing and not allow_missing:
        raise UserError(f"{'; '.join(missing)}. Add what is missing, or leave these out with --allow-missing")
    notes = [f"left out: {text}" for text in missing]
    if tail != image_tail:
        notes.append(f"masks are named IMAGE{tail}" + (f", images IMAGE{image_tail}" if image_tail else ""))
    return Pairs(names, [image_of[name] for name in names], [mask_of[name] for name in names], notes)


def _best_tails(
    images: Mapping[str, str], masks: Mapping[str, str], tail: str | None, one_folder: bool
) -> tuple[str, str]:
    """Tails of images and masks that pair most files."""
    best, rank = None, (0,)
    for image_tail in IMAGE_TAILS:
        stems = {name.removesuffix(image_tail) for name in images if name.endswith(image_tail)}
        counts = Counter(found for name in masks for found in _tails(name, stems) if tail is None or found == tail)
        if one_folder:
            del counts[image_tail]
        for found, count in counts.items():
            word = found.rpartition("_")[2].lstrip("-. ")
            liked = -PREFERRED.index(word) if word in PREFERRED else -len(PREFERRED)
            if (count, not found, liked, -len(found)) > rank:
                best, rank = (image_tail, found), (count, not found, liked, -len(found))
    if best is None:
        examples = f"images {listed([*images.values()][:3])}; masks {listed([*masks.values()][:3])}"
        raise UserError(
            f"no mask is named as an image ({examples}): name masks as their images, with a common ending at most, as a_mask.png"
        )
    return best


def _tails(name: str, stems: Collection[str]) -> Iterator[str]:
    """What is left of a name after each of the stems that it begins with, the whole name's nothing included."""
    for end in range(len(name), name.rfind("/") + 1, -1):
        if name[:end] in stems and (end == len(name) or name[end] in TAIL_STARTS):
            yield name[end:]
