"""Near misses between names: what a misspelt word was probably meant to be."""

from __future__ import annotations

import re
from collections.abc import Iterable

SHORT = 5  # letters: in such a word one slip is a misspelling, two make another word


def distance(first: str, second: str) -> int:
    """Letters to insert, delete, change or swap with a neighbour (optimal string alignment: Damerau, CACM 1964)."""
    before: list[int] = []
    row = list(range(len(second) + 1))
    for i, a in enumerate(first, 1):
        before, above, row = row, before, [i]
        for j, b in enumerate(second, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == second[j - 2] and first[i - 2] == b:
                cost = min(cost, above[j - 2] + 1)
            row.append(cost)
    return row[-1]


def is_near(word: str, name: str) -> bool:
    """True for a slip or two in the part where the names differ; the case of letters does not count.

    Words that both share are no sign: ``conv_cfg`` is not ``env_cfg``. Another number is no slip: nor is ``pool5`` ``pool4``.
    """
    if word != name and re.sub(r"\d+", "0", word) == re.sub(r"\d+", "0", name):
        return False
    first, second = word.lower().split("_"), name.lower().split("_")
    while first and second and first[-1] == second[-1]:
        first, second = first[:-1], second[:-1]
    while first and second and first[0] == second[0]:
        first, second = first[1:], second[1:]
    longest = max(len("_".join(first)), len("_".join(second)))
    return distance(word.lower(), name.lower()) <= (1 if longest <= SHORT else 2)


def nearest(word: str, names: Iterable[str]) -> str | None:
    """The name that the word nearly is, the nearest of several; None if it is far from all, or one of them."""
    names = sorted(set(names))
    if word in names:
        return None
    return min((name for name in names if is_near(word, name)), key=lambda name: distance(word, name), default=None)
