"""Draw augmented samples of a split, as the net receives them, with their masks overlaid."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from .options import DATA, add_options, at_least, load_config, prepare_sheet

if TYPE_CHECKING:
    from mmengine.config import Config


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the config, the split and the picture."""
    add_options(parser, "config", *DATA, "--split")
    count = "number of samples, evenly spaced over the split; a smaller split is drawn more than once (default: 16)"
    parser.add_argument("--count", type=at_least(1), default=16, help=count)
    parser.add_argument("--seed", type=at_least(0, 2**32 - 1), default=0, help="seed of the augmentation (default: 0)")
    parser.add_argument("--out", metavar="FILE.png", help="picture (default: work_dirs/browse/CONFIG-SPLIT.png)")


def main(args: argparse.Namespace) -> None:
    """Draw the picture and print what looks wrong."""
    cfg = load_config(args, runs="browse")
    out = args.out or f"{cfg.work_dir}-{args.split}.png"
    for line in browse_dataset(cfg, args.split, out, args.count, args.seed):
        print(line)
    print(f"wrote {out}")


def browse_dataset(cfg: Config, split: str, out: str | Path, count: int = 16, seed: int = 0) -> list[str]:
    """Draw ``count`` samples of a split into the PNG ``out`` and return a line for each thing that looks wrong.

    Samples are evenly spaced over the split, and drawn more than once if ``count`` exceeds its length. Each passes the split's
    pipeline and the net's data preprocessor on its own, so there is no padding to the largest crop of a batch. Colours are those
    before normalisation.

    Raises:
        UserError: output-path: ``out`` is not a PNG or can't be written; those of ``prepare`` and :class:`CheckedPipeline`.
    """
    from mmengine.runner.utils import set_random_seed
    from mmseg.registry import DATASETS, MODELS

    from ..data.broken_files import check_files
    from ..data.leaves import refuse_multilabel, unrepeated
    from ..datatools.browse import draw_samples
    from ..preflight.prepare import prepare
    from ..weights.preprocessing import of_preprocessor

    prepare(cfg, (split,))
    refuse_multilabel(cfg[f"{split}_dataloader"].dataset, "browse_dataset")
    prepare_sheet(out, "--out")
    dataset = unrepeated(DATASETS.build(cfg[f"{split}_dataloader"].dataset))
    check_files(dataset)
    preprocessor = MODELS.build(cfg.model.data_preprocessor)
    set_random_seed(seed)
    colours, head = of_preprocessor(preprocessor), cfg.model.decode_head
    return draw_samples(dataset, preprocessor, colours, head, split == "train", Path(out), count)
