"""The checkpoint that a run goes on from."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from ..errors import UserError
from ..models.weights.checksum import damage
from ..models.weights.read import read_checkpoint, require_finite
from .checkpoint_hook import NOTE
from .console import is_first_process, say

NAME = re.compile(r"(?:iter|epoch)_(\d+)\.pth")


def has_note(work_dir: str) -> bool:
    """Whether the last run in the folder has begun to save."""
    return (Path(work_dir) / NOTE).is_file()


def newest_finite(work_dir: str) -> str | None:
    """The newest whole checkpoint whose weights are all finite; None where there is none to choose from.

    Raises:
        UserError: there are checkpoints, and none will do.
    """
    return latest_checkpoint(work_dir, unfit=_unfit) if has_note(work_dir) else None


def clear_leftovers(work_dir: str, forget: bool) -> None:
    """Remove what cut-off saves left in the folder; with ``forget`` also the note, for a run that starts anew."""
    if not is_first_process():
        return
    folder = Path(work_dir)
    for part in folder.glob(".*.pth.part"):
        part.unlink()
        say(f"removed {part}, which was cut off in being written")
    if forget:
        earlier = _checkpoints(folder)
        if earlier:
            name = max(earlier, key=earlier.get).name
            say(f"{work_dir} holds {name} of an earlier run, and this one starts anew: --resume would go on")
        (folder / NOTE).unlink(missing_ok=True)


def latest_checkpoint(work_dir: str, unfit: Callable[[str], str | None] = damage) -> str | None:
    """The newest whole checkpoint of the run that wrote ``last_checkpoint``; None where there is none.

    That is the noted file; where a save was cut off or the file is damaged, the newest whole one before it, and the damage is
    told. Steps decide, not clocks. The note's folder is passed over: a work dir may have been moved.

    Args:
        work_dir: the folder.
        unfit: what is wrong with a file, or None.

    Raises:
        UserError: there are checkpoints, and none is whole.
    """
    folder = Path(work_dir)
    note = folder / NOTE
    noted = Path(note.read_text().strip()).name if note.is_file() else ""
    steps = _checkpoints(folder)
    match = NAME.fullmatch(noted)
    if match:  # what is beyond it was left by an earlier run
        steps = {path: step for path, step in steps.items() if step <= int(match[1])}
    candidates = sorted(steps, key=steps.get, reverse=True)
    if noted and not match and (folder / noted).is_file():  # a name of the user's own
        candidates.insert(0, folder / noted)
    problems = []
    if noted and not (folder / noted).is_file():
        problems.append(f"{folder / noted} is not there: it was cut off in being written, or removed")
    for path in candidates:
        problem = unfit(str(path))
        if problem is None:
            for text in problems:
                say(f"passed over: {text}")
            return str(path)
        problems.append(f"{path} {problem}")
    if candidates:
        raise UserError(
            f"no checkpoint in {folder} is whole: {'; '.join(problems)}. Take a copy, or train anew without --resume"
        )
    return None


def _checkpoints(folder: Path) -> dict[Path, int]:
    """Path -> step or epoch."""
    return {path: int(match[1]) for path in folder.glob("*.pth") if (match := NAME.fullmatch(path.name))}


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
