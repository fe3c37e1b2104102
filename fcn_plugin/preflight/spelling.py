"""Find the name that a misspelling probably means."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import SequenceMatcher
from functools import cache

SHORT = 5  # letters; up to this length only one wrong letter counts as a misspelling


def nearest(word: str, names: Iterable[str]) -> str | None:
    """Find the name that differs from a word by one or two letters; None if there is none or the word is itself a name."""
    names = sorted(set(names))
    found = min(((slips, name) for name in names if (slips := _slips(word, name)) is not None), default=(0, None))[1]
    return None if word in names else found


@cache  # configs share most of their names
def _slips(word: str, name: str) -> int | None:
    """Count the wrong letters in the parts where two names differ, ignoring case; None if they are too many.

    Shared parts are ignored, so that ``conv_cfg`` does not match ``env_cfg``. ``pool5`` never matches ``pool4``.
    """
    if word != name and re.sub(r"\d+", "0", word) == re.sub(r"\d+", "0", name):
        return None
    words, names = word.lower().split("_"), name.lower().split("_")
    for end in (-1, 0):
        while words and names and words[end] == names[end]:
            del words[end], names[end]
    first, second = "_".join(words), "_".join(names)
    longest = max(len(first), len(second))
    slips = longest - sum(block.size for block in SequenceMatcher(None, first, second).get_matching_blocks())
    return slips if slips <= (1 if longest <= SHORT else 2) else None
