"""The report of a check, for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...data.problems import KINDS
from ..class_weights import weight_line, weight_table
from .findings import Findings
from .tally import Tally

SHOWN = 5  # files of a kind


@dataclass(frozen=True)
class Report:
    """Attributes: ``tallies``, one a split; ``findings``; ``sheet``, path of the contact sheet, None without one."""

    tallies: Sequence[Tally]
    findings: Findings
    sheet: str | None = None

    @property
    def images(self) -> int:
        return sum(len(tally.sizes) for tally in self.tallies)

    def exit_code(self, strict: bool = False) -> int:
        """2 with errors, 1 with warnings alone if ``strict``, else 0."""
        if self.findings.count("error"):
            return 2
        return int(strict and self.findings.count("warning") > 0)

    def text(self, next_step: str, everything: bool = False) -> str:
        """Problems, a block a kind, then what each split holds.

        Args:
            next_step: command to go on with where there is no error.
            everything: all files that were kept, not the first five of a kind.
        """
        blocks = [_problem_block(*finding, everything) for finding in self.findings]
        blocks += [_split_block(tally) for tally in self.tallies]
        sheet = f"; pictures in {self.sheet}" if self.sheet else ""
        numbers = ", ".join(_number(self.findings.count(severity), severity) for severity in ("error", "warning"))
        after = "mend the errors, then check again" if self.exit_code() else f"next: {next_step}"
        return "\n\n".join([*blocks, f"checked {_number(self.images, 'image')}: {numbers}{sheet}\n{after}"])

    def as_dict(self) -> dict:
        """The same as numbers and texts, for JSON."""
        return dict(
            images=self.images,
            errors=self.findings.count("error"),
            warnings=self.findings.count("warning"),
            problems=[_problem_dict(*finding) for finding in self.findings],
            splits={tally.split.name: _split_dict(tally) for tally in self.tallies},
            sheet=self.sheet,
        )


def _problem_block(kind: str, count: int, kept: list, everything: bool) -> str:
    shown = kept if everything else kept[:SHOWN]
    lines = [f"{KINDS[kind].severity}: {KINDS[kind].title} ({count})"]
    lines += [f"  {problem.path}: {problem.found}" for problem in shown]
    if count > len(shown):
        hint = "" if everything else f": --all shows {'them' if count == len(kept) else f'{len(kept)} of them'}"
        lines.append(f"  and {count - len(shown)} more{hint}")
    return "\n".join([*lines, f"  -> {KINDS[kind].remedy}"])


def _split_block(tally: Tally) -> str:
    lines = [f"{tally.split.name}: {_number(len(tally.sizes), 'image')}{_describe_sizes(tally.sizes)}"]
    lines += _crop_lines(tally)
    counts = tally.counts
    if not counts.pixels.any():
        return "\n".join([*lines, "no labelled pixel was counted"])
    lines.append(weight_table(counts, tally.names))
    if tally.split.name == "train" and tally.class_map is not None:
        lines.append(weight_line(counts))
    return "\n".join(lines)


def _crop_lines(tally: Tally) -> list[str]:
    count = tally.sometimes_small()
    if not count:
        return []
    return [
        f"{_number(count, 'image')} may be resized to less than the crop: the rest of it is void and costs time; "
        "raise ratio_range or take a smaller crop_size if that matters"
    ]


def size_statistics(sizes: np.ndarray) -> dict:
    """Sizes (W, H) in the order of their area, and how many differ.

    Args:
        sizes: (N, 2), 0 for images that can't be read.

    Returns:
        ``smallest``, ``median``, ``largest`` and ``different``; empty without an image.
    """
    sizes = sizes[sizes.any(1)]
    if not len(sizes):
        return {}
    order = np.argsort(sizes.prod(1, dtype=np.int64), kind="stable")
    places = dict(smallest=0, median=(len(sizes) - 1) // 2, largest=-1)
    found = {name: sizes[order[place]].tolist() for name, place in places.items()}
    return {**found, "different": len(np.unique(sizes, axis=0))}


def _describe_sizes(sizes: np.ndarray) -> str:
    found = size_statistics(sizes)
    if not found:
        return ""
    if found["different"] == 1:
        return " of {} x {}".format(*found["smallest"])
    ends = ", ".join("{} {} x {}".format(name, *found[name]) for name in ("smallest", "median", "largest"))
    return f" of {found['different']} sizes: {ends}"


def _problem_dict(kind: str, count: int, kept: list) -> dict:
    files = [dict(path=problem.path, found=problem.found) for problem in kept]
    about = KINDS[kind]
    return dict(kind=kind, severity=about.severity, title=about.title, remedy=about.remedy, count=count, files=files)


def _split_dict(tally: Tally) -> dict:
    counts = tally.counts
    labelled = max(int(counts.pixels.sum()), 1)
    weights = counts.weights() if counts.pixels.any() else np.ones(len(counts.pixels))
    rows = zip(tally.names, counts.pixels.tolist(), counts.images.tolist(), weights.tolist(), strict=True)
    return dict(
        images=len(tally.sizes),
        sizes=size_statistics(tally.sizes),
        smaller_than_crop_at_times=tally.sometimes_small(),
        classes=[
            dict(name=name, pixels=pixels, share=pixels / labelled, images=images, weight=weight)
            for name, pixels, images, weight in rows
        ],
    )


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
