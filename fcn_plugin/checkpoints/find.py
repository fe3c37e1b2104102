"""Find the checkpoint that a run resumes from, with the work dir's notes ``last_checkpoint`` and ``run_start.json``."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import UserError
from .notes import read_json, read_note, write_note
from .read import Checkpoint, open_checkpoint

LAST = "last_checkpoint"  # mmengine's name for the note of the newest checkpoint
START = "run_start.json"  # where the run began, and which files existed before it
LONGEST = 4096  # characters of a path
NOTHING_SAVED = "nothing saved yet"  # content of LAST until the first save
TEMPLATES = ("iter_{}.pth", "epoch_{}.pth")


class Found(NamedTuple):
    """The opened checkpoint to resume from, or None, and why newer files were skipped."""

    checkpoint: Checkpoint | None
    passed_over: list[str]


def find_latest(work_dir: str | Path, strict: bool = True) -> Found:
    """Open the newest complete checkpoint with finite weights of the run that wrote ``last_checkpoint``.

    This is the noted file; if it is incomplete or damaged, the newest one before it; and finally the one that the run began with.
    Newest refers to steps, not to file times. If a work dir was copied without its checkpoints, or the run began in another folder,
    the folder of the note is searched. Each file is hashed and read once.

    Args:
        work_dir: the folder.
        strict: raise if there are checkpoints but none is usable.

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
        problems.append(f"{folder / name} is missing: it was not completed, or removed")
    if begun and Path(begun) not in candidates and os.path.isfile(begun):  # Path.is_file raises for too long names
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
    """Return whether the last run in the folder has saved or resumed a checkpoint."""
    noted = _noted(work_dir)
    return noted != "" and not noted.endswith(NOTHING_SAVED)


def note_start(
    work_dir: str | Path, start: str | None, template: str = TEMPLATES[0], folder: str | Path | None = None
) -> None:
    """Record where a run begins, so that it neither resumes from nor removes an earlier run's files.

    Args:
        work_dir: folder of the notes.
        start: checkpoint that the run resumes from; None if it starts over.
        template: file name template of its checkpoints.
        folder: folder of the checkpoints; default: the work dir.
    """
    folder, begun = Path(folder or work_dir), Path(start).absolute() if start else None
    own = step_of(begun.name, [template]) if begun and begun.parent == folder.absolute() else None
    before = _start(work_dir)
    # a folder without a note may contain best files of several runs
    templates = [template, best_template("*", template)] if before else [template]
    foreign = {}  # all files except those of this run up to its start
    for path in folder.glob("*.pth"):
        step, mark = step_of(path.name, templates), _mark(path)
        if own is None or step is None or step > own or mark == before.get("foreign", {}).get(path.name):
            foreign[path.name] = mark
    content = dict(checkpoint=str(begun) if begun else None, template=template, foreign=foreign)
    write_note(Path(work_dir, START), json.dumps(content))
    write_note(Path(work_dir, LAST), str(begun) if begun else NOTHING_SAVED)


def best_template(key: str, template: str) -> str:
    """Return mmengine's name template of the best checkpoints by a score; ``*`` for any score."""
    return f"best_{key}_{template}".replace("/", "_")


def own_files(work_dir: str | Path, folder: str | Path, template: str) -> dict[int, Path]:
    """Return step -> file, in order, of the regular files that the work dir's run has written and may remove.

    This does not rely on checkpoints, which are untrusted, and follows no links.
    """
    steps = _steps(Path(folder), [template], _start(work_dir))
    return dict(sorted((step, path) for path, step in steps.items() if path.is_file() and not path.is_symlink()))


def earlier_checkpoint(work_dir: str | Path) -> str | None:
    """Return the name of the newest checkpoint in the folder, complete or not, of any run."""
    return next((path.name for path in _candidates(Path(work_dir), "", {})[1]), None)


def _noted(work_dir: str | Path) -> str:
    noted = read_note(Path(work_dir) / LAST)
    return noted if len(noted) < LONGEST else ""


def _start(work_dir: str | Path) -> dict[str, Any]:
    """Read the note of :func:`note_start`; empty if it is missing or damaged."""
    content = read_json(Path(work_dir) / START)
    kinds = dict(checkpoint=str | None, template=str, foreign=dict)
    whole = all(isinstance(content.get(name, 0), kind) for name, kind in kinds.items())
    return content if whole and content["template"].count("{}") == 1 else {}


def step_of(name: str, templates: Sequence[str]) -> int | None:
    """Return the step in a checkpoint's name; None if no template matches. ``*`` before the step matches any text."""
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
    """Return size and last bytes (the checksum of a sealed file) to distinguish files of the same name; don't open pipes."""
    if not path.is_file():
        return ""
    with open(path, "rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - 64))
        return f"{size} {file.read().hex()}"


def _steps(folder: Path, templates: Sequence[str], start: dict[str, Any]) -> dict[Path, int]:
    """Return path -> step of the files in a folder with a checkpoint's name, without those of earlier runs."""
    foreign = start.get("foreign", {})
    steps = {path: step_of(path.name, templates) for path in folder.glob("*")}
    own = {path: step for path, step in steps.items() if step is not None}
    return {path: step for path, step in own.items() if path.name not in foreign or foreign[path.name] != _mark(path)}


def _candidates(work_dir: Path, noted: str, start: dict[str, Any]) -> tuple[Path, list[Path]]:
    """Return the folder of the checkpoints, and those that a run with this note may have written, newest first."""
    path, templates = Path(noted), [start["template"]] if start else TEMPLATES
    last = step_of(path.name, templates)
    folders = [work_dir, path.parent] if path.is_absolute() and os.path.isdir(path.parent) else [work_dir]
    if noted == start.get("checkpoint") and os.path.isfile(path) and not (work_dir / path.name).is_file():
        folders.reverse()  # the run began elsewhere and has saved nothing
    for folder in folders:
        steps = _steps(folder, templates, start)
        # files with later steps than the note are an earlier run's
        found = sorted(
            (file for file in steps if last is None or steps[file] <= last), key=steps.__getitem__, reverse=True
        )
        if noted and last is None and os.path.isfile(folder / path.name):  # a custom name
            found.insert(0, folder / path.name)
        if found:
            return folder, found
    return work_dir, []
