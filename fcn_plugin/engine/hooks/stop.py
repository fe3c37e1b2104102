"""Stop a run at a signal, with a checkpoint of the current step."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from mmengine.dist import get_world_size
from mmengine.hooks import Hook
from mmengine.hooks.hook import DATA_BATCH
from mmengine.runner import EpochBasedTrainLoop, Runner
from mmseg.registry import HOOKS
from torch import distributed as torch_dist

from ...signals import REQUEUE, ignore_signals
from ..optim_wrappers import gathers_gradients

PATIENCE = 60  # seconds for an epoch to end
STOP_FILE = "FCN_STOP_NOTE"  # environment variable: file that notifies the launcher, since torchrun hides exit codes


@HOOKS.register_module()
class StopHook(Hook):
    """Exit with code 99 ("requeue") after a step, or in a validation, if a signal was received; see ``signals.py``.

    All processes exit after the same step, whichever received the signal; a validation in several processes is finished first. A
    loop by epochs exits at the end of an epoch, from which a run can resume, or a minute after the signal without a checkpoint.

    Args:
        interval: steps between checks whether another process received a signal.
    """

    priority = "LOWEST"  # after the step's own checkpoint

    def __init__(self, interval: int = 10) -> None:
        self.interval = interval
        self.group: Any = None  # torch's process group

    def before_train(self, runner: Runner) -> None:
        if get_world_size() > 1 and torch_dist.get_backend() != "gloo":
            self.group = torch_dist.new_group(backend="gloo")  # on the CPU, to avoid GPU synchronisation

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: DATA_BATCH = None) -> None:
        if request := getattr(runner, "stop_request", None):
            request.has_steps = True

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: DATA_BATCH = None, outputs: dict[str, Any] | None = None
    ) -> None:
        done, by_epoch = runner.iter + 1, _by_epoch(runner)
        ends = done < runner.max_iters and (by_epoch or not gathers_gradients(runner.optim_wrapper))
        if ends and self._stops(runner, done, PATIENCE if by_epoch else 0):
            self._leave(runner, runner.epoch if by_epoch else done, saves=not by_epoch)

    def after_train_epoch(self, runner: Runner) -> None:
        done = runner.epoch + 1
        if _by_epoch(runner) and done < runner.max_epochs and self._stops(runner, self.interval):
            self._leave(runner, done)

    def after_val_iter(
        self, runner: Runner, batch_idx: int, data_batch: DATA_BATCH = None, outputs: Sequence[Any] | None = None
    ) -> None:
        if get_world_size() == 1 and _signal_of(runner):
            self._leave(runner, runner.epoch if _by_epoch(runner) else runner.iter)

    def _stops(self, runner: Runner, done: int, age: float = 0) -> bool:
        request = getattr(runner, "stop_request", None)  # none outside training
        stops = request is not None and request.name is not None and time.monotonic() - request.when >= age
        if get_world_size() == 1:
            return stops
        if done % self.interval:
            return False
        flag = torch.tensor(int(stops))
        torch_dist.all_reduce(flag, torch_dist.ReduceOp.MAX, group=self.group)
        return bool(flag)

    @staticmethod
    def _leave(runner: Runner, done: int, saves: bool = True) -> None:
        saved = runner.save_now(done) if saves else None
        why = _signal_of(runner) or "another process received a stop signal"
        unit = "epoch" if _by_epoch(runner) else "step"
        runner.logger.info(
            f"{why}: stopped after {unit} {done}; continue with --resume" + (f", from {saved}" if saved else "")
        )
        ignore_signals()
        if STOP_FILE not in os.environ:
            raise SystemExit(REQUEUE)
        if os.environ.get("LOCAL_RANK", "0") == "0":
            Path(os.environ[STOP_FILE]).touch()
        raise SystemExit(0)  # the launcher would restart a failed process


def _signal_of(runner: Runner) -> str | None:
    request = getattr(runner, "stop_request", None)  # none outside training
    return request and request.name


def _by_epoch(runner: Runner) -> bool:
    return isinstance(runner.train_loop, EpochBasedTrainLoop)
