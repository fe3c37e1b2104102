"""Class weights by median-frequency balancing (Eigen and Fergus, ICCV 2015, arXiv 1411.4734; as SegNet uses it).

C classes; freq(c) = pixels of class c / all pixels (including void) of the images with c; weight(c) = median of freq / freq(c).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from mmengine.config import ConfigDict
from mmengine.dataset import BaseDataset
from mmseg.registry import DATASETS
from prettytable import PrettyTable
from torch.utils.data import DataLoader
from tqdm import tqdm

from ..data.leaves import refuse_multilabel, unrepeated
from ..errors import UserError, printable
from ..label_ids import check_label_ids


@dataclass(frozen=True)
class PixelCounts:
    """int64 arrays (C,): ``pixels`` of each class; ``images``, number of masks with the class; ``seen``, all pixels of those."""

    pixels: np.ndarray
    images: np.ndarray
    seen: np.ndarray

    @property
    def share(self) -> np.ndarray:
        """Share of all labelled pixels, 0 .. 1."""
        return self.pixels / max(1, self.pixels.sum())

    @property
    def frequency(self) -> np.ndarray:
        """freq(c), 0 .. 1; 0 for a class that never occurs."""
        return self.pixels / np.maximum(self.seen, 1)

    def weights(self, power: float = 1.0) -> np.ndarray:
        """Return (median of freq / freq(c)) ** power; 1 for absent classes. The papers use a power of 1."""
        there = self.pixels > 0
        weights = np.ones(len(there))
        if there.any():
            weights[there] = (np.median(self.frequency[there]) / self.frequency[there]) ** power
        return weights


def masks_only(dataset: ConfigDict) -> ConfigDict:
    """Copy the config of a data set or wrapper with pipelines that only load masks; UserError: ``config-data``."""
    dataset = dataset.copy()
    wraps = "dataset" in dataset or "datasets" in dataset
    if "pipeline" in dataset:  # a wrapper's pipeline (MultiImageMixDataset) changes loaded images
        steps = [step for step in dataset.pipeline if step["type"].endswith("LoadAnnotations")]
        if not steps and not wraps:
            raise UserError("config-data", f"the pipeline of the {dataset.type} loads no masks: add LoadAnnotations")
        dataset.pipeline = [] if wraps else steps
    if "dataset" in dataset:
        dataset.dataset = masks_only(dataset.dataset)
    if "datasets" in dataset:
        dataset.datasets = [masks_only(inner) for inner in dataset.datasets]
    return dataset


def build_masks(dataset: ConfigDict) -> BaseDataset:
    """Build a config's data set without images: items have a mask, ``gt_seg_map``, with the data set's label map applied."""
    refuse_multilabel(dataset, "class_weights")
    return unrepeated(DATASETS.build(masks_only(dataset)))


def count_pixels(masks: BaseDataset, num_classes: int, ignore_index: int = 255, jobs: int = 0) -> PixelCounts:
    """Count the pixels of each class in the masks of :func:`build_masks`, in ``jobs`` processes (0: this one).

    Raises:
        UserError: mask-ids; mask-colours: not one id per pixel; mask-void: no mask has a labelled pixel.
    """
    pixels, images, seen = np.zeros((3, num_classes), np.int64)
    count = partial(_histogram, num_classes, ignore_index)
    for found in tqdm(DataLoader(masks, None, num_workers=jobs, collate_fn=count), unit="mask", desc="counting"):
        there = found[:num_classes] > 0
        pixels += found[:num_classes]
        images += there
        seen += there * found.sum()
    if not pixels.any():
        raise UserError("mask-void", f"none of {len(masks)} masks has a labelled pixel: check folder and ignore_index")
    return PixelCounts(pixels, images, seen)


def weight_table(counts: PixelCounts, names: Sequence[str] | None, power: float = 1.0) -> str:
    """Format a row per class: pixels, their share, images, freq(c), weight; without ``names``, classes are shown by id."""
    names = list(map(printable, names or map(str, range(len(counts.pixels)))))
    table = PrettyTable(["class", "pixels", "share %", "images", "frequency %", "weight"], align="r")
    table.align["class"] = "l"
    columns = (counts.pixels, counts.share, counts.images, counts.frequency, counts.weights(power))
    for name, pixels, share, images, frequency, weight in zip(names, *columns, strict=True):
        table.add_row([name, pixels, f"{100 * share:.2f}", images, f"{100 * frequency:.2f}", f"{weight:.3g}"])
    absent = ", ".join(name for name, pixels in zip(names, counts.pixels, strict=True) if pixels == 0)
    return table.get_string() + (f"\nabsent classes, weight 1 (no effect): {absent}" if absent else "")


def weight_line(counts: PixelCounts, power: float = 1.0) -> str:
    """Format the line for a config, weights to three digits."""
    weights = ", ".join(f"{weight:.3g}" for weight in counts.weights(power))
    return f"model = dict(decode_head=dict(loss_decode=dict(class_weight=[{weights}])))"


def _histogram(num_classes: int, ignore_index: int, item: dict[str, Any]) -> np.ndarray:
    """Count a mask's pixels of each class, with void last."""
    mask = torch.from_numpy(item["gt_seg_map"]).long()
    if mask.ndim > 2:
        raise UserError("mask-colours", f"{item['seg_map_path']} has shape {tuple(mask.shape)}: save ids, not colours")
    check_label_ids(mask, num_classes, ignore_index, item)
    mask[mask == ignore_index] = num_classes
    return torch.bincount(mask.flatten(), minlength=num_classes + 1).numpy()
