"""Collect the problems found by a check, and report them as text and JSON."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...data.bands.readers import ImageReader
from ...data.headers import width_height
from ...data.problems import KINDS, Problem
from ...errors import printable
from ..bands.sums import BandSums
from ..class_weights import weight_line, weight_table
from .look import INSTALLED
from .tally import Tally

KEPT = 1000  # problems per code
SHOWN = 5  # problems per code in the text


class Findings:
    """Problems by code, in order of addition; all are counted, and the first 1,000 of each code are kept."""

    def __init__(self) -> None:
        self._kept: dict[str, list[Problem]] = defaultdict(list)
        self._counts: Counter[str] = Counter()

    def add(self, problems: Iterable[Problem]) -> None:
        for problem in problems:
            self._counts[problem.code] += 1
            if self._counts[problem.code] <= KEPT:
                self._kept[problem.code].append(problem)

    def __iter__(self) -> Iterator[tuple[str, int, list[Problem]]]:
        """Yield (code, count, kept problems) in the order of ``KINDS``, errors first."""
        return ((code, self._counts[code], self._kept[code]) for code in KINDS if code in self._counts)

    def count(self, severity: str) -> int:
        """Count the problems of a severity, including those not kept."""
        return sum(number for code, number in self._counts.items() if KINDS[code].severity == severity)


@dataclass(frozen=True)
class Report:
    """Attributes: ``tallies``, one per split; ``findings``; ``sheet``, path of the contact sheet or None."""

    tallies: Sequence[Tally]
    findings: Findings
    sheet: str | None = None

    images = property(lambda self: sum(len(tally.sizes) for tally in self.tallies))

    def exit_code(self, strict: bool = False) -> int:
        """Return 2 with errors, 1 with only warnings if ``strict``, else 0."""
        return 2 if self.findings.count("error") else int(strict and self.findings.count("warning") > 0)

    def text(self, next_step: str, everything: bool = False) -> str:
        """Format problems (five per code, or all that were kept), then statistics of each split, then the next command."""
        blocks = [_problem_block(*finding, everything) for finding in self.findings]
        blocks += [_split_block(tally) for tally in self.tallies]
        sheet = f"; pictures in {self.sheet}" if self.sheet else ""
        numbers = ", ".join(_number(self.findings.count(severity), severity) for severity in ("error", "warning"))
        if not INSTALLED and len(self.tallies) > 1:
            numbers += "; similar images were not searched for (needs pip install 'fcn-plugin[data]')"
        after = "correct the errors, then check again" if self.exit_code() else f"next: {next_step}"
        return "\n\n".join([*blocks, f"checked {_number(self.images, 'image')}: {numbers}{sheet}\n{after}"])

    def as_dict(self) -> dict[str, Any]:
        """Return the report as numbers and texts, for JSON."""
        problems = []
        for code, count, kept in self.findings:
            files = [dict(path=problem.path, found=problem.found) for problem in kept]
            problems.append(dict(code=code, **KINDS[code]._asdict(), count=count, files=files))
        return dict(
            images=self.images,
            errors=self.findings.count("error"),
            warnings=self.findings.count("warning"),
            problems=problems,
            splits={tally.split.name: _split_dict(tally) for tally in self.tallies},
            sheet=self.sheet,
        )


def _problem_block(code: str, count: int, kept: list[Problem], everything: bool) -> str:
    shown = kept if everything else kept[:SHOWN]
    lines = [f"{KINDS[code].severity}: [{code}] {KINDS[code].title} ({count})"]
    lines += [printable(f"  {problem.path}: {problem.found}") for problem in shown]
    if count > len(shown):
        hint = "" if everything else f": --all shows {'them' if count == len(kept) else f'{len(kept)} of them'}"
        lines.append(f"  and {count - len(shown)} more{hint}")
    return "\n".join([*lines, f"  -> {KINDS[code].remedy}"])


def _split_block(tally: Tally) -> str:
    lines = [f"{tally.split.name}: {_number(len(tally.sizes), 'image')}{_describe_sizes(tally.sizes)}"]
    if short := tally.sometimes_small():
        found = f"{_number(short, 'image')} may be resized to less than the crop, which is then filled with void"
        lines.append(f"{found}; to avoid that, raise ratio_range or use a smaller crop_size")
    if tally.bands is not None:
        lines += _bands_lines(tally, tally.bands)
    if not tally.counts.pixels.any():
        return "\n".join([*lines, "no labelled pixels"])
    lines.append(weight_table(tally.counts, tally.names))
    if tally.split.name == "train" and tally.class_map is not None:
        lines.append(weight_line(tally.counts))
    return "\n".join(lines)


def _bands_lines(tally: Tally, bands: BandSums) -> Iterator[str]:
    """Describe the bands; for training images also give mean and standard deviation as a line for a config."""
    yield f"images have {bands}"
    if tally.split.name in ("train", "folder"):
        plain = isinstance(tally.split.sources[0].reader, ImageReader)
        kind = "" if plain else 'type="FCNBandsPreProcessor", '
        hint = "  # R, G, B; ImageNet weights expect the values of their own config" if plain else ""
        yield f"model = dict(data_preprocessor=dict({kind}mean={bands.mean()}, std={bands.std()})){hint}"


def size_statistics(sizes: np.ndarray) -> dict[str, Any]:
    """Find ``smallest``, ``median`` and ``largest`` of (N, 2) sizes by area, and count ``different`` ones; 0 means unreadable."""
    sizes = sizes[sizes.any(1)]
    if not len(sizes):
        return {}
    ordered = sizes[np.argsort(sizes.prod(1, dtype=np.int64), kind="stable")].tolist()
    smallest, median, largest = ordered[0], ordered[(len(sizes) - 1) // 2], ordered[-1]
    return dict(smallest=smallest, median=median, largest=largest, different=len(np.unique(sizes, axis=0)))


def _describe_sizes(sizes: np.ndarray) -> str:
    found = size_statistics(sizes)
    if found.get("different", 0) < 2:
        return f" of {width_height(found['smallest'])}" if found else ""
    ends = ", ".join(f"{name} {width_height(found[name])}" for name in ("smallest", "median", "largest"))
    return f" of {found['different']} sizes: {ends}"


def _split_dict(tally: Tally) -> dict[str, Any]:
    counts, bands = tally.counts, tally.bands
    columns = (column.tolist() for column in (counts.pixels, counts.share, counts.images, counts.weights()))
    keys = ("name", "pixels", "share", "images", "weight")
    return dict(
        images=len(tally.sizes),
        sizes=size_statistics(tally.sizes),
        bands=bands and dict(count=bands.bands, type=bands.kind, mean=bands.mean(), std=bands.std()),
        smaller_than_crop_at_times=tally.sometimes_small(),
        classes=[dict(zip(keys, row, strict=True)) for row in zip(tally.names, *columns, strict=True)],
    )


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
