"""Make up for the validation that a run lost when it was stopped in it."""

from __future__ import annotations

from mmengine.hooks import Hook
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop
from mmseg.registry import HOOKS

from ...compat import decide_val_interval


@HOOKS.register_module()
class MissedValidationHook(Hook):
    """Validate first where a run resumes at a step that has a validation.

    mmengine saves before it validates and resumes after the step, so a run that is stopped in between never scores that
    checkpoint, and ends without a best checkpoint where no step is left. A validation that was not missed is repeated without
    effect, unless the checkpoint knows of it.
    """

    priority = "LOWEST"  # after CheckpointHook has found its best score again

    def before_train(self, runner) -> None:
        loop = runner.train_loop
        if not isinstance(loop, (IterBasedTrainLoop, EpochBasedTrainLoop)) or runner.val_loop is None or loop.iter == 0:
            return
        if runner.message_hub.runtime_info.get("last_validation") == loop.iter:
            return
        decide_val_interval(loop)
        steps = isinstance(loop, IterBasedTrainLoop)
        done, last = (loop.iter, loop.max_iters) if steps else (loop.epoch, loop.max_epochs)
        if done >= loop.val_begin and (done % loop.val_interval == 0 or done >= last):
            runner.val_loop.run()
