"""Train a net in stages, each from the best checkpoint of the previous one.

After an interruption, run it again to continue.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UserError
from .options import RUN, add_options, at_least, load_config
from .train import train

if TYPE_CHECKING:
    from ..preflight.stages import Stage

NOTE = "finished.json"  # in the folder of a finished stage


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the config of the last stage and the shared options."""
    add_options(parser, "config", *RUN)
    images = "val images on which a stage must predict the same as its parent before its first step (default: 32)"
    parser.add_argument("--check-images", type=at_least(1), default=32, metavar="N", help=images)


def main(args: argparse.Namespace) -> None:
    """Train all stages."""
    from ..engine.logging import print_main
    from ..preflight.stages import stages_of

    cfg = load_config(args, runs="stages")
    stages = stages_of(cfg, lambda name: load_config(argparse.Namespace(**{**vars(args), "config": name})))
    print_main(f"finished: {train_stages(stages, args.check_images)}")


def train_stages(stages: list[Stage], images: int = 32) -> Path:
    """Train every stage that is not finished; an interrupted stage resumes where it stopped.

    Args:
        stages: all stages, coarsest first.
        images: number of val images on which a stage must predict the same as its parent before its first step.

    Returns:
        The best checkpoint of the last stage.

    Raises:
        UserError: ``stage-worse``: a stage scored below its parent; those of :func:`train`.
    """
    from ..engine.distributed import join_processes
    from ..engine.logging import print_main
    from ..preflight.prepare import prepare

    join_processes(stages[0].cfg)
    for stage in stages:  # find faults in the last config before the first stage has trained for days
        prepare(stage.cfg, ("train", "val"))
    done: list[Trained] = []
    for stage in stages:
        parent = done[-1] if done else None
        trained = _finished(stage)
        if trained is None:
            print_main(f"{stage.name}: training in {stage.cfg.work_dir}" + (f", from {parent.best}" if parent else ""))
            trained = _train(stage, parent, images)
        print_main(f"{stage.name}: {trained.key} {trained.score:.2f}, {trained.best}")
        if parent and trained.score < parent.score:
            found = f"{stage.name} ended at {trained.key} {trained.score:.2f}, below its parent {parent.stage.name} at"
            best = f"{parent.score:.2f}: the best net is {parent.best}"
            remedy = f"Remove {stage.cfg.work_dir} and train it again with a lower learning rate or for longer"
            raise UserError("stage-worse", f"{found} {best}. {remedy}")
        done.append(trained)
    return done[-1].best


@dataclass
class Trained:
    """A finished stage: its best checkpoint and that checkpoint's score ``key`` on val."""

    stage: Stage
    best: Path
    key: str
    score: float


def _finished(stage: Stage) -> Trained | None:
    """Read the note in the stage's folder; None if it is missing or unreadable."""
    from ..checkpoints.notes import read_json

    folder = Path(stage.cfg.work_dir)
    try:
        note = read_json(folder / NOTE)
        trained = Trained(stage, folder / note["best"], note["key"], float(note["score"]))
    except (ValueError, KeyError, TypeError):  # missing or damaged: the stage resumes at its last step
        return None
    if not os.path.isfile(trained.best):
        message = (
            f"no {trained.best}, the best checkpoint of {stage.name}: restore it, or remove {folder} to train again"
        )
        raise UserError("checkpoint-missing", message)
    return trained


def _train(stage: Stage, parent: Trained | None, images: int) -> Trained:
    from mmengine.dist import barrier, is_main_process

    from ..checkpoints.notes import write_note
    from ..engine.hooks.checkpoint import read_best

    cfg, start, hooks = stage.cfg, None, []
    if parent:
        start, model = str(parent.best), parent.stage.cfg.model
        hooks = [dict(type="ParentAgreementHook", model=model, checkpoint=start, images=images)]
    train(cfg, "auto", start, hooks=hooks)  # resumes the stage's own checkpoint if it has one
    gc.collect()  # mmengine's objects form reference cycles; free their device memory before the next stage
    barrier()  # the main process may still be writing the best checkpoint
    key = cfg.default_hooks.checkpoint.get("save_best")
    found = read_best(cfg.work_dir, key)
    if found is None:
        raise UserError("checkpoint-missing", f"no best checkpoint in {cfg.work_dir}: set val_interval of train_cfg")
    trained = Trained(stage, found[0], key, found[1])
    if is_main_process():
        write_note(Path(cfg.work_dir) / NOTE, json.dumps(dict(best=trained.best.name, key=key, score=trained.score)))
    return trained
