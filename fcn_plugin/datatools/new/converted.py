"""The folder of converted masks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from ...errors import UserError
from .options import Options
from .pool import on_all_cores
from .source import Source


def masks_folder(out_dir: Path, options: Options) -> Path:
    """``OUT_DIR/masks``, or another where source files lie."""
    for name in ("masks", "index_masks"):
        folder = (out_dir / name).resolve()
        sources = [Path(options.images).resolve(), Path(options.masks).resolve()]
        if not any(folder == path or folder in path.parents or path in folder.parents for path in sources):
            return out_dir / name
    raise UserError(f"{out_dir} lies in a folder of source files: give another with --out-dir")


def refuse_strangers(folder: Path, out_dir: Path) -> None:
    """A folder is replaced as a whole: it may hold nothing but masks that lists of an earlier call name."""
    lists = [out_dir / f"{split}.txt" for split in ("train", "val", "test")]
    lines = [line for path in lists if path.is_file() for line in path.read_text(encoding="utf-8").splitlines()]
    own = {line.partition("\t")[2] for line in lines}
    files = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    strangers = sorted(set(files) - own)
    if strangers:
        raise UserError(f"{folder} holds files of other origin, such as {strangers[0]}: give another --out-dir")


def fill_folder(folder: Path, source: Source, files: Sequence[str]) -> None:
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
