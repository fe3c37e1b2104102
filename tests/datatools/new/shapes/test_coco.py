"""COCO files: shapes of every kind, several files, and what is refused."""

import json

import pytest
from support.refusals import refused

from fcn_plugin.datatools.new.shapes.coco import Coco, load_coco, read_coco
from fcn_plugin.datatools.new.shapes.coco_pairs import pair_coco


def rows(array):
    return ["".join(map(str, row)) for row in array.tolist()]


@pytest.fixture
def coco(here, photos):
    """Two images of 6 x 4 and a file to change: ``coco(change)`` gives the source."""
    content = dict(
        images=[
            dict(id=7, file_name="a.png", width=6, height=4),
            dict(id=8, file_name="elsewhere/b.png", width=6, height=4),
        ],
        categories=[dict(id=3, name="dog"), dict(id=1, name="cat"), dict(id=2, name="cow")],
        annotations=[
            dict(id=1, image_id=7, category_id=3, segmentation=[[0, 0, 2, 0, 2, 2, 0, 2]]),
            dict(id=2, image_id=7, category_id=1, segmentation=[[0, 0, 3, 0, 3, 3, 0, 3], [4, 0, 6, 0, 6, 1, 4, 1]]),
            dict(id=3, image_id=7, category_id=1, segmentation=dict(size=[4, 6], counts=[23, 1])),
        ],
    )

    def read(change=lambda content: None, classes=None, allow_missing=False, boxes=False, encoding="utf-8"):
        change(content)
        seen = photos("a.png", "sub/b.png", size=(6, 4))
        path = here / "coco.json"
        path.write_text(json.dumps(content), encoding=encoding)
        loaded = [load_coco(path)]
        pairs, ids = pair_coco(loaded, {"a": "a.png", "sub/b": "sub/b.png"}, here / "photos", allow_missing)
        return pairs, read_coco(loaded, ids, seen[: len(ids)], classes, boxes)

    return read


def test_coco(coco):
    """The small dog is drawn over the larger cat; the image without instances is all background."""
    pairs, source = coco()
    assert (pairs.images, pairs.masks) == (["a.png", "sub/b.png"], ["a.png", "sub/b.png"])
    assert source.classes.class_map == {0: "_background_", 1: "cat", 2: "dog"}
    assert rows(source.draw[0]()) == ["221011", "221000", "111000", "000001"]
    assert rows(source.draw[1]()) == ["000000"] * 4
    assert source.shown == [{0, 1, 2}, {0}]
    assert source.found == ["COCO: 3 instances of 2 categories", "skipped: categories without an instance: cow"]


def test_names_of_coco_categories(coco, here):
    """Matched by name, whatever the ids of the file."""
    names = here / "names.csv"
    names.write_text("id,name,red,green,blue\n0,nothing,9,9,9\n1,dog,0,0,1\n4,cat,0,0,2\n")
    _, source = coco(classes=str(names))
    assert rows(source.draw[0]()) == ["112022", "112000", "222000", "000002"]
    assert source.classes.palette == [(9, 9, 9), (0, 0, 1), (0, 0, 2)]
    names.write_text("_background_\ndog\n")
    with refused("class-file", f"{names} lacks the labels cat"):
        coco(classes=str(names))
    names.write_text("cat\ndog\n")
    with refused("class-file", f"{names} begins with 'cat'"):
        coco(classes=str(names))


def set_first(key, value):
    return lambda content: content["annotations"][0].update({key: value})


def name_second(file):
    return lambda content: content["images"][1].update(file_name=file)


@pytest.mark.parametrize(
    ("change", "code", "found"),
    [
        (lambda content: content.pop("categories"), "annotation-file", "no categories"),
        (lambda content: content["images"][0].pop("width"), "annotation-file", "images[0] (id 7): it has no 'width'"),
        (lambda content: content["images"].insert(0, None), "annotation-file", "images[0]: it is not a JSON object"),
        (lambda content: content["images"][0].update(id=8), "annotation-file", "several images have the id 8"),
        (lambda content: content["images"][0].update(width=5), "mask-size", "5 x 4, its image"),
        (lambda content: content["images"].pop(), "image-unpaired", "1 images are not in"),
        (name_second("c.png"), "mask-unpaired", "are missing: c.png; 1 images"),
        (set_first("segmentation", []), "annotation-file", "annotations[0] (id 1): it has neither segmentation nor"),
        (set_first("segments_info", []), "annotation-file", "--format coco_panoptic"),
        (set_first("segmentation", [[1, 1, 2, 2, 3]]), "annotation-file", "(id 1): a polygon needs at least three"),
        (set_first("segmentation", dict(size=[4, 5], counts=[20])), "annotation-file", "of 20 pixels"),
        (
            set_first("segmentation", dict(size=[4, 6], counts=[20])),
            "annotation-file",
            "its RLE of 20 pixels does not fit",
        ),
        (set_first("segmentation", dict(size=[6, 4], counts=[24])), "annotation-file", "does not fit"),
        (set_first("category_id", 9), "annotation-file", "unknown category_id 9"),
    ],
)
def test_coco_files_that_are_refused(coco, here, change, code, found):
    with refused(code, here / "coco.json", found):
        coco(change)


