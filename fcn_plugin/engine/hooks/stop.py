"""Stop a run at a signal, with a checkpoint of the step it is at."""

from __future__ import annotations

import os
from pathlib import Path

import torch
from mmengine.dist import get_world_size
from mmengine.hooks import Hook
from mmengine.runner import EpochBasedTrainLoop
from mmseg.registry import HOOKS
from torch import distributed as torch_dist

from ...signals import REQUEUE, ignore_signals
from ..optim_wrappers import gathers_gradients

STOP_FILE = "FCN_STOP_NOTE"  # variable: a file that tells the launcher of the stop, since torchrun hides exit codes


@HOOKS.register_module()
class StopHook(Hook):
    """After a step, or in a validation, leave with exit code 99 ("queue it again") if a signal has come; see ``signals.py``.

    Processes leave after the same step, whichever got the signal; a validation in several processes is finished first.

    Args:
        interval: steps after which several processes ask each other.
    """

    priority = "LOWEST"  # after the step's own checkpoint

    def __init__(self, interval: int = 10) -> None:
        self.interval = interval
        self.group = None

    def before_train(self, runner) -> None:
        if get_world_size() > 1 and torch_dist.get_backend() != "gloo":
            self.group = torch_dist.new_group(backend="gloo")  # on the CPU: the GPU's queue is not waited for

    def before_train_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        if request := getattr(runner, "stop_request", None):
            request.has_steps = (
                True  # a signal before that, whose exception was dropped in a finalizer, counts from here
            )

    def after_train_iter(self, runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        done = runner.iter + 1
        ends = not _by_epoch(runner) and done < runner.max_iters  # runs by epoch resume at the ends of epochs alone
        if ends and not gathers_gradients(runner.optim_wrapper) and self._stops(runner, done):
            self._leave(runner, done)

    def after_train_epoch(self, runner) -> None:
        done = runner.epoch + 1
        if _by_epoch(runner) and done < runner.max_epochs and self._stops(runner, self.interval):
            self._leave(runner, done)

    def after_val_iter(self, runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        if get_world_size() == 1 and _signal_of(runner):
            self._leave(runner, runner.epoch if _by_epoch(runner) else runner.iter)

    def _stops(self, runner, done: int) -> bool:
        if get_world_size() == 1:
            return _signal_of(runner) is not None
        if done % self.interval:
            return False
        flag = torch.tensor(int(_signal_of(runner) is not None))
        torch_dist.all_reduce(flag, torch_dist.ReduceOp.MAX, group=self.group)
        return bool(flag)

    @staticmethod
    def _leave(runner, done: int) -> None:
        saved = runner.save_now(done)
        why = _signal_of(runner) or "another process got a signal to stop"
        unit = "epoch" if _by_epoch(runner) else "step"
        runner.logger.info(
            f"{why}: stopped after {unit} {done}; go on with --resume" + (f", from {saved}" if saved else "")
        )
        ignore_signals()
        if STOP_FILE not in os.environ:
            raise SystemExit(REQUEUE)
        if os.environ.get("LOCAL_RANK", "0") == "0":
            Path(os.environ[STOP_FILE]).touch()
        raise SystemExit(0)  # the launcher would start a process that fails again


def _signal_of(runner) -> str | None:
    request = getattr(runner, "stop_request", None)  # none outside training
    return request and request.name


def _by_epoch(runner) -> bool:
    return isinstance(runner.train_loop, EpochBasedTrainLoop)
