"""Find words in folder and file names that indicate images, masks or a split."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from ..split import SPLIT_OF, split_of, words_of

IMAGE = re.compile(r"(image|img|photo|picture)s?|jpe?gs?|rgb|inputs?|sat")
MASK = re.compile(
    r"(mask|label|lbl|trimap|manual|truth|groundtruth|gt|seg|semantic|instance|anno|annotation|annot)s?|segment[a-z]*"
)
OTHER = re.compile(r"(object|instance|instanceid|colou?r|rgb|polygon|edge|panoptic)s?")  # ids of objects, or pictures
SPLIT = re.compile("|".join(sorted(SPLIT_OF, key=len, reverse=True)), re.IGNORECASE)


class Place(NamedTuple):
    """Attributes: ``folder`` in which a file's partner is searched; ``kind``, the part of the path that names the content."""

    folder: str
    kind: str


@lru_cache(10000)
def place_of(folder: str, words: re.Pattern[str], shared: frozenset[str] = frozenset()) -> Place:
    """Remove the parts of a folder's path that name its content: ``train/masks`` and ``trainannot`` become ``train``.

    Parts ``shared`` by images and masks are kept: ``Kvasir-SEG/images``.
    """
    kept, kinds = [], []
    for part in filter(None, folder.split("/")):
        if part in shared or not _names(part, words):
            kept.append(split_of(part) or part)
        elif split := split_of(SPLIT.sub(r"\g<0> ", part)):
            kept.append(split)
            kinds.append(SPLIT.sub("", part, count=1).strip("_-. "))
        else:
            kinds.append(part)
    return Place("/".join(kept), "/".join(kinds))


def is_mask_folder(folder: str) -> bool:
    """Return whether a folder contains masks, by the last part of its path with a word for images or masks."""
    decisive = (part for part in reversed(folder.split("/")) if _names(part, MASK) or _names(part, IMAGE))
    return _names(next(decisive, ""), MASK)


def is_other_kind(text: str) -> bool:
    """Return whether a folder or suffix indicates object ids or pictures of masks, not classes."""
    return any(map(OTHER.fullmatch, words_of(text)))


def without_words(words: re.Pattern[str]) -> Callable[[str], str]:
    """Return a function that removes these words from the start of a name: ``mask_001`` becomes ``001``."""
    start = re.compile(rf"({words.pattern})[_\-. ]*(?=\d)", re.IGNORECASE)
    return lambda stem: start.sub("", stem, count=1) if start.match(stem) else stem


def _names(part: str, words: re.Pattern[str]) -> bool:
    """Return whether a name has one of these words, possibly joined with a word for a split."""
    return any(words.fullmatch(word) or words.fullmatch(SPLIT.sub("", word, count=1)) for word in words_of(part))
