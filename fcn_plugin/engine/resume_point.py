"""The checkpoint that a run goes on from."""

from __future__ import annotations

import re
from pathlib import Path

from mmengine.dist import broadcast_object_list, is_main_process

from ..errors import UserError
from ..models.weights.checksum import damage
from ..models.weights.read import read_checkpoint, require_finite
from ..whole_file import whole
from .checkpoint_hook import NOTE
from .console import say

NAMES = re.compile(r"(?:iter|epoch)_(\d+)\.pth")
ANEW = "started anew, nothing saved yet"  # in the note's place until the first save


def latest_checkpoint(work_dir: str) -> str | None:
    """The newest whole checkpoint with finite weights of the run that wrote ``last_checkpoint``; None where there is none.

    That is the noted file; where its save was cut off or it is damaged, the newest one before it, and the reason is told. Steps
    decide, not clocks. A work dir may have been moved: the note's own folder counts where the work dir holds no checkpoint.

    Raises:
        UserError: there are checkpoints, and none will do.
    """
    noted = _noted(work_dir)
    if noted == ANEW:
        return None
    name = Path(noted).name
    folder, candidates = _candidates(Path(work_dir), noted)
    problems = []
    if name and not (folder / name).is_file():
        problems.append(f"{folder / name} is not there: it was cut off in being written, or removed")
    for path in candidates:
        problem = _unfit(str(path))
        if problem is None:
            for text in problems:
                say(f"passed over: {text}")
            return str(path)
        problems.append(f"{path} {problem}")
    if candidates:
        raise UserError(
            f"no checkpoint in {folder} will do: {'; '.join(problems)}. Take a copy, or train anew without --resume"
        )
    return None


def shared_latest(work_dir: str) -> str | None:
    """The same for all processes: the first one looks, and the others take its answer."""
    found = [latest_checkpoint(work_dir) if is_main_process() else None]
    broadcast_object_list(found)
    return found[0]


def has_saved(work_dir: str) -> bool:
    """Whether the last run in the folder has begun to save, or goes on from a checkpoint."""
    return _noted(work_dir) not in ("", ANEW)


def note_start(work_dir: str, start: str | None) -> None:
    """Write down where the folder's run begins, so that a later resume does not take what an earlier run left.

    Args:
        work_dir: the folder.
        start: the checkpoint that the run goes on from; None where it starts anew.
    """
    if is_main_process():
        with whole(Path(work_dir) / NOTE, durable=True) as part:
            part.write_text(str(Path(start).absolute()) if start else ANEW)


def earlier_checkpoint(work_dir: str) -> str | None:
    """The newest checkpoint in the folder, whole or not, by its name."""
    return next((path.name for path in _candidates(Path(work_dir), "")[1]), None)


def _noted(work_dir: str) -> str:
    note = Path(work_dir) / NOTE
    return note.read_text().strip() if note.is_file() else ""


def _candidates(work_dir: Path, noted: str) -> tuple[Path, list[Path]]:
    """The folder of the checkpoints, and those that a run with this note may have written, newest first."""
    path = Path(noted)
    match = re.fullmatch(r"(.*\D|)(\d+)(\D*)", path.name)
    names = re.compile(f"{re.escape(match[1])}(\\d+){re.escape(match[3])}") if match else NAMES
    folders = [work_dir, path.parent]
    if noted and path.is_file() and not (work_dir / path.name).is_file():
        folders.reverse()  # it is elsewhere: a run resumed from there, or saves there
    for folder in folders:
        steps = {one: int(name[1]) for one in folder.glob("*") if (name := names.fullmatch(one.name))}
        if match:  # what is beyond the note was left by an earlier run
            steps = {one: step for one, step in steps.items() if step <= int(match[2])}
        found = sorted(steps, key=steps.get, reverse=True)
        if noted and not match and (folder / path.name).is_file():  # a name without a number
            found.insert(0, folder / path.name)
        if found:
            return folder, found
    return work_dir, []


def _unfit(path: str) -> str | None:
    problem = damage(path)
    if problem is None:
        checkpoint = read_checkpoint(path)
        try:
            for weights in ("state_dict", "ema_state_dict"):
                require_finite(checkpoint.get(weights, {}), path)
        except UserError:
            problem = "holds weights that are not finite"
    return problem
