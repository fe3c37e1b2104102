"""Names of labels and splits, and sentences on shapes: how many of which kind were drawn in a way, or left out."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from ....data.classes_file import class_name
from ....errors import abbreviate
from ..split import SPLIT_OF

BLANKS = "labels with blanks at an end: read without these"
BOXES = "left out: boxes without an outline (--boxes draws them)"
DRAWN_BOXES = "boxes without an outline: drawn as boxes"
CROWDS = "regions of crowds (iscrowd): drawn as their class"
FEW_POINTS = "left out: shapes or parts of too few points for an area"
LINES = "left out: lines and points (--line-width 10 draws them as labelme does)"
DRAWN_LINES = "lines and points: drawn {:g} pixels wide"
CIRCLES = "circles: drawn as discs"


def label_name(name: object, where: str | Path) -> str:
    """Return a label without blanks at its ends, which people do not see; UserError: ``class-file`` for what is no name."""
    return class_name(name.strip() if isinstance(name, str) else name, where)


def splits_in(name: str) -> set[str]:
    """``instances_train2017`` names ``train``, ``valid`` names ``val``."""
    return {SPLIT_OF[word] for word in re.findall("[a-z]+", name.lower()) if word in SPLIT_OF}


def notes_of(counts: Mapping[str, int], labels: Iterable[str]) -> list[str]:
    """Give a sentence for each kind that was counted, and one for labels that differ by case alone."""
    notes = [f"{kind} ({counts[kind]})" for kind in sorted(counts) if counts[kind]]
    alike: dict[str, list[str]] = defaultdict(list)
    for label in labels:
        alike[label.casefold()].append(label)
    differ = [" and ".join(names) for names in alike.values() if len(names) > 1]
    remedy = "give them one name, or map them to one in a CSV with --classes"
    return [*notes, *([f"warning: labels differ by case alone: {abbreviate(differ)}; {remedy}"] if differ else [])]


def total(counts: Iterable[Mapping[str, int]]) -> Counter:
    """Add counts up."""
    return sum(map(Counter, counts), Counter())
