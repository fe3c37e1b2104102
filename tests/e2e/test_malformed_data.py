"""Malformed data, kind by kind, against every tool that meets it: the file, the value, the remedy, the exit code.

A row spoils one file of train and one of val; the check names both, training the first, testing the second, prediction the image.
"""

import io
import shutil
from dataclasses import dataclass, field

import cv2
import numpy as np
import pytest
from PIL import Image
from support.processes import refused

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


@dataclass
class Row:
    """``spoil(path)`` changes the file ``of`` (image or mask); ``says`` stands in each message beside the file's name."""

    of: str
    spoil: callable
    says: tuple[str, ...]
    tools: tuple[str, ...] = LOADED
    severity: str = "error"
    remedy: dict[str, str] = field(default_factory=dict)  # of a tool, where it is not the last of ``says``


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
    return saved(lambda image: image, format="JPEG", exif=exif)


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


def without_end(path):
    saved(lambda image: image, format="PNG")(path)
    cut(-12)(path)


def colours(image):
    return image.convert("RGB")


TAKE_OUT = "replace it, or take it out of the split"
UPRIGHT = "save the image upright"
EIGHT = "scale it to 8 bits"
IDS = "convert them to ids"
ONE_SIZE = "must have one size"
MAP = "class_map or ignore_ids"

