"""YOLO's text files: polygons, boxes, images without objects, and what is refused."""

import numpy as np
import pytest
from support.refusals import refused

from fcn_plugin.datatools.new.shapes.yolo import class_names, pair_yolo, read_yolo, text_of

IMAGES = {f"images/{split}/{name}": f"images/{split}/{name}.png" for split, name in (("train", "a"), ("valid", "b"))}


def rows(array):
    return ["".join(map(str, row)) for row in array.tolist()]


@pytest.fixture
def yolo(here, photos):
    """``yolo(text)``: the source for images of 6 x 4; the second has no text file."""
    seen = photos(*IMAGES.values(), size=(6, 4))
    (here / "photos/data.yaml").write_text("nc: 3\nnames: ['cat', 'dog ', cow]\n")
    folder = here / "photos/labels/train"
    folder.mkdir(parents=True)

    def read(text, boxes=False):
        (folder / "a.txt").write_bytes(text.encode())
        pairs = pair_yolo(here / "photos", here / "photos", IMAGES)
        return pairs, read_yolo(here / "photos", pairs, seen, boxes=boxes)

    return read


DOG = "1 0.5 0.5 1 0.5 1 1 0.5 1\r\n"


def test_yolo(yolo):
    """The larger cat lies below, whatever the order of the lines."""
    pairs, source = yolo("\ufeff" + DOG + "\r\n0 0 0 1 0 1 0.75 0 0.75")
    assert source.classes.class_map == {0: "_background_", 1: "cat", 2: "dog"}
    assert rows(source.draw[0]()) == ["111111", "111111", "111222", "000222"]
    assert rows(source.draw[1]()) == ["000000"] * 4
    assert pairs.parts == ["train", "valid"]
    assert pairs.notes == ["1 images without a text file, all background: images/valid/b.png"]
    assert source.found == ["YOLO: 2 instances of 2 categories", "skipped: categories without an instance: cow"]


def test_boxes(yolo):
    text = DOG + "0 0.5 0.25 1 0.5\n0 0.1 0.1\n"
    few = "skipped: shapes or parts with too few points for an area (1)"
    _, source = yolo(text)
    assert rows(source.draw[0]()) == ["000000", "000000", "000111", "000111"]
    assert source.found[2:] == ["skipped: boxes without an outline (--boxes draws them) (1)", few]
    _, source = yolo(text, boxes=True)
    assert rows(source.draw[0]()) == ["111111", "111111", "000222", "000222"]


BAD = [
    "3 0 0 1 0 1 1",
    "x 0 0 1 0 1 1",
    "-1 0 0 1 0 1 1",
    "0 0 0 1 0 1 nan",
    "0 0 0 1 0 1 99",
    "0 0 0 1 0 1 1 0.5",
    "0 a b",
]


@pytest.mark.parametrize("line", BAD)
def test_lines_that_are_refused(yolo, line):
    with refused("annotation-file", "labels/train/a.txt, line 2: "):
        yolo(DOG + line)


CODE = "names: [!!python/object/apply:os.mkdir [pwned]]"


@pytest.mark.parametrize("text", ["names: [cat", "names: 3", "nc: 2", CODE, 'names: ["a\\nb"]', "[" * 500])
def test_names_that_are_refused(here, text):
    """No YAML makes code run."""
    (here / "data.yaml").write_text(text)
    with refused("class-file", here):
        class_names(here)
    assert [path.name for path in here.iterdir()] == ["data.yaml"]


def test_names_by_number_and_text_files_beside_images(here):
    (here / "set.yml").write_text("names: {2: cat, 5: dog}")
    assert class_names(here) == {2: "cat", 5: "dog"}
    assert text_of(here / "images/a/images/b/c.png") == here / "images/a/labels/b/c.txt"
    assert text_of(here / "photos/c.png") == here / "photos/c.txt"
    with refused("mask-unpaired", here / "photos/c.txt"):
        pair_yolo(here, here / "photos", {"c": "c.png"})


def test_masks_are_of_one_type(yolo):
    assert yolo(DOG)[1].draw[0]().dtype == np.uint8
