"""Names of labels and splits, and notes on how many shapes of each kind were drawn or skipped."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from ....data.classes_file import class_name
from ....errors import abbreviate
from ..split import SPLIT_OF

BLANKS = "labels with spaces at an end: spaces removed"
BOXES = "skipped: boxes without an outline (--boxes draws them)"
DRAWN_BOXES = "boxes without an outline: drawn as boxes"
CROWDS = "regions of crowds (iscrowd): drawn as their class"
FEW_POINTS = "skipped: shapes or parts with too few points for an area"
LINES = "skipped: lines and points (--line-width 10 draws them as labelme does)"
DRAWN_LINES = "lines and points: drawn {:g} pixels wide"
CIRCLES = "circles: drawn as discs"


def label_name(name: object, where: str | Path) -> str:
    """Return a label without spaces at its ends; UserError: ``class-file`` for an invalid name."""
    return class_name(name.strip() if isinstance(name, str) else name, where)


def splits_in(name: str) -> set[str]:
    """Return the splits in a name: ``train`` for ``instances_train2017``, ``val`` for ``valid``."""
    return {SPLIT_OF[word] for word in re.findall("[a-z]+", name.lower()) if word in SPLIT_OF}


def notes_of(counts: Mapping[str, int], labels: Iterable[str]) -> list[str]:
    """Return a note for each kind that was counted, and one for labels that differ only in case."""
    notes = [f"{kind} ({counts[kind]})" for kind in sorted(counts) if counts[kind]]
    alike: dict[str, list[str]] = defaultdict(list)
    for label in labels:
        alike[label.casefold()].append(label)
    differ = [" and ".join(names) for names in alike.values() if len(names) > 1]
    remedy = "use the same name, or give two ids one name in a CSV with --classes"
    return [*notes, *([f"warning: labels differ only in case: {abbreviate(differ)}; {remedy}"] if differ else [])]


def total(counts: Iterable[Mapping[str, int]]) -> Counter[str]:
    """Add counts up."""
    return sum(map(Counter, counts), Counter())
