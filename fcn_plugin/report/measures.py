"""The sections of a report about single images, boundaries, objects and probabilities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..evaluation.calibration import BINS, calibration_error, reliability
from ..evaluation.limits.report import group_names, means
from .images import ImageCounts
from .scores import table
from .svg import Axes, percent

PARTS = 20  # bins of the histogram of images
RARE = 0.001  # share of all pixels below which a bar is not reliable


def spread(images: Sequence[ImageCounts]) -> str:
    """Show a histogram of the images' mean IU."""
    values = np.array([image.mean_iou for image in images])
    values = values[~np.isnan(values)]
    if not values.size:
        return "<p>No image has a labelled pixel.</p>"
    counts = np.bincount(np.minimum((values * PARTS).astype(int), PARTS - 1), minlength=PARTS)
    top = min(1, 0.2 + int(5 * counts.max() / values.size) / 5)
    axes = Axes(
        "mean IU of the image, %", "% of the images", [(i / 5, str(20 * i)) for i in range(6)], top=top, height=220
    )
    bars = [
        axes.bar(i / PARTS, (i + 1) / PARTS, count / values.size, f"{5 * i} to {5 * i + 5} %: {count} images")
        for i, count in enumerate(counts.tolist())
    ]
    low, middle, high = np.quantile(values, (0.1, 0.5, 0.9))
    text = f"A tenth of the images are below {percent(low)} %, half below {percent(middle)} %, a tenth above {percent(high)} %."
    return f"<p>{text}</p>{axes.chart('How many images have which mean IU', *bars)}"


def limits(scores: Mapping[str, np.ndarray], settings: Mapping[str, Any]) -> str:
    """Show FCNLimits' results: mean IU by distance from boundaries, and by size and thickness of objects."""
    averages = means(scores)
    width = settings["width"]
    ticks = [(w, str(w)) for w in (1, *range(5, width + 1, 5))]
    axes = Axes("width of the band on each side of true boundaries, px", "mean IU, %", ticks, low=0, high=width)
    points = [(w, float(value)) for w, value in enumerate(averages["trimap_IoU"], 1)]
    dots = axes.dots([(w, y, f"{w} px: {percent(y, 2)} %") for w, y in points])
    near = f"<h3>Near boundaries</h3>{axes.chart('Mean IU near true boundaries', axes.line(points), dots)}"
    groups = _groups("size", averages, settings["sizes"]) + _groups("thickness", averages, settings["thicknesses"])
    inside = (
        f"{percent(float(averages['missed_inside']), 2)} % of the pixels at least {width} px from a boundary are wrong"
    )
    holes = f"{percent(float(averages['hole_rate']), 2)} % of all pixels are in holes, wrong pieces surrounded by right pixels"
    return f'<div class="pair"><div>{near}</div><div>{groups}</div></div><p>{inside}; {holes}.</p>'


def calibration(counts: np.ndarray | None) -> str:
    """Show accuracy against confidence, from the counts of :func:`.count_confidence`."""
    if counts is None:
        return "<p>This net returns label maps without probabilities.</p>"
    shares, accuracy, confidence = reliability(counts)
    there = shares > 0
    mean, right = float((shares * confidence)[there].sum()), float((shares * accuracy)[there].sum())
    verdict = "overconfident" if mean > right else "underconfident"
    text = (
        f"The net's mean confidence is {percent(mean)} %, and {percent(right)} % of the pixels are right: it is {verdict}. "
        f"The expected calibration error is {percent(calibration_error(counts), 2)} %. "
        f"Bars with less than {percent(RARE)} % of the pixels are pale."
    )
    ticks = [(i / 5, str(20 * i)) for i in range(6)]
    axes = Axes("confidence, %", "right pixels, %", ticks)
    ends = [(i / BINS, (i + 1) / BINS) for i in range(BINS)]
    titles = [
        f"confidence {percent(low, 0)} to {percent(high, 0)} %: {percent(a, 2)} % right, {percent(share, 2)} % of all pixels"
        for (low, high), a, share in zip(ends, accuracy, shares, strict=True)
    ]
    kinds = ["bar" if share >= RARE else "ghost" for share in shares]
    drawn = zip(ends, accuracy, titles, kinds, strict=True)
    bars = [axes.bar(*end, value, title, kind) for end, value, title, kind in drawn]
    dots = axes.dots([(float(x), float(y), title) for x, y, title in zip(confidence, accuracy, titles, strict=True)])
    curve = axes.chart("Share of right pixels by confidence", *bars, axes.line([(0, 0), (1, 1)], "ideal"), dots)
    amounts = Axes("confidence, %", "of all pixels, %", ticks)
    bars = [
        amounts.bar(*end, float(value), title, "ghost") for end, value, title in zip(ends, shares, titles, strict=True)
    ]
    charts = f"<div>{curve}</div><div>{amounts.chart('Share of all pixels by confidence', *bars)}</div>"
    return f'<p>{text}</p><div class="pair">{charts}</div>'


def _groups(name: str, averages: Mapping[str, np.ndarray], edges: Sequence[float]) -> str:
    """Show mean IU of objects by their size or thickness."""
    groups = (group.replace("<= ", "up to ").replace("> ", "over ") for group in group_names(edges))
    found = zip(groups, averages[f"{name}_IoU"], averages[f"{name}_objects"], strict=True)
    rows = [[group, _bar(iou), float(iou), f"<td>{int(count):,}</td>"] for group, iou, count in found]
    return f"<h3>By {name} of the object</h3>{table([name, '', 'mean IU %', 'objects'], rows, sortable=False)}"


def _bar(value: float) -> str:
    width = 0 if np.isnan(value) else 100 * value
    return f'<td class="bars"><span class="track"><i class="guess" style="width:{width:.1f}%"></i></span></td>'
