"""What several tests build: narrow nets, heads on hand-made streams, samples.

Stream names as in the configs: fr (fc7, stride 32), pool4 (16), pool3 (8).
"""

import logging
from fractions import Fraction

import torch
from mmcv.cnn import ConvModule
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from safetensors.torch import load_file
from support.configs import base_config, own_config

import fcn_plugin  # noqa: F401
from fcn_plugin.layers.coord_map import CoordMap
from fcn_plugin.models.backbones.dilated_vgg import DilatedVGG
from fcn_plugin.models.backbones.indexed_vgg import IndexedVGG
from fcn_plugin.models.skip_head import FCNSkipHead

init_default_scope("mmseg")

from mmpretrain.models.backbones import VGG  # noqa: E402
from mmseg.registry import MODELS  # noqa: E402
from mmseg.structures import SegDataSample  # noqa: E402

STREAMS = {"32s": ("fr",), "16s": ("fr", "pool4"), "8s": ("fr", "pool4", "pool3")}
# finer than the papers' nets
FINE = {"4s": (*STREAMS["8s"], "pool2"), "2s": (*STREAMS["8s"], "pool2", "pool1")}
STRIDES = {"fr": 32, "pool4": 16, "pool3": 8}
SHRINK = 16  # NarrowVGG's channels are VGG's divided by this

# by hand: the middle of an s x s cell is pixel (s - 1) / 2. The authors' nets shift the skips by the border of
# 99 pixels, and fc7 by 3 cells of 32 to the right again, as its 7 x 7 kernel is not padded
MAPS = {
    geometry: [CoordMap(Fraction(scale), Fraction(shift)) for scale, shift in maps]
    for geometry, maps in {
        "aligned": [(32, 15.5), (16, 7.5), (8, 3.5)],
        "reference": [(32, 12.5), (16, -91.5), (8, -95.5)],
    }.items()
}


@MODELS.register_module()
class NarrowVGG(VGG):
    """VGG16 layer for layer, or VGG of another ``depth``, with a sixteenth of the channels."""

    def __init__(self, **kwargs):
        with torch.device("meta"):
            super().__init__(**kwargs)
        _narrow(self.features, kwargs.get("norm_cfg"))


@MODELS.register_module()
class NarrowDilatedVGG(DilatedVGG):
    """DilatedVGG layer for layer, with a sixteenth of the channels."""

    def __init__(self, **kwargs):
        with torch.device("meta"):
            super().__init__(**kwargs)
        _narrow(self.features, kwargs.get("norm_cfg"))


@MODELS.register_module()
class NarrowIndexedVGG(IndexedVGG):
    """IndexedVGG layer for layer, with a sixteenth of the channels."""

    def __init__(self, **kwargs):
        with torch.device("meta"):
            super().__init__(**kwargs)
        _narrow(self.features, kwargs.get("norm_cfg"))


def _narrow(features, norm):
    channels = 3
    for i, layer in enumerate(features):
        if isinstance(layer, ConvModule):
            width, spacing = layer.out_channels // SHRINK, dict(padding=layer.padding, dilation=layer.dilation)
            features[i] = ConvModule(channels, width, 3, **spacing, bias=True, norm_cfg=norm)
            channels = width


def build_fcn(*args, **kwargs):
    """FCN of the VGG16 config in evaluation mode, narrowed, with random scores; arguments of :func:`fcn_config`."""
    return _built(fcn_config(*args, **kwargs))


