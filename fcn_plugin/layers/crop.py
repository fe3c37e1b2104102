"""Cut a map to a size at an offset; a map that is too small is an error, never resized."""

from __future__ import annotations

from torch import Tensor

from ..errors import UserError


def crop(x: Tensor, offset: int, size: tuple[int, int]) -> Tensor:
    """(N, C, H, W) -> (N, C, *size), a view that starts at (offset, offset).

    Raises:
        UserError: ``offset + size`` reaches beyond the map.
    """
    height, width = x.shape[-2:]
    if offset + size[0] > height or offset + size[1] > width:
        raise UserError(
            f"a crop of {tuple(size)} at offset {offset} does not fit into a map of {(height, width)}: "
            "the input needs more padding"
        )
    return x[..., offset : offset + size[0], offset : offset + size[1]]
