"""Stop training when a score no longer rises, at the same step whether or not the run was resumed."""

from __future__ import annotations

from typing import Any

from mmengine.hooks import EarlyStoppingHook
from mmengine.runner import Runner
from mmseg.registry import HOOKS

# keys in the message hub, which checkpoints include
BEST, WAITED, LAST = "stopping_best", "stopping_waited", "stopping_last"


@HOOKS.register_module()
class FCNEarlyStoppingHook(EarlyStoppingHook):
    """mmengine's ``EarlyStoppingHook`` with its state saved in checkpoints.

    mmengine 0.10 loses the best score and the wait count when a run resumes. This hook also saves a checkpoint of the last step
    when training stops.

    Args:
        monitor: a score of ``val_evaluator``.
        min_delta: smallest rise that counts, in the score's unit (percent for FCNMetric).
        patience: number of validations without a rise after which training stops.
        kwargs: other arguments of mmengine's hook.
    """

    best_score: float
    wait_count: int

    def __init__(self, monitor: str = "mIoU", min_delta: float = 0.1, patience: int = 5, **kwargs: Any) -> None:
        super().__init__(monitor=monitor, min_delta=min_delta, patience=patience, **kwargs)

    def before_train(self, runner: Runner) -> None:
        self._restore(runner)
        if self.wait_count >= self.patience:
            runner.logger.info(f"{self.monitor} has stopped rising: training is finished")
            runner.train_loop.stop_training = True

    def after_val_epoch(self, runner: Runner, metrics: dict[str, Any]) -> None:
        self._restore(runner)  # a resumed run may validate before it trains
        hub = runner.message_hub
        if hub.runtime_info.get(LAST) == runner.iter:  # a resumed run repeats it
            return
        super().after_val_epoch(runner, metrics)
        for name, value in ((BEST, float(self.best_score)), (WAITED, self.wait_count), (LAST, runner.iter)):
            hub.update_info(name, value)
        if runner.train_loop.stop_training and hasattr(runner, "save_now"):
            runner.save_now(runner.iter)

    def _restore(self, runner: Runner) -> None:
        notes = runner.message_hub.runtime_info
        self.best_score, self.wait_count = notes.get(BEST, self.best_score), notes.get(WAITED, self.wait_count)
