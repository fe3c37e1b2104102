"""List the files of the two folders, and read the images' headers. A name is a relative path without suffix."""

from __future__ import annotations

import hashlib
import os
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ...data.bands.readers import PLAIN, BandsReader, Reader
from ...data.headers import Header, pair_problems
from ...data.images import read_header
from ...data.problems import refuse
from ...errors import UserError, abbreviate
from ...listing import files_below
from ..bands.sums import BandSums
from ..cores import on_all_cores

PAGED = {".tif", ".tiff", ".gif"}


class ImageFile(NamedTuple):
    """Attributes: ``header``; ``digest`` of the file, to find copies; ``bands``, sums of bands if all bands are used."""

    header: Header
    digest: bytes
    bands: BandSums | None = None


class Pairs(NamedTuple):
    """Attributes: ``names`` of the images; ``images`` and ``masks``, their files, in the same order; ``notes`` for the user;
    ``parts``, split names given by label files, if any.
    """

    names: list[str]
    images: list[str]
    masks: list[str]
    notes: list[str]
    parts: list[str] | None = None


def list_files(folder: Path, suffixes: Collection[str], *leave_out: Path) -> dict[str, str]:
    """List the files of a folder and its subfolders, except hidden ones and those in ``leave_out``: name -> file, sorted."""
    if not folder.is_dir():
        raise UserError("dataset-missing", f"no folder {folder}: give an existing one")
    if not os.access(folder, os.R_OK | os.X_OK):
        raise UserError("file-access", f"can't read folder {folder}: change its permissions, or give a copy")
    files: dict[str, str] = {}
    for path in sorted(map(Path, files_below(folder, suffixes, leave_out))):
        inside = path.relative_to(folder)
        file, name = inside.as_posix(), inside.with_suffix("").as_posix()
        if name in files:
            raise UserError("file-name", f"{folder} has {files[name]} and {file}: rename one, or move it elsewhere")
        if file != file.strip() or not all(map(_fits_a_list, file)) or not path.is_file():
            fault = "has a space at an end of its name, a tab or similar, or is not a regular file"
            raise UserError("file-name", f"{folder}/{file!r} {fault}: rename or remove it")
        files[name] = file
    return files


def _fits_a_list(character: str) -> bool:
    """Return whether a character may be in a list of UTF-8 lines: no line break, tab or invalid byte; all spaces are allowed."""
    return character.isprintable() or unicodedata.category(character) in ("Zs", "Cf")


def missing_notes(lone: Mapping[str, tuple[str, Sequence[str]]], allow_missing: bool) -> list[str]:
    """Describe unpaired files, which are skipped; UserError unless allowed. ``lone``: code -> (what, file names)."""
    found = {code: f"{len(names)} {what}: {abbreviate(names, 10)}" for code, (what, names) in lone.items() if names}
    if found and not allow_missing:
        remedy = "Add the missing files, or skip these with --allow-missing"
        raise UserError(next(iter(found)), f"{'; '.join(found.values())}. {remedy}")
    return [f"skipped: {text}" for text in found.values()]


def read_image(path: Path, reader: Reader = PLAIN) -> ImageFile:
    """Decode an image and return header and digest; UserError: ``image-unreadable``, ``image-depth``."""
    header, pixels = reader.read(str(path))
    refuse(reader.problems(header))
    sums = BandSums.of(pixels, without_zeros=True) if isinstance(reader, BandsReader) else None
    return ImageFile(header, hashlib.blake2b(path.read_bytes(), digest_size=16).digest(), sums)


def page_notes(images: Sequence[ImageFile], masks: Sequence[Path]) -> list[str]:
    """List the files with several pages."""
    paged = [(str(path), "mask") for path in masks if path.suffix.lower() in PAGED]
    headers = [image.header for image in images] + (on_all_cores(read_header, paged, "counting pages") if paged else [])
    found = [header.path for header in headers if header.pages > 1]
    return [f"{len(found)} files have several pages; only the first is used: {abbreviate(found)}"] if found else []


def require_size(image: ImageFile, path: Path, size: tuple[int, int]) -> None:
    """Refuse a label file whose (W, H) differs from its image's; UserError: ``mask-size``, ``image-turned``."""
    refuse(pair_problems(image.header, Header(str(path), size, "L", 8, "PNG", 1)))
