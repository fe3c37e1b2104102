"""Use any backbone of timm by name: its maps of strides 8, 16 and 32, and its weights under our layer names.

N batch, H x W image. timm is an extra, ``pip install 'fcn-plugin[timm]'``.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import Tensor, nn

from ...errors import UserError
from ...requirements import import_extra
from ...weights.formats import WeightFormat
from ...weights.preprocessing import record
from .port_names import port_names

# arguments of timm's create_model that FCNTimm sets itself
OWN = {
    "pretrained": "name the weights in model.pretrained",
    "checkpoint_path": "name the weights in model.pretrained",
    "pretrained_cfg_overlay": "name the weights in model.pretrained",
    "features_only": "remove it",
    "out_indices": "set model.backbone.strides",
    "in_chans": "remove it, model.data_preprocessor has a mean for each channel",
}


@MODELS.register_module()
class FCNTimm(BaseModule):
    """Image (N, 3, H, W) -> timm's features at some strides, (N, C, H / stride, W / stride), shallow to deep.

    Args:
        name: a name in timm's ``list_models``, such as ``tf_efficientnet_lite0``.
        strides: strides of the maps to return, in image pixels.
        head_conv: apply the classifier's last convolution and its norm to the deepest map, as the papers keep VGG's fc6 and fc7:
            320 -> 1280 channels in an EfficientNet.
        init_cfg: initialisation; timm's own by default.
        kwargs: for timm's ``create_model``, such as ``drop_path_rate``.

    Raises:
        UserError: ``requirements`` without timm; ``config-value`` for an unknown name or stride, or no such convolution.
    """

    conv_head: nn.Module
    bn2: nn.Module

    def __init__(
        self,
        name: str,
        strides: Sequence[int] = (8, 16, 32),
        head_conv: bool = False,
        init_cfg: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(init_cfg)
        timm = import_extra("timm", "'fcn-plugin[timm]'")
        if not timm.is_model(name):
            near = ", ".join(difflib.get_close_matches(name, timm.list_models())) or "timm.list_models() lists all"
            raise UserError(
                "config-value", f"model.backbone.name {name!r} is no net of timm {timm.__version__}: {near}"
            )
        if own := OWN.keys() & kwargs:
            key = min(own)
            raise UserError("config-value", f"model.backbone.{key} is set by FCNTimm: {OWN[key]}")
        self.name = name
        info = self._build(name, **kwargs)
        by_stride = {stride: i for i, stride in enumerate(info.reduction())}  # the deepest map of each stride
        if missing := [stride for stride in strides if stride not in by_stride]:
            has = ", ".join(map(str, by_stride))
            raise UserError(
                "config-value",
                f"timm's {name} has no map of stride {missing[0]}, only of {has}: set model.backbone.strides",
            )
        if not strides or len(set(strides)) < len(strides):
            raise UserError(
                "config-value", f"model.backbone.strides is {strides}: give at least one stride, and each only once"
            )
        indices = [by_stride[stride] for stride in sorted(strides)]
        is_deepest = indices[-1] == len(info.reduction()) - 1
        if head_conv and not is_deepest:
            raise UserError(
                "config-value",
                f"model.backbone.head_conv needs the deepest map, which strides {strides} do not include",
            )
        if not is_deepest:  # unused deeper layers would stop distributed training
            info = self._build(name, **kwargs, out_indices=[info.out_indices[i] for i in indices])
            indices = [*range(len(indices))]
        self.indices, self.channels = indices, [info.channels()[i] for i in indices]
        if head_conv:
            self._add_head_conv(timm.create_model(name, **kwargs))

    def _build(self, name: str, **kwargs: Any) -> Any:
        """Build the feature net, and return timm's description of its maps."""
        try:
            self.net = import_extra("timm", "'fcn-plugin[timm]'").create_model(name, features_only=True, **kwargs)
        except (RuntimeError, AttributeError, TypeError) as error:  # nets without maps, and unknown arguments
            raise UserError("config-value", f"timm can't build {name} as a backbone: {error}") from error
        return self.net.feature_info

    def _add_head_conv(self, classifier: nn.Module) -> None:
        try:
            self.conv_head, self.bn2 = (classifier.get_submodule(name) for name in ("conv_head", "bn2"))
        except AttributeError:
            message = f"timm's {self.name} has no conv_head followed by bn2: remove model.backbone.head_conv"
            raise UserError("config-value", message) from None

    def init_weights(self) -> None:
        """Keep timm's initialisation, unless ``init_cfg`` is set."""
        if self.init_cfg:
            super().init_weights()

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return the maps of ``strides``, shallow to deep."""
        maps = self.net(x)
        maps = [_channels_first(maps[i], channels) for i, channels in zip(self.indices, self.channels, strict=True)]
        if hasattr(self, "conv_head"):
            maps[-1] = self.bn2(self.conv_head(maps[-1]))
        return tuple(maps)

    def weight_formats(self) -> Iterator[WeightFormat]:
        """Yield the formats of this net's classifier files: timm's own and those of ``efficientnet_pytorch``."""
        timm = import_extra("timm", "'fcn-plugin[timm]'")
        with torch.device("meta"):
            classifier = timm.create_model(self.name)
        cfg = classifier.default_cfg
        theirs = [layer for layer, module in classifier.named_modules() if _own_tensors(module)]
        ours = {layer for layer, module in self.named_modules() if _own_tensors(module)}
        layers = {layer: f"backbone.{place}" for layer in theirs for place in _places(layer) if place in ours}
        unused = tuple(layer for layer in theirs if layer not in layers)
        expects = record((0.0, 1.0, 2.0), *(tuple(255 * v for v in cfg[key]) for key in ("mean", "std")))
        yield WeightFormat(f"timm {self.name}", layers, unused, expects)
        ported = port_names(classifier)
        if ported.keys() >= set(theirs):
            layers = {ported[layer]: place for layer, place in layers.items()}
            yield WeightFormat(
                f"efficientnet_pytorch {self.name}", layers, tuple(ported[name] for name in unused), expects
            )


def _own_tensors(module: nn.Module) -> bool:
    return any(True for _ in (*module.parameters(recurse=False), *module.buffers(recurse=False)))


def _places(layer: str) -> tuple[str, ...]:
    """Return the names that a classifier's layer may have in the feature net: timm flattens names, or wraps the whole net."""
    return layer, f"net.{layer}", f"net.{layer.replace('.', '_', 1)}", f"net.model.{layer}"


def _channels_first(x: Tensor, channels: int) -> Tensor:
    return x if x.shape[1] == channels else x.permute(0, 3, 1, 2)  # some timm models return channels last
