"""Malformed data of each kind against every tool that meets it: the code, the file, the value, the remedy, the exit code.

A row spoils one file of train and one of val; the check names both, training the first, testing the second, prediction the image.
"""

import io
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import pytest
from PIL import Image
from support.damaged_images import changed_byte
from support.refusals import tool_refused

from fcn_plugin.data.problems import KINDS

SIDE = 64  # W = H of the images
ALL = ("check", "train", "test", "predict")
LOADED = ("check", "train", "test")
CHECK = ("check",)
CONFIG = """
_base_ = {base!r}
class_map = {{i: f"class {{i}}" for i in range(21)}}
dataset = dict(type="ClassMapDataset", class_map=class_map)
train_dataloader = dict(batch_size=4, sampler=dict(type="DefaultSampler", shuffle=False), dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = val_dataloader
train_cfg = dict(max_iters=1, val_interval=1)
"""


class Row(NamedTuple):
    """``spoil(path)`` changes a file so that tools refuse it with ``code``, naming the file and ``value``."""

    code: str
    spoil: Callable[[Path], None]
    value: str
    tools: tuple[str, ...] = LOADED


def same(image):
    return image


def saved(change, **options):
    """Change the decoded image, save it under the same name in the given format."""

    def spoil(path):
        with Image.open(path) as image:
            image.load()
        buffer = io.BytesIO()
        change(image).save(buffer, **options)
        path.write_bytes(buffer.getvalue())

    return spoil


def cut(keep):
    def spoil(path):
        path.write_bytes(path.read_bytes()[:keep])

    return spoil


def gone(path):
    path.unlink()


def text(path):
    path.write_text("a caption\n")


