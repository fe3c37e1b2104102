"""Colours and surface patterns.

A pattern is a function (u, v) -> values in [-1, 1]; u and v are float arrays of one shape, in
pixels of the finished image, along the object's own axes, so that a pattern turns with its object.
"""

import colorsys
from collections.abc import Callable

import numpy as np

Colour = tuple[float, float, float]  # R, G, B in [0, 255]
Pattern = Callable[[np.ndarray, np.ndarray], np.ndarray]


def hsv(
    rng: np.random.Generator,
    hue: float,
    saturation: float,
    value: float,
    jitter: tuple[float, float, float] = (0.025, 0.12, 0.12),
) -> Colour:
    """A colour near the given one; all in [0, 1], each moved by at most its ``jitter``."""
    h, s, v = np.array((hue, saturation, value)) + rng.uniform(-1, 1, 3) * jitter
    rgb = colorsys.hsv_to_rgb(h % 1, min(max(s, 0), 1), min(max(v, 0), 1))
    return tuple(255 * channel for channel in rgb)


def stripes(period: float, degrees: float = 0.0, phase: float = 0.0) -> Pattern:
    """Soft stripes ``period`` px apart, running down the object, or turned by ``degrees``."""
    angle = np.deg2rad(degrees)
    across, along = np.cos(angle), np.sin(angle)

    def pattern(u: np.ndarray, v: np.ndarray) -> np.ndarray:
        wave = np.sin(2 * np.pi * ((across * u + along * v) / period + phase))
        return np.clip(2 * wave, -1, 1)

    return pattern


def checks(period: float) -> Pattern:
    """A chequered cloth with squares of half a ``period`` (px)."""
    columns, rows = stripes(period), stripes(period, 90)
    return lambda u, v: columns(u, v) * rows(u, v)


def wool(rng: np.random.Generator, period: float) -> Pattern:
    """Irregular curls about ``period`` px wide: four plane waves in random directions."""
    angles = rng.uniform(0, np.pi) + np.arange(4) * np.pi / 4
    phases = rng.uniform(0, 2 * np.pi, 4)
    periods = period * rng.uniform(0.7, 1.4, 4)

    def pattern(u: np.ndarray, v: np.ndarray) -> np.ndarray:
        waves = 0.0
        for angle, phase, each in zip(angles, phases, periods, strict=True):
            turned = np.cos(angle) * u + np.sin(angle) * v
            waves = waves + np.sin(2 * np.pi * turned / each + phase)
        return np.clip(waves / 2, -1, 1)

    return pattern
