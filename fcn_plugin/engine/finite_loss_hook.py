"""Stop a run whose loss is no longer a number: what follows would be saved as if it were a result."""

from __future__ import annotations

import torch
from mmengine.hooks import Hook
from mmseg.registry import HOOKS

from ..errors import UserError


@HOOKS.register_module()
class FiniteLossHook(Hook):
    """Check the loss every ``interval`` iterations (each check waits for the GPU).

    Raises:
        UserError: names the step, the value, the batch's files and the remedy.
    """

    def __init__(self, interval: int = 10) -> None:
        self.interval = interval

    def after_train_iter(self, runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        if not self.every_n_train_iters(runner, self.interval):
            return
        loss = torch.as_tensor(outputs["loss"]).item()
        if loss - loss != 0:  # NaN or infinite
            files = ", ".join(sample.metainfo.get("img_path", "?") for sample in data_batch["data_samples"])
            raise UserError(
                f"the loss is {loss} at step {runner.iter + 1} (batch: {files}): lower optim_wrapper.optimizer.lr or add "
                f"optim_wrapper.clip_grad, then go on with --resume from the last checkpoint in {runner.work_dir}"
            )
