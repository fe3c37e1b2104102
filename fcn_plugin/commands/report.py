"""Write a report of a net on the test split: scores, classes, confusion, worst images, boundaries, calibration."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from .options import RUN, add_options, at_least, load_config

if TYPE_CHECKING:
    from mmengine.config import Config


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the config, the checkpoint and how many images to show."""
    add_options(parser, "config", "checkpoint", *RUN)
    parser.add_argument(
        "--worst", type=at_least(0), default=8, help="how many images with the lowest mean IU to show (default: 8)"
    )
    parser.add_argument(
        "--best", type=at_least(0), default=4, help="how many images with the highest mean IU to show (default: 4)"
    )


def main(args: argparse.Namespace) -> None:
    """Write the report."""
    for path in report(load_config(args), args.checkpoint, args.worst, args.best):
        print(f"wrote {path}")


def report(cfg: Config, checkpoint: str, worst: int = 8, best: int = 4) -> list[Path]:
    """Evaluate a net, write ``report.html`` and its tables to the work dir and return their paths (empty if rank is not 0).

    Args:
        cfg: config with ``work_dir``.
        checkpoint: checkpoint file or exported net.
        worst, best: how many images to show.

    Raises:
        UserError: those of :func:`.test.test_runner`; ``config-value`` for a multi-label net.
    """
    from mmengine.dist import is_main_process

    from ..export.engine import ExportedNet
    from ..preflight.limits import add_report
    from ..report.write import write_report
    from .test import test_runner

    add_report(cfg, worst, best)
    runner = test_runner(cfg, checkpoint, limits=True)
    for net in runner.model.modules():
        if isinstance(net, ExportedNet):
            net.test_cfg.keep_logits = True
    runner.test()
    if not is_main_process():
        return []
    data = cfg.test_dataloader.dataset
    split = data.get("ann_file") or (data.get("data_prefix") or {}).get("img_path") or data.type
    title = f"{Path(cfg.filename).stem} on {Path(split).stem}"
    metrics, dataset = runner.test_evaluator.metrics, runner.test_dataloader.dataset
    return write_report(
        Path(cfg.work_dir), title, {"checkpoint": Path(checkpoint).name}, metrics, dataset, runner.model
    )
