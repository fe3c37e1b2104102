"""Write all results or none, and replace only what an earlier call wrote."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from PIL import Image

from ...atomic_write import atomic_folder, atomic_write
from ...errors import UserError, abbreviate
from ..cores import on_all_cores
from .classes import Source
from .config_text import MARK
from .options import Options
from .split import FOLDERS


def refuse_existing(paths: Sequence[Path], force: bool) -> None:
    """Refuse to replace files without ``force``, and with it what this tool did not write; UserError: ``output-exists``."""
    there = [path for path in paths if path.exists()]
    if there and not force:
        found = f"{', '.join(map(str, there))} exist"
        raise UserError("output-exists", f"{found}: replace them with --force, or choose another NAME")
    for path in there:
        if path.suffix == ".py" and MARK not in path.read_text(encoding="utf-8").partition("\n")[0]:
            raise UserError("output-exists", f"{path} was not {MARK}: choose another NAME")


def masks_folder(out_dir: Path, options: Options) -> Path:
    """Choose the folder of converted masks, which is replaced as a whole: ``OUT_DIR/masks``, or another beside source files."""
    sources = [Path(options.images).resolve(), Path(options.masks).resolve()]
    for folder in (out_dir / "masks", out_dir / "index_masks"):
        path = folder.resolve()
        if not any(path.is_relative_to(source) or source.is_relative_to(path) for source in sources):
            break
    else:
        raise UserError("output-path", f"{out_dir} lies in a folder of source files: give another with --out-dir")
    refuse_existing([folder], options.force)
    lists = [path.read_text(encoding="utf-8") for split in FOLDERS if (path := out_dir / f"{split}.txt").is_file()]
    own = {line.partition("\t")[2] for text in lists for line in text.splitlines()}
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    if foreign := abbreviate(sorted(files - own)):
        raise UserError("output-exists", f"{folder} holds files of other origin: {foreign}; give another --out-dir")
    return folder


def write_masks(folder: Path, source: Source, files: Sequence[str]) -> None:
    """Write the class indices of all masks as palette PNGs."""
    colours = np.zeros((256, 3), np.uint8)
    colours[: len(source.classes.palette)] = source.classes.palette
    colours[255] = 255
    for subfolder in {(folder / file).parent for file in files}:
        subfolder.mkdir(parents=True, exist_ok=True)
    tasks = [(draw, folder / file, colours.tobytes()) for draw, file in zip(source.draw, files, strict=True)]
    on_all_cores(_save, tasks, "writing masks")


def _save(draw: Callable[[], np.ndarray], path: Path, colours: bytes) -> None:
    mask = Image.fromarray(draw())
    mask.putpalette(colours)
    mask.save(path)


def write_all(texts: Mapping[Path, str], folder: Path, fill: Callable[[Path], None] | None) -> None:
    """Write texts by file, and the folder if there is a function to fill it; an error leaves all as it was."""
    parents = {path.parent for path in (*texts, folder)}
    new = {place for parent in parents for place in (parent, *parent.parents) if not place.exists()}
    with ExitStack() as undo:
        for place in sorted(new):
            place.mkdir()
            undo.callback(shutil.rmtree, place, ignore_errors=True)
        with ExitStack() as stack:
            for path, text in texts.items():
                stack.enter_context(atomic_write(path)).write_text(text, encoding="utf-8")
            if fill is not None:
                fill(stack.enter_context(atomic_folder(folder)))
        undo.pop_all()
