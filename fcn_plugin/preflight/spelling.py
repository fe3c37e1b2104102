"""Find the name that a misspelt word was probably meant to be."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import SequenceMatcher
from functools import cache

SHORT = 5  # letters: in such a word one slip is a misspelling, two make another word


def nearest(word: str, names: Iterable[str]) -> str | None:
    """Find the name that a word is within a slip or two of; None if there is none, or if the word is one of the names."""
    names = sorted(set(names))
    found = min(((slips, name) for name in names if (slips := _slips(word, name)) is not None), default=(0, None))[1]
    return None if word in names else found


@cache  # configs share most of their names
def _slips(word: str, name: str) -> int | None:
    """Count the wrong letters in the parts where two names differ, ignoring case; None if they are too many.

    A shared part is no sign: ``conv_cfg`` is not ``env_cfg``. Another number is another name: ``pool5`` is not ``pool4``.
    """
    if word != name and re.sub(r"\d+", "0", word) == re.sub(r"\d+", "0", name):
        return None
    first, second = word.lower().split("_"), name.lower().split("_")
    for end in (-1, 0):
        while first and second and first[end] == second[end]:
            del first[end], second[end]
    first, second = "_".join(first), "_".join(second)
    longest = max(len(first), len(second))
    slips = longest - sum(block.size for block in SequenceMatcher(None, first, second).get_matching_blocks())
    return slips if slips <= (1 if longest <= SHORT else 2) else None
