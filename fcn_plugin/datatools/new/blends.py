"""Detect mask values that are not classes: blends at smooth edges, and two classes with values other than 0, 1 and 255."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from ...data.class_map import IGNORED, MOST_CLASSES
from ...data.classes_file import Colour
from ...data.problems import Problem
from ...errors import UserError, abbreviate
from ..encodings import NEAR, Encodings
from .mask_file import SMOOTH, MaskFacts

RARE = 0.001  # share of all pixels
FEW_RARE = 16  # rare classes that are always allowed
EXACT = 2  # largest distance of a blend's channels from the line between two colours, due to rounding
BETWEEN = 128  # a value neither near 0 nor near 255


def refuse_encodings(
    held: Sequence[Mapping[int, int]], facts: Sequence[MaskFacts], paths: Sequence[Path], known: Set[int]
) -> None:
    """Refuse ids that mean only two classes: ``mask-near-binary``, ``mask-mixed``. ``known``: ids that the user named."""
    seen = Encodings()
    for ids, fact, path in zip(held, facts, paths, strict=True):
        inside = fact.inside if fact.kind == "index" else {colour[0] for colour in fact.inside}
        seen.add(ids, str(path), inside)
    if IGNORED not in known:
        _refuse(seen.mixed())
    if seen.values - known - {0, IGNORED}:
        _refuse(seen.near_binary())


def refuse_blended_colours(
    total: Counter[Colour], facts: Sequence[MaskFacts], paths: Sequence[Path], ignored: Set[Colour]
) -> None:
    """Refuse unintended colours: near black and white (``mask-near-binary``), or between two others (``mask-colours``)."""
    seen = Encodings()
    for fact, path in zip(facts, paths, strict=True):
        seen.add({_brightness(colour) for colour in fact.pixels}, str(path))
    _refuse(seen.near_binary())
    refuse_smooth(total, "colours", paths, [fact.pixels for fact in facts])
    solid = set().union(*(fact.inside for fact in facts))
    if blends := _blends(sorted(set(total) - solid - ignored), sorted(solid)):
        found = [f"{','.join(map(str, colour))} ({total[colour]} px)" for colour in blends]
        text = f"the masks have colours that occur only on edges, between two others: {abbreviate(found, 10)}"
        raise UserError("mask-colours", f"{text}: {SMOOTH}, or use --classes and --nearest-colors")


def refuse_smooth(total: Counter[Any], what: str, paths: Sequence[Path], held: Sequence[Mapping[Any, int]]) -> None:
    """Refuse blends of two classes' values, which are recognised by too many, mostly rare values."""
    rare = sum(count < RARE * sum(total.values()) for count in total.values())
    if len(total) > MOST_CLASSES + 1 or rare > max(FEW_RARE, 2 * (len(total) - rare)):
        path, pixels = max(zip(paths, held, strict=True), key=lambda pair: len(pair[1]))
        found = f"the masks have {len(total)} {what}, {rare} of them in less than 0.1 % of the pixels"
        ways = "if all are classes, name them with --classes; --threshold makes two classes"
        ways += ", --nearest-colors uses those of --classes" if what == "colours" else ""
        raise UserError(f"mask-{what}", f"{found} ({path} alone {len(pixels)}): {SMOOTH}; {ways}")


def _refuse(problem: Problem | None) -> None:
    if problem:
        remedy = "if all are classes, name them with --classes" if problem.code == "mask-near-binary" else ""
        raise UserError(problem.code, "; ".join(filter(None, (problem.message, remedy))))


def _brightness(colour: Colour) -> int:
    """Return a value near 0 or 255 if all channels are, else one between."""
    return max(colour) if max(colour) < NEAR else min(colour) if min(colour) > 255 - NEAR else BETWEEN


def _blends(edges: Sequence[Colour], solid: Sequence[Colour]) -> list[Colour]:
    """Return the colours of ``edges`` that are on the line in RGB between two colours of ``solid``."""
    if len(solid) < 2:
        return []
    starts, ends = np.array([*combinations(solid, 2)], float).swapaxes(0, 1)  # (P, 3) each
    ways, blends = ends - starts, []
    for colour in edges:
        share = ((colour - starts) * ways).sum(1, keepdims=True) / (ways**2).sum(1, keepdims=True)
        off = np.abs(starts + share * ways - colour).max(1)
        if ((share[:, 0] > 0) & (share[:, 0] < 1) & (off <= EXACT)).any():
            blends.append(colour)
    return blends
