"""Stop a training whose score no longer rises, in a resumed run at the same step as in an undisturbed one."""

from __future__ import annotations

from mmengine.hooks import EarlyStoppingHook
from mmseg.registry import HOOKS

# names in the notes that checkpoints carry
BEST, WAITED, LAST = "stopping_best", "stopping_waited", "stopping_last"


@HOOKS.register_module()
class FCNEarlyStoppingHook(EarlyStoppingHook):
    """mmengine's ``EarlyStoppingHook``, whose state goes with the checkpoints.

    mmengine 0.10's forgets the best score and how long it has waited when a run resumes. A checkpoint of the last step is
    written when training stops.

    Args:
        monitor: a score of ``val_evaluator``.
        min_delta: what counts as a rise, in the score's unit (FCNMetric's are percent).
        patience: validations without a rise that end the training.
        kwargs: the others of mmengine's hook.
    """

    def __init__(self, monitor: str = "mIoU", min_delta: float = 0.1, patience: int = 5, **kwargs) -> None:
        super().__init__(monitor=monitor, min_delta=min_delta, patience=patience, **kwargs)

    def before_train(self, runner) -> None:
        self._restore(runner)
        if self.wait_count >= self.patience:
            runner.logger.info(f"{self.monitor} has stopped rising: no step is added")
            runner.train_loop.stop_training = True

    def after_val_epoch(self, runner, metrics: dict) -> None:
        self._restore(runner)  # a resumed run may validate before it trains
        hub = runner.message_hub
        if hub.runtime_info.get(LAST) == runner.iter:  # a resumed run repeats it
            return
        super().after_val_epoch(runner, metrics)
        for name, value in ((BEST, float(self.best_score)), (WAITED, self.wait_count), (LAST, runner.iter)):
            hub.update_info(name, value)
        if runner.train_loop.stop_training and hasattr(runner, "save_now"):
            runner.save_now(runner.iter)

    def _restore(self, runner) -> None:
        notes = runner.message_hub.runtime_info
        self.best_score, self.wait_count = notes.get(BEST, self.best_score), notes.get(WAITED, self.wait_count)
