"""Draw one object, part by part, as a small anti-aliased picture with its mask.

Shapes are drawn in the object's own frame: x to the right, y down, (0, 0) the centre, longest side about 1. Line widths are in
pixels of the finished image, independent of the object's size. Parts are drawn ``SUPERSAMPLE`` times larger.
"""

from collections.abc import Iterable
from functools import reduce
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from .textures import Colour, Pattern

SUPERSAMPLE = 3
Point = tuple[float, float]


class Paint(NamedTuple):
    """A colour, and a pattern that makes it lighter and darker by up to ``strength`` (0 to 255)."""

    colour: Colour
    pattern: Pattern | None = None
    strength: float = 0.0


class Sprite(NamedTuple):
    """A drawn object, cut to its extent: h by w pixels."""

    colours: np.ndarray  # float32 (h, w, 3), R, G, B in [0, 255]
    coverage: np.ndarray  # float32 (h, w), share of the pixel that the object covers, in [0, 1]

    @property
    def mask(self) -> np.ndarray:
        """Pixels that the object covers by at least half, (h, w) bool."""
        return self.coverage >= 0.5


def arc(center: Point, radii: Point, start: float = 0.0, stop: float = 360.0) -> list[Point]:
    """Return points of an elliptic arc; angles in degrees, clockwise from the right."""
    angles = np.deg2rad(np.linspace(start, stop, 41))
    cosines, sines = np.cos(angles).tolist(), np.sin(angles).tolist()
    return [(center[0] + radii[0] * c, center[1] + radii[1] * s) for c, s in zip(cosines, sines, strict=True)]


class Pen:
    """Draw in the object's frame; later parts cover earlier ones.

    Args:
        size: length of 1 unit, in pixels of the finished image.
        width: width of a thin line, in pixels of the finished image.
        degrees: clockwise rotation of the object.
        flip: mirror the object left to right.
    """

    def __init__(self, size: float, width: float, degrees: float, flip: bool) -> None:
        self.size, self.width = size, width
        cos, sin = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
        mirror = -1.0 if flip else 1.0
        # columns: directions of the object's x and y axes in the picture
        self._axes = np.array([[mirror * cos, -sin], [mirror * sin, cos]])
        self._side = int(np.ceil(1.6 * size + 4 * width))  # room for the diagonal and round ends
        self._parts = Image.new("L", (self._side * SUPERSAMPLE,) * 2)  # number of the paint, 0 is outside
        self._draw = ImageDraw.Draw(self._parts)
        self._numbers: dict[Paint, int] = {}

    def fill(self, points: Iterable[Point], paint: Paint) -> None:
        """Fill a polygon."""
        self._draw.polygon(self._place(points), fill=self._number(paint))

    def box(self, left: float, top: float, right: float, bottom: float, paint: Paint) -> None:
        """Fill an upright rectangle."""
        self.fill([(left, top), (right, top), (right, bottom), (left, bottom)], paint)

    def disc(self, center: Point, radii: Point, paint: Paint) -> None:
        """Fill an ellipse."""
        self.fill(arc(center, radii), paint)

    def line(self, points: Iterable[Point], paint: Paint, times: float = 1.0) -> None:
        """Draw a line with round ends and corners, ``times`` the thin width."""
        number, corners = self._number(paint), self._place(points)
        radius = 0.5 * times * self.width * SUPERSAMPLE
        self._draw.line(corners, fill=number, width=max(1, round(2 * radius)))
        for x, y in corners:
            self._draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=number)

    def sprite(self) -> Sprite:
        """Paint the parts and average them down to the finished size."""
        parts = np.asarray(self._parts)
        # the (u, v) of textures.py at every pixel of the supersampled canvas
        steps = (np.arange(self._side * SUPERSAMPLE) + 0.5) / SUPERSAMPLE - self._side / 2
        x, y = steps[None, :].astype(np.float32), steps[:, None].astype(np.float32)
        (ux, vx), (uy, vy) = self._axes.astype(np.float32)
        u, v = x * ux + y * uy, x * vx + y * vy
        colours = np.zeros((*parts.shape, 3), dtype=np.float32)
        for paint, number in self._numbers.items():
            here = parts == number
            tone: np.ndarray = np.array(paint.colour, dtype=np.float32)
            if paint.pattern is not None:
                tone = tone + paint.strength * paint.pattern(u[here], v[here])[:, None]
            colours[here] = tone
        colours *= (1.0 - 0.22 * v / self.size)[..., None]  # light comes from above
        inside = (parts > 0).astype(np.float32)
        coverage = _shrink(inside)
        colours = _shrink(colours * inside[..., None]) / np.maximum(coverage, 1e-6)[..., None]
        rows, columns = np.flatnonzero(coverage.any(1)), np.flatnonzero(coverage.any(0))
        extent = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
        return Sprite(np.clip(colours[extent], 0, 255), coverage[extent])

    def _number(self, paint: Paint) -> int:
        return self._numbers.setdefault(paint, len(self._numbers) + 1)

    def _place(self, points: Iterable[Point]) -> list[Point]:
        """Convert points from the object's frame to the supersampled canvas."""
        placed = (np.array(list(points)) @ self._axes.T * self.size + self._side / 2) * SUPERSAMPLE
        return [*map(tuple, placed.tolist())]


def _shrink(picture: np.ndarray) -> np.ndarray:
    """Average SUPERSAMPLE x SUPERSAMPLE blocks of an array (H, W) or (H, W, 3)."""
    s = SUPERSAMPLE
    return reduce(np.add, (picture[i::s, j::s] for i in range(s) for j in range(s))) / s**2