def turned(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return saved(same, format="JPEG", exif=exif)


def ids(value, dtype=np.uint8):
    def change(image):
        mask = np.array(image).astype(dtype)
        mask[0, :3] = value
        return Image.fromarray(mask)

    return saved(change, format="PNG")


def deep(image):
    return Image.fromarray(np.array(image.convert("L")).astype(np.uint16) * 16)


def deep_colours(path):
    cv2.imwrite(str(path.with_suffix(".png")), np.full((SIDE, SIDE, 3), 4000, np.uint16))
    path.with_suffix(".png").rename(path)


def floats(image):
    return Image.fromarray(np.array(image.convert("L")).astype(np.float32))


def halves(mask):
    return Image.fromarray(np.array(mask).astype(np.float32) + 0.5)


def without_end(path):
    saved(same, format="PNG")(path)
    cut(-12)(path)


def changed(path):
    saved(same, format="PNG")(path)
    path.write_bytes(changed_byte(path.read_bytes()))


def png(change):
    return saved(change, format="PNG")


def jpeg(change):
    return saved(change, format="JPEG")


def tiff(change):
    return saved(change, format="TIFF")


# what is spoilt -> code of the fault, how, the values that each message names, and the tools that meet it
ROWS = {
    "image missing": Row("image-unreadable", gone, "no such file"),
    "image empty": Row("image-unreadable", cut(0), "cannot identify", ALL),
    "image cut in its header": Row("image-unreadable", cut(100), "can't be read", ALL),
    "image cut in its pixels": Row("image-unreadable", cut(-200), "truncated", ALL),
    "text under an image's name": Row("image-unreadable", text, "cannot identify", ALL),
    "16-bit image": Row("image-depth", png(deep), "16 bits", ALL),
    "16-bit colours": Row("image-depth", deep_colours, "16 bits", ALL),
    "image of floats": Row("image-depth", tiff(floats), "32 bits", ALL),
    "PNG without its end": Row("image-unreadable", without_end, "can't be read ("),
    "PNG image with a changed byte": Row("image-unreadable", changed, "can't be read (", ("check", "train", "predict")),
    "image turned and mirrored": Row("image-turned", turned(5), "EXIF orientation 5"),
    "image turned by a quarter": Row("image-turned", turned(6), "EXIF orientation 6"),
    "image upside down": Row("image-turned", turned(3), "EXIF orientation 3"),
    "mirrored image": Row("image-turned", turned(2), "EXIF orientation 2"),
    "mask missing": Row("mask-unreadable", gone, "no such file"),
    "mask empty": Row("mask-unreadable", cut(0), "cannot identify"),
    "mask cut": Row("mask-unreadable", cut(-60), "can't be read ("),
    "mask with a changed byte": Row("mask-unreadable", changed, "can't be read (", ("check", "test")),
    "text under a mask's name": Row("mask-unreadable", text, "cannot identify"),
    "mask narrower": Row("mask-size", png(lambda m: m.crop((0, 0, SIDE - 1, SIDE))), "63 x 64, its image"),
    "mask higher": Row("mask-size", png(lambda m: m.crop((0, 0, SIDE, SIDE + 1))), "64 x 65, its image"),
    "mask of fractions": Row("mask-fractions", tiff(halves), "value 0.5 ("),
    "mask of gray and transparency": Row("mask-colours", png(lambda m: m.convert("LA")), "mode LA"),
    "mask in CMYK": Row("mask-lossy", jpeg(lambda m: m.convert("CMYK")), "a JPEG file"),
    "mask of colours": Row("mask-colours", png(lambda m: m.convert("RGB")), "mode RGB"),
    "mask with transparency": Row("mask-colours", png(lambda m: m.convert("RGBA")), "mode RGBA"),
    "mask saved as JPEG": Row("mask-lossy", jpeg(lambda m: Image.fromarray(np.array(m))), "a JPEG file"),
    "id outside the map": Row("mask-ids", ids(77), "id 77 (3 px)"),
    "id of 16 bits": Row("mask-ids", ids(300, np.uint16), "id 300 (3 px)"),
    "negative id": Row("mask-ids", tiff(lambda m: Image.fromarray(np.array(m).astype(np.int32) - 1)), "id -1 ("),
    "two ids outside the map": Row("mask-ids", ids([77, 78, 77]), "id 77 (2 px), id 78 (1 px)"),
    "gray image": Row("image-gray", jpeg(lambda i: i.convert("L")), "mode L", CHECK),
    "CMYK image": Row("image-cmyk", jpeg(lambda i: i.convert("CMYK")), "mode CMYK", CHECK),
    "image with transparency": Row("image-alpha", png(lambda i: i.convert("RGBA")), "mode RGBA", CHECK),
    "image with a palette": Row("image-palette", png(lambda i: i.quantize(8)), "mode P", CHECK),
    "void mask": Row("mask-void", png(lambda m: Image.new("L", m.size, 255)), "all 4096 px", CHECK),
}
CASES = [(name, tool) for name, row in ROWS.items() for tool in row.tools]


@pytest.fixture(scope="module")
def config(leaf, tmp_path_factory):
    path = tmp_path_factory.mktemp("config") / "mapped.py"
    path.write_text(CONFIG.format(base=str(leaf)))
    return path


def pick(root, split, of):
    """The second file of a split."""
    name = (root / f"ImageSets/Segmentation/{split}.txt").read_text().split()[1]
    return root / {"image": f"JPEGImages/{name}.jpg", "mask": f"SegmentationClass/{name}.png"}[of]


def call(tool, name, config, checkpoint, root, work):
    if name == "check":
        return tool("check_dataset", config, "--data-root", root, "--jobs", 0, "--sheet", work / "sheet.png")
    if name == "predict":
        return tool("predict", config, checkpoint, root / "JPEGImages", "--out-dir", work)
    words = [checkpoint] if name == "test" else []
    return tool(name, config, *words, "--work-dir", work, "--data-root", root)


def test_the_data_before_it_is_spoilt(tool, config, trained, own_data, tmp_path):
    for name in ALL:
        done = call(tool, name, config, trained.best, own_data, tmp_path / name)
        assert done.code == 0, done.err
        assert "error" not in done.out.replace("0 errors", "")


@pytest.mark.parametrize("name, reader", CASES, ids=[f"{tool}: {name}" for name, tool in CASES])
def test_malformed_file(tool, config, trained, own_data, tmp_path, name, reader):
    row = ROWS[name]
    of, remedy = row.code.split("-")[0], KINDS[row.code].remedy
    files = {split: pick(own_data, split, of) for split in ("train", "val")}
    for path in files.values():
        row.spoil(path)
    outcome = call(tool, reader, config, trained.best, own_data, tmp_path / "work")
    if reader == "check":
        severity = KINDS[row.code].severity
        assert outcome.code == (2 if severity == "error" else 0), outcome.err
        for fragment in (f"{severity}: [{row.code}] ", *files.values(), row.value, remedy):
            assert str(fragment) in outcome.out
    elif reader == "predict":  # the others are predicted, and the progress bar stands before the message
        message = outcome.err[outcome.err.index(f"error: [{row.code}] ") :]
        remedy = "can't be read" if row.code == "image-unreadable" else remedy
        for fragment in (*files.values(), row.value, remedy, "2 of 7"):
            assert str(fragment) in message
        assert outcome.code == 2
        assert len(list((tmp_path / "work" / "masks").glob("*.png"))) == 5
    else:
        file = files["train" if reader == "train" else "val"]
        tool_refused(outcome, tmp_path / "work", row.code, file, row.value, remedy)


# ---- faults of a whole data set


def lists(root):
    return {split: root / f"ImageSets/Segmentation/{split}.txt" for split in ("train", "val")}


def shared(root):
    """An image of train under another name in val."""
    train, val = (path.read_text().split() for path in lists(root).values())
    shutil.copy(root / f"JPEGImages/{train[0]}.jpg", root / f"JPEGImages/{val[0]}.jpg")
    return "image-shared", [root / f"JPEGImages/{name}.jpg" for name in (train[0], val[0])]


def doubled(root):
    names = lists(root)["train"].read_text().split()
    shutil.copy(root / f"JPEGImages/{names[0]}.jpg", root / f"JPEGImages/{names[2]}.jpg")
    return "image-duplicate", [root / f"JPEGImages/{names[i]}.jpg" for i in (0, 2)]


def absent(root):
    for path in (root / "SegmentationClass").glob("*.png"):
        mask = np.array(Image.open(path))
        Image.fromarray(np.where(np.isin(mask, (0, 255)), mask, 1)).save(path)
    return "class-absent", ["class 20"]


def single(root):
    for path in (root / "SegmentationClass").glob("*.png"):
        mask = np.array(Image.open(path))
        Image.fromarray(np.where(mask == 255, 255, 0).astype(np.uint8)).save(path)
    return "class-single", ["train: all labelled pixels are class 0"]


@pytest.mark.parametrize("spoil", [shared, doubled, absent, single])
def test_malformed_data_set(tool, config, own_data, tmp_path, spoil):
    code, names = spoil(own_data)
    severity = KINDS[code].severity
    call = ("check_dataset", config, "--data-root", own_data, "--jobs", 0, "--sheet", tmp_path / "sheet.png")
    done = tool(*call)
    assert done.code == (2 if severity == "error" else 0)
    for fragment in (f"{severity}: [{code}] ", *names, KINDS[code].remedy):
        assert str(fragment) in done.out
    assert tool(*call, "--strict").code == (2 if severity == "error" else 1)


def empty_split(root):
    lists(root)["train"].write_text("\n")
    return "dataset-empty", "train split", lists(root)["train"], "one name per line"


def missing_split(root):
    lists(root)["train"].unlink()
    return "dataset-missing", "train split file", lists(root)["train"], "make_minivoc"


def missing_root(root):
    shutil.rmtree(root)
    return "dataset-missing", "train data root", root, "make_minivoc"


def missing_images(root):
    (root / "JPEGImages").rename(root / "photos")
    return "dataset-missing", "train image folder", root / "JPEGImages", "make_minivoc"


@pytest.mark.parametrize("reader", ["check", "train"])
@pytest.mark.parametrize("spoil", [empty_split, missing_split, missing_root, missing_images])
def test_malformed_tree(tool, config, trained, own_data, tmp_path, spoil, reader):
    expected = spoil(own_data)
    outcome = call(tool, reader, config, trained.best, own_data, tmp_path / "work")
    tool_refused(outcome, tmp_path / "work", *expected)