ROWS = {
    "image missing": Row("image", gone, ("can't be read (no such file)", TAKE_OUT)),
    "image empty": Row("image", cut(0), ("cannot identify", TAKE_OUT), ALL, remedy={"predict": "can't be read"}),
    "image cut in its header": Row(
        "image", cut(100), ("can't be read", TAKE_OUT), ALL, remedy={"predict": "can't be read"}
    ),
    "image cut in its pixels": Row(
        "image", cut(-200), ("truncated", TAKE_OUT), ALL, remedy={"predict": "can't be read"}
    ),
    "text under an image's name": Row(
        "image", text, ("cannot identify", TAKE_OUT), ALL, remedy={"predict": "can't be read"}
    ),
    "16-bit image": Row("image", saved(deep, format="PNG"), ("16 bits a channel", EIGHT), ALL),
    "16-bit colours": Row("image", deep_colours, ("16 bits a channel", EIGHT), ALL),
    "image of floats": Row("image", saved(floats, format="TIFF"), ("32 bits a channel", EIGHT), ALL),
    "PNG without its end": Row("image", without_end, ("its end is missing", TAKE_OUT)),
    "image turned and mirrored": Row("image", turned(5), ("EXIF orientation 5", UPRIGHT)),
    "image turned by a quarter": Row("image", turned(6), ("EXIF orientation 6", UPRIGHT)),
    "image upside down": Row("image", turned(3), ("EXIF orientation 3", UPRIGHT)),
    "mirrored image": Row("image", turned(2), ("EXIF orientation 2", UPRIGHT)),
    "mask missing": Row("mask", gone, ("can't be read (no such file)", TAKE_OUT)),
    "mask empty": Row("mask", cut(0), ("cannot identify", TAKE_OUT)),
    "mask cut": Row("mask", cut(-60), ("can't be read (", TAKE_OUT)),
    "text under a mask's name": Row("mask", text, ("cannot identify", TAKE_OUT)),
    "mask narrower": Row(
        "mask", saved(lambda m: m.crop((0, 0, SIDE - 1, SIDE)), format="PNG"), ("63 x 64", "64 x 64", ONE_SIZE)
    ),
    "mask higher": Row(
        "mask", saved(lambda m: m.crop((0, 0, SIDE, SIDE + 1)), format="PNG"), ("64 x 65", "64 x 64", ONE_SIZE)
    ),
    "mask of floats": Row("mask", saved(floats, format="TIFF"), ("mode F", IDS)),
    "mask of gray and transparency": Row("mask", saved(lambda m: m.convert("LA"), format="PNG"), ("mode LA", IDS)),
    "mask in CMYK": Row("mask", saved(lambda m: m.convert("CMYK"), format="JPEG"), ("mode CMYK", IDS)),
    "mask of colours": Row("mask", saved(colours, format="PNG"), ("mode RGB", IDS)),
    "mask with transparency": Row("mask", saved(lambda m: m.convert("RGBA"), format="PNG"), ("mode RGBA", IDS)),
    "mask saved as JPEG": Row(
        "mask", saved(lambda m: Image.fromarray(np.array(m)), format="JPEG"), ("a JPEG file", "save masks as PNG")
    ),
    "id outside the map": Row("mask", ids(77), ("id 77 (3 px)", MAP)),
    "id of 16 bits": Row("mask", ids(300, np.uint16), ("id 300 (3 px)", MAP)),
    "negative id": Row(
        "mask", saved(lambda m: Image.fromarray(np.array(m).astype(np.int32) - 1), format="TIFF"), ("id -1 (", MAP)
    ),
    "two ids outside the map": Row("mask", ids([77, 78, 77]), ("id 77 (2 px), id 78 (1 px)", MAP)),
    "gray image": Row(
        "image", saved(lambda i: i.convert("L"), format="JPEG"), ("mode L", "nothing to do"), CHECK, "warning"
    ),
    "CMYK image": Row(
        "image", saved(lambda i: i.convert("CMYK"), format="JPEG"), ("mode CMYK", "save it as RGB"), CHECK, "warning"
    ),
    "image with transparency": Row(
        "image", saved(lambda i: i.convert("RGBA"), format="PNG"), ("mode RGBA", "nothing to do"), CHECK, "warning"
    ),
    "image with a palette": Row(
        "image", saved(lambda i: i.quantize(8), format="PNG"), ("mode P", "is it a mask"), CHECK, "warning"
    ),
    "void mask": Row(
        "mask",
        saved(lambda m: Image.new("L", m.size, 255), format="PNG"),
        ("without a labelled pixel",),
        CHECK,
        "warning",
    ),
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
    files = {split: pick(own_data, split, row.of) for split in ("train", "val")}
    for path in files.values():
        row.spoil(path)
    outcome = call(tool, reader, config, trained.best, own_data, tmp_path / "work")
    if reader == "check":
        assert outcome.code == (2 if row.severity == "error" else 0), outcome.err
        for path in files.values():
            assert str(path) in outcome.out
        for fragment in row.says:
            assert fragment in outcome.out
        assert f"{row.severity}: " in outcome.out
        return
    *values, remedy = row.says
    fragments = [*values, row.remedy.get(reader, remedy)]
    if reader == "predict":  # the others are predicted, and the progress bar stands before the message
        message = outcome.err[outcome.err.index("error: ") :]
        for fragment in (*files.values(), *fragments, "2 of 7 images can't be read"):
            assert str(fragment) in message
        assert outcome.code == 2
        assert len(list((tmp_path / "work" / "masks").glob("*.png"))) == 5
    else:
        refused(outcome, tmp_path / "work", f"error: {files['train' if reader == 'train' else 'val']}", *fragments)


# ---- what only the whole tells


def lists(root):
    return {split: root / f"ImageSets/Segmentation/{split}.txt" for split in ("train", "val")}


def shared(root):
    """An image of train under another name in val."""
    train, val = (path.read_text().split() for path in lists(root).values())
    shutil.copy(root / f"JPEGImages/{train[0]}.jpg", root / f"JPEGImages/{val[0]}.jpg")
    return [root / f"JPEGImages/{name}.jpg" for name in (train[0], val[0])], "error", "scores on it mean nothing"


def doubled(root):
    names = lists(root)["train"].read_text().split()
    shutil.copy(root / f"JPEGImages/{names[0]}.jpg", root / f"JPEGImages/{names[2]}.jpg")
    return [root / f"JPEGImages/{names[i]}.jpg" for i in (0, 2)], "warning", "unless it should weigh more"


def absent(root):
    for path in (root / "SegmentationClass").glob("*.png"):
        mask = np.array(Image.open(path))
        Image.fromarray(np.where(np.isin(mask, (0, 255)), mask, 1)).save(path)
    return ["class 20"], "warning", "never learnt or scored"


def single(root):
    for path in (root / "SegmentationClass").glob("*.png"):
        mask = np.array(Image.open(path))
        Image.fromarray(np.where(mask == 255, 255, 0).astype(np.uint8)).save(path)
    return ["train: all labelled pixels are class 0"], "error", "a net learns nothing from them"


@pytest.mark.parametrize("spoil", [shared, doubled, absent, single])
def test_malformed_data_set(tool, config, own_data, tmp_path, spoil):
    names, severity, remedy = spoil(own_data)
    call = ("check_dataset", config, "--data-root", own_data, "--jobs", 0, "--sheet", tmp_path / "sheet.png")
    done = tool(*call)
    assert done.code == (2 if severity == "error" else 0)
    for fragment in (*map(str, names), remedy):
        assert fragment in done.out
    assert tool(*call, "--strict").code == (2 if severity == "error" else 1)


def empty_split(root):
    lists(root)["train"].write_text("\n")
    return f"the train split is empty: {lists(root)['train']}", "write one name per line"


def missing_split(root):
    lists(root)["train"].unlink()
    return (
        f"train split file {lists(root)['train']} does not exist",
        "Draw it: python tools/dataset_converters/make_minivoc.py",
    )


def missing_root(root):
    shutil.rmtree(root)
    return f"train data root {root} does not exist", "Draw it: python tools/dataset_converters/make_minivoc.py"


def missing_images(root):
    (root / "JPEGImages").rename(root / "photos")
    return (
        f"train image folder {root / 'JPEGImages'} does not exist",
        "Draw it: python tools/dataset_converters/make_minivoc.py",
    )


@pytest.mark.parametrize("reader", ["check", "train"])
@pytest.mark.parametrize("spoil", [empty_split, missing_split, missing_root, missing_images])
def test_malformed_tree(tool, config, trained, own_data, tmp_path, spoil, reader):
    fragments = spoil(own_data)
    refused(call(tool, reader, config, trained.best, own_data, tmp_path / "work"), tmp_path / "work", *fragments)
