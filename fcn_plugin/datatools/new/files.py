"""Files of the two folders, which mask belongs to which image, and the images' headers.

A name is a path relative to its folder, without suffix; a tail is what names of masks have after those of their images:
``a_mask`` is ``a`` with the tail ``_mask``.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ...data.bands.readers import PLAIN, BandsReader, Reader
from ...data.headers import Header, pair_problems
from ...data.images import files_below
from ...data.problems import refuse
from ...errors import UserError, abbreviate
from ..bands.sums import BandSums

IMAGE_TAILS = ("", "_leftImg8bit", "_image", "_img", "_rgb", "_sat")
TAIL_STARTS = "_-. "
PREFERRED = ("labelTrainIds", "labelIds", "mask", "masks", "label", "labels", "seg", "gt")  # where several tails fit

Files = Mapping[str, str]  # name -> file


class ImageFile(NamedTuple):
    """Attributes: ``header``; ``digest`` of the file's bytes, by which copies are found; ``bands`` where all are used."""

    header: Header
    digest: bytes
    bands: BandSums | None = None


class Pairs(NamedTuple):
    """Attributes: ``names`` of the images; ``images``, ``masks``, files in their folders, in this order; ``notes`` for the user;
    ``parts``, folders of these names would give the same split, where label files give one.
    """

    names: list[str]
    images: list[str]
    masks: list[str]
    notes: list[str]
    parts: list[str] | None = None


def list_files(folder: Path, suffixes: Collection[str], leave_out: Path | None = None) -> dict[str, str]:
    """List the files of a folder and its subfolders, hidden ones and those in ``leave_out`` not: name -> file, by name."""
    if not folder.is_dir():
        raise UserError("dataset-missing", f"no folder {folder}: give one that exists")
    if not os.access(folder, os.R_OK | os.X_OK):
        raise UserError("file-access", f"the folder {folder} can't be read: change its mode, or give a copy")
    files: dict[str, str] = {}
    for path in sorted(map(Path, files_below(folder, suffixes, leave_out))):
        inside = path.relative_to(folder)
        file, name = inside.as_posix(), inside.with_suffix("").as_posix()
        if name in files:
            raise UserError("file-name", f"{folder} holds {files[name]} and {file}: rename one, or move it elsewhere")
        if file != file.strip() or not file.isprintable() or not path.is_file():
            fault = "has blanks at an end of its name, a tab or the like, or is no plain file"
            raise UserError("file-name", f"{folder}/{file!r} {fault}: rename it, or take it out")
        files[name] = file
    return files


def pair(images: Files, masks: Files, tail: str | None = None, allow_missing: bool = False) -> Pairs:
    """Pair by a common tail of the masks' names; None takes the one that fits most. One mapping for both: all lie in one folder."""
    one_folder = images is masks
    image_tail, tail = _best_tails(images, masks, tail, one_folder)
    mask_of = {name.removesuffix(tail): file for name, file in masks.items() if name.endswith(tail)}
    image_of = {name.removesuffix(image_tail): file for name, file in images.items() if name.endswith(image_tail)}
    names = [name for name in image_of if name in mask_of]
    used = {image_of[name] for name in names} | {mask_of[name] for name in names}
    # other files of an image, such as Cityscapes' _color beside _labelIds, lack nothing
    lone_images = [f for n, f in images.items() if f not in used and not (one_folder and any(_tails(n, set(names))))]
    lone_masks = [f for n, f in masks.items() if f not in used and not one_folder and not [*_tails(n, image_of)]]
    what = {
        "image-unpaired": ("images without mask", lone_images),
        "mask-unpaired": ("masks without image", lone_masks),
    }
    notes = missing_notes(what, allow_missing)
    if tail != image_tail:
        notes.append(f"masks are named IMAGE{tail}" + (f", images IMAGE{image_tail}" if image_tail else ""))
    return Pairs(names, [image_of[name] for name in names], [mask_of[name] for name in names], notes)


def missing_notes(lone: Mapping[str, tuple[str, Sequence[str]]], allow_missing: bool) -> list[str]:
    """Tell what has no partner and is left out; a UserError unless this is allowed. ``lone``: code -> what, and file names."""
    found = {code: f"{len(names)} {what}: {abbreviate(names, 10)}" for code, (what, names) in lone.items() if names}
    if found and not allow_missing:
        remedy = "Add what is missing, or leave these out with --allow-missing"
        raise UserError(next(iter(found)), f"{'; '.join(found.values())}. {remedy}")
    return [f"left out: {text}" for text in found.values()]


def _best_tails(images: Files, masks: Files, tail: str | None, one_folder: bool) -> tuple[str, str]:
    """Find the tails of images and masks that pair most files."""
    best, rank = None, (0,)
    for image_tail in IMAGE_TAILS:
        stems = {name.removesuffix(image_tail) for name in images if name.endswith(image_tail)}
        counts = Counter(found for name in masks for found in _tails(name, stems) if tail is None or found == tail)
        if one_folder:
            del counts[image_tail]
        for found, count in counts.items():
            word = found.rpartition("_")[2].lstrip("-. ")
            liked = count, not found, -[*PREFERRED, word].index(word), -len(found)
            if liked > rank:
                best, rank = (image_tail, found), liked
    if best is None:
        examples = f"images {abbreviate([*images.values()])}; masks {abbreviate([*masks.values()])}"
        remedy = "name masks as their images, with a common ending at most, as a_mask.png"
        raise UserError("mask-unpaired", f"no mask is named as an image ({examples}): {remedy}")
    return best


def _tails(name: str, stems: Collection[str]) -> Iterator[str]:
    """Yield what is left of a name after each of the stems that it begins with; nothing where it is a stem itself."""
    for end in range(len(name), name.rfind("/") + 1, -1):
        if name[:end] in stems and (end == len(name) or name[end] in TAIL_STARTS):
            yield name[end:]


def read_image(path: Path, reader: Reader = PLAIN) -> ImageFile:
    """Read an image's header and digest; UserError: ``image-unreadable``, found by decoding it, or ``image-depth``."""
    header, pixels = reader.read(str(path))
    refuse(reader.problems(header))
    sums = BandSums.of(pixels, without_zeros=True) if isinstance(reader, BandsReader) else None
    return ImageFile(header, hashlib.blake2b(path.read_bytes(), digest_size=16).digest(), sums)


def require_size(image: ImageFile, path: Path, size: tuple[int, int]) -> None:
    """Refuse a file of shapes that states another (W, H) than its image has; UserError: ``mask-size``, ``image-turned``."""
    refuse(pair_problems(image.header, Header(str(path), size, "L", 8, "PNG", 1)))