def test_coco_names_that_two_files_have(here):
    """The path from the image folder tells them apart; the file's name alone does not."""
    images = {"x/a": "x/a.png", "y/a": "y/a.png"}
    pictures, path = {1: ("y/a.png", (6, 4)), "2": ("x/a.png", (6, 4))}, here / "coco.json"
    pairs, found = pair_coco([Coco(path, pictures, {}, [])], images, here / "photos", False)
    assert (pairs.images, found) == (["x/a.png", "y/a.png"], [[(0, "2")], [(0, 1)]])
    with refused("annotation-file", path, "a.png is ambiguous: x/a.png, y/a.png"):
        pair_coco([Coco(path, {1: ("a.png", (6, 4))}, {}, [])], images, here / "photos", False)


def test_coco_images_left_out(coco):
    pairs, source = coco(lambda content: content["images"].pop(), allow_missing=True)
    assert (pairs.images, len(source.draw)) == (["a.png"], 1)
    assert pairs.notes[0].endswith("coco.json: sub/b.png")


@pytest.mark.parametrize(
    ("segmentation", "first_row", "notes"),
    [
        ([], "0000", ["skipped: boxes without an outline (--boxes draws them) (1)"]),
        (None, "0000", ["skipped: boxes without an outline (--boxes draws them) (1)"]),
        ([0, 0, 2, 0, 2, 2, 0, 2], "2200", []),  # no list around the only part
        (
            [[0, 0, 2, 0, 2, 2, 0, 2], [5, 5], [1, 1, 2, 2]],
            "2200",
            ["skipped: shapes or parts with too few points for an area (2)"],
        ),
        (dict(size=[4, 6], counts=[0, 2, 2, 2, 18]), "2200", []),
        (dict(size=[4, 6], counts="0220`0"), "2200", []),
    ],
)
def test_kinds_of_outlines(coco, segmentation, first_row, notes):
    """Of a dog's first row, without the cats; ``0220`0`` is 0 2 2 and, less the last but one, 2 18."""

    def change(content):
        del content["annotations"][1:]
        content["annotations"][0].update(segmentation=segmentation, bbox=[0, 0, 2, 2])
        content["annotations"].append(dict(id=9, image_id=8, category_id=1, segmentation=[[0, 0, 1, 0, 1, 1, 0, 1]]))

    _, source = coco(change)
    expected = first_row.replace("2", str(len(source.classes.ids.classes) - 1))
    assert rows(source.draw[0]())[0] == expected + "00"
    assert [note for note in source.found[1:] if "categories" not in note] == notes


def test_boxes_are_drawn_on_request(coco):
    _, source = coco(lambda content: content["annotations"][0].update(segmentation=[], bbox=[4, 1, 2, 2]), boxes=True)
    assert rows(source.draw[0]()) == ["111011", "111022", "111022", "000001"]
    assert source.found[-1] == "boxes without an outline: drawn as boxes (1)"


def test_crowds_are_drawn_as_their_class(coco):
    """Below the single animals, as they are large."""
    runs = dict(size=[4, 6], counts=[0, 24])
    _, source = coco(lambda content: content["annotations"][2].update(segmentation=runs, iscrowd=1))
    assert rows(source.draw[0]()) == ["221111", "221111", "111111", "111111"]
    assert source.found[-1] == "regions of crowds (iscrowd): drawn as their class (1)"


def test_an_image_listed_twice(coco):
    """The shapes of both entries are drawn."""

    def change(content):
        content["images"][1].update(file_name="a.png")
        content["images"].append(dict(id=9, file_name="b.png", width=6, height=4))
        content["annotations"][0].update(image_id=8)

    pairs, source = coco(change)
    assert rows(source.draw[0]()) == ["221011", "221000", "111000", "000001"]
    assert pairs.notes == ["images listed several times, drawn with the shapes of all entries: a.png"]


def test_names_with_blanks_and_of_another_case(coco):
    def change(content):
        for category, name in zip(content["categories"], ("Cat", " cat ", "cow"), strict=True):
            category["name"] = name

    _, source = coco(change)
    assert source.classes.class_map == {0: "_background_", 1: "cat", 2: "Cat"}
    blanks, alike = source.found[-2:]
    assert blanks == "labels with spaces at an end: spaces removed (1)"
    assert alike.startswith("warning: ") and "cat and Cat" in alike


def test_a_byte_order_mark(coco):
    assert coco(encoding="utf-8-sig")[1].found[0] == coco()[1].found[0] == "COCO: 3 instances of 2 categories"
