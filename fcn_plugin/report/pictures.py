"""Draw the tiles of an example, image | truth | prediction | errors, as data URIs.

Images are (H, W, 3) uint8 RGB, maps (h, w) ids with 255 for void, shrunk by :func:`.images.shrink`.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence

import cv2
import numpy as np

from ..data.palette import VOID
from ..visualization.pictures import VOID_COLOUR, colour_table
from .images import shrink

WRONG = (225, 30, 60)
TITLES = ("image", "truth", "prediction", "errors")


def tiles(image: np.ndarray, truth: np.ndarray, guess: np.ndarray, palette: Sequence[Sequence[int]]) -> list[str]:
    """Draw the four tiles, in the order of ``TITLES``."""
    small, table = shrink(image), colour_table(palette)
    photos = [data_uri(small, ".jpg"), data_uri(errors(small, truth, guess), ".jpg")]
    maps = [data_uri(table[ids], ".png") for ids in (truth, guess)]
    return [photos[0], *maps, photos[1]]


def errors(image: np.ndarray, truth: np.ndarray, guess: np.ndarray) -> np.ndarray:
    """Draw wrong pixels in red over a pale gray image, void in pale yellow."""
    grey = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    drawn = 96 + grey // 2
    drawn[truth == VOID] = VOID_COLOUR
    wrong = (truth != VOID) & (truth != guess)
    drawn[wrong] = (drawn[wrong] * 0.2 + np.multiply(WRONG, 0.8)).astype(np.uint8)
    return drawn


def data_uri(picture: np.ndarray, suffix: str) -> str:
    """Encode a picture as a ``.jpg`` or ``.png`` data URI."""
    options = [cv2.IMWRITE_JPEG_QUALITY, 82] if suffix == ".jpg" else [cv2.IMWRITE_PNG_COMPRESSION, 9]
    content = cv2.imencode(suffix, np.ascontiguousarray(picture[..., ::-1]), options)[1]
    kind = "jpeg" if suffix == ".jpg" else "png"
    return f"data:image/{kind};base64,{base64.b64encode(content.tobytes()).decode('ascii')}"
