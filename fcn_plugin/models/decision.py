"""How logits become probabilities and labels: a softmax over the classes, or sigmoids with a threshold.

N batch (optional), C classes, (H, W) pixels. There are three kinds of logits:

- softmax: (N, C, H, W), and the class of the largest logit wins;
- one channel with a sigmoid, (N, 1, H, W), for two classes: its logit z is that of class 1, whose probability is
  1 / (1 + exp(-z)); class 0 has the rest. This is a softmax over the logits (0, z), and the losses compute it so;
- multi-label, (N, C, H, W): each channel is the sigmoid of one label, independent of the others.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from mmengine.structures import PixelData
from torch import Tensor

from ..errors import UserError

THRESHOLD = 0.3  # mmseg's default


@dataclass(frozen=True)
class Decision:
    """How a net turns logits into labels.

    Attributes:
        threshold: a pixel has class 1, or a label, if its probability is above this, 0 .. 1; None for a softmax.
        multilabel: whether a pixel may have several labels.
    """

    threshold: float | None = None
    multilabel: bool = False

    @property
    def limit(self) -> float | None:
        """The logit of the threshold; None for a softmax."""
        return None if self.threshold is None else math.log(self.threshold) - math.log1p(-self.threshold)

    def maps(self, channels: int) -> tuple[int, ...]:
        """Return the axis of label maps between N and (H, W) for logits of ``channels``; empty for one label per pixel."""
        return (channels,) if self.multilabel else ()

    def in_one_row(self, labels: Tensor, ignore_index: int = 255) -> Tensor:
        """Return label maps of an image, (maps, H, W), with different ids for different tasks."""
        return labels

    def labels(self, logits: Tensor) -> Tensor:
        """Return class ids (N, H, W) int64 for logits; multi-label: (N, C, H, W) uint8, 0 or 1."""
        if (limit := self.limit) is None:
            return logits.max(-3).indices  # torch's argmax takes five times as long on CPU
        return (logits > limit).byte() if self.multilabel else (logits.select(-3, 0) > limit).long()

    def margin(self, logits: Tensor) -> Tensor:
        """Return how far each pixel's logits are from another label, (N, H, W), 0 or more.

        For a softmax the largest minus the second largest, for sigmoids the (smallest) distance from the threshold's logit.
        """
        if (limit := self.limit) is not None:
            return (logits - limit).abs().amin(-3)
        first, *others = logits.unbind(-3)
        second = torch.full_like(first, -torch.inf)
        for other in others:  # over four times as fast on CPU as torch's topk
            first, second = torch.maximum(first, other), torch.maximum(second, torch.minimum(first, other))
        return first - second

    def probabilities(self, logits: Tensor) -> Tensor:
        """Return the probability of each class or label, (N, C, H, W), for logits."""
        if self.threshold is None:
            return logits.softmax(-3)
        return logits.sigmoid() if self.multilabel else torch.cat([(-logits).sigmoid(), logits.sigmoid()], -3)

    def labels_of(self, probabilities: Tensor) -> Tensor:
        """Return the labels for probabilities (N, C, H, W), as :meth:`labels` does for logits."""
        if self.threshold is None:
            return probabilities.max(-3).indices
        above = probabilities > self.threshold
        return above.byte() if self.multilabel else above.select(-3, 1).long()

    def logits_of(self, probabilities: Tensor) -> Tensor:
        """Return finite logits that have these probabilities (N, C, H, W)."""
        logs = _log(probabilities)
        if self.threshold is None:
            return logs
        return logs - _log(1 - probabilities) if self.multilabel else logs.narrow(-3, 1, 1) - logs.narrow(-3, 0, 1)


SOFTMAX = Decision()


def decide(num_classes: int, out_channels: int | None, threshold: float | None, multilabel: bool = False) -> Decision:
    """Return the decision that the entries of a ``decode_head`` set; UserError ``config-value`` if they contradict each other."""
    if out_channels in (None, num_classes) and not multilabel:
        if threshold is not None:
            reason = "the largest of several channels wins: remove it, or set out_channels=1 or multilabel=True"
            raise UserError("config-value", f"decode_head.threshold is {threshold}, but {reason}")
        return SOFTMAX
    if out_channels not in (None, num_classes) if multilabel else (num_classes, out_channels) != (2, 1):
        found = f"decode_head.out_channels is {out_channels}, num_classes is {num_classes}"
        raise UserError("config-value", f"{found}: remove out_channels, or set it to 1 for two classes")
    threshold = THRESHOLD if threshold is None else threshold
    if not 0 < threshold < 1:
        raise UserError("config-value", f"decode_head.threshold is {threshold}: give a probability between 0 and 1")
    return Decision(threshold, multilabel)


def as_pair(logits: Tensor) -> Tensor:
    """Return the logits (0, z) of both classes, (N, 2, H, W), for one channel z; return several channels unchanged."""
    return torch.cat([torch.zeros_like(logits), logits], 1) if logits.shape[1] == 1 else logits


def as_data(labels: Tensor) -> PixelData:
    """Return the labels of one image in the form of data samples: (1, H, W), or (C, H, W) if multi-label."""
    return PixelData(data=labels if labels.dim() == 3 else labels[None])


def _log(values: Tensor) -> Tensor:
    return values.clamp(min=torch.finfo(torch.float32).tiny).log()
