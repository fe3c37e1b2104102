"""Segment images with a trained net: apply its test pipeline, batch images of equal size, return full-size label maps."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, overload

import numpy as np
import torch
from mmengine.dataset import Compose
from mmengine.model import BaseModel
from mmseg.structures import SegDataSample

from ..data.bands.readers import BandsReader, reader_of
from ..errors import UserError
from ..models.decision import SOFTMAX
from .batches import BATCH, CPU_PIXELS, MOST_PIXELS
from .inputs import to_bands, to_bgr
from .prediction import Prediction

LOADERS = (
    "LoadImageFromFile",
    "LoadBands",
    "LoadAnnotations",
)  # not needed: images are already loaded, masks are not used


class Net:
    """A net with the pipeline that prepares its images, and its classes. Load one with :func:`fcn_plugin.load`.

    Args:
        model: a module in evaluation mode with ``test_step(data) -> samples``, which have ``pred_sem_seg``, and ``seg_logits`` if
            ``test_cfg.keep_logits`` is True; its ``decision`` is a softmax by default.
        pipeline: entries of the test pipeline; steps that load files are ignored.
        classes: C names.
        palette: C colours, RGB.
        batch_size: most images of equal size per forward pass; default: 8, on a CPU fewer if larger than 128 x 128 pixels.

    Attributes:
        batch_size: most images per forward pass.
        most_pixels: most pixels of a batch of several images.
    """

    def __init__(
        self,
        model: BaseModel,
        pipeline: Sequence[dict[str, Any]],
        classes: Sequence[str],
        palette: Sequence[Sequence[int]],
        batch_size: int | None = None,
    ) -> None:
        if batch_size is not None and batch_size < 1:
            raise UserError("option-value", f"batch_size is {batch_size}: give 1 or more")
        steps = [step for step in pipeline if not str(step["type"]).endswith(LOADERS)]
        on_cpu = all(parameter.device.type == "cpu" for parameter in model.parameters())  # an exported net has none
        self.model, self.batch_size = model, batch_size or BATCH
        self.most_pixels = CPU_PIXELS if on_cpu and batch_size is None else MOST_PIXELS
        self.reader = reader_of(pipeline, getattr(getattr(model, "data_preprocessor", None), "rgb", None))
        self.decision = getattr(model, "decision", SOFTMAX)
        sizes, head = getattr(self.decision, "sizes", ()), getattr(model, "decode_head", None)
        names = getattr(head, "task_names", ())
        self.tasks = dict(zip(names, sizes, strict=True))  # name -> number of classes
        self.pipeline = Compose([dict(type="LoadImageFromNDArray"), *steps])
        self.classes, self.palette = tuple(classes), tuple(tuple(map(int, colour)) for colour in palette)

    @overload
    def predict(self, images: list[Any] | tuple[Any, ...], probabilities: bool = False) -> list[Prediction]: ...

    @overload
    def predict(self, images: Any, probabilities: bool = False) -> Prediction: ...

    def predict(self, images: Any, probabilities: bool = False) -> Prediction | list[Prediction]:
        """Segment an image, or a list of images; return a prediction, or a list in the same order.

        Args:
            images: an image or a list: paths, PIL images, NumPy arrays (H, W, 3), torch tensors (3, H, W), RGB uint8; see
                :func:`.inputs.to_bgr`. For a net of N bands: (H, W, N), in the units of its training images; see
                :func:`.inputs.to_bands`.
            probabilities: also return the probabilities of all classes, (C, H, W) float32: 84 bytes per pixel for 21 classes.

        Raises:
            UserError: ``image-kind``, ``image-unreadable``, ``image-depth``, ``image-bands``; ``option-value`` for probabilities of
                a net that returns only label maps.
        """
        if not isinstance(images, (list, tuple)):
            return next(self._predict([images], probabilities))
        return list(self._predict(images, probabilities))

    def _predict(self, images: Sequence[Any], probabilities: bool) -> Iterator[Prediction]:
        self._ask_for_logits(probabilities)
        load = to_bands if isinstance(self.reader, BandsReader) else to_bgr
        loaded = ((image, load(image)) for image in images)
        for (height, width), group in groupby(loaded, lambda pair: pair[1].shape[:2]):
            most = max(1, min(self.batch_size, self.most_pixels // (height * width)))
            batch = []
            for pair in group:
                batch.append(pair)
                if len(batch) == most:
                    yield from self._forward(batch, probabilities)
                    batch = []
            if batch:
                yield from self._forward(batch, probabilities)

    def _ask_for_logits(self, wanted: bool) -> None:
        settings = getattr(self.model, "test_cfg", None)
        if settings is None:
            return
        if wanted and settings.get("mode") == "tiles":
            message = "the net's test_cfg.mode is 'tiles', which returns no probabilities: set mode='whole'"
            raise UserError("option-value", message)
        settings["keep_logits"] = wanted

    def _forward(self, batch: Sequence[tuple[Any, np.ndarray]], probabilities: bool) -> Iterator[Prediction]:
        names = [os.fspath(image) if isinstance(image, (str, os.PathLike)) else "an image" for image, _ in batch]
        packed = [
            self.pipeline(dict(img=pixels, img_path=name)) for name, (_, pixels) in zip(names, batch, strict=True)
        ]
        data = {key: [sample[key] for sample in packed] for key in ("inputs", "data_samples")}
        with torch.inference_mode():
            samples = self.model.test_step(data)
        dtype = np.uint8 if len(self.classes) <= 256 else np.uint16
        for (_, pixels), sample in zip(batch, samples, strict=True):
            maps = sample.pred_sem_seg.data.cpu().numpy().astype(dtype)
            labels = maps if self.decision.maps(1) else maps[0]
            shares = self._probabilities(sample) if probabilities else None
            yield Prediction(labels, shares, self.reader.picture(pixels), self.classes, self.palette)

    def _probabilities(self, sample: SegDataSample) -> np.ndarray:
        if "seg_logits" not in sample:
            what = "this net returns only label maps, no probabilities, confidence or entropy"
            raise UserError("option-value", f"{what}: use a checkpoint")
        return self.decision.probabilities(sample.seg_logits.data.float()).cpu().numpy()
