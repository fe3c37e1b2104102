"""Decide where a training run starts: from scratch, from a checkpoint's weights, or from a checkpoint to resume."""

from __future__ import annotations

import os
from dataclasses import dataclass

from mmengine.config import ConfigDict
from mmengine.dist import broadcast_object_list, is_main_process

from ..checkpoints.find import earlier_checkpoint, find_latest, has_saved
from ..checkpoints.read import Checkpoint, open_checkpoint, require_checkpoint
from ..errors import UserError
from .logging import print_main


class Fresh:
    """Start from the config's initial weights: random ones, or those of ``model.pretrained``."""


@dataclass(frozen=True)
class Weights:
    """Start from only the weights of a checkpoint."""

    path: str
    adapt_classes: bool = False  # the number of classes differs: score layers keep their initial values


class Resume:
    """Resume a run from an opened and verified checkpoint, which the Runner takes once."""

    def __init__(self, opened: Checkpoint) -> None:
        self._opened: Checkpoint | None = opened
        self.path, self.seed = opened.path, opened.meta.get("seed")

    def take(self) -> Checkpoint:
        """Return the checkpoint and release it, since weights and momenta take a multiple of the net's memory."""
        opened, self._opened = self._opened or open_checkpoint(self.path), None
        return opened


Start = Fresh | Weights | Resume


@dataclass(frozen=True)
class Asked:
    """The start that the user asked for."""

    resume: str | None = None  # ``auto`` for the work dir's last usable checkpoint, or a file
    load_from: str | None = None  # file of the initial weights, unless the run resumes
    adapt_classes: bool = False  # see :class:`Weights`

    @classmethod
    def of(cls, cfg: ConfigDict, resume: str | None, load_from: str | None, adapt_classes: bool) -> Asked:
        """Combine arguments with the config's ``resume``, ``load_from`` and ``adapt_classes``; arguments take precedence."""
        given = load_from or cfg.get("load_from")
        if resume is None and cfg.get("resume") and not load_from:
            resume = given or "auto"
        return cls(resume, given, adapt_classes or cfg.get("adapt_classes", False))


def resolve_start(work_dir: str, asked: Asked) -> Start:
    """Decide where a run starts. Collective: call on every rank.

    Raises:
        UserError: checkpoint-missing, checkpoint-resume; option-value: ``adapt_classes`` without a checkpoint.
    """
    restarted = int(os.environ.get("TORCHELASTIC_RESTART_COUNT", 0)) > 0  # torchrun repeats the same command
    resume = find_resume(work_dir, own=True) if restarted else None
    if resume is None and asked.resume == "auto":
        resume = find_resume(work_dir)
    elif resume is None and asked.resume:
        resume = Resume(open_checkpoint(asked.resume))
    if resume:
        print_main(f"resuming from {resume.path}")
        return resume
    if asked.adapt_classes and not asked.load_from:
        message = "--adapt-classes needs a checkpoint with other classes: give --load-from PATH"
        raise UserError("option-value", message)
    if asked.resume == "auto":
        where = f"the weights of {asked.load_from}" if asked.load_from else "the start"
        print_main(f"nothing to resume in {work_dir}: training from {where}")
    elif earlier := earlier_checkpoint(work_dir):
        hint = "this run starts over (to continue a checkpoint: --resume PATH)"
        print_main(f"{work_dir} has {earlier} of an earlier run; {hint}")
    if asked.load_from is None:
        return Fresh()
    require_checkpoint(asked.load_from)
    return Weights(asked.load_from, asked.adapt_classes)


def find_resume(work_dir: str, strict: bool = True, own: bool = False) -> Resume | None:
    """Find the last usable checkpoint on rank 0 and open it on every rank. Collective: call on every rank.

    Args:
        work_dir: the folder.
        strict: raise if there are checkpoints but none is usable.
        own: search only if the last run in the folder has saved or resumed a checkpoint.
    """
    checkpoint = None
    if is_main_process() and (not own or has_saved(work_dir)):
        checkpoint, passed_over = find_latest(work_dir, strict)
        for problem in passed_over if checkpoint else ():
            print_main(f"skipped: {problem}")
    paths = [checkpoint and checkpoint.path]
    broadcast_object_list(paths)
    return Resume(checkpoint or open_checkpoint(paths[0])) if paths[0] else None
