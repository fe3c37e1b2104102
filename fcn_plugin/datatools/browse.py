"""Draw samples as the net receives them, and report what looks wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import ConfigDict
from mmengine.dataset import BaseDataset
from PIL import Image
from torch import Tensor, nn

from ..data.bands.picture import draw_bands
from ..data.headers import width_height
from ..data.palette import VOID, voc_palette
from ..errors import printable
from ..label_ids import check_label_ids
from ..visualization.sheet import contact_sheet

MANY = 0.5  # share of void in the labels above which it is reported


@dataclass(frozen=True)
class Seen:
    """One sample as the net receives it."""

    path: str  # of the image
    image: np.ndarray  # (H, W, 3) uint8 RGB, including the padding of the training batch
    mask: np.ndarray | None  # uint8 ids, 255 for void; (H, W) in training, the size of the truth in evaluation
    original: tuple[int, int]  # (height, width) of the file
    fits: bool = True  # the mask has the image's size, or in evaluation the file's, to which scores are resized

    def tile(self) -> tuple[str, np.ndarray, np.ndarray | None]:
        """Return a caption with file name and sizes, the image, and the mask in the image's size."""
        shape, mask = self.image.shape[:2], self.mask
        size = width_height(shape[::-1])
        if mask is not None and mask.shape != shape:
            size += f", mask {width_height(mask.shape[::-1])}"
            mask = np.asarray(Image.fromarray(mask).resize(shape[::-1], Image.Resampling.NEAREST))
        elif shape != self.original:
            size += f" of {width_height(self.original[::-1])}"
        return f"{Path(self.path).name}\n{size}", self.image, mask


def draw_samples(
    dataset: BaseDataset,
    preprocessor: nn.Module,
    colours: Tensor,
    head: ConfigDict,
    training: bool,
    out: Path,
    count: int,
) -> list[str]:
    """Draw ``count`` samples of a built data set into the PNG ``out``; see the command ``browse_dataset``.

    ``colours`` is the record of the net's ``preprocessor`` (``weights.preprocessing``), ``head`` the config's head.
    """
    packed = (dataset[i * len(dataset) // count] for i in range(count))
    samples = [_see(item, preprocessor, colours.cpu(), head, training) for item in packed]
    names = dataset.metainfo.get("classes") or [str(i) for i in range(head.num_classes)]
    palette = dataset.metainfo.get("palette") or voc_palette()[: head.num_classes]
    contact_sheet([sample.tile() for sample in samples], palette, names, out)
    return remarks(samples, names)


def _see(packed: dict[str, Any], preprocessor: nn.Module, colours: Tensor, head: ConfigDict, training: bool) -> Seen:
    """Pass a sample through the net's data preprocessor, and undo the normalisation."""
    sample = packed["data_samples"]
    height, width = packed["inputs"].shape[-2:]
    with torch.inference_mode():
        batch = preprocessor(dict(inputs=[packed["inputs"]], data_samples=[sample]), training)
    order, mean, std = colours
    image = batch["inputs"][0].cpu() * std[:, None, None] + mean[:, None, None]
    image = _picture(image, order)
    if not training:
        image = image[:height, :width]  # evaluation crops the scores of the padding
    mask = None
    if "gt_sem_seg" in sample:
        ids = batch["data_samples"][0].gt_sem_seg.data[0].cpu()
        ignored = head.get("ignore_index", VOID)
        check_label_ids(ids, head.num_classes, ignored, sample)
        mask = ids.masked_fill(ids == ignored, VOID).byte().numpy()  # not int64, since many large masks are kept
    original = tuple(sample.ori_shape[:2])
    fits = mask is None or mask.shape == image.shape[:2] or (not training and mask.shape == original)
    return Seen(sample.img_path, image, mask, original, fits)


def _picture(image: Tensor, order: Tensor) -> np.ndarray:
    """Convert (N, H, W) in the images' units to (H, W, 3) uint8 RGB; ``order`` is the colour of each channel."""
    places = {int(colour): place for place, colour in enumerate(order.tolist())}
    pixels = image.permute(1, 2, 0).numpy()
    if len(order) == 3 and pixels.max() < 255.5:
        pixels = pixels.round().clip(0, 255).astype(np.uint8)
    return draw_bands(pixels, [places[colour] + 1 for colour in range(3)] if 0 in places else None)


def remarks(samples: Sequence[Seen], names: Sequence[str]) -> list[str]:
    """List what looks wrong in samples, one line each; ``names``: class names."""
    masks = [sample.mask for sample in samples if sample.mask is not None]
    void = [sample for sample in samples if sample.mask is not None and (sample.mask == VOID).all()]
    plain = [sample for sample in samples if np.ptp(sample.image.reshape(-1, 3), axis=0).max() == 0]
    kinds = {
        "are all void, so nothing is learnt from them": void,
        "have an image of a single colour": plain,
        "have a mask of another size than the image": [sample for sample in samples if not sample.fits],
        "have no mask": [sample for sample in samples if sample.mask is None],
    }
    total = len(samples)
    lines = [f"{len(found)} of {total} samples {kind}: {_files(found)}" for kind, found in kinds.items() if found]
    share = sum(int((mask == VOID).sum()) for mask in masks) / max(1, sum(mask.size for mask in masks))
    if share > MANY:
        lines.append(f"{100 * share:.0f} % of the pixels are void")
    classes = set().union(*(np.unique(mask).tolist() for mask in masks)) - {VOID}
    if len(classes) == 1 and total > 1:
        lines.append(f"all {total} samples show only one class, {printable(names[classes.pop()])}")
    return lines


def _files(samples: Sequence[Seen]) -> str:
    """List the file names, each once, with the number of draws if more than one."""
    draws = Counter(sample.path for sample in samples)
    return ", ".join(printable(path) + (f" ({n} draws)" if n > 1 else "") for path, n in draws.items())
