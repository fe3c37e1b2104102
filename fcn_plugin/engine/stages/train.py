"""Run the stages of a chain one after the other, each from its parent's best checkpoint."""

from __future__ import annotations

from pathlib import Path

from mmengine.config import Config
from mmengine.dist import barrier
from mmengine.runner import find_latest_checkpoint

from ...errors import UserError
from ...models.weights.read import read_checkpoint
from ..console import say
from ..run import train
from .chain import Stage


def train_stages(stages: list[Stage], images: int = 32) -> Path:
    """Train every stage that is not trained yet; a run that was cut off goes on where it stopped.

    Args:
        stages: the chain, coarsest first.
        images: images of the val split on which a stage must answer as its parent before its first step.

    Returns:
        The best checkpoint of the last stage.

    Raises:
        UserError: a stage can't be trained, does not start as its parent, or ended below it.
    """
    parent: tuple[Stage, Path, float] | None = None
    for stage in stages:
        if not _finished(stage.cfg):
            say(f"{stage.name}: training in {stage.cfg.work_dir}" + (f", from {parent[1]}" if parent else ""))
            _train(stage, parent, images)
        best, score = best_checkpoint(stage.cfg)
        key = stage.cfg.default_hooks.checkpoint.save_best
        say(f"{stage.name}: {key} {100 * score:.2f}, {best}")
        if parent and score < parent[2]:
            raise UserError(
                f"{stage.name} ended at {key} {100 * score:.2f}, below its parent {parent[0].name} at {100 * parent[2]:.2f}, "
                f"and is not promoted: the best net is {parent[1]}. Remove {stage.cfg.work_dir} and train it again with a "
                "lower learning rate or for longer"
            )
        parent = stage, best, score
    return best


def best_checkpoint(cfg: Config) -> tuple[Path, float]:
    """The best checkpoint of a finished run and its score on val.

    Raises:
        UserError: the run left none.
    """
    key = cfg.default_hooks.checkpoint.get("save_best")
    found = {path: _noted(path, "best_score") for path in Path(cfg.work_dir).glob(f"best_{key}_*.pth")}
    if not found:  # a killed run may leave two: the one it did not get to delete is the lower one
        raise UserError(
            f"no best_{key}_*.pth in {cfg.work_dir}: set default_hooks.checkpoint.save_best to a score, and "
            "train_cfg.val_interval to at most train_cfg.max_iters"
        )
    return max(found.items(), key=lambda item: item[1])


def _last(cfg: Config) -> str | None:
    if not (Path(cfg.work_dir) / "last_checkpoint").is_file():  # the engine would say on the console that there is none
        return None
    return find_latest_checkpoint(cfg.work_dir)


def _finished(cfg: Config) -> bool:
    last = _last(cfg)
    return last is not None and _noted(last, "iter") >= cfg.train_cfg.max_iters


def _noted(path: str | Path, key: str) -> float:
    checkpoint = read_checkpoint(str(path))
    notes = {**checkpoint["message_hub"]["runtime_info"], "iter": checkpoint["meta"]["iter"]}
    return float(notes[key])


def _train(stage: Stage, parent: tuple[Stage, Path, float] | None, images: int) -> None:
    cfg = stage.cfg
    cfg.experiment_name = f"{Path(cfg.filename).stem}_{stage.name}"
    if parent:
        cfg.load_from = str(parent[1])
        agreement = dict(type="ParentAgreementHook", model=parent[0].cfg.model, checkpoint=cfg.load_from, images=images)
        cfg.custom_hooks = [*cfg.get("custom_hooks", []), agreement]
    train(cfg, resume=_last(cfg))  # a last checkpoint takes the place of load_from
    barrier()  # the main process writes the best checkpoint when the others have left the loop
