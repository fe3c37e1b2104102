"""Find the name that a misspelt word was probably meant to be."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import SequenceMatcher

ALIKE = 0.66  # two wrong letters of six
MOST_EXTRA = 2  # letters by which the lengths may differ


def nearest(word: str, names: Iterable[str]) -> str | None:
    """Find the name most like a word; None if no name is like it, or if the word is one of the names."""
    names = sorted(set(names))
    likeness, name = max(((_likeness(word, name), name) for name in names), default=(0, None))
    return name if likeness > ALIKE and word not in names else None


def _likeness(word: str, name: str) -> float:
    """Compare the parts in which two names differ, ignoring case: 0 to 1.

    A shared part does not count: ``conv_cfg`` is not ``env_cfg``. Another number is another name: ``pool5`` is not ``pool4``.
    """
    if word != name and re.sub(r"\d+", "", word) == re.sub(r"\d+", "", name):
        return 0
    first, second = word.lower().split("_"), name.lower().split("_")
    for end in (-1, 0):
        while first and second and first[end] == second[end]:
            del first[end], second[end]
    first, second = "_".join(first), "_".join(second)
    return SequenceMatcher(None, first, second).ratio() if abs(len(first) - len(second)) <= MOST_EXTRA else 0
