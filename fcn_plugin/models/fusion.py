"""Late fusion (CVPR 2015, sec. 5, NYUDv2): a net for each sensor, and one upsampling of the mean of their scores.

N batch, C classes; an image is (N, bands, H, W), the sensors' bands in order. A trunk is a net without its upsampling: backbone,
neck and score layers. The trunks' feature maps must lie on one grid, so that scores add pixel by pixel.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import reduce
from typing import Any

import torch
from mmengine.model import ModuleDict
from mmseg.registry import MODELS
from torch import Tensor, nn

from ..errors import UserError
from ..layers.coord_map import CoordMap
from ..layers.first_conv import RGB
from ..weights.fit import load_classifier
from ..weights.nets import Head, Neck
from ..weights.preprocessing import RECORD
from .fcn import FCN
from .precision import at_least_float32
from .skip_head import FCNSkipHead
from .streams import Streams, build_streams


@MODELS.register_module()
class FCNFusion(FCN):
    """An FCN with a trunk for each of several sensors; the scores of each stream are the mean of the trunks' scores.

    Args:
        trunks: name -> ``dict(bands=N)``, the number of bands of each, in their order. A trunk may have its own ``backbone`` and
            ``neck``; default: the model's.
        pretrained: name -> weights that the trunk starts from, or one source for all: a classifier, as for an FCN, or a
            trained net of that sensor, with its scores.
        kwargs: those of :class:`FCN`; the data preprocessor must be an ``FCNBandsPreProcessor``.

    Raises:
        UserError: ``config-value`` if the trunks' bands are not the image's, and for unknown trunks; ``geometry`` for trunks
            on different grids; others as in :class:`FCN`.
    """

    def __init__(self, trunks: dict[str, Any], pretrained: str | dict[str, Any] | None = None, **kwargs: Any) -> None:
        self.trunks = {name: dict(trunk) for name, trunk in trunks.items()}  # build_streams needs it
        if isinstance(pretrained, Mapping) and (unknown := sorted(set(pretrained) - set(trunks))):
            raise UserError(
                "config-value", f"model.pretrained names {unknown[0]!r}, but model.trunks has {', '.join(trunks)}"
            )
        super().__init__(**kwargs)
        self.sources = pretrained if isinstance(pretrained, Mapping) else dict.fromkeys(trunks, pretrained)

    def build_streams(
        self, backbone: dict[str, Any], neck: dict[str, Any], head: dict[str, Any], border: int, bands: int = RGB
    ) -> Streams:
        """Build and trace every trunk with :func:`.streams.build_streams`; join their streams along channels."""
        widths = [trunk.get("bands", 0) for trunk in self.trunks.values()]
        if len(widths) < 2 or min(widths) < 1 or sum(widths) != bands:
            found = f"model.trunks take {' + '.join(map(str, widths)) or 'no'} bands of an image of {bands}"
            raise UserError(
                "config-value", f"{found}: give two or more, each dict(bands=N), and an FCNBandsPreProcessor for all"
            )
        built = {
            name: build_streams(trunk.get("backbone", backbone), trunk.get("neck", neck), head, border, trunk["bands"])
            for name, trunk in self.trunks.items()
        }
        maps = _join(built)
        # stream -> trunk -> channels
        split = {
            stream: {name: one.head["in_channels"][stream] for name, one in built.items()} for stream in head["streams"]
        }
        widths_in_all = {stream: sum(channels.values()) for stream, channels in split.items()}
        options = {**next(iter(built.values())).head, "in_channels": widths_in_all}
        return Streams(
            _Backbones({name: one.backbone for name, one in built.items()}, widths),
            _Necks({name: one.neck for name, one in built.items()}),
            dict(type=lambda: _fuse_scores(MODELS.build(options), split)),
            maps,
            [sum(channels) for channels in zip(*(one.channels for one in built.values()), strict=True)],
        )

    def init_weights(self) -> None:
        """Initialise every part, then load each trunk's weights."""
        super().init_weights()
        for name, source in self.sources.items():
            if source:
                load_classifier(self.trunk(name), source, self.fc, self.other_images)

    def trunk(self, name: str) -> Trunk:
        """Return a view of one trunk under an FCN's names, which shares this net's tensors, to load weights into."""
        head, names = copy.copy(self.decode_head), [*self.trunks]
        head._modules = dict(self.decode_head._modules)
        for stream in head.streams:
            head.add_module(f"score_{stream}", getattr(head, f"score_{stream}")[name])
        first = sum(self.trunks[other]["bands"] for other in names[: names.index(name)])
        own = self.preprocessing[:, first : first + self.trunks[name]["bands"]]
        return Trunk(self.backbone[name], self.neck[name], head, self.data_preprocessor, own.clone())


