"""How logits become probabilities and labels: a softmax over the classes, or a sigmoid with a threshold.

N batch, C classes, (H, W) pixels. A softmax takes logits (N, C, H, W), and the class of the largest wins. One channel with a
sigmoid, (N, 1, H, W), is for two classes: its logit z is that of class 1, whose probability is 1 / (1 + exp(-z)); class 0 has the
rest. That is a softmax over the logits (0, z), and the losses take it as such. N may be absent.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ..errors import UserError

THRESHOLD = 0.3  # mmseg's default


@dataclass(frozen=True)
class Decision:
    """Attributes: ``threshold``, the probability of class 1 above which a pixel is of it, 0 .. 1; None for a softmax."""

    threshold: float | None = None

    @property
    def limit(self) -> float:
        """The logit of the threshold."""
        return math.log(self.threshold) - math.log1p(-self.threshold)

    def labels(self, logits: Tensor) -> Tensor:
        """Return class ids (N, H, W) int64 of logits (N, C or 1, H, W)."""
        if self.threshold is None:
            return logits.max(-3).indices  # torch's argmax takes five times as long on CPU
        return (logits.select(-3, 0) > self.limit).long()

    def probabilities(self, logits: Tensor) -> Tensor:
        """Return the probability of each class, (N, C, H, W), of logits (N, C or 1, H, W)."""
        if self.threshold is None:
            return logits.softmax(-3)
        return torch.cat([(-logits).sigmoid(), logits.sigmoid()], -3)

    def labels_of(self, probabilities: Tensor) -> Tensor:
        """Return class ids (N, H, W) int64 of probabilities (N, C, H, W)."""
        if self.threshold is None:
            return probabilities.max(-3).indices
        return (probabilities.select(-3, 1) > self.threshold).long()

    def logits_of(self, probabilities: Tensor) -> Tensor:
        """Return logits (N, C or 1, H, W) that have these probabilities (N, C, H, W), all finite."""
        logs = probabilities.clamp(min=torch.finfo(torch.float32).tiny).log()
        return logs if self.threshold is None else logs.narrow(-3, 1, 1) - logs.narrow(-3, 0, 1)


SOFTMAX = Decision()


def decide(num_classes: int, out_channels: int | None, threshold: float | None) -> Decision:
    """Return the decision that the entries of a ``decode_head`` ask for; ``config-value`` where they contradict."""
    if out_channels in (None, num_classes):
        if threshold is not None:
            reason = "the largest of several channels wins: leave it out, or set out_channels=1"
            raise UserError("config-value", f"decode_head.threshold is {threshold}, and {reason}")
        return SOFTMAX
    if (num_classes, out_channels) != (2, 1):
        found = f"decode_head.out_channels is {out_channels}, num_classes is {num_classes}"
        raise UserError("config-value", f"{found}: leave out_channels out, or for two classes set it to 1")
    threshold = THRESHOLD if threshold is None else threshold
    if not 0 < threshold < 1:
        raise UserError("config-value", f"decode_head.threshold is {threshold}: give a probability between 0 and 1")
    return Decision(threshold)


def as_pair(logits: Tensor) -> Tensor:
    """Return the logits (0, z) of both classes, (N, 2, H, W), for one channel of z; those of several channels as they are."""
    return torch.cat([torch.zeros_like(logits), logits], 1) if logits.shape[1] == 1 else logits
