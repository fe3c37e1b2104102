"""Draw samples of a split as the net receives them, augmented, with their masks laid over them."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UserError
from .options import add_config, add_split, at_least, load_config

if TYPE_CHECKING:
    import numpy as np
    import torch
    from mmengine.config import Config, ConfigDict

MANY = 0.5  # of the labels: more void than this is worth a line


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the config, the split and the picture."""
    add_config(parser)
    add_split(parser)
    count = "samples, evenly spread over the split; several draws of each if there are fewer (default: 16)"
    parser.add_argument("--count", type=at_least(1), default=16, help=count)
    parser.add_argument("--seed", type=int, default=0, help="of the augmentation (default: 0)")
    parser.add_argument("--out", metavar="FILE.png", help="(default: work_dirs/browse/CONFIG-SPLIT.png)")


def main(args: argparse.Namespace) -> None:
    """Draw the picture, and print what looks wrong."""
    cfg = load_config(args, runs="browse")
    out = args.out or f"{cfg.work_dir}-{args.split}.png"
    for line in browse_dataset(cfg, args.split, out, args.count, args.seed):
        print(line)
    print(f"wrote {out}")


@dataclass(frozen=True)
class Seen:
    """One sample as the net receives it.

    Attributes:
        path: file of the image.
        image: (H, W, 3) uint8 RGB, the padding of the training batch included.
        mask: uint8 class ids with 255 for void, or None; (H, W) in training, the size of the truth in evaluation.
        original: (height, width) of the file.
        fits: the mask has the image's size, or in evaluation that of the file, which the scores are brought to.
    """

    path: str
    image: np.ndarray
    mask: np.ndarray | None
    original: tuple[int, int]
    fits: bool = True

    @property
    def caption(self) -> str:
        """The file's name, and the sizes as width x height."""
        size = _size(self.image.shape)
        if self.mask is not None and self.mask.shape != self.image.shape[:2]:
            size += f", mask {_size(self.mask.shape)}"
        elif self.image.shape[:2] != self.original:
            size += f" of {_size(self.original)}"
        return f"{Path(self.path).name}\n{size}"


