"""The losses of an FCNSkipHead without full-resolution logits (:mod:`.losses.strips`), where that is possible."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..layers.bilinear import BilinearUpsample
from .decision import SOFTMAX
from .losses import FCNCrossEntropyLoss
from .losses.of_samples import check_masks
from .losses.strips import StripCrossEntropy
from .losses.terms import named_losses
from .precision import at_least_float32


def fits_strips(head, inputs: Sequence) -> bool:
    """Return whether nothing but the plain cross entropy reads the logits, on a CPU, where strips were measured to be faster."""
    upscore, terms = getattr(head, head.last_upscore, None), head.loss_terms
    return (
        inputs[0].device.type == "cpu"
        and [type(term) for term in terms] == [FCNCrossEntropyLoss]
        and head.decision == SOFTMAX
        and head.sampler is None
        and type(upscore) is BilinearUpsample
        and not upscore.learnable
        and upscore.stride[0] > 1
    )


def strip_losses(head, inputs: Sequence, samples: list) -> dict[str, Tensor]:
    """Compute what ``head.loss_by_feat`` returns for the logits of ``inputs``; the same errors."""
    scores, (height, width) = at_least_float32(head.fuse_scores(inputs)), inputs[-1]
    label = head._stack_batch_gt(samples)
    check_masks(
        label, (height, width), [sample.metainfo for sample in samples], head.num_classes, SOFTMAX, head.ignore_index
    )
    label, (term,) = label.squeeze(1), head.loss_terms
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
