"""Train a net from a config."""

from __future__ import annotations

import argparse
import gc
from pathlib import Path
from typing import TYPE_CHECKING

from .options import RUN, add_options, load_config

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmengine.config import Config

    from ..preflight.fill_in import Prepared


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the config, the processes and where the run starts."""
    add_options(parser, "config", *RUN)
    resume = "go on from the work dir's last checkpoint, or from PATH"
    parser.add_argument("--resume", nargs="?", const="auto", metavar="auto|PATH", help=resume)
    parser.add_argument("--load-from", metavar="PATH", help="start from the weights of this checkpoint")
    adapt = "the checkpoint is of another number of classes: train new score layers"
    parser.add_argument("--adapt-classes", action="store_true", help=adapt)


def main(args: argparse.Namespace) -> None:
    """Train."""
    train(load_config(args), args.resume, args.load_from, args.adapt_classes)


def train(
    cfg: Config,
    resume: str | None = None,
    load_from: str | None = None,
    adapt_classes: bool = False,
    hooks: Sequence[dict] = (),
) -> None:
    """Train a config, alone in its work dir.

    Args:
        cfg: with ``work_dir``; :func:`~..preflight.prepare.prepare_training` fills it in.
        resume: ``auto`` for the work dir's last usable checkpoint (from the start where there is none), or a file.
        load_from: checkpoint whose weights a run starts from that resumes nothing.
        adapt_classes: train new score layers, as that checkpoint is of another number of classes.
        hooks: entries to add to ``custom_hooks``.

    Raises:
        UserError: the config, its data, a checkpoint or the work dir can't be used.
        SystemExit: with code 99, after a checkpoint, where a signal asked the run to stop.
    """
    from ..engine.start import Asked
    from ..preflight.prepare import prepare_training

    asked = Asked.of(cfg, resume, load_from, adapt_classes)
    with prepare_training(cfg, asked, hooks) as prepared:
        _run(cfg, prepared)


def _run(cfg: Config, prepared: Prepared) -> None:
    """Run once, and again from the last checkpoint with a lower learning rate where a run diverges and may return."""
    from mmengine.device import get_device

    from ..engine.build import build_runner
    from ..engine.divergence import COUNT, Diverged
    from ..engine.start import find_resume

    start, returns, factor, name = prepared.start, 0, 1.0, None
    while True:
        runner = build_runner(cfg, start, name)
        runner.lower_rates_for = returns, factor
        log = runner.logger
        what = f"{cfg.filename} on {get_device()} in {prepared.precision}"
        log.info(f"training {what}, log and weights in {cfg.work_dir}")
        for warning in prepared.warnings:
            log.warning(warning)
        try:
            runner.train()
            return
        except Diverged as error:
            returns, factor = runner.message_hub.runtime_info.get(COUNT, 0) + 1, error.factor
            last = find_resume(cfg.work_dir, strict=False, own=True)
            where = f"back to {last.path if last else 'the start'} with the learning rate x {factor:g}"
            log.warning(f"{error.message}: {where}, return {returns} of at most {error.most}")
        start, name = last or prepared.start, f"{Path(cfg.filename).stem}_return{returns}"
        del runner
        gc.collect()  # the engine's objects hold each other: the next run would share the device with them
