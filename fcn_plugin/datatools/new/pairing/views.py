"""Views of two lists of files: names by which images and masks are compared."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple
from unicodedata import normalize

from .words import IMAGE, MASK, place_of, without_words

Files = Mapping[str, str]  # name, a path without suffix -> file


class Mask(NamedTuple):
    """Attributes: ``name`` to compare; ``kind``, the text removed from the path; ``file``."""

    name: str
    kind: str
    file: str


class View(NamedTuple):
    """Attributes: ``images``, name to compare -> file; ``masks``."""

    images: dict[str, str]
    masks: list[Mask]


def views(images: Files, masks: Files) -> Iterator[View]:
    """Yield increasingly loose views: full names; without folders such as ``masks``; without another folder; without words.

    Unicode is composed in all views, since macOS writes ``é`` as two characters.
    """
    yield View(
        {normalize("NFC", name): file for name, file in images.items()},
        [Mask(normalize("NFC", name), "", file) for name, file in masks.items()],
    )
    shared = _folders(images) & _folders(masks)
    seen = {_without_kind(name, IMAGE, shared)[0]: file for name, file in images.items()}
    if len(seen) < len(images):  # two images would share a name
        return
    placed = [Mask(*_without_kind(name, MASK, shared), file) for name, file in masks.items()]
    yield View(seen, placed)
    for place in (0, -1):
        yield View(seen, [_without_folder(mask, place) for mask in placed])
    bare_image, bare_mask = without_words(IMAGE), without_words(MASK)
    bare = {_in_stem(name, bare_image): file for name, file in seen.items()}
    if len(bare) == len(seen):
        yield View(bare, [mask._replace(name=_in_stem(mask.name, bare_mask)) for mask in placed])


def _folders(names: Iterable[str]) -> frozenset[str]:
    return frozenset(part for name in names for part in normalize("NFC", name).split("/")[:-1])


def _without_kind(name: str, words: re.Pattern[str], shared: frozenset[str]) -> tuple[str, str]:
    folder, _, stem = normalize("NFC", name).rpartition("/")
    place = place_of(folder, words, shared)
    return "/".join(filter(None, (place.folder, stem))), place.kind


def _without_folder(mask: Mask, place: int) -> Mask:
    *folders, stem = mask.name.split("/")
    if not folders:
        return mask
    kind = folders.pop(place)
    return mask._replace(name="/".join([*folders, stem]), kind="/".join(filter(None, (mask.kind, kind))))


def _in_stem(name: str, change: Callable[[str], str]) -> str:
    folder, slash, stem = name.rpartition("/")
    return folder + slash + change(stem)
