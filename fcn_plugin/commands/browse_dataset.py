"""Draw samples of a split as the net receives them, augmented, with their masks laid over them."""

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
    count = "samples, evenly spread over the split; several draws of each if there are fewer (default: 16)"
    parser.add_argument("--count", type=at_least(1), default=16, help=count)
    parser.add_argument("--seed", type=at_least(0, 2**32 - 1), default=0, help="of the augmentation (default: 0)")
    parser.add_argument("--out", metavar="FILE.png", help="(default: work_dirs/browse/CONFIG-SPLIT.png)")


def main(args: argparse.Namespace) -> None:
    """Draw the picture, and print what looks wrong."""
    cfg = load_config(args, runs="browse")
    out = args.out or f"{cfg.work_dir}-{args.split}.png"
    for line in browse_dataset(cfg, args.split, out, args.count, args.seed):
        print(line)
    print(f"wrote {out}")


def browse_dataset(cfg: Config, split: str, out: str | Path, count: int = 16, seed: int = 0) -> list[str]:
    """Draw ``count`` samples, evenly spread over a split, into the PNG ``out``; return a line for everything that looks wrong.

    A sample passes the split's pipeline and the net's data preprocessor, alone: a training batch of unequal crops would also be
    padded to the largest. The picture shows the input of the normalisation, in its true colours. Beyond the length of the
    data set, there are several draws of each sample.

    Raises:
        UserError: output-path: ``out`` is no PNG or can't be written; as ``prepare`` and :class:`CheckedPipeline`.
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
