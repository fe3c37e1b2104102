"""Problems by kind: how many there are, and the first of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ...data.problems import KINDS, Problem

KEPT = 1000  # of a kind


class Findings:
    """Problems in the order in which they were added; of each kind all are counted and the first 1,000 kept."""

    def __init__(self) -> None:
        self._kept: dict[str, list[Problem]] = {}
        self._counts: dict[str, int] = {}

    def add(self, problems: Iterable[Problem]) -> None:
        for problem in problems:
            kept = self._kept.setdefault(problem.kind, [])
            self._counts[problem.kind] = self._counts.get(problem.kind, 0) + 1
            if len(kept) < KEPT:
                kept.append(problem)

    def __iter__(self) -> Iterator[tuple[str, int, list[Problem]]]:
        """(kind, how many, those kept), errors first, each in the order of ``KINDS``."""
        order = sorted(self._kept, key=lambda kind: (KINDS[kind].severity != "error", list(KINDS).index(kind)))
        return ((kind, self._counts[kind], self._kept[kind]) for kind in order)

    def count(self, severity: str) -> int:
        """Problems of a severity, those not kept too."""
        return sum(number for kind, number in self._counts.items() if KINDS[kind].severity == severity)
