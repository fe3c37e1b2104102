"""Which checkpoint a run resumes from, and the notes in a work dir that tell: ``last_checkpoint`` and ``run_start.json``."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ..atomic_write import durable_write
from ..errors import UserError
from .read import Checkpoint, open_checkpoint

LAST = "last_checkpoint"  # mmengine's name for the note of the newest checkpoint
START = "run_start.json"  # where the run began, and which files were there before it
NOTHING_SAVED = "nothing saved yet"  # in LAST until the first save
TEMPLATES = ("iter_{}.pth", "epoch_{}.pth")


class Found(NamedTuple):
    """The opened checkpoint to resume from, or None, and why newer files were passed over."""

    checkpoint: Checkpoint | None
    passed_over: list[str]


def find_latest(work_dir: str | Path, strict: bool = True) -> Found:
    """Open the newest whole checkpoint with finite weights of the run that wrote ``last_checkpoint``.

    That is the noted file; where its save was cut off or it is damaged, the newest one before it; at last the one that the run
    began with. Steps decide, not clocks. A work dir may have been moved: the note's own folder counts where the work dir holds
    no checkpoint. Each file that is looked at is hashed and read once.

    Args:
        work_dir: the folder.
        strict: raise where there are checkpoints and none is usable.

    Raises:
        UserError: checkpoint-resume.
    """
    noted, start = _noted(work_dir), _start(work_dir)
    if noted.endswith(NOTHING_SAVED):
        return Found(None, [])
    name, begun = Path(noted).name, start.get("checkpoint")
    folder, candidates = _candidates(Path(work_dir), noted, start)
    problems = []
    if name and not (folder / name).is_file():
        problems.append(f"{folder / name} is not there: it was cut off while being written, or removed")
    if begun and Path(begun) not in candidates and Path(begun).is_file():
        candidates.append(Path(begun))
    for path in candidates:
        try:
            checkpoint = open_checkpoint(str(path))
            checkpoint.require_finite()
            return Found(checkpoint, problems)
        except UserError as error:
            problems.append(error.message)
    if candidates and strict:
        message = (
            f"no usable checkpoint in {folder}: {'; '.join(problems)}. Restore a backup, or start over without --resume"
        )
        raise UserError("checkpoint-resume", message)
    return Found(None, problems)


def has_saved(work_dir: str | Path) -> bool:
    """Whether the last run in the folder has saved, or resumed from a checkpoint."""
    noted = _noted(work_dir)
    return noted != "" and not noted.endswith(NOTHING_SAVED)


def note_start(work_dir: str | Path, start: str | None, template: str = TEMPLATES[0]) -> None:
    """Note where the folder's run begins, so that a later resume does not take what an earlier run left.

    Args:
        work_dir: the folder.
        start: the checkpoint that the run resumes from; None where it starts over.
        template: of the names that it gives its checkpoints.
    """
    folder, begun = Path(work_dir), Path(start).absolute() if start else None
    own = _step(begun.name, [template]) if begun and begun.parent == folder.absolute() else None
    before = _start(work_dir).get("foreign", {})
    foreign = {}  # all files but its own past: those up to where it begins that were no earlier run's
    for path in folder.glob("*.pth"):
        step, mark = _step(path.name, [template]), _mark(path)
        if own is None or step is None or step > own or mark == before.get(path.name):
            foreign[path.name] = mark
    content = dict(checkpoint=str(begun) if begun else None, template=template, foreign=foreign)
    write_note(folder / START, json.dumps(content))
    write_note(folder / LAST, str(begun) if begun else NOTHING_SAVED)


def write_note(path: Path, text: str) -> None:
    """Write a small file that is there as a whole or not at all."""
    with durable_write(path) as part:
        part.write_text(text)


def earlier_checkpoint(work_dir: str | Path) -> str | None:
    """Name of the newest checkpoint in the folder, whole or not and whoever wrote it."""
    return next((path.name for path in _candidates(Path(work_dir), "", {})[1]), None)


def _noted(work_dir: str | Path) -> str:
    note = Path(work_dir) / LAST
    return note.read_text(errors="replace").strip() if note.is_file() else ""


def _start(work_dir: str | Path) -> dict:
    """What :func:`note_start` wrote; empty where another program ran in the folder, or the file is damaged."""
    try:
        content = json.loads((Path(work_dir) / START).read_text())
        kinds = dict(checkpoint=(str, type(None)), template=str, foreign=dict)
        return content if all(isinstance(content[name], kind) for name, kind in kinds.items()) else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _step(name: str, templates: Sequence[str]) -> int | None:
    patterns = [re.escape(template).replace(r"\{\}", r"(\d+)") for template in templates]
    return next((int(match[1]) for pattern in patterns if (match := re.fullmatch(pattern, name))), None)


def _mark(path: Path) -> str:
    """What tells a file from a later one of the same name: the end of a sealed one is its checksum."""
    with open(path, "rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - 64))
        return f"{size} {file.read().hex()}"


def _candidates(work_dir: Path, noted: str, start: dict) -> tuple[Path, list[Path]]:
    """The folder of the checkpoints, and those that a run with this note may have written, newest first."""
    path, templates = Path(noted), [start["template"]] if start else TEMPLATES
    last = _step(path.name, templates)
    folders = [work_dir, path.parent] if path.is_absolute() else [work_dir]
    if path.is_file() and not (work_dir / path.name).is_file():
        folders.reverse()  # it is elsewhere: a run resumed from there, or saves there
    for folder in folders:
        steps = {file: step for file in folder.glob("*") if (step := _step(file.name, templates)) is not None}
        if last is not None:  # what is beyond the note was left by an earlier run
            steps = {file: step for file, step in steps.items() if step <= last}
        foreign = start.get("foreign", {}) if folder == work_dir else {}
        own = [file for file in steps if file.name not in foreign or foreign[file.name] != _mark(file)]
        found = sorted(own, key=steps.get, reverse=True)
        if noted and last is None and (folder / path.name).is_file():  # a name of the user's own
            found.insert(0, folder / path.name)
        if found:
            return folder, found
    return work_dir, []
