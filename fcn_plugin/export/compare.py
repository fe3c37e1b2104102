"""Compare an exported file, run in its own runtime, with the original net."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor

from ..data.bands.readers import Reader
from ..errors import UserError
from ..models.decision import Decision
from ..models.fcn import FCN
from .graph import quiet

SIZES = ((1, 1), (17, 23), (97, 131), (375, 500), (720, 960))  # (H, W) in pixels
TOLERANCE = 1e-4  # relative to the largest logit, absolute for probabilities; float32 differs by 1e-6 to 1e-5


class Row(NamedTuple):
    """The comparison at one image size.

    Attributes:
        size: (H, W) of the image.
        difference: largest difference of logits, relative to the net's largest logit, or of probabilities. For label maps: how far
            the logit of the file's class is below the net's best, or beyond the threshold, relative in the same way.
        same: share of pixels with the net's class, 0..1.
    """

    size: tuple[int, int]
    difference: float
    same: float

    def __str__(self) -> str:
        size = "{} x {}".format(*self.size)
        return f"{size:>10}: largest difference {self.difference:.1e}, equal labels {100 * self.same:.4f} %"


def compare(
    net: FCN,
    run: Callable[[np.ndarray], np.ndarray],
    output: str,
    given_as: str,
    images: Sequence[np.ndarray],
) -> list[Row]:
    """Compare a file with its net at each of :data:`SIZES`.

    Args:
        net: net in evaluation mode, float32, on the CPU.
        run: function that runs the file: input -> output.
        output: the file's output: ``labels``, ``probabilities`` or ``logits``.
        given_as: the file's input, :attr:`.metadata.Metadata.input`.
        images: at least one (H, W, 3) uint8 BGR, or (H, W, B) for a net of B bands, of any size; resized to each size.
    """
    rows = []
    for i, size in enumerate(SIZES):
        image = _resized(images[i % len(images)], size)
        pixels = torch.from_numpy(image.transpose(2, 0, 1).copy())
        inputs = net.data_preprocessor(dict(inputs=[pixels]), False)["inputs"]
        with quiet():
            logits = net(inputs)
        whole = dict(rgb=image[None, ..., ::-1], bands=image[None].astype(np.float32))
        given = np.ascontiguousarray(whole.get(given_as, inputs.numpy()))
        rows.append(Row(size, *_measured(logits, torch.from_numpy(run(given)), output, net.decision)))
    return rows


def _resized(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize (H, W, B) to (h, w, B) band by band, since OpenCV averages at most four bands and drops the axis of a single one."""
    bands = np.moveaxis(image, 2, 0)
    return np.stack([cv2.resize(band, size[::-1], interpolation=cv2.INTER_AREA) for band in bands], -1)


def _measured(logits: Tensor, found: Tensor, output: str, decision: Decision) -> tuple[float, float]:
    labels = decision.labels(logits)
    wanted = decision.probabilities(logits) if output == "probabilities" else logits
    if found.shape != (labels.shape if output == "labels" else wanted.shape):
        return float("inf"), 0.0
    scale = 1.0 if output == "probabilities" else float(wanted.abs().max().clamp(min=1e-12))
    if output == "labels":
        chosen = found.long()
        if (limit := decision.limit) is None:
            difference = wanted.amax(1) - wanted.gather(1, chosen[:, None])[:, 0]
        else:
            margin = wanted if decision.multilabel else wanted[:, 0]
            difference = (margin - limit).abs() * (chosen != labels)
    else:
        chosen = decision.labels_of(found) if output == "probabilities" else decision.labels(found)
        difference = (found - wanted).abs()
    return float(difference.max()) / scale, float((chosen == labels).double().mean())


def require_equal(rows: Sequence[Row], what: str) -> None:
    """Raise ``export-differs`` if a difference exceeds the tolerance or is NaN."""
    if bad := [row for row in rows if not row.difference <= TOLERANCE]:
        message = f"{what} differs from the net by more than {TOLERANCE:.0e} and was removed"
        raise UserError("export-differs", message, [str(row) for row in bad])


def read_images(paths: Sequence[str | Path], reader: Reader, most: int = len(SIZES)) -> list[np.ndarray]:
    """Read up to ``most`` of the images, evenly spaced, with the net's reader."""
    step = max(1, len(paths) // most)
    return [reader.read(str(path))[1] for path in paths[::step][:most]]


def drawn_bands(preprocessing: Tensor) -> np.ndarray:
    """Draw (720, 960, B) float32 with the given means and scales, to use without images of these bands."""
    _, mean, std = preprocessing.cpu().numpy()
    grey = drawn_image().astype(np.float32)
    return np.stack([mean[i] + std[i] * (grey[..., i % 3] - 128) / 57 for i in range(len(mean))], -1)


def drawn_image() -> np.ndarray:
    """Draw (720, 960, 3) uint8 with structure at all scales, to use without a photograph."""
    random = np.random.default_rng(0)
    height, width = 720, 960
    image = np.zeros((height, width, 3), np.float32)
    for cell in (240, 60, 15, 4, 1):
        noise = random.normal(size=(height // cell, width // cell, 3)).astype(np.float32)
        image += cv2.resize(noise, (width, height), interpolation=cv2.INTER_LINEAR).reshape(image.shape)
    return np.clip(128 + 40 * image, 0, 255).astype(np.uint8)
