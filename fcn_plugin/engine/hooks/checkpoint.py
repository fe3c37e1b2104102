"""Checkpoints that take the old one's place: nothing is removed before the new file is whole."""

from __future__ import annotations

from collections import deque
from pathlib import Path

from mmengine.dist import is_main_process, master_only
from mmengine.hooks import CheckpointHook
from mmseg.registry import HOOKS

from ...checkpoints.find import NOTE, write_note
from ..optim_wrappers import gathers_gradients


@HOOKS.register_module(name="CheckpointHook")
class FCNCheckpointHook(CheckpointHook):
    """mmengine's, in another order; it stands for the name in every config of mmseg's scope.

    The engine removes the oldest checkpoint and the last best one, then writes: a kill in between leaves fewer than was asked
    for, and none with ``max_keep_ckpts=1``. Goes when mmengine writes first.

    The note is written before its file: after a kill in between, the newest file up to the noted step is the run's last one.
    """

    saved_step = None  # of the newest checkpoint of this process

    def before_train(self, runner) -> None:
        super().before_train(runner)
        if self.max_keep_ckpts > 0:
            # the engine's drops its oldest id without a word, and nobody removes the file
            self.keep_ckpt_ids = deque(self.keep_ckpt_ids)
        last = runner.message_hub.runtime_info.get("last_ckpt")
        if last:  # a validation that comes before the first save is noted in the checkpoint that was resumed
            self.last_ckpt = self.file_backend.join_path(self.out_dir, Path(last).name)
        self._remove_superseded(runner)
        for part in Path(self.out_dir).glob(".*.part") if is_main_process() else ():
            part.unlink()
            runner.logger.info(f"removed {part}, which was cut off in being written")

    def after_val_epoch(self, runner, metrics=None) -> None:
        if not hasattr(self, "file_backend"):  # a validation without training
            return
        notes = runner.message_hub.runtime_info
        before = {name: value for name, value in notes.items() if name.startswith("best_")}
        paths = self._best_paths() if self.save_best else {}
        runner.message_hub.update_info("last_validation", runner.iter)  # which a run that resumes here need not repeat
        try:
            super().after_val_epoch(runner, metrics)
        except BaseException:  # its best checkpoint was not written
            for name in [name for name in notes if name.startswith("best_")]:
                del notes[name]
            notes.update(before, superseded=[])
            notes.pop("last_validation")
            if paths:
                self._set_best_paths(paths)
            raise

    def save_now(self, runner, step: int) -> None:
        """A checkpoint after ``step`` steps (or epochs), wherever the interval stands; without effect where it is there."""
        if self.saved_step != step:
            meta = dict(epoch=step, iter=runner.iter) if self.by_epoch else dict(epoch=runner.epoch, iter=step)
            self._save_checkpoint_with_step(runner, step, meta)

    def _save_checkpoint_with_step(self, runner, step: int, meta: dict) -> None:
        name = self.filename_tmpl.format(step)
        self.last_ckpt = self.file_backend.join_path(self.out_dir, name)
        runner.message_hub.update_info("last_ckpt", self.last_ckpt)
        if self.max_keep_ckpts > 0:
            if step not in self.keep_ckpt_ids:
                self.keep_ckpt_ids.append(step)
            runner.message_hub.update_info("keep_ckpt_ids", list(self.keep_ckpt_ids))
        if gathers_gradients(runner.optim_wrapper):
            runner.logger.warning(
                f"{name} lacks the gradients gathered since the last update, and a run that resumes from it goes another way: let "
                "the intervals of checkpoints and validations be multiples of optim_wrapper.accumulative_counts"
            )
        if is_main_process():
            write_note(Path(runner.work_dir) / NOTE, self.last_ckpt)
        runner.save_checkpoint(
            self.out_dir,
            name,
            self.file_client_args,
            save_optimizer=self.save_optimizer,
            save_param_scheduler=self.save_param_scheduler,
            meta=meta,
            by_epoch=self.by_epoch,
            backend_args=self.backend_args,
            **self.args,
        )
        self.saved_step = step
        while 0 < self.max_keep_ckpts < len(self.keep_ckpt_ids):
            self._remove(
                self.file_backend.join_path(self.out_dir, self.filename_tmpl.format(self.keep_ckpt_ids.popleft()))
            )

    def _save_best_checkpoint(self, runner, metrics: dict) -> None:
        """The engine's, which finds no older best one to remove: that goes when a checkpoint knows of the new one."""
        if not self.save_best:
            return
        if "auto" in self.key_indicators:  # the engine's rule, before the names are needed
            self._init_rule(self.rules, [next(iter(metrics))])
        kept = self._best_paths()
        self._set_best_paths(dict.fromkeys(kept))
        runner.message_hub.update_info("superseded", [Path(path).name for path in kept.values() if path])
        super()._save_best_checkpoint(runner, metrics)
        new = self._best_paths()
        self._set_best_paths({key: path or kept.get(key) for key, path in new.items()})
        self._remove_superseded(runner)

    def _remove_superseded(self, runner) -> None:
        best = {Path(path).name for path in self._best_paths().values() if path} if self.save_best else set()
        for name in runner.message_hub.runtime_info.get("superseded", ()):
            if name not in best:
                self._remove(self.file_backend.join_path(self.out_dir, name))
        runner.message_hub.update_info("superseded", [])

    def _best_paths(self) -> dict[str, str | None]:
        if len(self.key_indicators) == 1:
            return {self.key_indicators[0]: self.best_ckpt_path}
        return dict(self.best_ckpt_path_dict)

    def _set_best_paths(self, paths: dict[str, str | None]) -> None:
        if len(self.key_indicators) == 1:
            (self.best_ckpt_path,) = paths.values()
        else:
            self.best_ckpt_path_dict = paths

    @master_only
    def _remove(self, path: str) -> None:
        if self.file_backend.isfile(path):
            self.file_backend.remove(path)
        elif self.file_backend.isdir(path):  # of deepspeed
            self.file_backend.rmtree(path)
