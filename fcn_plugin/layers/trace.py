"""Trace the coordinate maps of any net's outputs.

The net runs on ``meta`` tensors (shapes only, no change of state). Each convolution, pooling and padding changes the map; other
operations keep it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import reduce
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.weak import WeakTensorKeyDictionary

from ..errors import UserError
from .coord_map import CoordMap
from .meta_run import run_on_meta

aten = torch.ops.aten
ANY_SIZE = "an FCN's backbone must accept any size; choose one without windows, positions or fully connected layers of a fixed size"


def trace_coord_maps(*args: Any, **kwargs: Any) -> list[CoordMap]:
    """Return only the coordinate maps of :func:`trace_outputs`."""
    return trace_outputs(*args, **kwargs)[0]


def trace_outputs(
    modules: Sequence[nn.Module],
    image: CoordMap | None = None,
    channels: int = 3,
    size: int = 512,
    any_size: bool = False,
) -> tuple[list[CoordMap], list[torch.Size]]:
    """Return the coordinate maps and shapes of the tensors that a chain of modules returns for an image.

    Args:
        modules: modules, each called on the output of the previous one.
        image: coordinate map of the first module's input; ``CoordMap().pad(p)`` for a padded image.
        channels: channels of the image (N, channels, size, size).
        size: side of the traced image in pixels; every feature map must have at least a pixel.
        any_size: require the same maps at any size, not only at multiples of the stride (unlike TensorFlow's padding).

    Raises:
        UserError: ``geometry``: branches on different grids are added, the two axes differ, an output can't be placed, or the maps
            depend on the image's size; ``config-value``: the number of channels does not fit a layer.
    """
    image = image or CoordMap()
    maps, shapes = _trace(modules, image, channels, size)
    step = math.lcm(32, *(grid.scale.numerator for grid in maps))  # 32 gives the deepest map of most nets an odd side
    _, larger = _trace(modules, image, channels, size + step)
    for i, (grid, shape, grown) in enumerate(zip(maps, shapes, larger, strict=True)):
        if grown[-1] > 1 and grid.scale * (grown[-1] - shape[-1]) != step:
            sides = f"its side is {shape[-1]} for images of {size} px and {grown[-1]} for {size + step} px"
            reason = f"its layers have stride {grid.scale}, but {sides} (because of resizing or reshaping)"
            raise UserError("geometry", f"can't locate output {i} of shape {tuple(shape)} on the image: {reason}")
    if any_size and _trace(modules, image, channels, size + step + 1)[0] != maps:
        reason = "its padding depends on the image size, like TensorFlow's"
        raise UserError("geometry", f"the backbone has no fixed offsets: {reason}. Set model.geometry to 'aligned'")
    return maps, shapes


def _trace(
    modules: Sequence[nn.Module], image: CoordMap, channels: int, size: int
) -> tuple[list[CoordMap], list[torch.Size]]:
    value = torch.empty(1, channels, size, size, device="meta")
    tracer = _Tracer(value, image)
    try:
        with tracer:
            outputs = run_on_meta(modules, value)
    except UserError:
        raise
    except (RuntimeError, ValueError, AssertionError) as error:  # errors of layers have no common class
        reason = str(error) or "an assertion in it fails"
        if len(modules) == 1 or isinstance(error, AssertionError):
            message = f"the backbone fails on images of {size} x {size} px ({reason}): {ANY_SIZE}"
            raise UserError("geometry", message) from error
        message = f"a part of the net fails on the output of the previous one ({reason}): compare in_channels"
        raise UserError("config-value", message) from error
    for i, output in enumerate(outputs):
        if output not in tracer.maps:
            place = f"can't locate output {i} of shape {tuple(output.shape)} on the image"
            reason = "it is not computed by convolution, pooling, padding or elementwise operations (but by resizing or slicing)"
            raise UserError("geometry", f"{place}: {reason}. Remove it from the backbone's outputs")
    return [tracer.maps[output][0] for output in outputs], [output.shape for output in outputs]


class _Tracer(TorchDispatchMode):
    """Record the (vertical, horizontal) coordinate map of every tensor computed from the image."""

    def __init__(self, image: Tensor, grid: CoordMap) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch's has no types
        self.maps = WeakTensorKeyDictionary({image: (grid, grid)})

    def __torch_dispatch__(
        self, func: Any, types: object, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        first = result[0] if isinstance(result, (tuple, list)) and result else result
        moved = self._moved(func.overloadpacket, args) or self._inherited(func.overloadpacket, args, first)
        if moved is not None and isinstance(first, Tensor):
            if moved[0] != moved[1]:
                raise UserError("geometry", f"{func} leaves the two axes on different grids: {moved[0]}, {moved[1]}")
            for tensor in [first] if first is result else result:  # indices of pooling have the position of its values
                if isinstance(tensor, Tensor) and tensor.shape == first.shape:
                    self.maps[tensor] = moved
        return result

    def _moved(self, op: object, args: tuple[Any, ...]) -> tuple[CoordMap, CoordMap] | None:
        if (rule := _RULES.get(op)) is None or args[0] not in self.maps:
            return None
        met = self._met(args, args[0].shape)
        return met and (rule(met[0], 0, args), rule(met[1], 1, args))

    def _inherited(self, op: object, args: tuple[Any, ...], result: object) -> tuple[CoordMap, CoordMap] | None:
        if not isinstance(result, Tensor) or (result.dim() != 4 and op not in _KEEPS_PLACES):
            return None
        return self._met(args, None if op in _KEEPS_PLACES else result.shape)

    def _met(self, args: tuple[Any, ...], shape: torch.Size | None) -> tuple[CoordMap, CoordMap] | None:
        """Return the joint maps of the arguments with the height and width of ``shape``, or of all for None."""
        tensors = [a for arg in args for a in (arg if isinstance(arg, (tuple, list)) else [arg])]
        # a broadcast 1 x 1 gate has no grid
        placed = [t for t in tensors if isinstance(t, Tensor) and t in self.maps]
        maps = [self.maps[t] for t in placed if shape is None or t.shape[-2:] == shape[-2:]]
        if not maps:
            return None
        down, across = zip(*maps, strict=True)
        return reduce(CoordMap.met, down), reduce(CoordMap.met, across)


def _per_axis(value: int | Sequence[int], axis: int) -> int:
    return value if isinstance(value, int) else value[axis % len(value)]


def _convolution(grid: CoordMap, axis: int, args: tuple[Any, ...]) -> CoordMap:
    _, weight, _, stride, padding, dilation, transposed = args[:7]
    kernel, stride, padding = weight.shape[2 + axis], _per_axis(stride, axis), _per_axis(padding, axis)
    if transposed:
        return grid.up(kernel, stride, padding)
    return grid.down(kernel, stride, padding, _per_axis(dilation, axis))


def _max_pooling(grid: CoordMap, axis: int, args: tuple[Any, ...]) -> CoordMap:
    return _pooling(grid, axis, args, dilation=args[4] if len(args) > 4 else 1)


def _pooling(grid: CoordMap, axis: int, args: tuple[Any, ...], dilation: int | Sequence[int] = 1) -> CoordMap:
    kernel = args[1]
    stride = args[2] if len(args) > 2 and args[2] else kernel
    padding = args[3] if len(args) > 3 else 0
    return grid.down(*(_per_axis(value, axis) for value in (kernel, stride, padding, dilation)))


def _unpooling(grid: CoordMap, axis: int, args: tuple[Any, ...]) -> CoordMap:
    factor = Fraction(args[2][axis], args[0].shape[2 + axis])
    return grid.up(factor, factor)


def _padding(grid: CoordMap, axis: int, args: tuple[Any, ...]) -> CoordMap:
    # (left, right, top, bottom, ...) -> (top, left); top defaults to 0
    return grid.pad([0, *args[1][:4:2][::-1]][-2:][axis])


# these rearrange memory or mix channels, but keep positions
_KEEPS_PLACES = {
    *(aten.permute, aten.transpose, aten.view, aten._unsafe_view, aten.t, aten.clone, aten.expand, aten.cat),
    *(aten.addmm, aten.mm, aten.bmm, aten.native_layer_norm, aten.native_group_norm),
}
_RULES: dict[object, Callable[..., CoordMap]] = {
    aten.convolution: _convolution,
    aten.max_pool2d_with_indices: _max_pooling,
    aten.max_pool2d: _max_pooling,
    aten.avg_pool2d: _pooling,
    aten.max_unpool2d: _unpooling,
    aten.constant_pad_nd: _padding,
}
