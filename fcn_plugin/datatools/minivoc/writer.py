"""Write the drawn data set in the layout of PASCAL VOC.

::

    JPEGImages/2012_000001.jpg
    SegmentationClass/2012_000001.png      palette PNG, 255 is void
    ImageSets/Segmentation/{train,val,trainval}.txt
    minivoc.json                           the parameters; written last
"""

import json
from pathlib import Path

from PIL import Image

from ...atomic_write import atomic_folder
from ...data.palette import voc_palette
from ...errors import UserError, abbreviate
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
    """Draw the data set into ``out_dir``; returns False where the same one is there.

    Args:
        train, val: numbers of images.
        size: (width, height) in pixels.
        force: redraw a mini data set that is there, with other parameters or with the same.

    Raises:
        UserError: ``option-value``, ``output-path``, ``output-exists``.
    """
    if seed < 0:
        raise UserError("option-value", f"seed is {seed}; give 0 or more")
    for name, count in dict(train=train, val=val).items():
        if not 1 <= count <= VAL_START:
            raise UserError("option-value", f"{name} is {count} images; give 1 to {VAL_START}")
    if min(size) < SMALLEST_SIDE:
        raise UserError("option-value", f"size is {size[0]} x {size[1]} px; give {SMALLEST_SIDE} or more for each side")
    wanted = dict(format_version=FORMAT_VERSION, seed=seed, train=train, val=val, size=list(size))
    root = Path(out_dir).resolve()
    if not _must_draw(root, wanted, force):
        return False
    root.parent.mkdir(parents=True, exist_ok=True)
    with atomic_folder(root) as folder:
        _write(folder, wanted)
    return True


def _must_draw(root: Path, wanted: dict, force: bool) -> bool:
    """Return False if the wanted data set is complete; UserError if drawing would lose something."""
    for path in (root, *root.parents):
        if path.exists() and not path.is_dir():
            raise UserError("output-path", f"{path} is a file; give a folder, new or empty")
    if not root.exists() or not any(root.iterdir()):
        return True
    try:
        record = json.loads((root / RECORD).read_text())
        own = _file_names(record)
    except (OSError, ValueError, KeyError, TypeError) as error:
        found = f"{root} is not a mini data set (no valid {RECORD}), it holds {abbreviate(sorted(p.name for p in root.iterdir()))}"
        raise UserError("output-exists", f"{found}; give another folder, or move these files away") from error
    there = {path.relative_to(root).as_posix() for path in root.rglob("*") if not path.is_dir()}
    if record == wanted and own <= there and not force:
        return False
    if record != wanted and not force:
        found = f"{root} holds a mini data set of {record}, not of {wanted}"
        raise UserError("output-exists", f"{found}; redraw it with --force (force=True), or give another folder")
    if foreign := sorted(there - own):
        remedy = "move them away before redrawing, or give another folder"
        raise UserError("output-exists", f"{root} holds files of other origin: {abbreviate(foreign)}; {remedy}")
    return True


def _splits(record: dict) -> dict[str, list[int]]:
    """List scene indices by split."""
    train, val = list(range(record["train"])), list(range(VAL_START, VAL_START + record["val"]))
    return dict(train=train, val=val, trainval=train + val)


def _name(index: int) -> str:
    return f"2012_{index + 1:06d}"


def _file_names(record: dict) -> set[str]:
    """List all files of the data set, relative to its root."""
    files = {RECORD, *(f"ImageSets/Segmentation/{split}.txt" for split in _splits(record))}
    names = [_name(index) for index in _splits(record)["trainval"]]
    return files.union(*((f"JPEGImages/{name}.jpg", f"SegmentationClass/{name}.png") for name in names))


def _write(root: Path, record: dict) -> None:
    for folder in ("JPEGImages", "SegmentationClass", "ImageSets/Segmentation"):
        (root / folder).mkdir(parents=True)
    palette, splits = voc_palette().tobytes(), _splits(record)
    for index in splits["trainval"]:
        image, labels = draw_scene(record["seed"], index, tuple(record["size"]))
        # Quality 95 without chroma subsampling: thin parts keep their colour.
        Image.fromarray(image).save(root / "JPEGImages" / f"{_name(index)}.jpg", quality=95, subsampling=0)
        mask = Image.fromarray(labels)
        mask.putpalette(palette)
        mask.save(root / "SegmentationClass" / f"{_name(index)}.png")
    for split, indices in splits.items():
        (root / f"ImageSets/Segmentation/{split}.txt").write_text("".join(f"{_name(index)}\n" for index in indices))
    (root / RECORD).write_text(json.dumps(record, indent=2) + "\n")
