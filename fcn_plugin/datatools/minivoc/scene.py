"""Draw two to four objects on a background: an image and its label map.

The image is uint8 (H, W, 3), the label map uint8 (H, W) with VOC's class ids, 0 for the background and 255 on a ring one
pixel wide around every object.
"""

import numpy as np
from PIL import Image, ImageFilter
from scipy.ndimage import binary_dilation

from ...data.palette import CLASS_NAMES, VOID
from .objects import SHAPES
from .pen import Pen, Sprite
from .textures import draw_background

HIDDEN_WANTED, HIDDEN_AT_MOST = 0.04, 0.25  # share of an object that covers earlier ones
OUTSIDE = 0.08  # share of an object's extent that may be outside the image


def draw_scene(seed: int, index: int, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Draw image and label map of scene ``index``; ten consecutive scenes show each class at least once.

    They depend only on the arguments: the seed of the data set, the index and (width, height) in pixels.
    """
    rng = np.random.default_rng([seed, index])
    picture, labels = draw_background(rng, *size), np.zeros(size[::-1], dtype=np.uint8)
    names = list(SHAPES)
    first = names.pop(index % len(names))
    for name in (first, *rng.permutation(names)[: rng.integers(1, 4)].tolist()):
        sprite = draw_object(rng, name, min(size))
        if place := _find_place(rng, sprite, labels):
            _paste(rng, picture, labels, sprite, place, CLASS_NAMES.index(name))
    return _photograph(rng, picture), labels


def draw_object(rng: np.random.Generator, name: str, side: int) -> Sprite:
    """Draw an object of class ``name`` for an image whose shorter side is ``side`` px."""
    pen = Pen(
        size=rng.uniform(0.48, 0.72) * side,
        width=rng.uniform(3.6, 5.4) * max(side, 64) / 128,
        degrees=rng.uniform(-10, 10),
        flip=bool(rng.integers(2)),
    )
    SHAPES[name](pen, rng)
    return pen.sprite()


def void_ring(mask: np.ndarray) -> np.ndarray:
    """Find the pixels outside a bool (H, W) mask that touch it, also at corners."""
    return binary_dilation(mask, np.ones((3, 3))) & ~mask


def _find_place(rng: np.random.Generator, sprite: Sprite, labels: np.ndarray) -> tuple[int, int] | None:
    """Find a position (top, left) that hides little of the earlier objects; None if there is none."""
    mask = sprite.mask
    lengths = zip(labels.shape, mask.shape, strict=True)
    ranges = [sorted((-OUTSIDE * length, room - (1 - OUTSIDE) * length)) for room, length in lengths]
    least, best = HIDDEN_AT_MOST, None
    for _ in range(24):
        place = tuple(round(rng.uniform(*each)) for each in ranges)
        there, here = _overlap(labels.shape, mask.shape, place)
        hidden = np.count_nonzero(labels[there][mask[here]]) / mask.sum()
        if hidden <= least:
            least, best = hidden, place
        if hidden < HIDDEN_WANTED:
            break
    return best


def _overlap(
    room: tuple[int, ...], extent: tuple[int, ...], place: tuple[int, ...]
) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Return slices of the image and of the sprite where they overlap, for a sprite at ``place``."""
    ranges = [(max(p, 0), min(p + length, side)) for side, length, p in zip(room, extent, place, strict=True)]
    here = tuple(slice(low - p, high - p) for (low, high), p in zip(ranges, place, strict=True))
    return tuple(slice(*each) for each in ranges), here


def _paste(
    rng: np.random.Generator,
    picture: np.ndarray,
    labels: np.ndarray,
    sprite: Sprite,
    place: tuple[int, ...],
    class_id: int,
) -> None:
    """Draw a sprite with its soft shadow into the picture and the label map, in place."""
    there, here = _overlap(labels.shape, sprite.coverage.shape, place)
    coverage = np.zeros(labels.shape, dtype=np.float32)
    coverage[there] = sprite.coverage[here]
    moved = np.pad(coverage, ((2, 0), (2, 0)))[:-2, :-2]  # 2 px down and to the right
    blurred = Image.fromarray(np.uint8(255 * moved)).filter(ImageFilter.GaussianBlur(2.5))
    shadow = np.asarray(blurred, dtype=np.float32) / 255
    picture *= 1 - rng.uniform(0.2, 0.4) * shadow[..., None]
    alpha = sprite.coverage[here][..., None]
    picture[there] = picture[there] * (1 - alpha) + sprite.colours[here] * alpha
    mask = coverage >= 0.5
    labels[mask] = class_id
    labels[void_ring(mask)] = VOID


def _photograph(rng: np.random.Generator, picture: np.ndarray) -> np.ndarray:
    """Add camera effects: slight blur, exposure, colour cast and sensor noise."""
    sharp = Image.fromarray(np.uint8(np.clip(picture, 0, 255)))
    blurred = sharp.filter(ImageFilter.GaussianBlur(rng.uniform(0.2, 0.6)))
    exposed = np.asarray(blurred, dtype=np.float32) * rng.uniform(0.85, 1.12)
    exposed *= rng.uniform(0.95, 1.05, 3)
    noise = rng.normal(0, rng.uniform(2, 6), picture.shape)
    return np.uint8(np.clip(exposed + noise + 0.5, 0, 255))
