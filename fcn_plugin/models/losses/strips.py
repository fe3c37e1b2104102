"""Upsample scores and compute their cross entropy in strips of rows, so that full-resolution logits never exist in training.

N batch, C classes, h x w scores, H x W pixels. Upsampling is a product with two small matrices, for rows and columns. The gradient
is computed with the loss: softmax minus truth goes back through the upsampling while a strip is in the cache.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

STRIP_BYTES = 4 << 20  # of logits at a time: they stay in the cache


class StripCrossEntropy(torch.autograd.Function):
    """Cross entropy of ``rows @ scores @ columns^T``."""

    @staticmethod
    def forward(
        ctx, scores: Tensor, rows: Tensor, columns: Tensor, label: Tensor, factors: Tensor, ignore_index: int
    ) -> tuple[Tensor, Tensor]:
        """Return the sum over the labelled pixels, and the number of those whose label has the largest logit.

        Args:
            ctx: torch's context.
            scores: (N, C, h, w), float32 or float64.
            rows: (H, h), weights of the scores for each row of pixels.
            columns: (W, w), the same for columns.
            label: (N, H, W) class ids or ``ignore_index``.
            factors: (C,) weight of each class.
            ignore_index: the id of void.
        """
        n, classes, _, _ = scores.shape
        height, width = label.shape[1:]
        wide = scores.contiguous() @ columns.mT
        gradient, total, right = torch.zeros_like(wide), scores.new_zeros(()), label.new_zeros(())
        step = max(1, STRIP_BYTES // (wide.element_size() * n * classes * width))
        for top in range(0, height, step):
            weights, truth = rows[top : top + step], label[:, top : top + step]
            seen = weights.any(0).nonzero()
            part = slice(int(seen[0]), int(seen[-1]) + 1)
            weights = weights[:, part]
            valid = truth != ignore_index
            truth = truth.where(valid, 0)[:, None]
            logits = weights @ wide[:, :, part]
            best, worst = logits.amax(1, keepdim=True), logits.amin(1, keepdim=True)
            own = logits.gather(1, truth)
            # the first class wins if all are equal, as at the start of a training; other ties don't occur
            right += (((own == best) & ((best > worst) | (truth == 0)))[:, 0] & valid).sum()
            factor = factors[truth] * valid[:, None]
            shares = logits.sub_(best).exp_()
            partition = shares.sum(1, keepdim=True)
            total += (factor * (partition.log() + best - own)).sum()
            shares.mul_(factor / partition).scatter_add_(1, truth, -factor)
            gradient[:, :, part] += weights.mT @ shares
        ctx.save_for_backward(gradient @ columns)
        ctx.mark_non_differentiable(right)
        return total, right

    @staticmethod
    @once_differentiable
    def backward(ctx, total: Tensor, right: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradient of the scores."""
        (gradient,) = ctx.saved_tensors
        return gradient * total, None, None, None, None, None
