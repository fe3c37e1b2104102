"""Write checkpoints, and remove old ones only after the new file is complete."""

from __future__ import annotations

import json
import os
from collections import deque
from pathlib import Path
from typing import Any

from mmengine.dist import is_main_process, master_only
from mmengine.runner import Runner
from mmseg.registry import HOOKS

from ...checkpoints.find import LAST, best_template, own_files, step_of
from ...checkpoints.notes import read_json, write_note
from ...compat import PublicCheckpointHook
from ..optim_wrappers import gathers_gradients

BEST = "best.json"  # next to the checkpoints: score name -> file and value


@HOOKS.register_module()
class FCNCheckpointHook(PublicCheckpointHook):
    """mmengine's ``CheckpointHook``, but write new checkpoints before removing old ones.

    mmengine removes the oldest checkpoint and the last best one first, so a kill in between leaves too few, or none with
    ``max_keep_ckpts=1``. Remove this once mmengine writes first.

    The note ``last_checkpoint`` is written before its file; after a kill in between, the newest file up to the noted step counts.
    ``best.json`` holds the best scores, so that they can be read without opening checkpoints.

    A checkpoint that a run resumes from is untrusted: files that it names are neither removed nor written.
    """

    saved_step = None  # step of the newest checkpoint that this process wrote

    def before_train(self, runner: Runner) -> None:
        noted = runner.message_hub.runtime_info.pop("keep_ckpt_ids", ())  # mmengine would remove these files
        super().before_train(runner)
        if done := runner.epoch if self.by_epoch else runner.iter:  # after a resume, val may save this step again
            self.last_ckpt = self.file_backend.join_path(self.out_dir, self.filename_tmpl.format(done))
        if self.max_keep_ckpts > 0:
            own = own_files(runner.work_dir, self.out_dir, self.filename_tmpl)
            self.keep_ckpt_ids = deque(step for step in own if step in noted)
            self._remove_old(runner)
        self._find_best(runner)
        self._remove_superseded(runner)
        if not is_main_process():
            return
        self._note_best(runner)
        for part in Path(self.out_dir).glob(".*.part"):
            if not part.is_dir():
                part.unlink()
                runner.logger.info(f"removed the incomplete file {part}")

    def after_val_epoch(self, runner: Runner, metrics: dict[str, Any] | None = None) -> None:
        if not hasattr(self, "file_backend"):  # validation without training
            return
        notes = runner.message_hub.runtime_info
        before, paths = dict(notes), self._best_paths() if self.save_best else {}
        runner.message_hub.update_info("last_validation", runner.iter)  # a run that resumes here need not repeat it
        try:
            super().after_val_epoch(runner, metrics)
        except BaseException:  # the best checkpoint was not written
            notes.clear()
            notes.update(before)
            if paths:
                self._set_best_paths(paths)
            raise

    def place(self, work_dir: str) -> tuple[str, Path]:
        """Return file name template and folder of checkpoints before training; mmengine adds the work dir's name to ``out_dir``."""
        elsewhere = self.out_dir is not None and self.out_dir != work_dir
        return self.filename_tmpl, Path(self.out_dir, Path(work_dir).name) if elsewhere else Path(work_dir)

    def save_now(self, runner: Runner, step: int) -> None:
        """Save after ``step`` steps (or epochs), regardless of the interval; no effect if that is already saved."""
        if self.saved_step != step:
            meta = dict(epoch=step, iter=runner.iter) if self.by_epoch else dict(epoch=runner.epoch, iter=step)
            self.write(runner, step, meta)

    def write(self, runner: Runner, step: int, meta: dict[str, Any]) -> None:
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
            lack = f"{name} lacks the gradients accumulated since the last update, so a run that resumes from it will differ"
            runner.logger.warning(f"{lack}: {remedy}")
        if is_main_process():
            write_note(Path(runner.work_dir, LAST), self.last_ckpt)
        states = dict(save_optimizer=self.save_optimizer, save_param_scheduler=self.save_param_scheduler)
        given = dict(meta=meta, by_epoch=self.by_epoch, backend_args=self.backend_args, **self.args)
        runner.save_checkpoint(self.out_dir, name, self.file_client_args, **states, **given)
        self.saved_step = step
        self._remove_old(runner)

    def write_best(self, runner: Runner, metrics: dict[str, Any]) -> None:
        """Write a better checkpoint and hide the old one from mmengine, which would remove it before the new one is recorded."""
        if not self.save_best:
            return
        if "auto" in self.key_indicators:
            self.resolve_auto(metrics)
        kept = self._best_paths()
        self._set_best_paths(dict.fromkeys(kept))
        super().write_best(runner, metrics)
        new = self._best_paths()
        best = {key: path or kept.get(key) for key, path in new.items()}
        self._set_best_paths(best)
        if any(new.values()):
            self._note_best(runner)
        self._remove_superseded(runner)

    @master_only
    def _note_best(self, runner: Runner) -> None:
        """Write ``best.json`` from the message hub, since the file may be from an earlier run, or missing after a kill."""
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

    def _find_best(self, runner: Runner) -> None:
        """Find a resumed run's best checkpoints in its own folder; accept only names that this hook writes."""
        notes, best = runner.message_hub.runtime_info, self._best_paths() if self.save_best else {}
        for key, noted in best.items():
            suffix = "" if len(best) == 1 else f"_{key}"
            path = Path(self.out_dir, Path(noted or "").name)
            if os.path.isfile(path) and self._best_step(key, path) is not None:
                best[key] = notes[f"best_ckpt{suffix}"] = str(path)
                continue
            best[key] = None
            for name in (f"best_ckpt{suffix}", f"best_score{suffix}"):
                notes.pop(name, None)
            if noted:
                notes.pop("last_validation", None)  # repeat the validation if the run resumes at one
                lost = "does not match save_best and filename_tmpl" if os.path.isfile(path) else "is missing"
                runner.logger.warning(f"the best checkpoint {path} {lost}: the next validation writes a new one")
        if best:
            self._set_best_paths(best)

    @master_only
    def _remove_old(self, runner: Runner) -> None:
        own = own_files(runner.work_dir, self.out_dir, self.filename_tmpl)
        while 0 < self.max_keep_ckpts < len(self.keep_ckpt_ids):
            if path := own.get(self.keep_ckpt_ids.popleft()):
                path.unlink()

    @master_only
    def _remove_superseded(self, runner: Runner) -> None:
        """Remove best checkpoints of this run that better ones have replaced, also after a kill in between."""
        for key, best in (self._best_paths() if self.save_best else {}).items():
            if not best or (last := self._best_step(key, Path(best))) is None:
                continue
            for step, path in own_files(runner.work_dir, self.out_dir, self._best_template(key)).items():
                if step < last:
                    path.unlink()

    def _best_template(self, key: str) -> str:
        return best_template("*" if key == "auto" else key, self.filename_tmpl)

    def _best_step(self, key: str, path: Path) -> int | None:
        return step_of(path.name, [self._best_template(key)])

    def _best_paths(self) -> dict[str, str | None]:
        if len(self.key_indicators) == 1:
            return {self.key_indicators[0]: self.best_ckpt_path}
        return dict(self.best_ckpt_path_dict)

    def _set_best_paths(self, paths: dict[str, str | None]) -> None:
        if len(self.key_indicators) == 1:
            (self.best_ckpt_path,) = paths.values()
        else:
            self.best_ckpt_path_dict = paths


def read_best(folder: str | Path, key: str) -> tuple[Path, float] | None:
    """Return the best checkpoint by a score and its value, as recorded by :class:`FCNCheckpointHook`, or None."""
    try:
        note = read_json(Path(folder, BEST))[key]
        path = Path(folder, note["file"])
        return (path, float(note["score"])) if os.path.isfile(path) else None
    except (ValueError, KeyError, TypeError):
        return None
