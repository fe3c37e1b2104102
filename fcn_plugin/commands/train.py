"""Train a net from a config."""

from __future__ import annotations

import argparse
import gc
import os
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UserError
from .options import add_config, add_launcher, add_speed, add_trust, add_work_dir, load_config
from .test import build_runner, warn_of_emulation

if TYPE_CHECKING:
    from mmengine.config import Config


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the config, the processes and where the run starts."""
    add_config(parser)
    add_work_dir(parser)
    add_speed(parser)
    add_launcher(parser)
    resume = "go on from the work dir's last checkpoint, or from PATH"
    parser.add_argument("--resume", nargs="?", const="auto", metavar="auto|PATH", help=resume)
    parser.add_argument("--load-from", metavar="PATH", help="start from the weights of this checkpoint")
    adapt = "the checkpoint is of another number of classes: train new score layers"
    parser.add_argument("--adapt-classes", action="store_true", help=adapt)
    add_trust(parser)


def main(args: argparse.Namespace) -> None:
    """Train."""
    from ..checkpoints.trust import trusting

    cfg = load_config(args)
    cfg.load_from = args.load_from or cfg.get("load_from")
    if args.load_from:
        cfg.resume = False  # of the config: it would take these weights for a run to go on with
    cfg.adapt_classes = args.adapt_classes or cfg.get("adapt_classes", False)
    with trusting(args.trust_checkpoint):
        train(cfg, args.resume)


def train(cfg: Config, resume: str | None = None) -> None:
    """Train a config, alone in its work dir.

    Args:
        cfg: a whole config with ``work_dir``.
        resume: ``auto`` for the work dir's last whole checkpoint (from scratch where there is none), or a file.

    Raises:
        UserError: the config, its data, a checkpoint or the work dir can't be used.
        SystemExit: with code 99, after a checkpoint, where the run was told to stop.
    """
    from mmengine.registry import init_default_scope

    from ..checkpoints.find import earlier_checkpoint
    from ..checkpoints.read import read_checkpoint
    from ..engine.distributed import join_processes
    from ..engine.logging import print_main
    from ..engine.work_dir_lock import work_dir_lock
    from ..preflight.config import check_config, check_start, make_dir
    from ..preflight.missing_files import check_files_there

    init_default_scope(cfg.get("default_scope", "mmseg"))
    join_processes(cfg)
    check_config(cfg, ("train", "val"))
    make_dir(cfg.work_dir, "--work-dir")
    with work_dir_lock(cfg.work_dir):
        if resume is None and cfg.get("resume"):  # the engine's own way to ask for it
            resume = cfg.get("load_from") or "auto"
        last = _resume_point(cfg.work_dir, resume)
        cfg.resume = last is not None
        if last:
            cfg.load_from = last
        check_start(cfg)
        check_files_there(cfg, ("train", "val"))
        precision = _prepare_precision(cfg)
        earlier = None if last else earlier_checkpoint(cfg.work_dir)
        if earlier:
            print_main(
                f"{cfg.work_dir} holds {earlier} of an earlier run, and this one starts anew: --resume PATH goes on from a file"
            )
        # the loaders are built before the checkpoint is read
        if last and cfg.get("randomness", {}).get("seed") is None:
            cfg.merge_from_dict({"randomness.seed": read_checkpoint(last).get("meta", {}).get("seed")})
        _run(cfg, precision)


def _resume_point(work_dir: str, resume: str | None) -> str | None:
    from ..checkpoints.find import shared_latest
    from ..engine.logging import print_main

    # torchrun --max-restarts gives the same command again
    restarts = int(os.environ.get("TORCHELASTIC_RESTART_COUNT", 0))
    again = shared_latest(work_dir, own=True) if restarts else None
    if resume != "auto" and not again:
        return resume
    last = again or shared_latest(work_dir)
    print_main(f"resuming from {last}" if last else f"nothing to resume in {work_dir}: training from the start")
    return last


def _prepare_precision(cfg: Config) -> str:
    from mmengine.device import get_device

    from ..models.precision import resolve_precision

    precision = resolve_precision(cfg.model.get("precision", "fp32"), get_device())
    if precision == "fp16":
        if get_device() == "cpu":
            raise UserError(
                "training in fp16 scales gradients on a GPU, and there is none: take bf16 (--amp bf16) or fp32"
            )
        cfg.optim_wrapper.type = "AmpOptimWrapper"  # gradients of fp16 need scaling
        cfg.optim_wrapper.dtype = "float16"
    return precision


def _run(cfg: Config, precision: str) -> None:
    from mmengine.device import get_device

    from ..checkpoints.find import shared_latest
    from ..engine.divergence import COUNT, Diverged
    from ..preflight.loss_reduction import reduction_warning

    warning = reduction_warning(cfg)
    name, start = Path(cfg.filename).stem, (cfg.resume, cfg.load_from)
    returns, factor = 0, 1.0
    while True:
        runner = build_runner(cfg)
        cfg.merge_from_dict({"randomness.seed": runner.seed})  # one that the engine chose is the run's
        runner.lower_rates_for = returns, factor
        log = runner.logger
        log.info(f"training {cfg.filename} on {get_device()} in {precision}, log and weights in {cfg.work_dir}")
        if warning:
            log.warning(warning)
        warn_of_emulation(runner)
        try:
            runner.train()
            return
        except Diverged as error:
            returns, factor = runner.message_hub.runtime_info.get(COUNT, 0) + 1, error.factor
            last = shared_latest(cfg.work_dir, strict=False, own=True)
            log.warning(
                f"{error}: back to {last or 'the start'} with the learning rate x {factor:g}, "
                f"return {returns} of at most {error.most}"
            )
        cfg.resume, cfg.load_from = (True, last) if last else start
        cfg.experiment_name = f"{name}_return{returns}"
        del runner
        gc.collect()  # the engine's objects hold each other: the next run would share the device with them