def fcn_config(
    streams=STREAMS["8s"], geometry="aligned", fc_channels=8, num_classes=3, norm=None, narrow=True, head=None, **kwargs
):
    """Config of the net that :func:`build_fcn` builds.

    Args:
        streams: streams of the head, deepest first.
        geometry: "aligned" or "reference".
        fc_channels: channels of fc6 and fc7.
        num_classes: classes of the head.
        norm: norm_cfg of the backbone.
        narrow: take NarrowVGG, else VGG16 at full width.
        head: further entries of decode_head.
        kwargs: further entries of the model; dicts are merged into the config's.
    """
    cfg = base_config("models/fcn_vgg16.py")
    shrink = SHRINK if narrow else 1
    skips = ("pool4", "pool3", *(name for name in ("pool2", "pool1") if name in streams))
    pools = {name: width // shrink for name, width in zip(skips, (512, 256, 128, 64), strict=False)}
    cfg.merge_from_dict(
        {
            "model.geometry": geometry,
            "model.backbone.norm_cfg": norm,
            "model.backbone.out_indices": tuple(range(4 - len(pools), 5)),
            "model.neck.in_channels": (*reversed(pools.values()), 512 // shrink),
            "model.neck.fc_channels": fc_channels,
            "model.decode_head.streams": streams,
            "model.decode_head.in_channels": {"fr": fc_channels, **pools},
            "model.decode_head.strides": {name: 16 >> i for i, name in enumerate(skips)},
            "model.decode_head.num_classes": num_classes,
        }
    )
    if narrow:
        cfg.model.backbone.pop("depth")
        cfg.merge_from_dict({"model.backbone": {"type": "NarrowVGG", "depth": 16}})
    cfg.merge_from_dict({"model": {**kwargs, "decode_head": head or {}}})
    return cfg


def build_dilated(output_stride=8, skips=(), neck=None, **kwargs):
    """Narrow DeepLab-LargeFOV, or VGG16 of output stride 16; ``skips`` are of pool3 (8), pool2 (4).

    Args:
        output_stride: of fr.
        skips: names of further streams, deepest first.
        neck: config of another neck.
        kwargs: as of :func:`fcn_config`.
    """
    places = {"pool2": 1, "pool3": 2}
    backbone = {"type": "NarrowDilatedVGG", "output_stride": output_stride}
    backbone["out_indices"] = (*(places[name] for name in reversed(skips)), 4)
    widths = {"pool2": 8, "pool3": 16}
    fc = {"fc6_kernel": 3, "fc6_dilation": 96 // output_stride, "dropout_ratio": 0.0}
    fc["in_channels"] = (*(widths[name] for name in reversed(skips)), 32)
    head = {"in_channels": "auto", "strides": "auto"}
    neck = {"_delete_": True, **neck} if neck else fc
    return build_fcn(("fr", *skips), backbone=backbone, neck=neck, head=head, **kwargs)


def build_unpool(fc_channels=None, neck=None, **kwargs):
    """Narrow SegNet, or with ``fc_channels`` DeconvNet.

    Args:
        fc_channels: of fc6 and fc7.
        neck: further entries of the neck.
        kwargs: as of :func:`fcn_config`.
    """
    backbone = {"_delete_": True, "type": "NarrowIndexedVGG", "norm_cfg": {"type": "BN"}, **kwargs.pop("backbone", {})}
    decoders = {"type": "FCNUnpoolNeck", "in_channels": "auto", "fc_channels": fc_channels, **(neck or {})}
    head = {"in_channels": "auto", "strides": "auto"}
    return build_fcn(("fr",), backbone=backbone, neck={"_delete_": True, **decoders}, head=head, **kwargs)


def build_points(streams=STREAMS["8s"], head=None, **kwargs):
    """Narrow FCN with random point refinement by the features of pool2, and for ``fine=2`` or more of coarser maps.

    Args:
        streams: of the head, coarser than pool2.
        head: further entries of decode_head.
        kwargs: as of :func:`fcn_config`.
    """
    backbone = dict(out_indices=tuple(range(1, 5)), **kwargs.pop("backbone", {}))
    neck = dict(in_channels="auto", dropout_ratio=0.0, **kwargs.pop("neck", {}))
    own = dict(type="FCNPointHead", in_channels="auto", strides="auto", points=64, channels=8)
    head = {**own, **(head or {})}
    net = build_fcn(streams, backbone=backbone, neck=neck, head=head, **kwargs)
    torch.nn.init.normal_(net.decode_head.point_score.weight)
    return net


def build_from(config, geometry, num_classes=3, **kwargs):
    """The net of a config in evaluation mode, with 8 channels in fc6 and fc7 if it has them, and random scores.

    Args:
        config: name of the config.
        geometry: "aligned" or "reference".
        num_classes: classes of the head.
        kwargs: further entries of the model; dicts are merged into the config's.
    """
    cfg = own_config(config)
    head = {"num_classes": num_classes}
    changes = {"geometry": geometry, "pretrained": None, "precision": "fp32", "decode_head": head}
    cfg.merge_from_dict({"model": changes})
    if cfg.model.neck.get("fc_channels") is not None:
        cfg.model.neck.fc_channels = 8
        if cfg.model.decode_head.in_channels != "auto":
            cfg.model.decode_head.in_channels.fr = 8
    cfg.merge_from_dict({"model": kwargs})
    return _built(cfg)


def tensors_of(path):
    """The tensors of an imported file, .safetensors or .pth."""
    return load_file(path) if path.suffix == ".safetensors" else torch.load(path, weights_only=True)["state_dict"]


def _built(cfg):
    model = MODELS.build(cfg.model)
    logging.disable(logging.INFO)  # init_weights logs a line per tensor
    model.init_weights()
    logging.disable(logging.NOTSET)
    wake_scores(model.decode_head)
    return model.eval()


def wake_scores(head):
    """Give the zero-initialised score layers random values, which make logits of the order of 1."""
    for name in head.streams:
        for parameter in getattr(head, f"score_{name}").parameters():
            torch.nn.init.normal_(parameter)


def balance_classes(model, image):
    """Shift the net's scores so that each class has a mean logit of 0 on the image: no class wins everywhere."""
    with torch.no_grad():
        model.decode_head.score_fr.bias -= model(image).mean((0, 2, 3))


def build_head(variant="8s", geometry="aligned", num_classes=2, **kwargs):
    """Head of FCN-32s, 16s or 8s on streams of one channel each, aligned by the maps typed above."""
    kwargs = {"strides": STRIDES, "loss_decode": {"type": "FCNCrossEntropyLoss"}, "out_channels": num_classes, **kwargs}
    channels = dict.fromkeys(STRIDES, 1)
    head = FCNSkipHead(STREAMS[variant], channels, num_classes=num_classes, geometry=geometry, **kwargs)
    head.init_weights()
    head.align(MAPS[geometry], CoordMap())
    return head


def zero_streams(geometry, size):
    """(fc7, pool4, pool3, (H, W)) of one zero channel, of the sizes that VGG16 makes of an image of size x size."""
    padded = size + 198 if geometry == "reference" else size
    pool3, pool4, pool5 = (-(-padded // stride) for stride in (8, 16, 32))
    fc7 = pool5 - 6 if geometry == "reference" else pool5
    return [*(torch.zeros(1, 1, side, side) for side in (fc7, pool4, pool3)), (size, size)]


def sample(label, prediction=None, **meta):
    """A data sample with a (H, W) mask, and a prediction where given."""
    one = SegDataSample(gt_sem_seg=PixelData(data=torch.as_tensor(label)[None]), metainfo=meta)
    if prediction is not None:
        one.pred_sem_seg = PixelData(data=torch.as_tensor(prediction)[None])
    return one
