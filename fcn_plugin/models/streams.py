"""What a net's parts say of each other, read off the built parts: channels and strides that a config leaves ``"auto"``."""

from __future__ import annotations

from mmseg.registry import MODELS
from torch import nn

from ..errors import UserError
from ..layers.trace import output_shapes, trace_coord_maps

AUTO = "auto"


def build_streams(backbone: dict, neck: dict, head: dict) -> tuple[nn.Module, nn.Module, dict]:
    """Build backbone and neck, and return them with the head's config: every ``"auto"`` is filled in.

    Args:
        backbone: config of any backbone of mmseg or mmpretrain.
        neck: config; ``in_channels`` may be ``"auto"`` or absent.
        head: config; ``in_channels`` and ``strides``, by stream, may be ``"auto"``, absent, or lack streams.

    Raises:
        UserError: ``config-value`` for more streams than the neck returns; ``geometry`` as in :func:`trace_coord_maps`.
    """
    net = MODELS.build(backbone)
    if neck.get("in_channels", AUTO) == AUTO:
        trace_coord_maps([net])  # says what is wrong with the backbone, if anything
        neck = {**neck, "in_channels": [shape[1] for shape in output_shapes([net])]}
    neck_net = MODELS.build(neck)
    given = {key: {} if head.get(key, AUTO) == AUTO else head[key] for key in ("in_channels", "strides")}
    streams = head.get("streams") or ()
    if all(name in values for values in given.values() for name in streams):
        return net, neck_net, head
    grids, shapes = trace_coord_maps([net, neck_net]), output_shapes([net, neck_net])
    if len(streams) > len(grids):
        raise UserError("config-value", f"streams {tuple(streams)}: the neck returns {len(grids)}")
    found = dict(in_channels=[shape[1] for shape in shapes], strides=[int(grid.scale) for grid in grids])
    return (
        net,
        neck_net,
        {**head, **{key: {**dict(zip(streams, found[key], strict=False)), **given[key]} for key in found}},
    )
