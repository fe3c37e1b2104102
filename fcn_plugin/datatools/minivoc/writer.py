"""Writes the dataset to disk in the exact PASCAL VOC layout.

::

    JPEGImages/2012_000001.jpg
    SegmentationClass/2012_000001.png      palette PNG, 255 is void
    ImageSets/Segmentation/{train,val,trainval}.txt
    minivoc.json                           the parameters; written last
"""

import json
import os
import shutil
import tempfile
from pathlib import Path

from PIL import Image

from ...data.palette import voc_palette
from .scene import draw_scene

RECORD = "minivoc.json"
FORMAT_VERSION = 1  # raise it when the same parameters draw other bytes
VAL_START = 500_000  # so that the val images stay the same whatever the number of train images
SMALLEST_SIDE = 32


def make_minivoc(
    out_dir: str | Path,
    seed: int = 0,
    train: int = 200,
    val: int = 50,
    size: tuple[int, int] = (160, 128),
    force: bool = False,
) -> bool:
    """Draw the dataset into ``out_dir``, unless the same one is already there.

    Args:
        out_dir: root of the layout; made if missing.
        seed: 0 or more.
        train, val: numbers of images, 1 or more.
        size: (width, height) in pixels, 32 or more each.
        force: redraw a mini dataset that is already there, with other parameters or with the same.

    Returns:
        True if it was drawn, False if it was there already.

    Raises:
        ValueError: a number is out of range.
        FileExistsError: ``out_dir`` holds something that is not to be replaced.
    """
    wanted = _parameters(seed, train, val, size)
    root = Path(out_dir).resolve()
    if not _must_draw(root, wanted, force):
        return False
    root.parent.mkdir(parents=True, exist_ok=True)
    workshop = Path(tempfile.mkdtemp(prefix=f".{root.name}-", dir=root.parent))
    try:
        # A folder inside, because mkdtemp's own is closed to other users.
        _write(workshop / "new", wanted)
        if root.exists():
            root.rename(workshop / "old")
        (workshop / "new").rename(root)
    finally:
        shutil.rmtree(workshop)
    return True


def _parameters(seed: int, train: int, val: int, size: tuple[int, int]) -> dict:
    """The record's content; ValueError if a number is out of range."""
    if seed < 0:
        raise ValueError(f"seed is {seed}; give 0 or more")
    for name, count in (("train", train), ("val", val)):
        if not 1 <= count <= VAL_START:
            raise ValueError(f"{name} is {count} images; give 1 to {VAL_START}")
    if min(size) < SMALLEST_SIDE:
        raise ValueError(f"size is {size[0]} x {size[1]} px; give {SMALLEST_SIDE} or more for width and height")
    return {
        "format_version": FORMAT_VERSION,
        "seed": seed,
        "train": train,
        "val": val,
        "size": list(size),
    }


def _must_draw(root: Path, wanted: dict, force: bool) -> bool:
    """False if the wanted dataset is complete; FileExistsError if drawing would lose something."""
    for path in (root, *root.parents):
        if path.exists() and not path.is_dir():
            raise FileExistsError(f"{path} is a file; give a folder, new or empty")
    if not root.exists() or not any(root.iterdir()):
        return True
    record = _read_record(root)
    if record is None:
        found = ", ".join(sorted(path.name for path in root.iterdir())[:5])
        raise FileExistsError(
            f"{root} is not a mini dataset (no valid {RECORD}) but holds {found}; "
            "give another folder, or move these files away"
        )
    there = {path.relative_to(root).as_posix() for path in root.rglob("*") if not path.is_dir()}
    own = _file_names(record)
    if record == wanted and own <= there and not force:
        return False
    if record != wanted and not force:
        raise FileExistsError(
            f"{root} holds a mini dataset with {_describe(record)}, not {_describe(wanted)}; "
            "pass --force (force=True) to redraw it, or give another folder"
        )
    strangers = sorted(there - own)
    if strangers:
        raise FileExistsError(
            f"{root} holds {len(strangers)} file(s) that are not the mini dataset's, such as "
            f"{strangers[0]}; move them away before redrawing, or give another folder"
        )
    return True


def _read_record(root: Path) -> dict | None:
    """The record of a finished dataset; None if there is none, or none of ours."""
    try:
        record = json.loads((root / RECORD).read_text())
        _file_names(record)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return record


def _describe(record: dict) -> str:
    return ", ".join(f"{key} {value}" for key, value in record.items())


def _splits(record: dict) -> dict[str, list[int]]:
    """Scene indices by split."""
    return {
        "train": list(range(record["train"])),
        "val": list(range(VAL_START, VAL_START + record["val"])),
    }


def _name(index: int) -> str:
    return f"2012_{index + 1:06d}"


def _file_names(record: dict) -> set[str]:
    """All files of the dataset, relative to its root."""
    names = [_name(index) for indices in _splits(record).values() for index in indices]
    return {
        RECORD,
        *(f"ImageSets/Segmentation/{split}.txt" for split in ("train", "val", "trainval")),
        *(f"JPEGImages/{name}.jpg" for name in names),
        *(f"SegmentationClass/{name}.png" for name in names),
    }


def _write(root: Path, record: dict) -> None:
    for folder in ("JPEGImages", "SegmentationClass", "ImageSets/Segmentation"):
        os.makedirs(root / folder)
    palette = voc_palette().tobytes()
    splits = _splits(record)
    splits["trainval"] = splits["train"] + splits["val"]
    for index in splits["trainval"]:
        image, labels = draw_scene(record["seed"], index, tuple(record["size"]))
        # Quality 95 without chroma subsampling: thin parts keep their colour.
        Image.fromarray(image).save(root / "JPEGImages" / f"{_name(index)}.jpg", quality=95, subsampling=0)
        mask = Image.fromarray(labels)
        mask.putpalette(palette)
        mask.save(root / "SegmentationClass" / f"{_name(index)}.png")
    for split, indices in splits.items():
        lines = "".join(f"{_name(index)}\n" for index in indices)
        (root / "ImageSets" / "Segmentation" / f"{split}.txt").write_text(lines)
    (root / RECORD).write_text(json.dumps(record, indent=2) + "\n")
