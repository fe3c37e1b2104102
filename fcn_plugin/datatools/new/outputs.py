"""Write all results or none, and replace only files of earlier calls."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import numpy as np

from ...atomic_write import atomic_folder, atomic_write, make_inside, read_plain
from ...data.classes_file import Colour
from ...errors import UserError, abbreviate
from ...file_lock import file_lock
from ...visualization.pictures import save_mask
from ..cores import on_all_cores
from .config_text import MARK
from .options import Options
from .split import FOLDERS


@contextmanager
def exclusive(out_dir: Path, configs: Path, name: str) -> Iterator[None]:
    """Make and lock the two folders that a call writes to; after an error remove new folders."""

    def busy(owner: str) -> UserError:
        return UserError("work-dir-locked", f"{owner} is writing {name} or {out_dir}: wait, or choose another NAME")

    base = configs / "_base_/datasets"
    new = [place for folder in (out_dir, base) for place in (folder, *folder.parents) if not place.exists()]
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
        make_inside(configs, base)
        # always in this order, so that one of several calls succeeds
        with file_lock(out_dir / ".new_dataset.lock", busy), file_lock(base / f".{name}.lock", busy):
            yield
    except BaseException:
        for place in new:
            with suppress(OSError):  # it is not empty
                place.rmdir()
        raise


def refuse_existing(paths: Sequence[Path], force: bool) -> None:
    """Refuse to replace files without ``force``, and other programs' files at all; UserError: ``output-exists``."""
    there = [path for path in paths if os.path.lexists(path)]
    if there and not force:
        found = f"{', '.join(map(str, there))} exist"
        raise UserError("output-exists", f"{found}: replace them with --force, or choose another NAME")
    for path in there:
        own = not path.is_dir() if path.suffix == ".txt" else MARK in text_of(path).partition("\n")[0]
        if not own:
            raise UserError("output-exists", f"{path} was not {MARK}: choose another NAME")


def text_of(path: Path) -> str:
    """Read a file that an earlier call may have written; "" if it is not a file."""
    return read_plain(path).decode(errors="replace") if path.is_file() else ""


def masks_folder(out_dir: Path, options: Options) -> Path:
    """Choose the folder of converted masks, which is replaced completely: ``OUT_DIR/masks``, or another if that is a source."""
    sources = [Path(options.images).resolve(), Path(options.masks).resolve()]
    own = _listed(out_dir)
    for folder in (out_dir / "masks", out_dir / "index_masks"):
        path, foreign = folder.resolve(), abbreviate(sorted(_files(folder) - own))
        in_source = foreign and any(path.is_relative_to(source) for source in sources)
        if not in_source and not any(source.is_relative_to(path) for source in sources):
            break
    else:
        raise UserError("output-path", f"{out_dir} is inside a folder of source files: choose another with --out-dir")
    if os.path.lexists(folder) and not (folder.is_dir() and options.force):
        found = "exists: replace it with --force" if folder.is_dir() else "is not a folder: remove it"
        raise UserError("output-exists", f"{folder} {found}, or choose another NAME")
    if foreign:
        raise UserError("output-exists", f"{folder} has other files: {foreign}; choose another --out-dir")
    return folder


def earlier_masks(out_dir: Path) -> list[Path]:
    """List the folders of masks that an earlier call converted, to exclude them from source folders."""
    own = _listed(out_dir)
    return [folder for folder in (out_dir / "masks", out_dir / "index_masks") if own and _files(folder) <= own]


def _listed(out_dir: Path) -> set[str]:
    """Return the masks in the lists of an earlier call."""
    names = [name for split in FOLDERS for name in (f"{split}.txt", f".{split}.txt.part")]  # .part: of a killed call
    return {line.partition("\t")[2] for name in names for line in text_of(out_dir / name).splitlines()}


def _files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def write_masks(
    folder: Path, draw: Sequence[Callable[[], np.ndarray]], palette: Sequence[Colour], files: Sequence[str]
) -> None:
    """Write the class indices that the functions ``draw`` as palette PNGs, the ``files`` in a folder."""
    for subfolder in {(folder / file).parent for file in files}:
        subfolder.mkdir(parents=True, exist_ok=True)
    tasks = [(each, palette, folder / file) for each, file in zip(draw, files, strict=True)]
    on_all_cores(_save, tasks, "writing masks")


def _save(draw: Callable[[], np.ndarray], palette: Sequence[Colour], path: Path) -> None:
    save_mask(draw(), palette, path)


def write_all(texts: Mapping[Path, str], folder: Path, fill: Callable[[Path], None] | None) -> None:
    """Write texts to their files, and the folder if ``fill`` is given; after an error nothing is changed."""
    with ExitStack() as stack:
        for path, text in texts.items():
            stack.enter_context(atomic_write(path)).write_text(text, encoding="utf-8")
        if fill is not None:
            for killed in folder.parent.glob(f".{folder.name}.part-*"):
                shutil.rmtree(killed, ignore_errors=True)
            fill(stack.enter_context(atomic_folder(folder)))
