"""Build what a variant names, all on the same random weights where the nets are the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import mmseg
import torch
import torch.nn.functional as F
from mmengine.config import Config
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from fcn_plugin.configs import get_config
from fcn_plugin.errors import UserError
from fcn_plugin.layers.fast_cpu import use_fast_convolutions
from fcn_plugin.models.fcn import FCN

from .plain import PlainFCN
from .variants import Variant

PLAIN_CONFIG = "fcn8s_vgg16_voc"


def build(variant: Variant, device: str) -> nn.Module:
    """The net of a variant, in training or evaluation mode, on the device.

    Raises:
        UserError: a config that is none of this package's nets, or a rival that can't be had.
    """
    torch.manual_seed(0)
    if variant.net == "plain":
        net = PlainFCN(_fcn(Variant(PLAIN_CONFIG, geometry="reference", layout="contiguous", classes=variant.classes)))
    elif variant.net == "torchvision-fcn_resnet50":
        from torchvision.models.segmentation import fcn_resnet50

        net = fcn_resnet50(weights=None, weights_backbone=None, num_classes=variant.classes)
    elif variant.net == "mmseg-fcn":
        net = MODELS.build(_mmseg_fcn(variant.classes))
    else:
        net = _fcn(variant)
    net = net.to(device).train(variant.train)
    if isinstance(net, FCN) and not variant.train:
        net.to_inference()
    return net


def work_of(net: nn.Module, variant: Variant, device: str) -> Callable[[], Tensor]:
    """Return what is timed: a forward that returns the logits, or a training step that returns the loss."""
    torch.manual_seed(0)
    images = torch.randn(variant.batch, 3, *variant.size, device=device)
    if not variant.train:

        def forward() -> Tensor:
            with torch.inference_mode():
                return _logits(net, images)

        return forward
    labels = torch.randint(0, variant.classes, (variant.batch, *variant.size), device=device)
    trained = [parameter for parameter in net.parameters() if parameter.requires_grad]
    optimizer = torch.optim.SGD(trained, lr=1e-4, momentum=0.9)
    samples = [SegDataSample(gt_sem_seg=PixelData(data=label[None])) for label in labels]

    def step() -> Tensor:
        optimizer.zero_grad(set_to_none=True)
        if isinstance(net, FCN):
            loss = net(images, samples, mode="loss")["decode.loss_ce"]
        else:
            loss = F.cross_entropy(_logits(net, images), labels)
        loss.backward()
        optimizer.step()
        return loss.detach()

    return step


def _logits(net: nn.Module, images: Tensor) -> Tensor:
    out = net(images)
    out = out["out"] if isinstance(out, dict) else out
    if out.shape[-2:] != images.shape[-2:]:  # mmseg's heads leave that to what follows
        out = F.interpolate(out, images.shape[-2:], mode="bilinear", align_corners=False)
    return out


def _fcn(variant: Variant) -> FCN:
    cfg = get_config(variant.net)
    if cfg.model.get("type") != "FCN":
        raise UserError(
            "config-type", f"{variant.net}: model.type is {cfg.model.get('type')!r}: benchmarks take configs of FCN"
        )
    cfg.model.update(
        pretrained=None,
        geometry=variant.geometry,
        precision=variant.dtype,
        channels_last=variant.layout == "channels_last",
        compile=variant.compile,
    )
    # one loss for all, whatever the config's classes and weights
    cfg.model.decode_head.update(num_classes=variant.classes, loss_decode=dict(type="FCNCrossEntropyLoss"))
    net = MODELS.build(cfg.model)
    use_fast_convolutions(net, variant.conv)
    for layer in net.modules():
        if isinstance(layer, nn.Conv2d):  # drawn aside: random numbers follow the layout in memory
            drawn = nn.init.kaiming_normal_(torch.empty(layer.weight.shape))
            layer.weight.data.copy_(drawn)
    return net


def _mmseg_fcn(classes: int) -> dict:
    """mmseg's FCN on a dilated ResNet-50, from the config that it ships."""
    path = Path(mmseg.__file__).parent / ".mim" / "configs" / "_base_" / "models" / "fcn_r50-d8.py"
    if not path.is_file():
        raise UserError(
            "config-file", f"mmseg-fcn needs mmseg's own configs, and there is no {path}: install mmseg from its wheel"
        )
    model = Config.fromfile(path).model
    norm = dict(type="BN", requires_grad=True)  # SyncBN needs a group of processes
    model.update(pretrained=None, data_preprocessor=None)
    model.backbone.norm_cfg = model.decode_head.norm_cfg = norm
    model.decode_head.num_classes = classes
    model.auxiliary_head = None
    return model
