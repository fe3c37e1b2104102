"""Draw charts as inline SVG in the page's colours (``style.py``), which follow its light and dark mode.

Values are in 0 .. 1 and shown in percent; NaN is not drawn.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from math import isnan

TICKS = (0, 0.2, 0.4, 0.6, 0.8, 1)


def percent(value: float, digits: int = 1) -> str:
    """Format a share in percent; ``-`` for NaN."""
    return "-" if isnan(value) else f"{100 * value:.{digits}f}"


@dataclass(frozen=True)
class Axes:
    """The axes of a chart: x from ``low`` to ``high``, y from 0 to ``top``.

    Args:
        x, y: axis labels.
        ticks: ticks of x: value and label.
        low, high: range of x.
        top: upper end of y, at most 1.
    """

    x: str
    y: str
    ticks: Sequence[tuple[float, str]]
    low: float = 0.0
    high: float = 1.0
    top: float = 1.0
    width: int = 440
    height: int = 280

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Return the position of a point in the picture, in pixels."""
        across = (x - self.low) / (self.high - self.low)
        return round(56 + across * (self.width - 68), 1), round(self.height - 48 - y / self.top * (self.height - 64), 1)

    def bar(self, left: float, right: float, value: float, title: str, kind: str = "bar") -> str:
        """Draw a bar from 0 to a value."""
        if isnan(value):
            return ""
        (x, y), (end, bottom) = self.at(left, value), self.at(right, 0)
        sides = f'x="{x + 1}" y="{y}" width="{max(0, end - x - 2):.1f}" height="{bottom - y:.1f}"'
        return f'<rect class="{kind}" {sides}><title>{escape(title)}</title></rect>'

    def line(self, points: Sequence[tuple[float, float]], kind: str = "curve") -> str:
        """Draw a line through points."""
        places = " ".join(f"{x},{y}" for x, y in (self.at(*point) for point in points if not isnan(point[1])))
        return f'<polyline class="{kind}" points="{places}"/>'

    def dots(self, points: Sequence[tuple[float, float, str]]) -> str:
        """Draw points with titles."""
        places = [(*self.at(x, y), title) for x, y, title in points if not isnan(y)]
        return "".join(
            f'<circle class="dot" cx="{x}" cy="{y}" r="3.5"><title>{escape(t)}</title></circle>' for x, y, t in places
        )

    def chart(self, title: str, *parts: str) -> str:
        """Join the parts with grid and labels; ``title`` is for screen readers."""
        inside = "".join((*self._grid(), *parts))
        box = f'viewBox="0 0 {self.width} {self.height}" role="img" aria-label="{escape(title)}"'
        return f'<svg class="chart" {box}>{inside}</svg>'

    def _grid(self) -> Iterator[str]:
        for value in (tick for tick in TICKS if tick <= self.top):
            (left, y), (right, _) = self.at(self.low, value), self.at(self.high, value)
            yield f'<line class="grid" x1="{left}" x2="{right}" y1="{y}" y2="{y}"/>'
            yield f'<text x="{left - 6}" y="{y + 4}" text-anchor="end">{100 * value:.0f}</text>'
        for value, label in self.ticks:
            x, y = self.at(value, 0)
            yield f'<text x="{x}" y="{y + 18}" text-anchor="middle">{escape(label)}</text>'
        middle, bottom = self.at((self.low + self.high) / 2, 0)
        yield f'<text x="{middle}" y="{bottom + 40}" text-anchor="middle">{escape(self.x)}</text>'
        yield f'<text transform="translate(14 {(bottom + 16) / 2}) rotate(-90)" text-anchor="middle">{escape(self.y)}</text>'
