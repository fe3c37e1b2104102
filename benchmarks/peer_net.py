"""A net of segmentation_models_pytorch (smp) as a segmentor of MMSegmentation: trained and scored by the same code as an FCN.

N batch, C classes, H x W image of any size. smp's net is encoder, decoder and segmentation head, with smp's default options.
"""

from __future__ import annotations

from types import ModuleType

import torch
import torch.nn.functional as F
from mmengine.logging import print_log
from mmengine.structures import PixelData
from mmseg.models.segmentors import BaseSegmentor
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from fcn_plugin.layers.fast_cpu import use_fast_convolutions
from fcn_plugin.models.backbones.timm_features import FCNTimm
from fcn_plugin.models.losses import pixel_losses
from fcn_plugin.models.precision import PRECISIONS, resolve_precision
from fcn_plugin.requirements import import_extra
from fcn_plugin.weights.preprocessing import of_preprocessor, require_same
from fcn_plugin.weights.rename import read_renamed

PEERS = {"fpn": "FPN", "unet": "Unet"}  # our name -> smp's class


def import_smp() -> ModuleType:
    """Import segmentation_models_pytorch; ``requirements`` where it is missing."""
    return import_extra("segmentation_models_pytorch", "segmentation-models-pytorch")


@MODELS.register_module()
class PeerNet(BaseSegmentor):
    """smp's ``FPN`` or ``Unet`` on an encoder of timm.

    Args:
        peer: ``fpn`` or ``unet``.
        encoder: timm's name of the net, such as ``tf_efficientnet_lite0``.
        decode_head: an FCN's entry, of which only ``num_classes``, ``loss_decode`` and ``ignore_index`` are used.
        precision: ``fp32``, ``bf16``, ``fp16`` or ``auto``, as of an FCN: the segmentation head and the loss stay float32.
        pretrained: ImageNet classifier for the encoder, as of an FCN; smp's own downloads are not used.
        data_preprocessor: config of mmseg's ``SegDataPreProcessor``.
        fast_convolutions: run on this package's convolutions for CPUs, as an FCN does, in place of torch's.

    Raises:
        UserError: ``requirements``: smp is not installed.
    """

    def __init__(
        self,
        peer: str,
        encoder: str,
        decode_head: dict,
        precision: str = "fp32",
        pretrained: str | None = None,
        data_preprocessor: dict | None = None,
        fast_convolutions: bool = False,
    ) -> None:
        super().__init__(data_preprocessor)
        build = getattr(import_smp(), PEERS[peer])
        self.net = build(f"tu-{encoder}", encoder_weights=None, classes=decode_head["num_classes"])
        if fast_convolutions:
            use_fast_convolutions(self.net)
        self.net.to(memory_format=torch.channels_last)  # the faster layout for both peers too
        losses = decode_head["loss_decode"]
        self.terms = nn.ModuleList(map(MODELS.build, [losses] if isinstance(losses, dict) else losses))
        self.ignore_index = decode_head.get("ignore_index", 255)
        self.encoder, self.precision, self.pretrained = encoder, precision, pretrained

    def init_weights(self) -> None:
        """Keep smp's initialisation, and copy the ImageNet classifier into the encoder if ``pretrained`` names one.

        Raises:
            UserError: as :func:`read_renamed`; ``weights-preprocessing``.
        """
        if not self.pretrained:
            return
        ours = "backbone.net."  # where an FCN has timm's features; smp has the same net under "model."
        renamed = read_renamed(self.pretrained, more=FCNTimm(self.encoder).weight_formats())
        require_same(renamed.form.preprocessing, of_preprocessor(self.data_preprocessor))
        tensors = {f"model.{name.removeprefix(ours)}": tensor for name, tensor in renamed.tensors.items()}
        self.net.encoder.load_state_dict(tensors)
        print_log(f"encoder: {len(tensors)} tensors from {self.pretrained} ({renamed.form.name})", logger="current")

    def forward(self, inputs: Tensor, data_samples: list | None = None, mode: str = "tensor"):
        """Compute logits, losses or predictions, in the configured precision; interface of mmseg's segmentors."""
        dtype = PRECISIONS[resolve_precision(self.precision, inputs.device.type)]
        with torch.autocast(inputs.device.type, dtype, enabled=dtype is not None):
            return super().forward(inputs, data_samples, mode)

    def extract_feat(self, inputs: Tensor) -> Tensor:
        """Compute the decoder's features of images (N, 3, H, W), zero-padded at the right and bottom to whole strides."""
        stride = self.net.encoder.output_stride
        bottom, right = (-side % stride for side in inputs.shape[-2:])
        x = F.pad(inputs, (0, right, 0, bottom)).contiguous(memory_format=torch.channels_last)
        return self.net.decoder(self.net.encoder(x))

    def encode_decode(self, inputs: Tensor, batch_data_samples: list | None = None) -> Tensor:
        """Compute logits (N, C, H, W), float32."""
        features = self.extract_feat(inputs)
        with torch.autocast(inputs.device.type, enabled=False):
            logits = self.net.segmentation_head(features.float())
        height, width = inputs.shape[-2:]
        return logits[..., :height, :width]

    _forward = encode_decode

    def loss(self, inputs: Tensor, data_samples: list) -> dict[str, Tensor]:
        """Compute the losses of :func:`pixel_losses`, under the names that an FCN's have in the log."""
        label = torch.cat([sample.gt_sem_seg.data for sample in data_samples])  # (N, H, W)
        losses = pixel_losses(self.terms, self.encode_decode(inputs), label, None, self.ignore_index)
        return {f"decode.{name}": value for name, value in losses.items()}

    def predict(self, inputs: Tensor, data_samples: list | None = None) -> list:
        """Return samples with ``pred_sem_seg`` at the input's size."""
        samples = data_samples or [SegDataSample() for _ in inputs]
        for sample, label in zip(samples, self.encode_decode(inputs).argmax(1, keepdim=True), strict=True):
            sample.pred_sem_seg = PixelData(data=label)
        return samples
