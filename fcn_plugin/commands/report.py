"""Write a page about a net on the test split: scores, classes, confusion, the worst images, boundaries, calibration."""

from __future__ import annotations

import argparse
from pathlib import Path

from .options import RUN, add_options, at_least, load_config


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the config, the checkpoint and how many images to show."""
    add_options(parser, "config", "checkpoint", *RUN)
    parser.add_argument(
        "--worst", type=at_least(0), default=8, help="images of the lowest mean IU to show (default: 8)"
    )
    parser.add_argument(
        "--best", type=at_least(0), default=4, help="images of the highest mean IU to show (default: 4)"
    )


def main(args: argparse.Namespace) -> None:
    """Evaluate once, then write ``report.html`` and its tables to the work dir.

    Raises:
        UserError: as of :func:`.test.test_runner`; ``config-value`` for a net of several labels.
    """
    from mmengine.dist import is_main_process

    from ..preflight.limits import add_report
    from ..report.write import write_report
    from .test import test_runner

    cfg = load_config(args)
    add_report(cfg, args.worst, args.best)
    runner = test_runner(cfg, args.checkpoint, limits=True)
    runner.test()
    if is_main_process():
        title = f"{Path(cfg.filename).stem} on {_split(cfg)}"
        facts = {"checkpoint": Path(args.checkpoint).name}
        rgb = next((module.rgb for module in runner.model.modules() if hasattr(module, "rgb")), None)
        files = write_report(
            Path(cfg.work_dir), title, facts, runner.test_evaluator.metrics, runner.test_dataloader.dataset, rgb
        )
        for path in files:
            print(f"wrote {path}")


def _split(cfg) -> str:
    """Name what is evaluated: the folder of images, or the list of names."""
    data = cfg.test_dataloader.dataset
    named = data.get("ann_file") or (data.get("data_prefix") or {}).get("img_path") or data.type
    return Path(named).stem