class Trunk(nn.Module):
    """A trunk under an FCN's names."""

    preprocessing: Tensor

    def __init__(self, backbone: nn.Module, neck: Neck, head: Head, preprocessor: nn.Module, record: Tensor) -> None:
        super().__init__()
        self.backbone, self.neck, self.decode_head, self.data_preprocessor = backbone, neck, head, preprocessor
        self.register_buffer(RECORD, record)


class _Backbones(ModuleDict):
    """Map (N, bands, H, W) to the outputs of each trunk's backbone."""

    def __init__(self, nets: dict[str, nn.Module], bands: Sequence[int]) -> None:
        super().__init__(nets)
        self.bands = list(bands)

    def forward(self, image: Tensor) -> tuple[Any, ...]:
        return tuple(net(part) for net, part in zip(self.values(), image.split(self.bands, 1), strict=True))


class _Necks(ModuleDict):
    """Map the outputs of the backbones to streams, deepest first, joined over trunks along channels."""

    def __init__(self, necks: dict[str, nn.Module]) -> None:
        super().__init__(necks)
        first = next(iter(necks.values()))
        self.may_be_new = getattr(first, "may_be_new", lambda key: False)
        self.fc_channels, self.scales = getattr(first, "fc_channels", None), getattr(first, "scales", ())

    def forward(self, inputs: Sequence[Any]) -> tuple[Tensor, ...]:
        streams = [neck(part) for neck, part in zip(self.values(), inputs, strict=True)]
        return tuple(torch.cat(level, 1) for level in zip(*streams, strict=True))


class _Scores(ModuleDict):
    """Map the features of all trunks, (N, sum of widths, h, w), to their mean scores, (N, C, h, w) float32."""

    def __init__(self, widths: Mapping[str, int], classes: int) -> None:
        super().__init__({name: nn.Conv2d(width, classes, 1) for name, width in widths.items()})
        self.widths = list(widths.values())

    def forward(self, features: Tensor) -> Tensor:
        parts = zip(self.values(), features.split(self.widths, 1), strict=True)
        return reduce(torch.add, (at_least_float32(score(part)) / len(self) for score, part in parts))


def _fuse_scores(head: FCNSkipHead, split: Mapping[str, Mapping[str, int]]) -> FCNSkipHead:
    """Replace each score layer of a head by one that has a score layer per trunk."""
    for stream, widths in split.items():
        setattr(head, f"score_{stream}", _Scores(widths, head.out_channels))
    return head


def _join(built: Mapping[str, Streams]) -> list[CoordMap]:
    """Return the trunks' common maps, with the longest reach; UserError: ``geometry`` if they differ."""
    (first, own), *others = built.items()
    for name, other in others:
        if other.maps != own.maps:
            grids = " and ".join(
                ", ".join(f"stride {grid.scale} from {float(grid.shift):g}" for grid in one.maps)
                for one in (own, other)
            )
            found = f"trunks {first!r} and {name!r} have different grids, {grids}"
            raise UserError("geometry", f"{found}: use backbones of one kind; widths may differ")
    levels = zip(*(one.maps for one in built.values()), strict=True)
    return [replace(grids[0], reach=max(grid.reach for grid in grids)) for grids in levels]
