"""Train a net from a config."""

from __future__ import annotations

import argparse
import gc
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .options import RUN, add_options, load_config

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmengine.config import Config

    from ..preflight.fill_in import Prepared


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the config, the shared options and where the run starts."""
    add_options(parser, "config", *RUN)
    resume = "continue from the work dir's last checkpoint, or from PATH"
    parser.add_argument("--resume", nargs="?", const="auto", metavar="auto|PATH", help=resume)
    parser.add_argument("--load-from", metavar="PATH", help="start from the weights of this checkpoint")
    adapt = "accept a checkpoint with another number of classes and train new score layers"
    parser.add_argument("--adapt-classes", action="store_true", help=adapt)


def main(args: argparse.Namespace) -> None:
    """Train."""
    train(load_config(args), args.resume, args.load_from, args.adapt_classes)


def train(
    cfg: Config,
    resume: str | None = None,
    load_from: str | None = None,
    adapt_classes: bool = False,
    hooks: Sequence[dict[str, Any]] = (),
) -> None:
    """Train a net from a config. The run locks its work dir.

    Args:
        cfg: config with ``work_dir``; :func:`~..preflight.prepare.prepare_training` fills it in.
        resume: checkpoint to resume, or ``auto``: the work dir's last usable one, or a fresh start if there is none.
        load_from: checkpoint of the initial weights, unless the run resumes.
        adapt_classes: train new score layers if ``load_from`` has another number of classes.
        hooks: entries to add to ``custom_hooks``.

    Raises:
        UserError: the config, its data, a checkpoint or the work dir can't be used.
        SystemExit: code 99, after writing a checkpoint, if a signal asked the run to stop.
    """
    from ..engine.start import Asked
    from ..preflight.prepare import prepare_training

    asked = Asked.of(cfg, resume, load_from, adapt_classes)
    with prepare_training(cfg, asked, hooks) as prepared:
        _run(cfg, prepared)


def _run(cfg: Config, prepared: Prepared) -> None:
    """Train; after a divergence, retry from the last checkpoint with a lower learning rate if the config allows it."""
    from mmengine.device import get_device

    from ..engine.build import build_runner
    from ..engine.divergence import COUNT, Diverged
    from ..engine.start import find_resume

    start, retries, factor, name = prepared.start, 0, 1.0, None
    while True:
        runner = build_runner(cfg, start, name)
        runner.lower_rates_for = retries, factor
        log = runner.logger
        what = f"{cfg.filename} on {get_device()} in {prepared.precision}"
        log.info(f"training {what}, log and weights in {cfg.work_dir}")
        for warning in prepared.warnings:
            log.warning(warning)
        try:
            runner.train()
            return
        except Diverged as error:
            retries, factor = runner.message_hub.runtime_info.get(COUNT, 0) + 1, error.factor
            last = find_resume(cfg.work_dir, strict=False, own=True)
            where = f"back to {last.path if last else 'the start'} with the learning rate x {factor:g}"
            log.warning(f"{error.message}: {where}, retry {retries} of at most {error.most}")
        start, name = last or prepared.start, f"{Path(cfg.filename).stem}_retry{retries}"
        del runner
        gc.collect()  # mmengine's objects form reference cycles; free their device memory before the next run
