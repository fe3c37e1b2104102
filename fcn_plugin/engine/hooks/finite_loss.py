"""Stop a run, or skip the batch, if the loss is not finite, so that broken weights are not saved as a result."""

from __future__ import annotations

import math
from typing import Any

import torch
from mmengine.dist import all_reduce
from mmengine.hooks import Hook
from mmengine.hooks.hook import DATA_BATCH
from mmengine.runner import Runner
from mmseg.registry import HOOKS
from torch.nn.utils import get_total_norm
from torch.optim import Optimizer

from ...checkpoints.find import find_latest
from ...errors import UserError
from ..divergence import COUNT, Diverged
from ..optim_wrappers import wrappers_of

SKIPPED = "skipped_batches"  # in the message hub, so that a resumed run continues the count


@HOOKS.register_module()
class FiniteLossHook(Hook):
    """Check the loss every ``interval`` iterations (each check waits for the GPU).

    Args:
        interval: iterations between checks.
        skip: number of batches with a non-finite loss or gradient that a run may skip; if not 0, every iteration is checked.
        returns: how often a run may then retry from its last good checkpoint with a lower learning rate.
        lr_factor: factor of the learning rate at each retry.

    Raises:
        UserError: loss-nan; a :class:`Diverged` if the run may retry.
    """

    def __init__(self, interval: int = 10, skip: int = 0, returns: int = 0, lr_factor: float = 0.5) -> None:
        if returns and not 0 < lr_factor < 1:
            message = f"finite_loss.lr_factor is {lr_factor}: give a number between 0 and 1, such as 0.5"
            raise UserError("config-value", message)
        self.interval = 1 if skip else interval
        self.skip, self.returns, self.lr_factor = skip, returns, lr_factor
        self.stepped = self.dropped = False  # in this iteration: weights were updated; an update was cancelled

    def before_train(self, runner: Runner) -> None:
        for wrapper in wrappers_of(runner.optim_wrapper) if self.skip else ():
            wrapper.optimizer.register_step_pre_hook(self._drop_gradients)

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: DATA_BATCH = None) -> None:
        self.stepped = self.dropped = False

    def _drop_gradients(self, optimizer: Optimizer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Drop non-finite gradients, so that the optimizer skips the step; after DDP's sum all processes agree."""
        parameters = [p for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
        if get_total_norm([p.grad for p in parameters]).isfinite():
            self.stepped = True
            return
        self.dropped = True
        for parameter in parameters:
            parameter.grad = None

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict[str, Any], outputs: dict[str, Any]
    ) -> None:
        if not self.every_n_train_iters(runner, self.interval):
            return
        loss = torch.as_tensor(outputs["loss"]).item()
        if math.isfinite(loss) and not self.dropped:
            return
        files = ", ".join(sample.metainfo.get("img_path", "?") for sample in data_batch["data_samples"])
        value = "gradient is not finite" if math.isfinite(loss) else f"loss is {loss}"
        what = f"the {value} at step {runner.iter + 1} (batch: {files})"
        # without an update: gradients are being accumulated, or fp16's scaler skipped the update
        notes = runner.message_hub
        skipped = notes.runtime_info.get(SKIPPED, 0)
        if not self.stepped and skipped < self.skip and _finite_buffers(runner.model):
            notes.update_info(SKIPPED, skipped + 1)
            runner.logger.warning(f"{what}: skipped, {skipped + 1} of at most {self.skip}")
            return
        if skipped:
            what += f", after {skipped} skipped batches"
        returned = notes.runtime_info.get(COUNT, 0)
        if returned < self.returns:
            error = Diverged("loss-nan", what)
            error.factor, error.most = self.lr_factor, self.returns
            raise error
        if returned:
            what += f", after {returned} retries with a lower learning rate"
        last = find_latest(runner.work_dir, strict=False).checkpoint
        again = f"continue with --resume from {last.path}" if last else "start again, as there is no checkpoint yet"
        remedy = "lower optim_wrapper.optimizer.lr or add optim_wrapper.clip_grad"
        raise UserError("loss-nan", f"{what}: {remedy}, then {again}")


def _finite_buffers(model: torch.nn.Module) -> bool:
    """Return False if a batch left NaN in batch norm's running means on any rank, where it would stay. Collective."""
    finite = all(buffer.isfinite().all() for buffer in model.buffers() if buffer.is_floating_point())
    flag = torch.tensor(float(finite))
    all_reduce(flag, "min")  # each process has its own statistics, but all must continue or stop together
    return bool(flag)
