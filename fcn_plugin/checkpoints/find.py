"""Which checkpoint a run resumes from, and the notes in a work dir that tell: ``last_checkpoint`` and ``run_start.json``."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ..errors import UserError
from .notes import read_json, read_note, write_note
from .read import Checkpoint, open_checkpoint

LAST = "last_checkpoint"  # mmengine's name for the note of the newest checkpoint
START = "run_start.json"  # where the run began, and which files were there before it
LONGEST = 4096  # of a path
NOTHING_SAVED = "nothing saved yet"  # in LAST until the first save
TEMPLATES = ("iter_{}.pth", "epoch_{}.pth")


class Found(NamedTuple):
    """The opened checkpoint to resume from, or None, and why newer files were passed over."""

    checkpoint: Checkpoint | None
    passed_over: list[str]


def find_latest(work_dir: str | Path, strict: bool = True) -> Found:
    """Open the newest whole checkpoint with finite weights of the run that wrote ``last_checkpoint``.

    That is the noted file; where its save was cut off or it is damaged, the newest one before it; at last the one that the run
    began with. Steps decide, not clocks. A work dir may be a copy: the note's own folder counts where the work dir holds none of
    the run's checkpoints, or where the run began there. Each file that is looked at is hashed and read once.

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
    if name and not os.path.isfile(folder / name):
        problems.append(f"{folder / name} is not there: it was cut off while being written, or removed")
    if (
        begun and Path(begun) not in candidates and os.path.isfile(begun)
    ):  # Path's own raises for a name that is too long
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


def note_start(
    work_dir: str | Path, start: str | None, template: str = TEMPLATES[0], folder: str | Path | None = None
) -> None:
    """Note where a work dir's run begins, so that it neither resumes from nor removes what an earlier run left.

    Args:
        work_dir: for the notes.
        start: the checkpoint that the run resumes from; None where it starts over.
        template: of the names that it gives its checkpoints.
        folder: of the checkpoints, the work dir by default.
    """
    folder, begun = Path(folder or work_dir), Path(start).absolute() if start else None
    own = step_of(begun.name, [template]) if begun and begun.parent == folder.absolute() else None
    before = _start(work_dir)
    # a folder without a note may hold several runs' best files
    templates = [template, best_template("*", template)] if before else [template]
    foreign = {}  # all files but its own past: those up to where it begins that were no earlier run's
    for path in folder.glob("*.pth"):
        step, mark = step_of(path.name, templates), _mark(path)
        if own is None or step is None or step > own or mark == before.get("foreign", {}).get(path.name):
            foreign[path.name] = mark
    content = dict(checkpoint=str(begun) if begun else None, template=template, foreign=foreign)
    write_note(Path(work_dir, START), json.dumps(content))
    write_note(Path(work_dir, LAST), str(begun) if begun else NOTHING_SAVED)


def best_template(key: str, template: str) -> str:
    """Names of the best checkpoints by a score as mmengine makes them; ``*`` for any score."""
    return f"best_{key}_{template}".replace("/", "_")


def own_files(work_dir: str | Path, folder: str | Path, template: str) -> dict[int, Path]:
    """Step -> plain file of that name which the work dir's run has written, in order: what it may remove.

    No checkpoint says so, as it may be a stranger's, and no link is followed.
    """
    steps = _steps(Path(folder), [template], _start(work_dir))
    return dict(sorted((step, path) for path, step in steps.items() if path.is_file() and not path.is_symlink()))


def earlier_checkpoint(work_dir: str | Path) -> str | None:
    """Name of the newest checkpoint in the folder, whole or not and whoever wrote it."""
    return next((path.name for path in _candidates(Path(work_dir), "", {})[1]), None)


def _noted(work_dir: str | Path) -> str:
    noted = read_note(Path(work_dir) / LAST)
    return noted if len(noted) < LONGEST else ""


def _start(work_dir: str | Path) -> dict:
    """What :func:`note_start` wrote; empty where another program ran in the folder, or the file is damaged."""
    content = read_json(Path(work_dir) / START)
    kinds = dict(checkpoint=str | None, template=str, foreign=dict)
    whole = all(isinstance(content.get(name, 0), kind) for name, kind in kinds.items())
    return content if whole and content["template"].count("{}") == 1 else {}


def step_of(name: str, templates: Sequence[str]) -> int | None:
    """The step in a checkpoint's name; None for another name. ``*`` in front of the step is any text."""
    for template in templates:
        start, _, end = template.partition("{}")
        begin, star, middle = start.partition("*")
        stem = name.removesuffix(end)
        place = stem.rfind(middle, len(begin) + 1) if star else len(begin)
        digits = stem[place + len(middle) :]
        if name.endswith(end) and stem.startswith(begin) and place >= 0 and digits.isdecimal():
            return int(digits)
    return None


def _mark(path: Path) -> str:
    """What tells a file from a later one of the same name: the end of a sealed one is its checksum. Pipes are not opened."""
    if not path.is_file():
        return ""
    with open(path, "rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - 64))
        return f"{size} {file.read().hex()}"


def _steps(folder: Path, templates: Sequence[str], start: dict) -> dict[Path, int]:
    """Path -> step of what has a checkpoint's name in a folder, without the files of earlier runs."""
    foreign = start.get("foreign", {})
    steps = {path: step_of(path.name, templates) for path in folder.glob("*")}
    own = {path: step for path, step in steps.items() if step is not None}
    return {path: step for path, step in own.items() if path.name not in foreign or foreign[path.name] != _mark(path)}


def _candidates(work_dir: Path, noted: str, start: dict) -> tuple[Path, list[Path]]:
    """The folder of the checkpoints, and those that a run with this note may have written, newest first."""
    path, templates = Path(noted), [start["template"]] if start else TEMPLATES
    last = step_of(path.name, templates)
    folders = [work_dir, path.parent] if path.is_absolute() and os.path.isdir(path.parent) else [work_dir]
    if noted == start.get("checkpoint") and os.path.isfile(path) and not (work_dir / path.name).is_file():
        folders.reverse()  # the run began elsewhere and has saved nothing
    for folder in folders:
        steps = _steps(folder, templates, start)
        # what is beyond the note was left by an earlier run
        found = sorted((file for file in steps if last is None or steps[file] <= last), key=steps.get, reverse=True)
        if noted and last is None and os.path.isfile(folder / path.name):  # a name of the user's own
            found.insert(0, folder / path.name)
        if found:
            return folder, found
    return work_dir, []
