"""Evaluate a checkpoint on the config's test split."""

from __future__ import annotations

import argparse
import warnings
from typing import TYPE_CHECKING

from .options import RUN, add_options, load_config

if TYPE_CHECKING:
    from mmengine.config import Config


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the config, the checkpoint and what to write."""
    add_options(parser, "config", "checkpoint", *RUN)
    parser.add_argument("--out", metavar="DIR", help="write predicted masks as palette PNGs")
    parser.add_argument("--show-dir", metavar="DIR", help="write panels: image | truth | prediction")
    parser.add_argument("--tta", action="store_true", help="average over flips and scales")


def main(args: argparse.Namespace) -> None:
    """Evaluate."""
    test(load_config(args), args.checkpoint, masks=args.out, pictures=args.show_dir, tta=args.tta)


def test(
    cfg: Config, checkpoint: str, masks: str | None = None, pictures: str | None = None, tta: bool = False
) -> dict[str, float]:
    """Evaluate a checkpoint on the test split; returns the scores.

    Args:
        cfg: with ``work_dir``.
        checkpoint: file of the weights.
        masks: folder for predicted palette PNGs.
        pictures: folder for panels of image, truth and prediction.
        tta: average over the flips and scales of ``cfg.tta_pipeline``.
    """
    from ..atomic_write import make_dir
    from ..checkpoints.read import require_checkpoint
    from ..compat import TTA_NOTICE
    from ..engine.build import build_runner
    from ..engine.start import Weights
    from ..preflight.prepare import prepare

    require_checkpoint(checkpoint)
    hooks = [dict(type="PredictionHook", mask_dir=masks, picture_dir=pictures)] if masks or pictures else []
    prepared = prepare(cfg, ("test",), look_for_files=True, tta=tta, hooks=hooks)
    for folder, option in ((cfg.work_dir, "--work-dir"), (masks, "--out"), (pictures, "--show-dir")):
        if folder:
            make_dir(folder, option)
    if tta:
        warnings.filterwarnings("ignore", message=TTA_NOTICE)
    runner = build_runner(cfg, Weights(checkpoint))
    for warning in prepared.warnings:
        runner.logger.warning(warning)
    return runner.test()
