"""Train a config: check first, then hand over to the Runner, as often as the run returns to a checkpoint."""

from __future__ import annotations

import gc
import os
from pathlib import Path

from mmengine.config import Config
from mmengine.device import get_device
from mmengine.registry import init_default_scope

from ..errors import UserError
from ..models.segmentors import resolve_precision
from ..models.weights.read import read_checkpoint
from .console import say
from .divergence import COUNT, Diverged
from .loss_reduction import reduction_warning
from .missing_files import check_files_there
from .preflight import check_config, check_start, make_dir
from .process_group import join_processes
from .resume_point import clear_leftovers, has_note, latest_checkpoint, newest_finite
from .run import build_runner, warn_of_emulation
from .work_dir_lock import work_dir_lock


def train(cfg: Config, resume: str | None = None) -> None:
    """Train a config, alone in its work dir.

    Args:
        cfg: a whole config with ``work_dir``.
        resume: ``auto`` for the work dir's last whole checkpoint (from scratch where there is none), or a file.

    Raises:
        UserError: the config, its data, a checkpoint or the work dir can't be used.
        SystemExit: with code 99, after a checkpoint, where the run was told to stop.
    """
    init_default_scope(cfg.get("default_scope", "mmseg"))
    join_processes(cfg)
    check_config(cfg, ("train", "val"))
    make_dir(cfg.work_dir, "--work-dir")
    with work_dir_lock(cfg.work_dir):
        last = _resume_point(cfg.work_dir, resume)
        if last:
            cfg.resume, cfg.load_from = True, last
        check_start(cfg)
        check_files_there(cfg, ("train", "val"))
        precision = _prepare_precision(cfg)
        clear_leftovers(cfg.work_dir, forget=last is None)
        if (
            last and cfg.get("randomness", {}).get("seed") is None
        ):  # the loaders are built before the checkpoint is read
            cfg.merge_from_dict({"randomness.seed": read_checkpoint(last)["meta"]["seed"]})
        _run(cfg, precision)


def _resume_point(work_dir: str, resume: str | None) -> str | None:
    restarts = int(
        os.environ.get("TORCHELASTIC_RESTART_COUNT", 0)
    )  # torchrun --max-restarts gives the same command again
    if resume not in (None, "auto") or not (resume or restarts):
        return resume
    # before its first checkpoint a restarted run has no note, and an earlier run's files are not its own
    last = latest_checkpoint(work_dir) if resume or has_note(work_dir) else None
    say(f"resuming from {last}" if last else f"nothing to resume in {work_dir}: training from the start")
    return last


def _prepare_precision(cfg: Config) -> str:
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
    warning = reduction_warning(cfg)
    name, start = Path(cfg.filename).stem, cfg.load_from
    returns, factor = 0, 1.0
    while True:
        runner = build_runner(cfg)
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
            last = newest_finite(cfg.work_dir)
            log.warning(
                f"{error}: back to {last or 'the start'} with the learning rate x {factor:g}, "
                f"return {returns} of at most {error.most}"
            )
        cfg.resume, cfg.load_from = last is not None, last or start
        cfg.experiment_name = f"{name}_return{returns}"
        del runner
        gc.collect()  # the engine's objects hold each other: the next run would share the device with them
