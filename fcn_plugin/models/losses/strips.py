"""Upsample scores and compute their cross entropy in strips of rows, so that full-resolution logits never exist in training.

N batch, C classes, h x w scores, H x W pixels. Upsampling is a product with two small matrices, for rows and columns. The gradient
is computed with the loss: softmax minus truth goes back through the upsampling while a strip is in the cache.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from mmseg.structures import SegDataSample
from torch import Tensor
from torch.autograd.function import once_differentiable

from ...layers.bilinear import BilinearUpsample
from ..decision import SOFTMAX
from ..precision import at_least_float32
from .cross_entropy import FCNCrossEntropyLoss
from .of_samples import check_masks
from .terms import named_losses

if TYPE_CHECKING:
    from ..skip_head import FCNSkipHead

STRIP_BYTES = 4 << 20  # of logits at a time: they stay in the cache


def fits_strips(head: FCNSkipHead, inputs: Sequence[Any]) -> bool:
    """Return whether nothing but the plain cross entropy reads the logits, on a CPU, where strips were measured to be faster."""
    upscore, terms = getattr(head, head.last_upscore, None), head.loss_terms
    class_weights = [getattr(term, "class_weight", None) for term in terms]
    return (
        inputs[0].device.type == "cpu"
        and [type(term) for term in terms] == [FCNCrossEntropyLoss]
        and head.decision == SOFTMAX
        and head.out_channels > 1  # the loss counts one channel z as (0, z)
        and all(len(weights) == head.out_channels for weights in class_weights if weights is not None)
        and head.sampler is None
        and type(upscore) is BilinearUpsample
        and not upscore.learnable
        and upscore.stride[0] > 1
    )


def strip_losses(head: FCNSkipHead, inputs: Sequence[Any], samples: list[SegDataSample]) -> dict[str, Tensor]:
    """Compute what ``head.loss_by_feat`` returns for the logits of ``inputs``; the same errors."""
    scores, (height, width) = at_least_float32(head.fuse_scores(inputs)), inputs[-1]
    label = head._stack_batch_gt(samples)
    check_masks(
        label, (height, width), [sample.metainfo for sample in samples], head.num_classes, SOFTMAX, head.ignore_index
    )
    label = label.squeeze(1)
    (term,) = (term for term in head.loss_terms if isinstance(term, FCNCrossEntropyLoss))
    upscore, offset = getattr(head, head.last_upscore), head.crops["score"]
    with torch.autocast(scores.device.type, enabled=False):
        rows, columns = (
            upscore.axis_matrix(side, offset, offset + length).to(scores)
            for side, length in zip(scores.shape[2:], (height, width), strict=True)
        )
        factors = (
            scores.new_ones(scores.shape[1]) if term.class_weight is None else scores.new_tensor(term.class_weight)
        )
        total, right = StripCrossEntropy.apply(scores, rows, columns, label, factors, head.ignore_index)
    return named_losses([(term, term.of_sum(total, label, head.ignore_index))], right, label, head.ignore_index)


class StripCrossEntropy(torch.autograd.Function):
    """Cross entropy of ``rows @ scores @ columns^T``."""

    @staticmethod
    def forward(
        ctx: Any, scores: Tensor, rows: Tensor, columns: Tensor, label: Tensor, factors: Tensor, ignore_index: int
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
            total += (factor * (partition.log() + (best - own))).sum()  # log + best would round to best if it is large
            shares.mul_(factor / partition).scatter_add_(1, truth, -factor)
            gradient[:, :, part] += weights.mT @ shares
        ctx.save_for_backward(gradient @ columns)
        ctx.mark_non_differentiable(right)
        return total, right

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, total: Tensor, right: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradient of the scores."""
        (gradient,) = ctx.saved_tensors
        return gradient * total, None, None, None, None, None
