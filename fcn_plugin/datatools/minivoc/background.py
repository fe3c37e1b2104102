"""Textured backgrounds in muted colours: a wall, or a ground under a sky."""

import numpy as np
from PIL import Image

from .textures import hsv, stripes


def smooth_noise(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    """Noise at three scales: float32 (H, W), about in [-1, 1]; coarse cells are 32 px wide."""
    noise = np.zeros((height, width), dtype=np.float32)
    for cell, weight in ((32, 0.55), (10, 0.3), (3, 0.15)):
        grid = rng.uniform(-1, 1, (height // cell + 2, width // cell + 2)).astype(np.float32)
        layer = Image.fromarray(grid).resize((width, height), Image.Resampling.BICUBIC)
        noise += weight * np.asarray(layer)
    return noise


def draw_background(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    """One background: float32 (H, W, 3), R, G, B about in [0, 255]."""
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
    """A muted colour with a gradient, noise, and on every second surface soft stripes."""
    low = hsv(rng, rng.uniform(), 0.13, value, (0, 0.10, 0.16))
    high = hsv(rng, rng.uniform(), 0.13, value, (0, 0.10, 0.16))
    x, y = np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))
    angle = rng.uniform(0, 2 * np.pi)
    slope = 0.35 * (np.cos(angle) * x + np.sin(angle) * y)
    share = np.clip(0.5 + slope + 0.5 * smooth_noise(rng, width, height), 0, 1)[..., None]
    picture = np.array(low) * (1 - share) + np.array(high) * share
    if rng.uniform() < 0.5:
        pattern = stripes(rng.uniform(6, 24), rng.uniform(-90, 90))
        picture += rng.uniform(4, 10) * pattern(x * width / 2, y * height / 2)[..., None]
    picture += rng.uniform(6, 14) * smooth_noise(rng, width, height)[..., None]
    return picture.astype(np.float32)
