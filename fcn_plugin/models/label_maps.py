"""Compute label maps without full-resolution logits: in strips for one pass, in tiles for images too large for one pass.

A pixel's logits depend on the image up to ``reach`` pixels away (half the receptive field). A window that has this much of
the image around its tile, and begins on the net's grid, gives the tile the logits of the whole image, up to rounding. Nothing
is averaged over windows; sliding windows with partial context need this.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from torch import Tensor

from ..errors import UserError
from ..layers.bilinear import crop
from .decision import as_data

if TYPE_CHECKING:
    from .fcn import FCN
    from .skip_head import FCNSkipHead

TILE = 1024  # pixels; a window is some 500 larger for VGG16
# bytes of logits at a time: few enough for a CPU's cache; other devices need more to be busy
STRIP_BYTES = defaultdict(lambda: 256 << 20, cpu=4 << 20)


def label_map(head: FCNSkipHead, fused: Tensor, size: tuple[int, int], inputs: Sequence[Any] = ()) -> Tensor:
    """Compute the labels of each pixel (:meth:`.Decision.labels`) from fused scores (N, C, h, w) of an FCNSkipHead.

    ``inputs`` are the head's, for a head that refines its logits.
    """
    upscore, offset = getattr(head, head.last_upscore), head.crops["score"]
    n, (height, width) = len(fused), size
    rows = max(1, STRIP_BYTES[fused.device.type] // (4 * n * fused.shape[1] * width))
    sides = (n, *head.decision.maps(fused.shape[1]), height, width)
    labels = fused.new_empty(sides, dtype=torch.uint8 if head.decision.multilabel else torch.int64)
    fused = fused.contiguous(memory_format=torch.channels_last)
    with torch.autocast(fused.device.type, enabled=False):
        for top in range(0, height, rows):
            bottom = min(top + rows, height)
            strip = upscore.rows(fused, top + offset, bottom + offset)[..., offset:]
            logits = head.refine(crop(strip, 0, (bottom - top, width)), inputs, top)
            labels[..., top:bottom, :] = head.decision.labels(logits)
    return labels


def predict_labels(model: FCN, inputs: Tensor, samples: list[SegDataSample]) -> list[SegDataSample]:
    """Set ``pred_sem_seg`` of data samples for images (N, 3, H, W); compute full logits only for images to be resized back.

    Args:
        model: an ``FCN``.
        inputs: images from its preprocessor.
        samples: data samples of these images.
    """
    head, (*streams, size) = model.decode_head, model.extract_feat(inputs)
    fused = head.finite_scores((*streams, size), [sample.metainfo for sample in samples])
    for i, sample in enumerate(samples):
        scores, *own = (batch[i : i + 1] for batch in (fused, *streams))
        if is_unchanged(sample.metainfo, size):
            sample.pred_sem_seg = as_data(label_map(head, scores, size, (*own, size))[0])
        else:
            logits = head.refine(head.upsample_scores(scores, size), (*own, size))
            model.postprocess_result(logits, [sample])
            del sample.seg_logits
    return samples


def predict_tiles(model: FCN, data: dict[str, Any]) -> list[SegDataSample]:
    """Return data samples with ``pred_sem_seg`` (1, H, W), uint8 for up to 256 classes, or (C, H, W) with a map per label or task.

    Args:
        model: an ``FCN``; ``test_cfg.tile`` is the side of a tile in pixels, a multiple of the net's stride.
        data: a batch of a data loader: ``inputs``, images (3, H, W) before normalisation, and ``data_samples``.

    Raises:
        UserError: ``config-value`` for a tile that is not a multiple of the stride, an image that was resized or flipped, or
            ``test_cfg.keep_logits`` or ``test_cfg.crf``.
    """
    tile = model.test_cfg.get("tile", TILE)
    if tile < 1 or tile % model.stride:
        raise UserError("config-value", f"test_cfg.tile is {tile}: give a multiple of the net's stride, {model.stride}")
    if model.test_cfg.get("keep_logits"):
        need = "test_cfg.keep_logits and test-time augmentation need mode='whole'"
        raise UserError("config-value", f"test_cfg.mode='tiles' gives label maps without logits: {need}")
    if model.crf is not None:
        raise UserError(
            "config-value", "test_cfg.crf needs the logits of the whole image: set test_cfg.mode='whole', not 'tiles'"
        )
    for image, sample in zip(data["inputs"], data["data_samples"], strict=True):
        meta, size = sample.metainfo, tuple(image.shape[-2:])
        if not is_unchanged(meta, size):
            change = f"{meta.get('img_path')}: {tuple(meta['ori_shape'])} became {size}"
            remedy = "Remove Resize and flips from the pipeline, or set mode='whole'."
            raise UserError("config-value", f"test_cfg.mode='tiles' needs unchanged images: {change}. {remedy}")
        sample.pred_sem_seg = PixelData(data=_tiled_labels(model, image, tile))
    return data["data_samples"]


def is_unchanged(meta: dict[str, Any], size: tuple[int, ...]) -> bool:
    """Return whether an image was not resized, flipped or padded before the net."""
    padded = any(meta.get("img_padding_size") or meta.get("padding_size") or ())
    return not padded and not meta.get("flip") and tuple(meta.get("ori_shape", size)) == size


def windows(side: int, tile: int, border: int) -> Iterator[tuple[slice, slice]]:
    """Yield each tile along an axis, and the window to compute for it."""
    for first in range(0, side, tile):
        last = min(first + tile, side)
        yield slice(first, last), slice(max(0, first - border), min(side, last + border))


def _tiled_labels(model: FCN, image: Tensor, tile: int) -> Tensor:
    border = -(-model.decode_head.reach // model.stride) * model.stride
    maps = (*model.decision.maps(model.out_channels), 1)[0]
    labels = torch.empty(maps, *image.shape[-2:], dtype=torch.uint8 if model.num_classes <= 256 else torch.int16)
    for rows, high in windows(labels.shape[1], tile, border):
        for columns, wide in windows(labels.shape[2], tile, border):
            batch = model.data_preprocessor(dict(inputs=[image[:, high, wide]]), False)
            found = model(batch["inputs"], None, mode="predict")[0].pred_sem_seg.data
            inside = found[:, rows.start - high.start :, columns.start - wide.start :]
            labels[:, rows, columns] = inside[:, : rows.stop - rows.start, : columns.stop - columns.start]
    return labels
