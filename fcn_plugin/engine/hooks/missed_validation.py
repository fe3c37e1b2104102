"""Catch up on a validation that was interrupted."""

from __future__ import annotations

from mmengine.hooks import Hook
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop, Runner
from mmseg.registry import HOOKS

from ...compat import decide_val_interval


@HOOKS.register_module()
class MissedValidationHook(Hook):
    """Validate first if a run resumes at a step with a validation.

    mmengine saves before it validates and resumes after the validation. A run stopped in between would never score that checkpoint,
    and after the last step would have no best checkpoint. Repeating a completed validation changes nothing; it is omitted if the
    checkpoint records it.
    """

    priority = "LOWEST"  # after CheckpointHook has restored its best score

    def before_train(self, runner: Runner) -> None:
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
