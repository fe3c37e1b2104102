"""Label maps of images too large for one pass: tiles with all the context that the net sees, so memory stays flat.

A pixel's logits depend on the image up to ``reach`` pixels away (half the receptive field). A window that has that much of
the image round its tile, and begins on the net's grid, gives the tile the logits of the whole image, up to rounding. Nothing
is averaged over windows, as sliding windows with partial context must.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from mmengine.structures import PixelData
from torch import Tensor

from ..errors import UserError

TILE = 1024  # pixels; a window is some 500 larger for VGG16


def predict_tiles(model, data: dict) -> list:
    """Data samples with ``pred_sem_seg`` (1, H, W), uint8 for up to 256 classes.

    Args:
        model: an ``FCN``; ``test_cfg.tile`` is the side of a tile in pixels, a multiple of the net's stride.
        data: a batch as data loaders give it: ``inputs``, images (3, H, W) before normalisation, and ``data_samples``.

    Raises:
        UserError: a tile that is no multiple of the stride, an image that was resized or turned, or logits that are asked for.
    """
    tile = model.test_cfg.get("tile", TILE)
    if tile < 1 or tile % model.stride:
        raise UserError(f"model.test_cfg.tile is {tile}: give a multiple of the net's stride, {model.stride}")
    if model.test_cfg.get("keep_logits"):
        raise UserError(
            "mode='tiles' gives label maps without logits, as test-time augmentation needs them: mode='whole'"
        )
    samples = data["data_samples"]
    for image, sample in zip(data["inputs"], samples, strict=True):
        meta = sample.metainfo
        if meta.get("flip") or tuple(meta["ori_shape"]) != tuple(image.shape[-2:]):
            raise UserError(
                f"{meta.get('img_path')}: mode='tiles' needs images as they are, but {tuple(meta['ori_shape'])} became "
                f"{tuple(image.shape[-2:])}: take Resize and flips out of the pipeline, or mode='whole'"
            )
        sample.pred_sem_seg = PixelData(data=_label_map(model, image, tile)[None])
    return samples


def windows(side: int, tile: int, border: int) -> Iterator[tuple[slice, slice]]:
    """Tiles along an axis, each with the window it is cut from."""
    for first in range(0, side, tile):
        last = min(first + tile, side)
        yield slice(first, last), slice(max(0, first - border), min(side, last + border))


def _label_map(model, image: Tensor, tile: int) -> Tensor:
    border = -(-model.decode_head.reach // model.stride) * model.stride
    small = model.num_classes <= 256
    labels = torch.empty(image.shape[-2:], dtype=torch.uint8 if small else torch.int16)
    for rows, high in windows(labels.shape[0], tile, border):
        for columns, wide in windows(labels.shape[1], tile, border):
            batch = model.data_preprocessor(dict(inputs=[image[:, high, wide]]), False)
            found = model(batch["inputs"], None, mode="predict")[0].pred_sem_seg.data[0]
            inside = found[rows.start - high.start :, columns.start - wide.start :]
            labels[rows, columns] = inside[: rows.stop - rows.start, : columns.stop - columns.start]
    return labels
