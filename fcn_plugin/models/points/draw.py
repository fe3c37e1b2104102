"""Draw the pixels of a training step: mostly uncertain ones, the rest at random (PointRend, CVPR 2020, sec. 3.2).

N batch, C channels, (H, W) the image, P points in one row.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..decision import Decision

OVERSAMPLED, UNCERTAIN = 3, 0.75  # the paper's k and beta


def take(maps: Tensor, points: Tensor) -> Tensor:
    """Return the values (N, C, 1, P) of maps (N, C, H, W) at pixels (N, 1, P, 2), given as (x, y)."""
    x, y = points.unbind(-1)
    where = (y * maps.shape[-1] + x).expand(-1, maps.shape[1], -1)
    return maps.flatten(2).gather(2, where)[:, :, None]


def draw_points(logits: Tensor, label: Tensor, points: int, decision: Decision, void: int) -> Tensor:
    """Draw pixels (N, 1, P, 2) as (x, y); a pixel may occur twice.

    75 % of them are the pixels of smallest margin among 3 P random ones, 25 % are random. Uses the device's generator, which
    the runner seeds for each step.

    Args:
        logits: (N, C, H, W).
        label: (N, 1 or C, H, W). Void pixels are drawn last among the uncertain ones: PASCAL VOC has void at all boundaries.
        points: number P of pixels per image.
        decision: gives the margin.
        void: id of void.
    """
    pool, likely = OVERSAMPLED * points, int(UNCERTAIN * points)
    height, width = logits.shape[-2:]
    count = (len(logits), 1, pool + points - likely)
    x, y = (torch.randint(side, count, device=logits.device) for side in (width, height))
    drawn = torch.stack([x, y], -1)
    chance, rest = drawn[:, :, :pool], drawn[:, :, pool:]
    margin = decision.margin(take(logits, chance))
    margin = margin.masked_fill((take(label, chance) == void).all(1), torch.inf)
    best = margin.topk(likely, largest=False).indices[..., None].expand(-1, -1, -1, 2)
    return torch.cat([chance.gather(2, best), rest], 2)
