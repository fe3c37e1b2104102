"""Colours, surface patterns, and backgrounds in muted colours: a wall, or a ground under a sky.

A pattern is a function (u, v) -> values in [-1, 1]; u and v are float arrays of equal shape, in pixels of the finished image, along
the object's axes, so that a pattern rotates with its object.
"""

import colorsys
from collections.abc import Callable

import numpy as np
from PIL import Image

Colour = tuple[float, float, float]  # R, G, B in [0, 255]
Pattern = Callable[[np.ndarray, np.ndarray], np.ndarray]


def hsv(
    rng: np.random.Generator, hue: float, saturation: float, value: float, jitter: Colour = (0.025, 0.12, 0.12)
) -> Colour:
    """Draw a random colour near the given one; all values are in [0, 1] and change by at most their ``jitter``."""
    h, s, v = np.array((hue, saturation, value)) + rng.uniform(-1, 1, 3) * jitter
    red, green, blue = colorsys.hsv_to_rgb(h % 1, min(max(s, 0), 1), min(max(v, 0), 1))
    return 255 * red, 255 * green, 255 * blue


def stripes(period: float, degrees: float = 0.0, phase: float = 0.0) -> Pattern:
    """Make soft stripes ``period`` px apart, along the object, or rotated by ``degrees``."""
    angle = np.deg2rad(degrees)
    across, along = np.cos(angle), np.sin(angle)
    return lambda u, v: np.clip(2 * np.sin(2 * np.pi * ((across * u + along * v) / period + phase)), -1, 1)


def checks(period: float) -> Pattern:
    """Make a checked pattern with squares of half a ``period`` (px)."""
    columns, rows = stripes(period), stripes(period, 90)
    return lambda u, v: columns(u, v) * rows(u, v)


def wool(rng: np.random.Generator, period: float) -> Pattern:
    """Make irregular curls about ``period`` px wide: four plane waves in random directions."""
    angles = rng.uniform(0, np.pi) + np.arange(4) * np.pi / 4
    phases, periods = rng.uniform(0, 2 * np.pi, 4), period * rng.uniform(0.7, 1.4, 4)

    def pattern(u: np.ndarray, v: np.ndarray) -> np.ndarray:
        turned = (np.cos(angle) * u + np.sin(angle) * v for angle in angles)
        waves = (np.sin(2 * np.pi * t / p + phase) for t, p, phase in zip(turned, periods, phases, strict=True))
        return np.clip(sum(waves) / 2, -1, 1)

    return pattern


def smooth_noise(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    """Make noise at three scales: float32 (H, W), about in [-1, 1]; coarse cells are 32 px wide."""
    noise = np.zeros((height, width), dtype=np.float32)
    for cell, weight in ((32, 0.55), (10, 0.3), (3, 0.15)):
        grid = rng.uniform(-1, 1, (height // cell + 2, width // cell + 2)).astype(np.float32)
        noise += weight * np.asarray(Image.fromarray(grid).resize((width, height), Image.Resampling.BICUBIC))
    return noise


def draw_background(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    """Draw a background: float32 (H, W, 3), R, G, B about in [0, 255]."""
    picture = _surface(rng, width, height, 0.72)
    if rng.uniform() < 0.5:
        ground = _surface(rng, width, height, 0.50)
        rows = np.arange(height, dtype=np.float32)[:, None]
        tilt = np.linspace(-0.03, 0.03, width, dtype=np.float32) * rng.uniform(-1, 1) * height
        horizon = rng.uniform(0.4, 0.7) * height
        share = np.clip(rows - horizon - tilt, 0, 1)[..., None]
        picture = picture * (1 - share) + ground * share
    return picture


def _surface(rng: np.random.Generator, width: int, height: int, value: float) -> np.ndarray:
    """Draw a muted colour with a gradient, noise, and on half of the surfaces soft stripes."""
    low, high = (np.array(hsv(rng, rng.uniform(), 0.13, value, (0, 0.10, 0.16))) for _ in range(2))
    x, y = np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))
    angle = rng.uniform(0, 2 * np.pi)
    slope = 0.35 * (np.cos(angle) * x + np.sin(angle) * y)
    share = np.clip(0.5 + slope + 0.5 * smooth_noise(rng, width, height), 0, 1)[..., None]
    picture = low * (1 - share) + high * share
    if rng.uniform() < 0.5:
        pattern = stripes(rng.uniform(6, 24), rng.uniform(-90, 90))
        picture += rng.uniform(4, 10) * pattern(x * width / 2, y * height / 2)[..., None]
    picture += rng.uniform(6, 14) * smooth_noise(rng, width, height)[..., None]
    return picture.astype(np.float32)
