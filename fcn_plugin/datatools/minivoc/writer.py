"""Write the drawn data set in the layout of PASCAL VOC.

::

    JPEGImages/2012_000001.jpg
    SegmentationClass/2012_000001.png      palette PNG, 255 is void
    ImageSets/Segmentation/{train,val,trainval}.txt
    minivoc.json                           the parameters; written last
"""

import json
from pathlib import Path
from typing import Any

from PIL import Image

from ...atomic_write import atomic_folder, read_plain
from ...data.palette import voc_palette
from ...errors import UserError, abbreviate
from ...visualization.pictures import save_mask
from .scene import draw_scene

RECORD = "minivoc.json"
FORMAT_VERSION = 1  # increase it if the same parameters give other files
VAL_START = 500_000  # so that val images don't depend on the number of train images


def make_minivoc(
    out_dir: str | Path,
    seed: int = 0,
    train: int = 200,
    val: int = 50,
    size: tuple[int, int] = (160, 128),
    force: bool = False,
) -> bool:
    """Draw the data set into ``out_dir``; return False if the same one exists.

    Args:
        train, val: numbers of images, 1 to 500,000.
        size: (width, height) in pixels, 32 or more each.
        force: replace an existing mini data set.

    Raises:
        UserError: ``output-path``, ``output-exists``.
    """
    wanted = dict(format_version=FORMAT_VERSION, seed=seed, train=train, val=val, size=list(size))
    root = Path(out_dir).resolve()
    if not _must_draw(root, wanted, force):
        return False
    root.parent.mkdir(parents=True, exist_ok=True)
    with atomic_folder(root) as folder:
        _write(folder, wanted)
    return True


def _must_draw(root: Path, wanted: dict[str, Any], force: bool) -> bool:
    """Return False if the wanted data set is complete; UserError if drawing would replace other files."""
    for path in (root, *root.parents):
        if path.exists() and not path.is_dir():
            raise UserError("output-path", f"{path} is a file; give a new or empty folder")
    if not root.exists() or not any(root.iterdir()):
        return True
    try:
        record = json.loads(read_plain(root / RECORD))
        own = _file_names(record)
    except (OSError, ValueError, KeyError, TypeError) as error:
        names = abbreviate(sorted(path.name for path in root.iterdir()))
        raise UserError(
            "output-exists", f"{root} has {names}, which is not a mini data set; give another folder"
        ) from error
    there = {path.relative_to(root).as_posix() for path in root.rglob("*") if not path.is_dir()}
    if record == wanted and own <= there and not force:
        return False
    if record != wanted and not force:
        raise UserError("output-exists", f"{root} was drawn with {record}, not with {wanted}; redraw it with --force")
    if foreign := sorted(there - own):
        raise UserError("output-exists", f"{root} has other files: {abbreviate(foreign)}; move them elsewhere")
    return True


def _splits(record: dict[str, Any]) -> dict[str, list[int]]:
    """List scene indices by split."""
    train, val = list(range(record["train"])), list(range(VAL_START, VAL_START + record["val"]))
    return dict(train=train, val=val, trainval=train + val)


def _name(index: int) -> str:
    return f"2012_{index + 1:06d}"


def _file_names(record: dict[str, Any]) -> set[str]:
    """List all files of the data set, relative to its root."""
    files = {RECORD, *(f"ImageSets/Segmentation/{split}.txt" for split in _splits(record))}
    names = [_name(index) for index in _splits(record)["trainval"]]
    return files.union(*((f"JPEGImages/{name}.jpg", f"SegmentationClass/{name}.png") for name in names))


def _write(root: Path, record: dict[str, Any]) -> None:
    for folder in ("JPEGImages", "SegmentationClass", "ImageSets/Segmentation"):
        (root / folder).mkdir(parents=True)
    palette, splits = voc_palette(), _splits(record)
    for index in splits["trainval"]:
        image, labels = draw_scene(record["seed"], index, tuple(record["size"]))
        # quality 95 without chroma subsampling, so that thin parts keep their colour
        Image.fromarray(image).save(root / "JPEGImages" / f"{_name(index)}.jpg", quality=95, subsampling=0)
        save_mask(labels, palette, root / "SegmentationClass" / f"{_name(index)}.png")
    for split, indices in splits.items():
        (root / f"ImageSets/Segmentation/{split}.txt").write_text("".join(f"{_name(index)}\n" for index in indices))
    (root / RECORD).write_text(json.dumps(record, indent=2) + "\n")
