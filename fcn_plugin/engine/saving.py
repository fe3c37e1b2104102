"""Save checkpoints atomically and with a checksum, also when a run is stopped or fails."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.dist import is_main_process, master_only
from mmengine.hooks import Hook
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop, Runner
from torch._C import _error_if_any_worker_fails

from ..atomic_write import atomic_write, durable_write
from ..checkpoints.checksum import seal
from ..checkpoints.config_text import config_text
from ..checkpoints.plain_values import make_plain
from ..compat import swap_back, watch_swaps
from ..errors import UserError
from .hooks.checkpoint import FCNCheckpointHook
from .optim_wrappers import wrappers_of


class ValuesConfig(Config):
    """A config whose text evaluates to its values. mmengine's text does not quote keys, and replaces double braces."""

    @property
    def pretty_text(self) -> str:
        """Return the text for the copy in the work dir and for checkpoints."""
        return config_text(self.to_dict())


class SavingRunner(Runner):
    """mmengine's Runner with durable checkpoints that run no code when they are read."""

    _steps: int | None = None  # completed steps; None before the first and during a step, when nothing can be saved

    def setup_env(self, env_cfg: dict[str, Any]) -> None:
        """Replace the config's text format before anything is written."""
        object.__setattr__(self.cfg, "__class__", ValuesConfig)
        super().setup_env(env_cfg)

    @master_only
    def dump_config(self) -> None:
        """Write the config to the work dir atomically; mmengine follows links there, and its processes overwrite each other."""
        name = Path(self.cfg.filename or self.timestamp).with_suffix(".py").name
        with atomic_write(Path(self.work_dir, name)) as part:
            part.write_text(self.cfg.pretty_text, encoding="utf-8")

    def save_checkpoint(
        self, out_dir: str, filename: str, *args: Any, save_optimizer: bool = True, **kwargs: Any
    ) -> None:
        """Write checkpoints to a temporary file and rename it; mmengine overwrites the file that a resume would need.

        Remove this once mmengine's local backend writes atomically. A sharded optimizer (ZeroRedundancyOptimizer) is gathered from
        all processes; mmengine asks only the first, which then waits forever.

        Raises:
            UserError: disk-write.
        """
        if not is_main_process():
            if save_optimizer:
                self.optim_wrapper.state_dict()
            return
        Path(out_dir).mkdir(parents=True, exist_ok=True)  # out_dir may be new
        with durable_write(Path(out_dir) / filename) as part:
            super().save_checkpoint(out_dir, part.name, *args, save_optimizer=save_optimizer, **kwargs)
            seal(part)

    def save_now(self, step: int) -> str | None:
        """Save after ``step`` steps, regardless of the interval; return the path, or None if a run could not resume there."""
        hook = self._checkpoint_hook
        if hook is None or hook.by_epoch != isinstance(self.train_loop, EpochBasedTrainLoop):
            return None
        swap_back(self.hooks)
        hook.save_now(self, step)
        return hook.last_ckpt

    @property
    def _checkpoint_hook(self) -> FCNCheckpointHook | None:
        return next((hook for hook in self.hooks if isinstance(hook, FCNCheckpointHook)), None)

    def register_hook(self, hook: Hook | dict[str, Any], priority: str | int | None = None) -> None:
        super().register_hook(hook, priority)
        watch_swaps(self.hooks)

    def register_default_hooks(self, hooks: dict[str, Any] | None = None) -> None:
        """Disable each hook that is None in the config; mmengine does so only for its own hooks."""
        super().register_default_hooks({name: Hook() if hook is None else hook for name, hook in (hooks or {}).items()})

    def call_hook(self, fn_name: str, **kwargs: Any) -> None:
        """Record whether the run is inside a step, and convert checkpoints to plain values."""
        if fn_name == "before_train_iter":
            self._steps = None
        super().call_hook(fn_name, **kwargs)
        if fn_name == "after_train_iter":
            self._steps = self.iter + 1
        if fn_name in ("after_train_iter", "after_val_iter", "after_test_iter"):
            _error_if_any_worker_fails()  # a killed worker may leave incomplete data
        elif fn_name == "before_save_checkpoint":
            kwargs["checkpoint"]["meta"]["optimizers"] = [
                type(w.optimizer).__name__ for w in wrappers_of(self.optim_wrapper)
            ]
            make_plain(kwargs["checkpoint"])

    def _save_after_error(self) -> None:
        # inside a step, with several processes, or in the middle of an epoch, the state can't be resumed
        if self._steps is None or self.distributed or not isinstance(self.train_loop, IterBasedTrainLoop):
            return
        try:
            if path := self.save_now(self._steps):
                self.logger.info(f"stopped after step {self._steps}: continue with --resume, from {path}")
        except (OSError, UserError) as error:  # the first error may be the disk's
            self.logger.warning(f"step {self._steps} was not saved: {error}")
