"""What datumaro reads: each format pixel for pixel where it is installed, and our side of the interface everywhere."""

import sys
from pathlib import Path
from types import SimpleNamespace as Fake

import numpy as np
import pytest
from PIL import Image
from support.label_formats import HEIGHT, SIZE, WIDTH, ids, photo, scenes, write_format
from support.refusals import refused

from fcn_plugin.configs import get_config
from fcn_plugin.data.palette import voc_palette
from fcn_plugin.datatools.new.build import new_dataset
from fcn_plugin.datatools.new.options import Options
from fcn_plugin.datatools.new.shapes import others
from fcn_plugin.datatools.new.shapes.formats import FORMATS, list_formats
from fcn_plugin.datatools.new.shapes.others import runs_of
from fcn_plugin.errors import UserError

BY_DATUMARO = [name for name in FORMATS if name != "yolo"]
# classes, and what pixels of nothing, cats and dogs become
EXPECTED = {
    "ade20k2020": (["cat", "dog"], [255, 0, 1]),
    "coco_panoptic": (["cat", "dog"], [255, 0, 1]),
    "mapillary_vistas": (["animal--none", "animal--cat", "animal--dog"], [0, 1, 2]),
    "voc_segmentation": (["background", "cat", "dog"], [0, 1, 2]),
}


def masks_of(name):
    """The written masks by the number of their scene."""
    return {
        int(path.stem.rpartition("_")[2]): np.asarray(Image.open(path))
        for path in Path("data", name, "masks").rglob("*.png")
    }


@pytest.mark.parametrize("name", BY_DATUMARO)
def test_a_format_pixel_for_pixel(here, name):
    pytest.importorskip("datumaro", reason="pip install 'fcn-plugin[formats]', in an environment of its own")
    images, root = write_format(name, here / "export")
    new_dataset(Options("x", str(images), str(root), format=name, net="vgg16"))
    classes, values = EXPECTED.get(name, (["_background_", "cat", "dog"], [0, 1, 2]))
    data = get_config("configs/fcn8s_vgg16_x.py").train_dataloader.dataset
    assert list(data.class_map.values()) == classes
    masks = masks_of("x")
    assert len(masks) == 8
    for i, mask in masks.items():
        assert np.array_equal(mask, np.uint8(values)[ids(i)]), i
    lists = {path.stem: len(path.read_text().splitlines()) for path in Path("data/x").glob("*.txt")}
    two = name in ("ade20k2020", "mapillary_vistas")
    assert lists == (dict(train=6, val=2) if two else dict(train=4, val=2, test=2))


def test_void_of_voc(here):
    """The white outline in VOC's own masks."""
    pytest.importorskip("datumaro", reason="pip install 'fcn-plugin[formats]', in an environment of its own")
    images, root = write_format("voc_segmentation", here / "export")
    (root / "labelmap.txt").unlink()
    for path in (root / "SegmentationClass").iterdir():
        classes = np.array([0, 8, 12], np.uint8)[ids(int(path.stem.rpartition("_")[2]))]
        classes[5:7] = 255
        mask = Image.fromarray(classes).convert("P")
        mask.putpalette(voc_palette().astype(np.uint8).tobytes())
        mask.save(path)
    new_dataset(Options("x", str(images), str(root), format="voc_segmentation", net="vgg16"))
    for i, mask in masks_of("x").items():
        expected = ids(i)
        expected[5:7] = 255
        assert np.array_equal(mask, expected)


@pytest.mark.parametrize("name", BY_DATUMARO)
def test_a_folder_that_is_none_of_a_format(here, photos, name):
    pytest.importorskip("datumaro", reason="pip install 'fcn-plugin[formats]', in an environment of its own")
    photos("a.png")
    (here / "photos/a.xml").write_text("<a>")
    (here / "photos/a.json").write_text("{")
    with pytest.raises(UserError) as caught:
        new_dataset(Options("x", "photos", "photos", format=name))
    assert caught.value.code in ("annotation-file", "image-unpaired")


def annotation(kind, label, points=(), level=0, **more):
    return Fake(type=Fake(name=kind), label=label, points=points, z_order=level, as_polygon=lambda: points, **more)


def item(i, split, *annotations, path="", **media):
    return Fake(
        id=f"s{i}", subset=split, media=Fake(path=path or f"photos/s_{i}.png", **media), annotations=annotations
    )


BOX = [0, 0, 4, 0, 4, 2, 0, 2]


@pytest.fixture
def fake(here, monkeypatch):
    """``fake(items)``: a datumaro whose every folder holds these; images ``photos/s_0.png``, ..."""
    for _, i, _ in scenes(dict(train=2, val=1)):
        photo(here / f"photos/s_{i}.png", i)

    def hold(*items, labels=("cat", "dog ")):
        class Items(list):
            def categories(self):
                return {"label": Fake(items=[Fake(name=label) for label in labels])}

        def import_from(path, name):
            assert (path, name) == ("photos", "cvat")
            return Items(items)

        module = Fake(Dataset=Fake(import_from=import_from), AnnotationType=Fake(label="label"))
        monkeypatch.setattr(others, "import_extra", lambda name, wanted: module)

    return hold


