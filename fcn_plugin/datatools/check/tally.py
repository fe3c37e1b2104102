"""Collect statistics of a split: pixels of each class, sizes, digests. C classes, N images."""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np

from ...data.class_map import IGNORED, LARGEST_ID, ClassMap, describe_ids
from ...data.headers import width_height
from ...data.problems import Problem
from ..bands.sums import BandSums, add_sums
from ..class_weights import PixelCounts
from .contents import DIGEST_BYTES, Contents
from .crop import Crop
from .splits import Source, Split

Colours = dict[int, tuple[str, list[int]]]


class Tally:
    """Statistics of a split; memory grows by 32 bytes per image."""

    def __init__(self, split: Split, colours: Colours) -> None:
        self.split, self.colours = split, colours  # shared by all splits; see ``first`` of palette_problems
        self.class_map = split.sources[0].class_map
        self.sizes = np.zeros((len(split), 2), np.int32)  # W and H, 0 for unreadable images
        self.digests = np.zeros((len(split), DIGEST_BYTES), np.uint8)  # of the images' pixels
        self.looks = np.zeros(len(split), np.uint64)  # :mod:`.similar`'s, 0 for none
        classes = LARGEST_ID + 1 if self.class_map is None else len(self.class_map.classes)
        # (C,) as in PixelCounts; without a class map one entry per id
        self.pixels, self.images, self.seen = np.zeros((3, classes), np.int64)
        self.bands: BandSums | None = None  # of images with the same bands as the first
        self._next = 0

    def add(self, source: Source, pair: int, contents: Contents) -> Iterator[Problem]:
        """Count the next pair of the split and yield its problems."""
        self.sizes[self._next] = contents.size
        self.digests[self._next] = np.frombuffer(contents.digest, np.uint8)
        self.looks[self._next] = contents.look or 0
        self._next += 1
        if contents.bands and (self.bands is None or self.bands.is_like(contents.bands)):
            self.bands = add_sums(filter(None, [self.bands, contents.bands]))
        yield from contents.problems
        if contents.ids.size == 0:
            return
        path = os.fsdecode(source.masks[pair])
        indices, known = class_indices(contents.ids, source.class_map)
        if not known.all():
            found = describe_ids(contents.ids[~known].tolist(), contents.counts[~known].tolist())
            yield Problem("mask-ids", path, found)
        labelled = known & (indices < len(self.pixels))
        if source.class_map is not None:
            labelled &= indices != IGNORED
        if known.all() and not labelled.any():
            yield Problem("mask-void", path, f"all {contents.counts.sum()} px are ignored")
        there = np.unique(indices[labelled])
        np.add.at(self.pixels, indices[labelled], contents.counts[labelled])
        self.images[there] += 1
        self.seen[there] += contents.counts.sum()
        yield from palette_problems(path, contents, source, self.colours)

    @property
    def names(self) -> list[str]:
        """Names of the classes, or ids that occur."""
        return list(map(str, np.flatnonzero(self.pixels))) if self.class_map is None else list(self.class_map.classes)

    @property
    def counts(self) -> PixelCounts:
        """Counts of the classes, or of the ids that occur."""
        rows = np.flatnonzero(self.pixels) if self.class_map is None else slice(None)
        return PixelCounts(self.pixels[rows], self.images[rows], self.seen[rows])

    def path(self, number: int) -> str:
        """Return the path of an image by its number in the split."""
        sources = iter(self.split.sources)
        while number >= len(images := next(sources).images):
            number -= len(images)
        return os.fsdecode(images[number])

    def absent(self) -> Iterator[Problem]:
        """Yield ``class-single`` and ``class-absent``; nothing if no mask was counted."""
        name, there = self.split.name, self.pixels > 0
        if there.sum() == 1 and name.startswith("train") and self.class_map is not None:
            yield Problem("class-single", name, f"all labelled pixels are {self.names[there.argmax()]}")
        if there.any() and self.class_map is not None:
            yield from (Problem("class-absent", name, f"no pixel of {self.names[i]}") for i in np.flatnonzero(~there))

    def small(self) -> Iterator[Problem]:
        """Yield ``image-thin`` if a resize may leave no pixel, ``image-small`` if the crop is always larger."""
        for crop, paths, sizes in self._cropped():
            least, largest = crop.resized(sizes)
            thin = np.logical_or.reduce(least < 1, axis=1)
            for i in np.flatnonzero(thin | crop.cuts_short(largest)):
                path, size = os.fsdecode(paths[i]), width_height(sizes[i])
                resized = f", at most {width_height(largest[i])} after resizing" if crop.scales else ""
                small = Problem("image-small", path, f"{size}{resized}, but the crop is {width_height(crop.size)}")
                found = f"{size}, as little as {width_height(least[i])} after resizing"
                yield Problem("image-thin", path, found) if thin[i] else small

    def sometimes_small(self) -> int:
        """Count the images that are smaller than the crop at some random scales."""
        count = 0
        for crop, _, sizes in self._cropped():
            least, largest = map(crop.cuts_short, crop.resized(sizes))
            count += int((least & ~largest).sum())
        return count

    def _cropped(self) -> Iterator[tuple[Crop, np.ndarray, np.ndarray]]:
        """Yield the crop of each source that has one, the paths of its readable images, and their sizes."""
        start = 0
        for source in self.split.sources:
            sizes = self.sizes[start : start + len(source.images)]
            numbers = np.flatnonzero(sizes.any(1))
            if source.crop is not None:
                yield source.crop, source.images[numbers], sizes[numbers]
            start += len(source.images)


def class_indices(ids: np.ndarray, class_map: ClassMap | None) -> tuple[np.ndarray, np.ndarray]:
    """Return (K,) class indices, 255 for ignored and unknown ids, and (K,) whether ids are known."""
    if class_map is None:
        return ids, (ids >= 0) & (ids <= LARGEST_ID)
    return np.array([class_map.ids.get(i, IGNORED) for i in ids.tolist()]), np.isin(ids, list(class_map.ids))


def palette_problems(path: str, contents: Contents, source: Source, first: Colours) -> Iterator[Problem]:
    """Yield at most one ``palette-swapped`` and one ``palette-differs`` for a palette mask.

    ``first`` is updated: id -> the first mask with it, and its colour there.
    """
    colours = () if contents.palette is None else contents.palette.tolist()
    shown = {i: colours[i] for i in contents.ids.tolist() if 0 <= i < len(colours)}
    named = [list(colour) for colour in source.palette or ()]
    class_map = source.class_map or ClassMap({}, ())
    for i, colour in shown.items() if named else ():
        index = class_map.ids.get(i, IGNORED)
        if index != IGNORED and colour in named and colour != named[index]:
            name, other = (class_map.classes[j] for j in (index, named.index(colour)))
            yield Problem("palette-swapped", path, f"id {i} ({name}) has the colour {colour} of {other}")
            break
    first.update({i: (path, colour) for i, colour in shown.items()} | first)
    for i, colour in shown.items():
        if colour != first[i][1]:
            yield Problem("palette-differs", path, f"id {i} is {colour}, in {first[i][0]} it is {first[i][1]}")
            break
