"""Sharpen the edges of a net's logits with the image after training: a conditional random field over small windows.

Krähenbühl and Koltun, NeurIPS 2011, with the windows of Teichmann and Cipolla (arXiv 1805.04777) in place of all pairs of pixels.
N batch, C classes, H x W image, B bands.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

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

    A neighbour's weight is exp(-d^2 / (2 colour^2)), d the distance of the pixels' colours. Needs memory for two maps of logits.

    Args:
        logits: (N, C, H, W), for a softmax.
        images: (N, B, H, W).
        steps: number of steps; each lets a pixel depend on pixels ``radius`` further away.
        radius: of the square windows, in pixels.
        weight: of the neighbours, relative to the net's own logits.
        colour: difference of colours, in the unit of ``images``, beyond which a neighbour counts little.
    """
    scores = logits
    for _ in range(steps):
        q = scores.softmax(1)
        near, total = torch.zeros_like(q), q.new_full((len(q), 1, *q.shape[2:]), 1e-6)
        for first, second in _pairs(q.shape[2], q.shape[3], radius):
            difference = (images[first] - images[second]).square().sum(1, keepdim=True)
            factor = torch.exp(difference / (-2 * colour**2))
            for here, there in ((first, second), (second, first)):
                near[here] += factor * q[there]
                total[here] += factor
        scores = logits + weight * near / total
    return scores


def _pairs(height: int, width: int, radius: int) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]]:
    """Yield, for each offset, the slices of all pixels with a neighbour there and of these neighbours; each pair once."""
    for down in range(min(radius, height - 1) + 1):
        for right in range(-radius, radius + 1):
            if (down, right) > (0, 0) and abs(right) < width:
                ahead, behind = (
                    slice(max(0, right), width + min(0, right)),
                    slice(max(0, -right), width - max(0, right)),
                )
                yield (..., slice(0, height - down), behind), (..., slice(down, height), ahead)


class RefinedSegmentor(EncoderDecoder):
    """A segmentor that refines its logits in evaluation and prediction if ``test_cfg.crf`` has arguments of :func:`refine`."""

    @property
    def crf(self) -> dict[str, Any] | None:
        """Arguments of :func:`refine`, or None."""
        return (self.test_cfg or {}).get("crf")

    def encode_decode(self, inputs: Tensor, batch_img_metas: list[dict[str, Any]]) -> Tensor:
        """Compute the logits of normalised images, (N, C or 1, H, W).

        Raises:
            UserError: ``config-value`` for a multi-label or multi-task net.
        """
        logits = super().encode_decode(inputs, batch_img_metas)
        if self.crf is None:
            return logits
        if self.decision.maps(1):
            raise UserError(
                "config-value",
                "test_cfg.crf needs one label per pixel: remove it with multilabel or tasks",
            )
        pair = refine(at_least_float32(as_pair(logits)), inputs * self.data_preprocessor.std, **self.crf)
        return pair[:, 1:] - pair[:, :1] if logits.shape[1] == 1 else pair
