"""The segmentor: image -> padding -> backbone -> neck -> head -> logits of the image's size, losses or label maps.

N batch, C classes, H x W any size from 1 x 1; strides and offsets in image pixels. Long et al., CVPR 2015; Shelhamer et al., PAMI
2016. :meth:`FCN.extract_feat` pads and calls ``backbone`` and ``neck``; :class:`.skip_head.FCNSkipHead` scores, upsamples, adds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from mmengine.config import ConfigDict
from mmengine.model import BaseTTAModel
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from ..compat import quiet_model_building
from ..errors import UserError
from ..layers.coord_map import CoordMap
from ..layers.fast_cpu import use_fast_convolutions
from ..layers.fold import fold_batch_norms
from ..layers.meta_run import output_shapes
from ..weights.fit import FC_STARTS, load_classifier
from ..weights.preprocessing import RECORD, describe, of_preprocessor, require_same
from .bands_preprocessor import input_channels
from .decision import Decision
from .joint import joint_mean
from .label_maps import predict_labels, predict_tiles
from .local_crf import RefinedSegmentor
from .precision import PRECISIONS, cast_kernels, resolve_precision
from .results import postprocess_result, with_losses
from .streams import build_streams


@MODELS.register_module()
class FCN(RefinedSegmentor):
    """Fully convolutional network in one of two geometries.

    Args:
        geometry: ``aligned`` zero-pads right and bottom to the first multiple of the deepest stride whose scores cover the image;
            crop offsets are 0. ``reference`` zero-pads ``input_pad`` pixels on all sides, as the authors' nets do, and crops.
        input_pad: border of the ``reference`` geometry in pixels, minus the padding of the backbone's first layer.
        precision: ``fp32``, ``bf16`` or ``fp16`` for convolutions; scores, upsampling and losses stay float32. ``auto`` is
            ``bf16`` on devices that support it, else ``fp32``. Training in ``fp16`` needs an ``AmpOptimWrapper``.
        channels_last: keep activations as N, H, W, C in memory, the faster layout on CPUs and GPUs.
        compile: ``torch.compile`` for backbone and neck, True or its options; the first steps take a minute longer.
        pretrained: ImageNet classifier to start from: file, ``https://`` link, ``torchvision://NAME`` or ``package://NAME``.
        fc: where fc6 and fc7 come from: ``copy`` (the classifier's, which must fit), ``subsample`` (evenly spaced channels and
            taps of them for narrower layers, as DeepLab does) or ``random``.
        other_images: use ``pretrained`` even if it expects images of another mean or order of channels.
        kwargs: those of mmseg's ``EncoderDecoder``; ``neck`` and ``decode_head`` get the geometry. ``test_cfg.mode`` may be
            ``tiles`` (:mod:`.label_maps`); ``test_cfg.keep_logits=False`` leaves ``seg_logits`` out of predictions;
            ``test_cfg.crf`` refines them (:mod:`.local_crf`).

    Raises:
        UserError: ``config-value`` for an unknown geometry, precision or fc, no ``num_classes``, and parts whose channels
            differ; ``geometry`` for streams that can't be aligned.
    """

    OPTIONAL_KEYS = frozenset({RECORD})  # keys that a state dict may lack, see :meth:`assumptions`
    postprocess_result, build_streams = postprocess_result, staticmethod(build_streams)

    def __init__(
        self,
        backbone: dict[str, Any],
        neck: dict[str, Any],
        decode_head: dict[str, Any],
        geometry: str = "aligned",
        input_pad: int = 99,
        precision: str = "fp32",
        channels_last: bool = True,
        compile: bool | dict[str, Any] = False,
        pretrained: str | None = None,
        fc: str = "copy",
        other_images: bool = False,
        **kwargs: Any,
    ) -> None:
        for name, value, known in (("geometry", geometry, ("aligned", "reference")), ("fc", fc, FC_STARTS)):
            if value not in known:
                raise UserError("config-value", f"unknown model.{name} {value!r}: give one of {', '.join(known)}")
        resolve_precision(precision, "cpu")
        if decode_head.get("num_classes") is None:
            raise UserError("config-value", "model.decode_head.num_classes is not set: set it to the number of classes")
        neck, decode_head = ({**part, "geometry": geometry} for part in (neck, decode_head))
        border, bands = input_pad * (geometry == "reference"), input_channels(kwargs.get("data_preprocessor"))
        with quiet_model_building():
            streams = self.build_streams(backbone, neck, decode_head, border, bands)
            parts = dict(backbone=dict(type=lambda: streams.backbone), neck=dict(type=lambda: streams.neck))
            super().__init__(**parts, decode_head=streams.head, **kwargs)
        self.test_cfg: ConfigDict = ConfigDict({"mode": "whole", **(self.test_cfg or {})})
        use_fast_convolutions(self)
        self.geometry, self.precision, self.input_pad, self.fc = geometry, precision, border, fc
        self.memory_format = torch.channels_last if channels_last else torch.contiguous_format
        self.pretrained, self.other_images = pretrained, other_images
        self.register_buffer(RECORD, of_preprocessor(self.data_preprocessor))  # in checkpoints, compared on loading
        self.decode_head.check_channels(streams.channels)
        self.decode_head.align(streams.maps, CoordMap())
        self.stride = int(max(grid.scale for grid in streams.maps))
        self.least_side, self.uncovered = self._measure() if geometry == "aligned" else (1, 0)
        for tensor in [tensor for tensor in self.parameters() if tensor.dim() == 4]:
            tensor.data = tensor.data.contiguous(memory_format=self.memory_format)
        for part in self._parts if compile else ():  # EMAHook's copy runs uncompiled
            part.compile(**(compile if isinstance(compile, dict) else {}))

    @property
    def decision(self) -> Decision:
        """How logits become labels."""
        return self.decode_head.decision

    @property
    def _parts(self) -> list[nn.Module]:
        return [self.backbone, self.neck]

    def _measure(self) -> tuple[int, int]:
        """Return the smallest side that the net accepts, and how many pixels of an input of whole strides get no scores."""
        for side in range(self.stride, 16 * self.stride, self.stride):
            shapes = output_shapes(self._parts, side, self.preprocessing.shape[1])
            if shapes and (covered := self.decode_head.covered([shape[-1] for shape in shapes])) > 0:
                return side, max(0, side - covered)
        raise UserError("geometry", f"images of up to {side} px get no scores: pad the backbone's layers more")

    def init_weights(self) -> None:
        """Initialise every part, then copy the layers of the ImageNet classifier if ``pretrained`` names one."""
        super().init_weights()
        if self.pretrained:
            load_classifier(self, self.pretrained, self.fc, self.other_images)

    def assumptions(self, state: Mapping[str, Tensor]) -> list[str]:
        """Return what is assumed for optional keys missing from a state dict, as ends of sentences that begin with its file."""
        taken = describe(self.preprocessing)
        return [] if RECORD in state else [f"does not say what images it expects: assuming {taken}"]

    def _load_from_state_dict(self, state_dict: dict[str, Tensor], prefix: str, *args: Any) -> None:
        """Refuse weights that expect other images than the config gives."""
        require_same(state_dict.setdefault(prefix + RECORD, self.preprocessing), self.preprocessing)
        super()._load_from_state_dict(state_dict, prefix, *args)

    def forward(self, inputs: Tensor, data_samples: list[SegDataSample] | None = None, mode: str = "tensor") -> Any:
        """Compute logits, losses or predictions in the configured precision, as mmseg's segmentors do."""
        dtype = PRECISIONS[resolve_precision(self.precision, inputs.device.type)]
        with torch.autocast(inputs.device.type, dtype, enabled=dtype is not None):
            return super().forward(inputs, data_samples, mode)

    def extract_feat(self, inputs: Tensor) -> tuple[Any, ...]:
        """Compute the streams of images (N, 3 or bands, H, W), deepest first, and (H, W) last, for the head's last crop."""
        size = tuple(inputs.shape[-2:])
        bottom, right = map(self._padding_after, size)
        x = F.pad(inputs, (self.input_pad, right, self.input_pad, bottom))
        return (*self.neck(self.backbone(x.contiguous(memory_format=self.memory_format))), size)

    def _padding_after(self, side: int) -> int:
        if self.geometry == "reference":
            return self.input_pad
        wanted, least = side + self.uncovered, self.least_side
        wanted = wanted.clamp(min=least) if isinstance(wanted, Tensor) else max(wanted, least)  # a Tensor while tracing
        return (wanted + self.stride - 1) // self.stride * self.stride - side

    def parse_losses(self, losses: dict[str, Any]) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss to minimise and the values to log: means over all processes; mmengine logs only the first one's."""
        loss, values = super().parse_losses(losses)
        return loss, joint_mean(values)

    def predict(self, inputs: Tensor, data_samples: list[SegDataSample] | None = None) -> list[SegDataSample]:
        """Return samples with ``pred_sem_seg``, and with ``seg_logits`` unless ``test_cfg.keep_logits`` is False.

        Then full-resolution logits are computed only for images that must be resized back."""
        mode, keep = self.test_cfg.mode, self.test_cfg.get("keep_logits", self.test_cfg.mode != "tiles")
        if keep or mode == "slide" or self.crf is not None:
            samples = super().predict(inputs, data_samples)
            for sample in [] if keep else samples:
                del sample.seg_logits
            return samples
        return predict_labels(self, inputs, data_samples or [SegDataSample() for _ in inputs])

    def test_step(self, data: dict[str, Any]) -> list[SegDataSample]:
        """Return the predictions for a batch of a data loader."""
        return predict_tiles(self, data) if self.test_cfg.get("mode") == "tiles" else super().test_step(data)

    def val_step(self, data: dict[str, Any]) -> list[Any]:
        """Return the predictions for a batch and, as the last element, their losses (:func:`.with_losses`)."""
        return with_losses(self, data)

    def to_inference(self, fold: bool = True) -> FCN:
        """Convert kernels to the net's precision; in float32, ``fold`` batch norms into them (in bf16 this would change labels)."""
        image = self.preprocessing.new_zeros(1, self.preprocessing.shape[1], self.least_side, self.least_side)
        if fold and PRECISIONS[resolve_precision(self.precision, image.device.type)] is None:
            fold_batch_norms(self.eval(), lambda: self.extract_feat(image))
        return cast_kernels(self.eval(), self.precision, image.device.type)


def leave_out_logits(model: nn.Module) -> nn.Module:
    """Let a model's FCN predict only label maps, unless ``test_cfg`` or test-time augmentation needs logits."""
    averaged = isinstance(model, BaseTTAModel)
    for net in model.modules():
        if isinstance(net, FCN):
            net.test_cfg.keep_logits = averaged or net.test_cfg.get("keep_logits", False)
    return model
