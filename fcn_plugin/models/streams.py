"""Build backbone and neck, and find the channels and strides that a config leaves ``"auto"``."""

from __future__ import annotations

from typing import Any, NamedTuple

from mmseg.registry import MODELS
from torch import nn

from ..errors import UserError
from ..layers.coord_map import CoordMap
from ..layers.first_conv import RGB, set_input_channels
from ..layers.meta_run import output_shapes
from ..layers.trace import trace_outputs
from .score_names import require_own_head


class Streams(NamedTuple):
    """The built parts and their outputs, deepest first.

    Attributes:
        head: config of the head, without ``"auto"``.
        maps: positions of the outputs on the image.
        channels: channels of the outputs.
    """

    backbone: nn.Module
    neck: nn.Module
    head: dict[str, Any]
    maps: list[CoordMap]
    channels: list[int]


def build_streams(
    backbone: dict[str, Any], neck: dict[str, Any], head: dict[str, Any], border: int, bands: int = RGB
) -> Streams:
    """Build backbone and neck from their configs, and trace them.

    Args:
        backbone: config of any backbone of mmseg or mmpretrain.
        neck: config; ``in_channels`` may be ``"auto"`` or absent.
        head: config; ``in_channels`` and ``strides``, or a stream's entry in them, may be ``"auto"`` or absent.
        border: padding in pixels on all sides of an image of any size; 0 pads only at the end, to whole strides.
        bands: number of channels of the images, and of the backbone's first convolution.

    Raises:
        UserError: as in :func:`trace_outputs`; ``config-value`` for more streams than the neck returns, a backbone that can't use
            the bands, or a head of mmseg.
    """
    require_own_head(head)
    net = MODELS.build(backbone)
    if bands != RGB and not set_input_channels(net, bands):
        found = f"model.backbone {backbone.get('type')} has no first convolution for RGB that could be changed to {bands} bands"
        raise UserError("config-value", f"{found}: remove its number of channels, or choose another backbone")
    if neck.get("in_channels", "auto") == "auto":
        # trace_outputs explains why a net can't run
        shapes = output_shapes([net], channels=bands) or trace_outputs([net], channels=bands)[1]
        neck = {**neck, "in_channels": [shape[1] for shape in shapes]}
    built = MODELS.build(neck)
    maps, shapes = trace_outputs([net, built], CoordMap().pad(border), bands, any_size=border > 0)
    channels = [shape[1] for shape in shapes]
    streams = head.get("streams") or ()
    for key, values in (("in_channels", channels), ("strides", [int(grid.scale) for grid in maps])):
        given = head.get(key, "auto")
        given = dict.fromkeys(streams, "auto") if given == "auto" else given
        if isinstance(given, dict) and "auto" in given.values():
            if len(streams) > len(values):
                raise UserError(
                    "config-value", f"streams {tuple(streams)} are more than the {len(values)} that the neck returns"
                )
            by_name = dict(zip(streams, values, strict=False))
            head = {
                **head,
                key: {name: by_name.get(name) if value == "auto" else value for name, value in given.items()},
            }
    return Streams(net, built, head, maps, channels)
