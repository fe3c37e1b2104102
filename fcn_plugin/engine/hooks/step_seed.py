"""Seed dropout and other random draws of a step by the step's number, so that a resumed run repeats them."""

from __future__ import annotations

from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.hooks.hook import DATA_BATCH
from mmengine.runner import Runner
from mmseg.registry import HOOKS

from ...data.seeds import mix_seed, seed_all


@HOOKS.register_module()
class StepSeedHook(Hook):
    """Seed the generators of Python, NumPy, torch and the GPUs before each step from (the run's seed, step, process)."""

    priority = "VERY_HIGH"

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: DATA_BATCH = None) -> None:
        seed_all(mix_seed(runner.seed, runner.iter, get_rank()))
