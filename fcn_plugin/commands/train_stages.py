"""Train a net in stages, each from the best checkpoint of the one before.

Call it again to go on after a stop.
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

NOTE = "finished.json"  # in the folder of a stage that needs no more training


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the config of the last stage and the processes."""
    add_options(parser, "config", *RUN)
    images = "val images on which a stage must answer as its parent before its first step (default: 32)"
    parser.add_argument("--check-images", type=at_least(1), default=32, metavar="N", help=images)


def main(args: argparse.Namespace) -> None:
    """Train all stages."""
    from ..engine.logging import print_main
    from ..preflight.stages import stages_of

    cfg = load_config(args, runs="stages")
    stages = stages_of(cfg, lambda name: load_config(argparse.Namespace(**{**vars(args), "config": name})))
    print_main(f"finished: {train_stages(stages, args.check_images)}")


def train_stages(stages: list[Stage], images: int = 32) -> Path:
    """Train every stage that is not trained yet; a run that was cut off goes on where it stopped.

    Args:
        stages: the chain, coarsest first.
        images: of the val split, on which a stage must answer as its parent before its first step.

    Returns:
        The best checkpoint of the last stage.

    Raises:
        UserError: ``stage-worse``: a stage ended below its parent; as :func:`train`.
    """
    from ..engine.distributed import join_processes
    from ..engine.logging import print_main
    from ..preflight.prepare import prepare

    join_processes(stages[0].cfg)
    for stage in stages:  # a fault in the last config is worth knowing before the first has trained for days
        prepare(stage.cfg, ("train", "val"))
    parent: Trained | None = None
    for stage in stages:
        trained = _finished(stage)
        if trained is None:
            print_main(f"{stage.name}: training in {stage.cfg.work_dir}" + (f", from {parent.best}" if parent else ""))
            trained = _train(stage, parent, images)
        print_main(f"{stage.name}: {trained.key} {trained.score:.2f}, {trained.best}")
        if parent and trained.score < parent.score:
            found = f"{stage.name} ended at {trained.key} {trained.score:.2f}, below its parent {parent.stage.name} at"
            best = f"{parent.score:.2f}, and is not promoted: the best net is {parent.best}"
            remedy = f"Remove {stage.cfg.work_dir} and train it again with a lower learning rate or for longer"
            raise UserError("stage-worse", f"{found} {best}. {remedy}")
        parent = trained
    return parent.best


@dataclass
class Trained:
    """A finished stage: its best checkpoint, and that one's score on val by the name of ``key``."""

    stage: Stage
    best: Path
    key: str
    score: float


def _finished(stage: Stage) -> Trained | None:
    """What the note in the stage's folder says; None where there is no readable one."""
    from ..checkpoints.notes import read_json

    folder = Path(stage.cfg.work_dir)
    try:
        note = read_json(folder / NOTE)
        trained = Trained(stage, folder / note["best"], note["key"], float(note["score"]))
    except (ValueError, KeyError, TypeError):  # none, or a damaged one: the stage resumes at its end
        return None
    if not os.path.isfile(trained.best):
        message = f"{trained.best}, the best checkpoint of {stage.name}, is gone: put it back, or remove {folder} to train again"
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
    train(cfg, "auto", start, hooks=hooks)  # a checkpoint of its own takes the place of the parent's
    gc.collect()  # the engine's objects hold each other: the next stage would share the device with them
    barrier()  # the main process writes the best checkpoint when the others have left the loop
    key = cfg.default_hooks.checkpoint.get("save_best")
    found = read_best(cfg.work_dir, key)
    if found is None:
        raise UserError("checkpoint-missing", f"no best checkpoint in {cfg.work_dir}: let train_cfg have a validation")
    trained = Trained(stage, found[0], key, found[1])
    if is_main_process():
        write_note(Path(cfg.work_dir) / NOTE, json.dumps(dict(best=trained.best.name, key=key, score=trained.score)))
    return trained
