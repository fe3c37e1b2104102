"""The page: one self-contained HTML file that needs no network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import Any

import numpy as np

from ..data.palette import VOID
from ..errors import printable
from ..evaluation.calibration import calibration_error
from ..evaluation.confusion import mean_present
from ..visualization.pictures import VOID_COLOUR
from .gather import Findings
from .images import ImageCounts
from .measures import calibration, limits, spread
from .pictures import TITLES, tiles
from .scores import Palette, areas, class_table, confusion, headline, named
from .style import SCRIPT, STYLE
from .svg import percent

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"


def page(
    title: str,
    facts: Mapping[str, str],
    findings: Findings,
    measured: tuple[Mapping[str, np.ndarray], Mapping[str, Any]],
    classes: Sequence[str],
    palette: Palette,
    name_of: Callable[[str], str],
    read: Callable[[str], np.ndarray],
) -> str:
    """Write the page.

    Args:
        title: title of the page.
        facts: facts about the evaluation, name -> value.
        findings: result of FCNReport.
        measured: scores and settings of FCNLimits.
        classes, palette: C names and RGB colours.
        name_of: function from an image's path to the name to show.
        read: function from an image's path to its pixels, (H, W, 3) uint8 RGB.
    """
    classes = [printable(name) for name in classes]
    matrix, images, by_limits = findings.matrix, findings.images, measured[0]
    more = {"mean IU of images": findings.image_mean, "boundary IoU": mean_present(by_limits["boundary_IoU"])}
    if findings.confidence is not None:
        more["calibration error"] = calibration_error(findings.confidence)
    columns = {"boundary IoU": by_limits["boundary_IoU"]}
    examples = Gallery(findings, classes, palette, name_of, read)
    sections = {
        "Classes": (
            "The accuracy of a class is its recall. Dice is the harmonic mean of precision and recall. Click a heading to sort.",
            class_table(matrix, classes, palette, columns),
        ),
        "Confusion": (
            "One row per true class, one column per predicted class, in percent of the true class. Blue is right, red is wrong.",
            confusion(matrix, classes),
        ),
        "Worst images": (
            "The images with the lowest mean IU of their own classes, and the classes that lower it most. Errors are red.",
            examples.rows(worst=True),
        ),
        "Best images": ("The images with the highest mean IU.", examples.rows(worst=False)),
        "All images": ("Mean IU of each image, over the classes in its truth or prediction.", spread(images)),
        "Boundaries and objects": ("Where in the image the net is wrong.", limits(*measured)),
        "Calibration": (
            "How often the net is right at each confidence. On the dashed line accuracy equals confidence.",
            calibration(findings.confidence),
        ),
        "Areas": (
            "Each class's share of the labelled pixels: gray in the truth, blue in the prediction.",
            areas(matrix, classes, palette),
        ),
    }
    links = "".join(f'<a href="#{_anchor(name)}">{name}</a>' for name in sections)
    listed = "".join(f"<br>{escape(name)}: {escape(printable(value))}" for name, value in facts.items())
    head = (
        f'<h1>{escape(printable(title))}</h1><p class="soft">{listed[4:]}</p>{headline(matrix, more)}<nav>{links}</nav>'
    )
    body = "".join(_section(name, *content) for name, content in sections.items())
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f"<title>{escape(printable(title))}</title><style>{STYLE}</style></head>\n"
        f"<body><main>{head}{body}</main><script>{SCRIPT}</script></body></html>\n"
    )


@dataclass
class Gallery:
    """The worst and the best images with their tiles; for the arguments see :func:`page`."""

    findings: Findings
    classes: Sequence[str]
    palette: Palette
    name_of: Callable[[str], str]
    read: Callable[[str], np.ndarray]

    @cached_property
    def counts(self) -> dict[tuple[float, str], ImageCounts]:
        """The counts of each image by its rank."""
        return {image.rank: image for image in self.findings.images}

    def rows(self, worst: bool) -> str:
        """Draw a legend of the classes that occur, then a row of tiles per image."""
        ranks = self.findings.examples.choose()[0 if worst else 1]
        if not ranks:
            return "<p>None.</p>"
        maps = [each for rank in ranks for each in self.findings.examples.kept[rank]]
        ids = sorted(set().union(*(np.unique(each).tolist() for each in maps)) & set(range(len(self.classes))))
        legend = "".join(f"<li>{named(self.classes[i], self.palette[i])}</li>" for i in ids)
        legend += (
            f"<li>{named('void (not scored)', VOID_COLOUR)}</li>" if any((each == VOID).any() for each in maps) else ""
        )
        return f'<ul class="legend">{legend}</ul>{"".join(map(self._row, ranks))}'

    def _row(self, rank: tuple[float, str]) -> str:
        image, (truth, guess) = self.counts[rank], self.findings.examples.kept[rank]
        name = escape(printable(self.name_of(image.path)))
        kind = ' class="small"' if max(truth.shape) <= 160 else ""
        figures = "".join(
            f'<figure><img{kind} src="{uri}" alt="{what} of {name}" loading="lazy"><figcaption>{what}</figcaption></figure>'
            for what, uri in zip(TITLES, tiles(self.read(image.path), truth, guess, self.palette), strict=True)
        )
        text = f"<b>{name}</b> mean IU {percent(image.mean_iou)} %, {percent(image.accuracy)} % of pixels right{self._costs(image)}"
        return f'<figure class="example"><figcaption>{text}</figcaption><div class="tiles">{figures}</div></figure>'

    def _costs(self, image: ImageCounts) -> str:
        listed = []
        for label in image.costly():
            absent = "" if image.counts[1, label] else ", not in the truth"
            listed.append(f"{escape(self.classes[label])} {percent(image.iou[label])}{absent}")
        return f"; lowest: {'; '.join(listed)}" if listed else ""


def _section(name: str, text: str, content: str) -> str:
    return f'<section><h2 id="{_anchor(name)}">{name}</h2><p class="soft">{text}</p>{content}</section>'


def _anchor(name: str) -> str:
    return name.lower().replace(" ", "-")