def browse_dataset(cfg: Config, split: str, out: str | Path, count: int = 16, seed: int = 0) -> list[str]:
    """Draw ``count`` samples, evenly spread over a split, into the PNG ``out``.

    A sample passes the split's pipeline and the net's data preprocessor, alone: in training a batch of unequal crops is padded to
    the largest besides. The picture shows what normalisation is given, and colours as they are, whatever the net's channel order.

    Args:
        cfg: a whole config.
        split: ``train``, ``val`` or ``test``.
        out: file to write.
        count: samples; beyond the length of the data set, several draws of each.
        seed: of the augmentation.

    Returns:
        A line for everything that surprises.

    Raises:
        UserError: the config, its data or a mask can't be used, or ``out`` can't be written.
    """
    from mmengine.registry import init_default_scope
    from mmengine.runner.utils import set_random_seed
    from mmseg.registry import DATASETS, MODELS

    from ..data.broken_files import check_files
    from ..data.leaves import unrepeated
    from ..data.palette import voc_palette
    from ..preflight.config import check_config, make_dir
    from ..visualization.sheet import contact_sheet

    init_default_scope(cfg.get("default_scope", "mmseg"))
    check_config(cfg, (split,))
    if Path(out).suffix.lower() != ".png":
        raise UserError(f"--out {out}: the picture is a PNG: name a file .png")
    make_dir(str(Path(out).parent), "--out")
    dataset = unrepeated(DATASETS.build(cfg[f"{split}_dataloader"].dataset))
    check_files(dataset)
    preprocessor = MODELS.build(cfg.model.data_preprocessor)
    set_random_seed(seed)
    head = cfg.model.decode_head
    samples = [_see(dataset[i * len(dataset) // count], preprocessor, head, split == "train") for i in range(count)]
    names = dataset.metainfo.get("classes") or [str(i) for i in range(head.num_classes)]
    palette = dataset.metainfo.get("palette") or voc_palette()[: head.num_classes]
    contact_sheet([(sample.caption, sample.image, _fitted(sample)) for sample in samples], palette, names, out)
    return remarks(samples, names)


def remarks(samples: Sequence[Seen], names: Sequence[str]) -> list[str]:
    """What looks wrong in samples, a line each.

    Args:
        samples: with masks of the classes' ids.
        names: of the classes.
    """
    import numpy as np

    from ..visualization.pictures import VOID

    masks = [sample.mask for sample in samples if sample.mask is not None]
    void_alone = [sample for sample in samples if sample.mask is not None and (sample.mask == VOID).all()]
    one_colour = [sample for sample in samples if np.ptp(sample.image.reshape(-1, 3), axis=0).max() == 0]
    kinds = {
        "show void alone, nothing is learnt from them": void_alone,
        "have an image of one colour": one_colour,
        "have a mask of another size than the image": [sample for sample in samples if not sample.fits],
        "have no mask": [sample for sample in samples if sample.mask is None],
    }
    lines = [
        f"{len(found)} of {len(samples)} samples {kind}: {_files(found)}" for kind, found in kinds.items() if found
    ]
    void = sum(int((mask == VOID).sum()) for mask in masks) / max(1, sum(mask.size for mask in masks))
    if void > MANY:
        lines.append(f"{100 * void:.0f} % of the pixels are void")
    classes = set().union(*(np.unique(mask).tolist() for mask in masks)) - {VOID}
    if len(classes) == 1 and len(samples) > 1:
        lines.append(f"all {len(samples)} samples show one class, {names[classes.pop()]}")
    return lines


def _see(packed: dict, preprocessor: torch.nn.Module, head: ConfigDict, training: bool) -> Seen:
    import torch

    from ..label_ids import check_label_ids
    from ..visualization.pictures import VOID
    from ..weights.preprocessing import of_preprocessor

    sample = packed["data_samples"]
    height, width = packed["inputs"].shape[-2:]
    with torch.inference_mode():
        batch = preprocessor(dict(inputs=[packed["inputs"]], data_samples=[sample]), training)
    order, mean, std = of_preprocessor(preprocessor).cpu()
    image = batch["inputs"][0].cpu() * std[:, None, None] + mean[:, None, None]
    image = image[order.long()].permute(1, 2, 0).round().clamp(0, 255).byte().numpy()
    if not training:
        image = image[:height, :width]  # scores of what is padded in evaluation are cut off
    mask = None
    if "gt_sem_seg" in sample:
        ids = batch["data_samples"][0].gt_sem_seg.data[0].cpu()
        ignored = head.get("ignore_index", VOID)
        check_label_ids(ids, head.num_classes, ignored, sample.get("seg_map_path"))
        mask = ids.masked_fill(ids == ignored, VOID).byte().numpy()  # not int64: many large masks are held at once
    original = tuple(sample.ori_shape[:2])
    sizes = [image.shape[:2]] if training else [image.shape[:2], original]
    return Seen(
        path=sample.img_path,
        image=image,
        mask=mask,
        original=original,
        fits=mask is None or mask.shape in sizes,
    )


def _fitted(sample: Seen) -> np.ndarray | None:
    """The mask in the image's size, for the picture."""
    import numpy as np
    from PIL import Image

    if sample.mask is None or sample.mask.shape == sample.image.shape[:2]:
        return sample.mask
    mask = Image.fromarray(sample.mask)
    return np.asarray(mask.resize(sample.image.shape[1::-1], Image.Resampling.NEAREST))


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[1]} x {shape[0]}"


def _files(samples: Sequence[Seen]) -> str:
    """Their names, each once, with the number of draws where there are several."""
    draws = Counter(sample.path for sample in samples)
    return ", ".join(path if n == 1 else f"{path} ({n} draws)" for path, n in draws.items())
