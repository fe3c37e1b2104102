"""Find tails: the text that mask names add to image names; ``a_mask`` is ``a`` with the tail ``_mask``."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import takewhile
from typing import NamedTuple

from .views import Mask
from .words import is_other_kind

IMAGE_TAILS = ("", "_leftImg8bit", "_image", "_img", "_rgb", "_RGB", "_sat")
TAIL_STARTS = "_-. "
# preferred if several tails match
PREFERRED = ("labeltrainids", "labelids", "mask", "masks", "label", "labels", "seg", "segmentation", "gt")


class Variant(NamedTuple):
    """A kind of masks. Attributes: ``kind``, the part of the path that names it; ``tail`` of the names."""

    kind: str
    tail: str

    def __str__(self) -> str:
        return f"{self.kind}/*{self.tail}" if self.kind else f"*{self.tail}"

    @property
    def preferred(self) -> int:
        """Index in the preferred words; their number for others."""
        word = self.tail.rpartition("_")[2].lstrip(TAIL_STARTS).lower()
        return [*PREFERRED, word].index(word)

    @property
    def is_clear(self) -> bool:
        """Whether the name alone identifies the mask among others."""
        return not self.tail or self.preferred < len(PREFERRED)


def tails(name: str, stems: Collection[str]) -> Iterator[str]:
    """Yield the rest of a name after each stem that it begins with, longest stem first."""
    for end in range(len(name), name.rfind("/") + 1, -1):
        if (end == len(name) or name[end] in TAIL_STARTS) and name[:end] in stems:
            yield name[end:]


def image_tails(names: Iterable[str]) -> list[tuple[str, ...]]:
    """List possible tails of images: known ones, those shared by all, and those of each folder."""
    folders: dict[str, list[str]] = defaultdict(list)
    for name in names:
        folder, _, stem = name.rpartition("/")
        folders[folder].append(stem[::-1])
    shared = [_ends(min(stems), max(stems)) for stems in folders.values() if len(stems) > 1]
    if not shared:
        return [(tail,) for tail in IMAGE_TAILS]
    everywhere = [tail for tail in shared[0] if all(tail in found for found in shared)]
    of_folders = tuple(sorted({found[0] for found in shared if found}))
    known = dict.fromkeys((tail,) for tail in (*IMAGE_TAILS, *everywhere))
    return [*known, *([of_folders] if len(of_folders) > 1 else [])]


def _ends(first: str, second: str) -> list[str]:
    """List the common tails of two texts, shortest first; both are given backwards."""
    shared = "".join(a for a, _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, second, strict=False)))
    return [shared[end::-1] for end in range(len(shared)) if shared[end] in TAIL_STARTS]


def without_tail(name: str, tails: tuple[str, ...]) -> str | None:
    """Remove the first matching tail from a name; None if none matches."""
    return next((name.removesuffix(tail) for tail in tails if name.endswith(tail)), None)


def best_variant(
    images: Collection[str], masks: Collection[Mask], tail: str | None, image_tail: str | None, one_folder: bool
) -> tuple[int, tuple[str, ...], Variant] | None:
    """Find the image tails and the mask variant with most pairs; return the number of pairs, tails and variant."""
    best: tuple[int, tuple[str, ...], Variant] | None = None
    rank: tuple[int, ...] = (0,)
    for chosen in image_tails(images) if image_tail is None else [(image_tail,)]:
        stems = {stem for name in images if (stem := without_tail(name, chosen)) is not None}
        for variant, count in variants(masks, stems, tail).items() if stems else ():
            if one_folder and variant.tail in chosen:
                continue
            liked = count, not is_other_kind(str(variant)), not variant.tail, -variant.preferred, -len(variant.tail)
            if liked > rank:
                best, rank = (count, chosen, variant), liked
        if best and best[0] == len(images) and best[2].is_clear:
            break
    return best


def variants(masks: Iterable[Mask], stems: Collection[str], tail: str | None = None) -> Mapping[Variant, int]:
    """Count the masks of each variant whose stem is that of an image."""
    found = ((mask.kind, end) for mask in masks for end in tails(mask.name, stems))
    return Counter(Variant(kind, end) for kind, end in found if tail is None or end == tail)
