"""The checkpoint that a run goes on from."""

from __future__ import annotations

import json
import re
from pathlib import Path

from mmengine.dist import broadcast_object_list, is_main_process

from ..atomic_write import durable_write
from ..engine.logging import print_main
from ..errors import UserError
from .checksum import damage
from .read import read_checkpoint, require_finite

NOTE = "last_checkpoint"  # the engine's name for the note of the file to resume from
START = "run_start.json"  # where the folder's run began, and what was there before it
ANEW = "started anew, nothing saved yet"  # in the note's place until the first save
TEMPLATES = ("iter_{}.pth", "epoch_{}.pth")


def latest_checkpoint(work_dir: str, strict: bool = True) -> str | None:
    """The newest whole checkpoint with finite weights of the run that wrote ``last_checkpoint``; None where there is none.

    That is the noted file; where its save was cut off or it is damaged, the newest one before it, and the reason is told; at last
    the one that the run began with. Steps decide, not clocks. A work dir may have been moved: the note's own folder counts where
    the work dir holds no checkpoint.

    Args:
        work_dir: the folder.
        strict: raise where there are checkpoints and none will do; else None.

    Raises:
        UserError: there are checkpoints, and none will do.
    """
    noted, start = _noted(work_dir), _start(work_dir)
    if noted == ANEW:
        return None
    name = Path(noted).name
    folder, candidates = _candidates(Path(work_dir), noted, start)
    problems = []
    if name and not (folder / name).is_file():
        problems.append(f"{folder / name} is not there: it was cut off in being written, or removed")
    begun = start.get("checkpoint")
    if begun and Path(begun) not in candidates and Path(begun).is_file():
        candidates.append(Path(begun))
    for path in candidates:
        problem = _unfit(str(path))
        if problem is None:
            for text in problems:
                print_main(f"passed over: {text}")
            return str(path)
        problems.append(f"{path} {problem}")
    if candidates and strict:
        raise UserError(
            f"no checkpoint in {folder} will do: {'; '.join(problems)}. Take a copy, or train anew without --resume"
        )
    return None


def shared_latest(work_dir: str, strict: bool = True, own: bool = False) -> str | None:
    """The same for all processes: the first one looks, and the others take its answer.

    Args:
        work_dir: the folder.
        strict: as above.
        own: only where the last run in the folder has saved, or went on from a checkpoint.
    """
    found = [None]
    if is_main_process() and (not own or _noted(work_dir) not in ("", ANEW)):
        found = [latest_checkpoint(work_dir, strict)]
    broadcast_object_list(found)
    return found[0]


def note_start(work_dir: str, start: str | None, template: str = TEMPLATES[0]) -> None:
    """Write down where the folder's run begins, so that a later resume does not take what an earlier run left.

    Args:
        work_dir: the folder.
        start: the checkpoint that the run goes on from; None where it starts anew.
        template: of the names that it gives its checkpoints.
    """
    if not is_main_process():
        return
    folder, begun = Path(work_dir), Path(start).absolute() if start else None
    before = _start(work_dir)
    names, step = _pattern(template), None
    if begun and begun.parent == folder.absolute() and (match := names.fullmatch(begun.name)):
        step = int(match[1])
    # its own past are the files up to where it begins, less what was an earlier run's already
    foreign = {
        path.name: mark
        for path in folder.glob("*.pth")
        if (mark := _mark(path)) == before.get("foreign", {}).get(path.name)
        or step is None
        or not (match := names.fullmatch(path.name))
        or int(match[1]) > step
    }
    content = dict(checkpoint=str(begun) if begun else None, template=template, foreign=foreign)
    write_note(folder / START, json.dumps(content))
    write_note(folder / NOTE, str(begun) if begun else ANEW)


def write_note(path: Path, text: str) -> None:
    """Write a small file that is there or not."""
    with durable_write(path) as part:
        part.write_text(text)


def earlier_checkpoint(work_dir: str) -> str | None:
    """The newest checkpoint in the folder, whole or not and whoever wrote it, by its name."""
    return next((path.name for path in _candidates(Path(work_dir), "", {})[1]), None)


def _noted(work_dir: str) -> str:
    note = Path(work_dir) / NOTE
    return note.read_text(errors="replace").strip() if note.is_file() else ""


def _start(work_dir: str) -> dict:
    """What :func:`note_start` wrote; nothing where an older version or the engine did the run, or the file is damaged."""
    try:
        content = json.loads((Path(work_dir) / START).read_text())
        kinds = dict(checkpoint=(str, type(None)), template=str, foreign=dict)
        return content if all(isinstance(content[name], kind) for name, kind in kinds.items()) else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _pattern(template: str) -> re.Pattern:
    return re.compile(re.escape(template).replace(r"\{\}", r"(\d+)"))


def _mark(path: Path) -> str:
    """What tells a file from a later one of the same name: the end of a sealed one is its checksum."""
    with open(path, "rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - 64))
        return f"{size} {file.read().hex()}"


def _candidates(work_dir: Path, noted: str, start: dict) -> tuple[Path, list[Path]]:
    """The folder of the checkpoints, and those that a run with this note may have written, newest first."""
    path = Path(noted)
    templates = [start["template"]] if "template" in start else TEMPLATES
    patterns = [_pattern(template) for template in templates]
    match = next((match for one in patterns if (match := one.fullmatch(path.name))), None)
    folders = [work_dir, path.parent] if path.is_absolute() else [work_dir]
    if path.is_file() and not (work_dir / path.name).is_file():
        folders.reverse()  # it is elsewhere: a run resumed from there, or saves there
    for folder in folders:
        steps = {one: int(name[1]) for one in folder.glob("*") for p in patterns if (name := p.fullmatch(one.name))}
        if match:  # what is beyond the note was left by an earlier run
            steps = {one: step for one, step in steps.items() if step <= int(match[1])}
        if folder == work_dir:
            foreign = start.get("foreign", {})
            steps = {
                one: step for one, step in steps.items() if one.name not in foreign or foreign[one.name] != _mark(one)
            }
        found = sorted(steps, key=steps.get, reverse=True)
        if noted and not match and (folder / path.name).is_file():  # a name of the user's own
            found.insert(0, folder / path.name)
        if found:
            return folder, found
    return work_dir, []


def _unfit(path: str) -> str | None:
    problem = damage(path)
    if problem:
        return problem
    try:
        checkpoint = read_checkpoint(path)
        for weights in ("state_dict", "ema_state_dict"):
            require_finite(checkpoint.get(weights, {}), path)
    except UserError as error:
        text = str(error).removeprefix(path).strip()
        return "holds weights that are not finite" if text.startswith("holds NaN") else text
    return None
