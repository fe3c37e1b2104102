"""Turn logits into data samples of the images' own size, and average them over flips and scales.

N batch, C classes (one channel for two classes with a sigmoid), H x W image.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mmengine.model import BaseTTAModel
from mmengine.structures import BaseDataElement, PixelData
from mmseg.models.segmentors.base import BaseSegmentor
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import Tensor

from .decision import SOFTMAX, as_data

if TYPE_CHECKING:
    from .fcn import FCN


def postprocess_result(
    net: BaseSegmentor, seg_logits: Tensor, data_samples: list[SegDataSample] | None = None
) -> list[SegDataSample]:
    """Set ``seg_logits`` and ``pred_sem_seg`` of data samples, like mmseg's method but for every kind of decision.

    mmseg replaces the logits of a single channel by probabilities, and its labels are floats.

    Args:
        net: a segmentor with ``decision`` and ``align_corners``.
        seg_logits: (N, C or 1, H, W), in the size of the net's input.
        data_samples: data samples of these images, with their own size; by default new ones.
    """
    channels = seg_logits.shape[1]
    logits = seg_logits.expand(-1, 2, -1, -1) if channels == 1 else seg_logits
    samples = BaseSegmentor.postprocess_result(net, logits, data_samples)
    for sample in samples if net.decision != SOFTMAX else ():
        own = sample.seg_logits.data[:channels]
        sample.seg_logits = PixelData(data=own)
        sample.pred_sem_seg = as_data(net.decision.labels(own))
    return samples


def with_losses(net: FCN, data: dict[str, Any]) -> list[BaseDataElement]:
    """Return the predictions for a validation batch and, as the last element, their losses, which mmengine's ``ValLoop`` averages.

    All images count the same; the log shows only the first process's images. There are no losses if masks are missing or
    ``test_cfg.val_loss`` is False, and in modes without one map of logits.
    """
    keep = net.test_cfg.get("keep_logits", True)
    if net.test_cfg.mode != "whole" or not net.test_cfg.get("val_loss", True):
        return net.test_step(data)
    net.test_cfg.keep_logits = True
    try:
        samples = net.test_step(data)
    finally:
        net.test_cfg.keep_logits = keep
    if not samples or any("gt_sem_seg" not in sample for sample in samples):
        return samples
    losses: dict[str, list[Tensor]] = {}
    for sample in samples:
        for name, loss in net.decode_head.loss_by_feat(sample.seg_logits.data[None], [sample]).items():
            if "loss" in name:
                losses.setdefault(name, []).append(loss)
        if not keep:
            del sample.seg_logits
    return [*samples, BaseDataElement(loss=losses)]


@MODELS.register_module()
class FCNTTAModel(BaseTTAModel):
    """Average the probabilities over flips and scales: mmseg's ``SegTTAModel``, for every kind of decision."""

    def merge_preds(self, data_samples_list: list[list[SegDataSample]]) -> list[SegDataSample]:
        """Return each image's first sample, with the labels of the mean probabilities."""
        decision = self.module.decision
        for samples in data_samples_list:
            mean = sum(decision.probabilities(sample.seg_logits.data) for sample in samples) / len(samples)
            samples[0].pred_sem_seg = as_data(decision.labels_of(mean))
            del samples[0].seg_logits
        return [samples[0] for samples in data_samples_list]
