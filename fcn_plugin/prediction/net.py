"""Segment images with a trained net: test pipeline of its config, batches of equal size, label maps of the images' own size."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import numpy as np
import torch
from mmengine.dataset import Compose
from torch import nn

from ..data.bands.readers import BandsReader, reader_of
from ..errors import UserError
from ..models.decision import SOFTMAX
from .batches import BATCH, CPU_PIXELS, MOST_PIXELS
from .inputs import to_bands, to_bgr
from .prediction import Prediction

LOADERS = ("LoadImageFromFile", "LoadBands", "LoadAnnotations")  # the images are here already, and masks are not needed


class Net:
    """A net, the pipeline that prepares its images, and its classes; :func:`fcn_plugin.load` makes one of a checkpoint.

    Args:
        model: a module in evaluation mode with ``test_step(data) -> samples`` that hold ``pred_sem_seg``, and ``seg_logits`` if
            its ``test_cfg.keep_logits`` is True; its ``decision`` is a softmax by default.
        pipeline: entries of the test pipeline; those that load files are left out.
        classes: C names.
        palette: C colours, RGB.
        batch_size: images of equal size that one forward takes, at most; by default 8, and on a CPU fewer of more than 128 x 128.

    Attributes:
        batch_size: that number.
        most_pixels: of the images of a batch.
    """

    def __init__(
        self,
        model: nn.Module,
        pipeline: Sequence[dict],
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
        self.tasks = dict(zip(head.task_names, sizes, strict=True)) if sizes else {}  # name -> number of classes
        self.pipeline = Compose([dict(type="LoadImageFromNDArray"), *steps])
        self.classes, self.palette = tuple(classes), tuple(tuple(map(int, colour)) for colour in palette)

    def predict(self, images: Any, probabilities: bool = False) -> Prediction | list[Prediction]:
        """Segment an image, or a list of them; a list gives a list in the same order.

        Args:
            images: one or a list of what :func:`.inputs.to_bgr` takes: paths, PIL images, NumPy arrays (H, W, 3), torch tensors
                (3, H, W), RGB uint8. A net of N bands takes those of :func:`.inputs.to_bands`: (H, W, N), in the units of its
                training images.
            probabilities: also return those of all classes, (C, H, W) float32: 84 bytes a pixel for 21 classes.

        Raises:
            UserError: ``image-kind``, ``image-unreadable``, ``image-depth``, ``image-bands``; ``option-value`` for probabilities of
                a net that gives label maps alone.
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
            message = (
                "the net's test_cfg.mode is 'tiles', which gives label maps without probabilities: set mode='whole'"
            )
            raise UserError("option-value", message)
        settings["keep_logits"] = wanted

    def _forward(self, batch: Sequence[tuple[Any, np.ndarray]], probabilities: bool) -> Iterator[Prediction]:
        names = [os.fspath(image) if isinstance(image, (str, os.PathLike)) else "an image" for image, _ in batch]
        packed = [
            self.pipeline(dict(img=pixels, img_path=name)) for name, (_, pixels) in zip(names, batch, strict=True)
        ]
        data = {key: [one[key] for one in packed] for key in ("inputs", "data_samples")}
        with torch.inference_mode():
            samples = self.model.test_step(data)
        dtype = np.uint8 if len(self.classes) <= 256 else np.uint16
        for (_, pixels), sample in zip(batch, samples, strict=True):
            maps = sample.pred_sem_seg.data.cpu().numpy().astype(dtype)
            labels = maps if self.decision.maps(1) else maps[0]
            shares = self._probabilities(sample) if probabilities else None
            yield Prediction(labels, shares, self.reader.picture(pixels), self.classes, self.palette)

    def _probabilities(self, sample) -> np.ndarray:
        if "seg_logits" not in sample:
            raise UserError("option-value", "this net gives label maps alone: no probabilities, confidence or entropy")
        return self.decision.probabilities(sample.seg_logits.data.float()).cpu().numpy()
