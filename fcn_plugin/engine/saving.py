"""How a Runner saves: sealed files renamed into place, also when it is stopped or fails."""

from __future__ import annotations

from pathlib import Path

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
    """A config whose text gives its values again. mmengine's quotes no keys and fills in what is in double braces."""

    @property
    def pretty_text(self) -> str:
        """The text of the copy in the work dir, and in checkpoints."""
        return config_text(self.to_dict())


class SavingRunner(Runner):
    """mmengine's Runner with durable checkpoints that run no code when they are read."""

    _steps: int | None = None  # that are done; None before the first and in a step: there is nothing to save

    def setup_env(self, env_cfg: dict) -> None:
        """Take care of the config's text before anything is written."""
        object.__setattr__(self.cfg, "__class__", ValuesConfig)
        super().setup_env(env_cfg)

    @master_only
    def dump_config(self) -> None:
        """Write the config to the work dir; mmengine writes through a link that lies there, and its processes over each other."""
        name = Path(self.cfg.filename or self.timestamp).with_suffix(".py").name
        with atomic_write(Path(self.work_dir, name)) as part:
            part.write_text(self.cfg.pretty_text, encoding="utf-8")

    def save_checkpoint(self, out_dir: str, filename: str, *args, save_optimizer: bool = True, **kwargs) -> None:
        """Rename sealed checkpoints into place: mmengine writes over the file that a resume would need.

        Goes when mmengine's local backend writes to a file beside. An optimizer that is spread over the processes
        (ZeroRedundancyOptimizer) is gathered from all of them: mmengine asks the first alone, which waits for ever.

        Raises:
            UserError: disk-write.
        """
        if not is_main_process():
            if save_optimizer:
                self.optim_wrapper.state_dict()
            return
        Path(out_dir).mkdir(parents=True, exist_ok=True)  # a folder of the user's own
        with durable_write(Path(out_dir) / filename) as part:
            super().save_checkpoint(out_dir, part.name, *args, save_optimizer=save_optimizer, **kwargs)
            seal(part)

    def save_now(self, step: int) -> str | None:
        """Save after ``step`` steps, whatever the interval; returns the path, or None if no run can go on from there."""
        hook = self._checkpoint_hook
        if hook is None or hook.by_epoch != isinstance(self.train_loop, EpochBasedTrainLoop):
            return None
        swap_back(self.hooks)
        hook.save_now(self, step)
        return hook.last_ckpt

    @property
    def _checkpoint_hook(self) -> FCNCheckpointHook | None:
        return next((hook for hook in self.hooks if isinstance(hook, FCNCheckpointHook)), None)

    def register_hook(self, hook, priority=None) -> None:
        super().register_hook(hook, priority)
        watch_swaps(self.hooks)

    def register_default_hooks(self, hooks=None) -> None:
        """Switch off each hook that is None in the config; mmengine does so for its own alone."""
        super().register_default_hooks({name: Hook() if hook is None else hook for name, hook in (hooks or {}).items()})

    def call_hook(self, fn_name: str, **kwargs) -> None:
        """Note whether the run is in a step, as an error can come anywhere, and make checkpoints plain."""
        if fn_name == "before_train_iter":
            self._steps = None
        super().call_hook(fn_name, **kwargs)
        if fn_name == "after_train_iter":
            self._steps = self.iter + 1
        if fn_name in ("after_train_iter", "after_val_iter", "after_test_iter"):
            _error_if_any_worker_fails()  # a killed worker may leave half of what is read next
        elif fn_name == "before_save_checkpoint":
            kwargs["checkpoint"]["meta"]["optimizers"] = [
                type(w.optimizer).__name__ for w in wrappers_of(self.optim_wrapper)
            ]
            make_plain(kwargs["checkpoint"])

    def _save_after_error(self) -> None:
        # half a step, other processes that are further, or a place that no run can go on from
        if self._steps is None or self.distributed or not isinstance(self.train_loop, IterBasedTrainLoop):
            return
        try:
            if path := self.save_now(self._steps):
                self.logger.info(f"stopped after step {self._steps}: go on with --resume, from {path}")
        except (OSError, UserError) as error:  # the disk may be what is wrong
            self.logger.warning(f"step {self._steps} was not saved: {error}")
