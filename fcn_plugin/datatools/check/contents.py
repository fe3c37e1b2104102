"""Decode an image and its mask once, and collect all that the check needs."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np

from ...data.bands.readers import PLAIN, BandsReader, Reader
from ...data.headers import Header, mask_problems, page_problems, pair_problems
from ...data.images import UnreadableFile, read_mask
from ...data.masks.ids import count_ids, mask_ids
from ...data.problems import Problem
from ..bands.sums import BandSums
from .look import look_of

DIGEST_BYTES = 16


@dataclass
class Contents:
    """Data kept of an image and its mask."""

    problems: list[Problem] = field(default_factory=list)  # of the files, independent of classes
    size: tuple[int, int] = (0, 0)  # (W, H) of the image as loaded; (0, 0) if it can't be read
    digest: bytes = bytes(DIGEST_BYTES)  # equal for images with equal pixels
    ids: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))  # (K,) ids in the mask, ascending
    counts: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))  # (K,) their pixels
    look: int | None = None  # perceptual hash of 8-bit images
    bands: BandSums | None = None  # of the image; R, G, B for 8-bit images
    palette: np.ndarray | None = None  # (P, 3) colours of the ids below P, for palette masks


def read_pair(image_path: str, mask_path: str, reader: Reader = PLAIN) -> Contents:
    """Decode an image, as its data set reads it, and its mask (empty path: none)."""
    contents, headers = Contents(), []
    for read, path in ((partial(_read_image, reader), image_path), (_read_mask, mask_path)):
        if path:
            try:
                headers.append(read(path, contents))
            except UnreadableFile as error:
                contents.problems.append(error.problem)
    if len(headers) == 2:
        contents.problems += pair_problems(*headers)
    return contents


def _read_image(reader: Reader, path: str, contents: Contents) -> Header:
    header, pixels = reader.read(path)
    contents.problems += reader.problems(header) + page_problems(header, "image")
    whole = isinstance(reader, BandsReader)
    sums = BandSums.of(pixels, without_zeros=whole)
    contents.bands = sums if whole else replace(sums, sums=sums.sums[::-1], squares=sums.squares[::-1])  # BGR
    contents.look = None if whole else look_of(pixels)
    contents.size = header.shown
    digest = hashlib.blake2b(repr(pixels.shape).encode(), digest_size=DIGEST_BYTES)
    digest.update(pixels.data if whole or header.bits <= 8 else Path(path).read_bytes())  # pixels lack the lower bits
    contents.digest = digest.digest()
    return header


def _read_mask(path: str, contents: Contents) -> Header:
    header, picture = read_mask(path)
    problems = mask_problems(header)
    contents.problems += problems + page_problems(header, "mask")
    if not problems:
        contents.ids, contents.counts = count_ids(mask_ids(header, picture))
        if picture.mode == "P":
            contents.palette = np.array(picture.getpalette("RGB"), np.uint8).reshape(-1, 3)
    return header
