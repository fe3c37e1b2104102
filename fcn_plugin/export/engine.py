"""Run an exported net like an FCN: same input data, same output samples.

N batch, C classes, H x W image.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import ConfigDict
from mmengine.model import BaseModel
from mmseg.models import SegDataPreProcessor
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import Tensor

from ..errors import UserError
from ..models.bands_preprocessor import FCNBandsPreProcessor
from ..models.decision import Decision, as_data
from ..models.label_maps import is_unchanged
from ..models.results import postprocess_result
from .metadata import Metadata
from .runtimes import open_file
from .suffixes import SUFFIXES


def open_exported(path: str | Path, precision: str = "fp32") -> ExportedNet:
    """Open an ``.onnx`` or OpenVINO ``.xml`` file written by ``fcn export``, to run on the CPU.

    Args:
        path: the file.
        precision: ``bf16`` lets OpenVINO compute in bf16 on CPUs that support it.

    Raises:
        UserError: ``file-missing``, ``export-file``, ``requirements``.
    """
    return ExportedNet(str(path), precision).eval()


@MODELS.register_module()
class ExportedNet(BaseModel):
    """An exported net; its ``test_step`` returns the same samples as the FCN's.

    Samples have ``seg_logits`` if ``test_cfg.keep_logits`` is True and the file's output is logits or probabilities. From
    probabilities, logits are recovered as their logarithms, or for one channel by the inverse of the sigmoid.

    Args:
        path: the file.
        precision: see :func:`open_exported`.
        data_preprocessor: passed by mmengine, and ignored, as the file defines its own.

    Attributes:
        classes: C names.
        palette: C colours, RGB.
        num_classes: C.
        decision: rule that derives labels from logits.
    """

    align_corners = False  # for resized images
    postprocess_result = postprocess_result

    def __init__(self, path: str, precision: str = "fp32", data_preprocessor: dict[str, Any] | None = None) -> None:
        kind = next(kind for kind, suffix in SUFFIXES.items() if suffix == Path(path).suffix.lower())
        opened = open_file(Path(path), kind, precision=precision)
        meta = Metadata.of_texts(opened.texts, path)
        super().__init__(_preprocessor(meta))
        self.path, self.meta, self._run = path, meta, opened.run
        self.classes, self.palette, self.num_classes = meta.classes, meta.palette, len(meta.classes)
        self.decision = Decision(meta.threshold, meta.multilabel)
        self.test_cfg = ConfigDict(mode="whole", keep_logits=False)

    def forward(
        self, inputs: Tensor, data_samples: list[SegDataSample] | None = None, mode: str = "predict"
    ) -> list[SegDataSample]:
        """Return samples with ``pred_sem_seg`` for preprocessed images (N, 3 or B, H, W).

        Raises:
            UserError: ``scores-nan``; ``export-file`` for a resized image if the file outputs only label maps.
        """
        samples = data_samples or [SegDataSample() for _ in inputs]
        found = torch.from_numpy(self._run(self._as_taken(inputs))).to(inputs.device)
        size = tuple(inputs.shape[-2:])
        unchanged = all(is_unchanged(sample.metainfo, size) for sample in samples)
        if self.meta.output == "labels":
            if not unchanged:
                reason = "the test pipeline resizes or flips images, which can't be undone for label maps"
                raise UserError("export-file", f"{self.path} outputs label maps: {reason}. Export with --output logits")
            for sample, labels in zip(samples, found, strict=True):
                sample.pred_sem_seg = as_data(labels if self.decision.multilabel else labels.long())
            return samples
        if not torch.isfinite(found).all():
            raise UserError("scores-nan", f"the output of {self.path} is not finite: export an earlier checkpoint")
        logits = self.decision.logits_of(found) if self.meta.output == "probabilities" else found
        if unchanged and not self.test_cfg.get("keep_logits"):
            for sample, labels in zip(samples, self.decision.labels(logits), strict=True):
                sample.pred_sem_seg = as_data(labels)
            return samples
        return self.postprocess_result(logits, samples)

    def _as_taken(self, inputs: Tensor) -> np.ndarray:
        if self.meta.input != "normalised":
            inputs = inputs.permute(0, 2, 3, 1).to(torch.uint8 if self.meta.input == "rgb" else torch.float32)
        return np.ascontiguousarray(inputs.cpu().numpy())


def _preprocessor(meta: Metadata) -> SegDataPreProcessor:
    """Return the preprocessing that a file needs: only the channel order if it takes raw images."""
    padding = dict(pad_val=0, seg_pad_val=255, size_divisor=1)
    normalises = meta.input == "normalised"
    if meta.bands:
        count, order = len(meta.mean), meta.channel_order
        mean, std = (meta.mean, meta.std) if normalises else ([0.0] * count, [1.0] * count)
        rgb = [order.index(colour) + 1 for colour in "RGB"] if set("RGB") <= set(order) else None
        return FCNBandsPreProcessor(mean, std, rgb, **padding)
    norm = dict(mean=meta.mean, std=meta.std) if normalises else {}
    return SegDataPreProcessor(bgr_to_rgb=meta.input == "rgb" or meta.channel_order == "RGB", **padding, **norm)