def test_our_side_of_the_interface(fake):
    mask = ids(1) == 2
    fake(
        item(2, "Validation", annotation("polygon", 1, BOX)),
        item(
            0, "train2017", annotation("polygon", 0, BOX), annotation("polygon", 1, [0, 0, 9, 0, 9, 9, 0, 9], level=-1)
        ),
        item(
            1,
            "train2017",
            annotation("mask", 0, image=mask),
            annotation("mask", 1, image=np.zeros_like(mask)),
            annotation("bbox", 1, BOX),
            annotation("polyline", 1, [0, 0, 9, 9]),
            annotation("label", 1),
            annotation("polygon", None, BOX),
            annotation("polygon", 1, BOX[:4]),
        ),
    )
    report = new_dataset(Options("x", "photos", "photos", format="cvat", net="vgg16")).splitlines()
    masks = masks_of("x")
    assert masks[0][0].tolist() == [1] * 4 + [2] * 5 + [0] * (WIDTH - 9)  # the cat lies above, as its level says
    assert np.array_equal(masks[1], np.where(mask, 1, 0))
    assert (masks[2] == 2).sum() == 8
    for kind in (
        "boxes",
        "lines and points",
        "shapes or parts with too few",
        "shapes without a label",
        "label annotations",
    ):
        (line,) = [line for line in report if line.startswith(f"skipped: {kind}")]
        assert line.endswith("(1)")
    assert "labels with spaces at an end: spaces removed (1)" in report
    assert Path("data/x/val.txt").read_text() == "s_2.png\ts_2.png\n"
    assert "2 train, 1 val: split by the label files (--val splits at random)" in report


def test_boxes_and_lines_by_option(fake):
    fake(*(item(i, "", annotation("bbox", 1, BOX), annotation("polyline", 0, [20, 5, 30, 5])) for i in range(3)))
    new_dataset(Options("x", "photos", "photos", format="cvat", net="vgg16", boxes=True, line_width=2.0))
    mask = masks_of("x")[0]
    assert (mask == 2).sum() == 8
    assert set(np.flatnonzero((mask == 1).any(1))) == {4, 5}


@pytest.mark.parametrize(
    ("changed", "code", "found"),
    [
        (dict(path="photos/gone.png"), "mask-unpaired", "photos/gone.png"),
        (dict(path="photos/s_1.png"), "annotation-file", "two entries for s_1.png"),
        (dict(has_size=True, size=(9, 9)), "mask-size", "9 x 9"),
    ],
)
def test_items_that_are_refused(fake, changed, code, found):
    fake(
        *(item(i, "", annotation("polygon", 1, BOX)) for i in (1, 2)),
        item(0, "", annotation("polygon", 0, BOX), **changed),
    )
    with refused(code, found):
        new_dataset(Options("x", "photos", "photos", format="cvat", net="vgg16"))


def test_labels_of_strangers(fake):
    """No name that mmengine or a terminal would obey reaches a config."""
    fake(item(0, "", annotation("polygon", 0, BOX)), labels=("{{$HOME:x}}", "dog"))
    with refused("class-file", "photos", "{{$HOME:x}}"):
        new_dataset(Options("x", "photos", "photos", format="cvat", allow_missing=True))
    assert not Path("configs").exists()


def test_a_reader_that_fails(fake):
    def broken():
        raise KeyError("rle")

    class Broken(Fake):
        image = property(lambda self: broken())

    fake(*(item(i, "", Broken(type=Fake(name="mask"), label=0)) for i in range(3)))
    with refused("annotation-file", "photos", "KeyError"):
        new_dataset(Options("x", "photos", "photos", format="cvat"))


def test_names_of_formats(fake, tool):
    assert tool("new_dataset", "--formats").out == list_formats() + "\n"
    with refused("option-value", "cityscapes", *FORMATS):
        new_dataset(Options("x", "photos", "photos", format="cityscapes"))
    assert [line.split()[0] for line in list_formats().splitlines()][: len(FORMATS)] == list(FORMATS)


def test_datumaro_is_missing(here, photos, monkeypatch):
    photos("a.png")
    monkeypatch.setitem(sys.modules, "datumaro", None)
    with refused("requirements", "pip install 'fcn-plugin[formats]'") as caught:
        new_dataset(Options("x", "photos", "photos", format="cvat"))
    assert len(caught.value.message.splitlines()) == 1


def test_runs_of_a_mask():
    """Down the columns; nothing but the mask and its size comes back."""
    mask = np.array([[1, 0, 0], [1, 0, 1]], bool)
    assert runs_of(mask).tolist() == [0, 2, 3, 1]
    assert runs_of(~mask).tolist() == [2, 3, 1]
    assert runs_of(np.zeros((2, 0), bool)).tolist() == [0]
    assert runs_of(np.ones(SIZE[::-1], bool)).tolist() == [0, WIDTH * HEIGHT]
