"""Checkpoints that replace old ones: nothing is removed before the new file is complete."""

from __future__ import annotations

import json
from collections import deque
from pathlib import Path

from mmengine.dist import is_main_process, master_only
from mmseg.registry import HOOKS

from ...checkpoints.find import LAST, write_note
from ...compat import PublicCheckpointHook
from ..optim_wrappers import gathers_gradients

BEST = "best.json"  # score name -> file and value, beside the checkpoints


@HOOKS.register_module()
class FCNCheckpointHook(PublicCheckpointHook):
    """mmengine's ``CheckpointHook`` in another order.

    mmengine removes the oldest checkpoint and the last best one, then writes: a kill in between leaves fewer than was asked
    for, and none with ``max_keep_ckpts=1``. Goes when mmengine writes first.

    The note ``last_checkpoint`` is written before its file: after a kill in between, the newest file up to the noted step counts.
    ``best.json`` holds the best scores, so that no checkpoint is read for a number.
    """

    saved_step = None  # of the newest checkpoint of this process

    def before_train(self, runner) -> None:
        super().before_train(runner)
        if self.max_keep_ckpts > 0:
            self.keep_ckpt_ids = deque(self.keep_ckpt_ids)  # mmengine's drops an id where it is full; the file stays
        last = runner.message_hub.runtime_info.get("last_ckpt")
        if last:  # a validation before the first save is noted in the resumed checkpoint
            self.last_ckpt = self.file_backend.join_path(self.out_dir, Path(last).name)
        self._remove_superseded(runner)
        if not is_main_process():
            return
        self._note_best(runner)
        for part in Path(self.out_dir).glob(".*.part"):
            part.unlink()
            runner.logger.info(f"removed {part}, which was cut off while being written")

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
            for name in [name for name in notes if name.startswith("best_")] + ["last_validation"]:
                del notes[name]
            notes.update(before, superseded=[])
            if paths:
                self._set_best_paths(paths)
            raise

    def save_now(self, runner, step: int) -> None:
        """Save after ``step`` steps (or epochs), whatever the interval; without effect where that is saved."""
        if self.saved_step != step:
            meta = dict(epoch=step, iter=runner.iter) if self.by_epoch else dict(epoch=runner.epoch, iter=step)
            self.write(runner, step, meta)

    def write(self, runner, step: int, meta: dict) -> None:
        """Write the note, then the checkpoint of a step, then remove old ones."""
        name = self.filename_tmpl.format(step)
        self.last_ckpt = self.file_backend.join_path(self.out_dir, name)
        runner.message_hub.update_info("last_ckpt", self.last_ckpt)
        if self.max_keep_ckpts > 0:
            if step not in self.keep_ckpt_ids:
                self.keep_ckpt_ids.append(step)
            runner.message_hub.update_info("keep_ckpt_ids", list(self.keep_ckpt_ids))
        if gathers_gradients(runner.optim_wrapper):
            remedy = "make the intervals of checkpoints and validations multiples of optim_wrapper.accumulative_counts"
            lack = f"{name} lacks the gradients gathered since the last update, and a run that resumes from it differs"
            runner.logger.warning(f"{lack}: {remedy}")
        if is_main_process():
            write_note(Path(runner.work_dir, LAST), self.last_ckpt)
        states = dict(save_optimizer=self.save_optimizer, save_param_scheduler=self.save_param_scheduler)
        given = dict(meta=meta, by_epoch=self.by_epoch, backend_args=self.backend_args, **self.args)
        runner.save_checkpoint(self.out_dir, name, self.file_client_args, **states, **given)
        self.saved_step = step
        while 0 < self.max_keep_ckpts < len(self.keep_ckpt_ids):
            self._remove(self.filename_tmpl.format(self.keep_ckpt_ids.popleft()))

    def write_best(self, runner, metrics: dict) -> None:
        """Write a better checkpoint while mmengine knows of no older one: that goes when a checkpoint knows of the new one."""
        if not self.save_best:
            return
        if "auto" in self.key_indicators:
            self.resolve_auto(metrics)
        kept = self._best_paths()
        self._set_best_paths(dict.fromkeys(kept))
        runner.message_hub.update_info("superseded", [Path(path).name for path in kept.values() if path])
        super().write_best(runner, metrics)
        new = self._best_paths()
        best = {key: path or kept.get(key) for key, path in new.items()}
        self._set_best_paths(best)
        if any(new.values()):
            self._note_best(runner)
        self._remove_superseded(runner)

    @master_only
    def _note_best(self, runner) -> None:
        """Write ``best.json`` as the message hub has it: the file may be an earlier run's, or a kill came before it."""
        if not self.save_best or "auto" in self.key_indicators:
            return
        prefix = "best_score" if len(self.key_indicators) == 1 else "best_score_{}"
        scores = {key: runner.message_hub.runtime_info.get(prefix.format(key)) for key in self.key_indicators}
        paths = {key: Path(path).name for key, path in self._best_paths().items() if path and scores[key] is not None}
        if paths:
            best = {key: dict(file=name, score=float(scores[key])) for key, name in paths.items()}
            write_note(Path(self.out_dir, BEST), json.dumps(best))
        else:
            Path(self.out_dir, BEST).unlink(missing_ok=True)

    def _remove_superseded(self, runner) -> None:
        best = {Path(path).name for path in self._best_paths().values() if path} if self.save_best else set()
        for name in runner.message_hub.runtime_info.get("superseded", ()):
            if isinstance(name, str) and name.startswith("best_") and name not in best:
                self._remove(name)
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
    def _remove(self, name: str) -> None:
        """Remove a file of the checkpoints' own folder: names come from a checkpoint's notes, which may hold anything."""
        path = Path(self.out_dir, name)
        if name == path.name and path.is_file():
            path.unlink()


def read_best(folder: str | Path, key: str) -> tuple[Path, float] | None:
    """The best checkpoint by a score and its value, as :class:`FCNCheckpointHook` noted them, or None."""
    try:
        note = json.loads(Path(folder, BEST).read_text())[key]
        path = Path(folder, note["file"])
        return (path, float(note["score"])) if path.is_file() else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def find_best(runner, folder: Path) -> None:
    """Look up a resumed run's best checkpoint by its name: the noted path may be one of a folder that was moved."""
    notes = runner.message_hub.runtime_info
    for key in [key for key in notes if key.startswith("best_ckpt")]:
        best = folder / Path(notes[key]).name
        if best.is_file():
            notes[key] = str(best)
            continue
        runner.logger.warning(f"the best checkpoint {best} is gone: the next validation writes a new one")
        del notes[key]
        notes.pop(key.replace("ckpt", "score"), None)
        notes.pop("last_validation", None)  # to be repeated where the run is at one
        notes["superseded"] = []  # a lesser one is better than none
