"""Sharpen the edges of a net's logits by the image: a conditional random field over small windows, after training.

Krähenbühl and Koltun, NeurIPS 2011, with the windows of Teichmann and Cipolla (arXiv 1805.04777) in place of all pairs of pixels.
N batch, C classes, H x W image, B bands.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from mmseg.models.segmentors import EncoderDecoder
from torch import Tensor

from ..errors import UserError
from .decision import as_pair
from .precision import at_least_float32


def refine(
    logits: Tensor, images: Tensor, steps: int = 3, radius: int = 3, weight: float = 5.0, colour: float = 20.0
) -> Tensor:
    """Return logits (N, C, H, W) after mean-field steps: q <- softmax(logits + weight * mean of the neighbours' q).

    A neighbour counts by exp(-d^2 / (2 colour^2)), d the distance of the two pixels' colours. Memory is that of two maps of logits.

    Args:
        logits: (N, C, H, W), of a softmax.
        images: (N, B, H, W).
        steps: how often; each lets a pixel hear ``radius`` pixels further.
        radius: of the square windows, in pixels.
        weight: of the neighbours against the net's own logits.
        colour: difference of colours that makes two pixels strangers, in the unit of ``images``.
    """
    scores = logits
    for _ in range(steps):
        q = scores.softmax(1)
        heard, total = torch.zeros_like(q), q.new_full((len(q), 1, *q.shape[2:]), 1e-6)
        for one, other in _pairs(*q.shape[2:], radius):
            difference = (images[one] - images[other]).square().sum(1, keepdim=True)
            near = torch.exp(difference / (-2 * colour**2))
            for here, there in ((one, other), (other, one)):
                heard[here] += near * q[there]
                total[here] += near
        scores = logits + weight * heard / total
    return scores


def _pairs(height: int, width: int, radius: int) -> Iterator[tuple[tuple, tuple]]:
    """Yield the slices of all pixels that have a neighbour at some offset, and of these; each pair of pixels once."""
    for down in range(min(radius, height - 1) + 1):
        for right in range(-radius, radius + 1):
            if (down, right) > (0, 0) and abs(right) < width:
                ahead, behind = (
                    slice(max(0, right), width + min(0, right)),
                    slice(max(0, -right), width - max(0, right)),
                )
                yield (..., slice(0, height - down), behind), (..., slice(down, height), ahead)


class RefinedSegmentor(EncoderDecoder):
    """A segmentor whose ``test_cfg.crf``, arguments of :func:`refine`, sharpens its logits in evaluation and prediction."""

    @property
    def crf(self) -> dict | None:
        """Arguments of :func:`refine`, or None."""
        return (self.test_cfg or {}).get("crf")

    def encode_decode(self, inputs: Tensor, batch_img_metas: list[dict]) -> Tensor:
        """Compute the logits of normalised images, (N, C or 1, H, W).

        Raises:
            UserError: ``config-value`` for a net of several labels or tasks.
        """
        logits = super().encode_decode(inputs, batch_img_metas)
        if self.crf is None:
            return logits
        if self.decision.maps(1):
            raise UserError(
                "config-value",
                "test_cfg.crf takes one label a pixel: leave it out with multilabel and tasks",
            )
        pair = refine(at_least_float32(as_pair(logits)), inputs * self.data_preprocessor.std, **self.crf)
        return pair[:, 1:] - pair[:, :1] if logits.shape[1] == 1 else pair
