"""Shapes drawn by hand, and the files of COCO and labelme that hold them."""

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image
from support.refusals import refused

from fcn_plugin.datatools.new.shapes.coco import Coco, load_coco, pair_coco, read_coco
from fcn_plugin.datatools.new.shapes.draw import Shape, draw_shapes
from fcn_plugin.datatools.new.shapes.entries import run_lengths
from fcn_plugin.datatools.new.shapes.labelme import read_labelme

SQUARE = [(1, 1), (4, 1), (4, 3), (1, 3)]


def rows(array):
    return ["".join(map(str, row)) for row in array.tolist()]


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        (Shape(1, "polygons", [SQUARE]), ["000000", "011100", "011100", "000000"]),
        # centres of pixels are at halves: 0.4 takes the first one in, 0.6 does not
        (Shape(2, "polygons", [[(0.4, 0), (2.6, 0), (2.6, 1), (0.4, 1)]]), ["222000", "000000", "000000", "000000"]),
        (Shape(2, "polygons", [[(0.6, 0), (2.4, 0), (2.4, 1), (0.6, 1)]]), ["020000", "000000", "000000", "000000"]),
        (Shape(1, "polygons", [[(0, 0), (4, 0), (0, 4)]]), ["111000", "110000", "100000", "000000"]),
        (Shape(1, "polygons", [[(-9, 2), (99, 2), (99, 99), (-9, 99)]]), ["000000", "000000", "111111", "111111"]),
        (Shape(1, "polygons", [[(-9, 0), (-2, 0), (-2, 4)]]), ["000000"] * 4),
        (Shape(3, "circle", (3, 2, 1.6)), ["003300", "033330", "033330", "003300"]),
        (Shape(4, "bitmap", (-1, 2, np.ones((4, 3), bool))), ["000000", "000000", "440000", "440000"]),
        (Shape(5, "bitmap", (4, -1, np.array([[1, 1], [0, 1]], bool))), ["000005", "000000", "000000", "000000"]),
        (Shape(1, "runs", [3, 2, 19]), ["010000", "000000", "000000", "100000"]),
    ],
)
def test_shapes_by_hand(shape, expected):
    drawn = draw_shapes((6, 4), [shape])
    assert drawn.dtype == np.uint8
    assert rows(drawn) == expected


def test_neighbours_share_no_pixel():
    """Triangles around a point cover every pixel once."""
    corners = [(0, 0), (20, 0), (20, 15), (0, 15)]
    parts = [[a, b, (7.3, 4.9)] for a, b in zip(corners, corners[1:] + corners[:1], strict=True)]
    covered = sum(draw_shapes((20, 15), [Shape(1, "polygons", [part])]).astype(int) for part in parts)
    assert (covered == 1).all()


def test_compressed_runs():
    """maskApi.c by hand: five bits a character from '0' on, and the fourth number less the second, 1 - 3 = -2."""
    assert run_lengths("231N") == [2, 3, 1, 1]
    assert run_lengths("T3") == [4 + 32 * 3]  # 'T' is 36: 4, and more to come


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

    def read(change=lambda content: None, classes=None, allow_missing=False):
        change(content)
        seen = photos("a.png", "sub/b.png", size=(6, 4))
        path = here / "coco.json"
        path.write_text(json.dumps(content))
        loaded = load_coco(path)
        pairs, ids = pair_coco(loaded, {"a": "a.png", "sub/b": "sub/b.png"}, path, allow_missing)
        return pairs, read_coco(loaded, ids, seen[: len(ids)], path, classes)

    return read


def test_coco(coco):
    """The small dog is drawn over the larger cat; the image without instances is all background."""
    pairs, source = coco()
    assert (pairs.images, pairs.masks) == (["a.png", "sub/b.png"], ["a.png", "sub/b.png"])
    assert source.classes.class_map == {0: "_background_", 1: "cat", 2: "dog"}
    assert rows(source.draw[0]()) == ["221011", "221000", "111000", "000001"]
    assert rows(source.draw[1]()) == ["000000"] * 4
    assert source.shown == [{0, 1, 2}, {0}]
    assert source.found == ["COCO: 3 instances of 2 categories", "left out: categories without an instance: cow"]


def test_names_of_coco_categories(coco, here):
    """Matched by name, whatever the ids of the file."""
    names = here / "names.csv"
    names.write_text("id,name,red,green,blue\n0,nothing,9,9,9\n1,dog,0,0,1\n4,cat,0,0,2\n")
    _, source = coco(classes=str(names))
    assert rows(source.draw[0]()) == ["112022", "112000", "222000", "000002"]
    assert source.classes.palette == [(9, 9, 9), (0, 0, 1), (0, 0, 2)]
    names.write_text("_background_\ndog\n")
    with refused("class-file", f"{names} does not name the labels cat"):
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
        (lambda content: content["images"].insert(0, None), "annotation-file", "images[0]: it is no object"),
        (lambda content: content["images"][0].update(id=8), "annotation-file", "several images have the id 8"),
        (lambda content: content["images"][0].update(width=5), "mask-size", "5 x 4, its image"),
        (lambda content: content["images"].pop(), "image-unpaired", "1 images are not in"),
        (name_second("c.png"), "mask-unpaired", "are no files: c.png; 1 images"),
        (name_second("a.png"), "annotation-file", "two entries for a.png"),
        (set_first("segmentation", []), "annotation-file", "annotations[0] (id 1): it has no segmentation"),
        (set_first("segmentation", [[1, 1, 2, 2]]), "annotation-file", "(id 1): a polygon needs three"),
        (set_first("segmentation", [[1, 1, 2, 2, 3]]), "annotation-file", "(id 1): a polygon needs three"),
        (set_first("segmentation", dict(size=[4, 5], counts=[20])), "annotation-file", "of 20 pixels"),
        (
            set_first("segmentation", dict(size=[4, 6], counts=[20])),
            "annotation-file",
            "its RLE of 20 pixels does not fit",
        ),
        (set_first("segmentation", dict(size=[6, 4], counts=[24])), "annotation-file", "does not fit"),
        (set_first("category_id", 9), "annotation-file", "its category_id is 9"),
    ],
)
def test_coco_files_that_are_refused(coco, here, change, code, found):
    with refused(code, here / "coco.json", found):
        coco(change)


def test_coco_names_that_two_files_have(here):
    """The path from the image folder tells them apart; the file's name alone does not."""
    images = {"x/a": "x/a.png", "y/a": "y/a.png"}
    pictures = {1: ("y/a.png", (6, 4)), "2": ("x/a.png", (6, 4))}
    pairs, found = pair_coco(Coco(pictures, {}, []), images, here / "coco.json", False)
    assert (pairs.images, found) == (["x/a.png", "y/a.png"], ["2", 1])
    with refused("annotation-file", here / "coco.json", "a.png may be x/a.png, y/a.png"):
        pair_coco(Coco({1: ("a.png", (6, 4))}, {}, []), images, here / "coco.json", False)


def test_coco_images_left_out(coco):
    pairs, source = coco(lambda content: content["images"].pop(), allow_missing=True)
    assert (pairs.images, len(source.draw)) == (["a.png"], 1)
    assert pairs.notes[0].endswith("coco.json: sub/b.png")


def shape(label, points, form="polygon", **more):
    return dict(label=label, points=points, shape_type=form, **more)


def png(array):
    file = io.BytesIO()
    Image.fromarray(array).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


@pytest.fixture
def labelme(here, photos):
    """``labelme(shapes, ...)``: a file for each list, images of 6 x 4."""

    def read(*lists, classes=None, **more):
        seen = photos(*(f"{i}.png" for i in range(len(lists))), size=(6, 4))
        paths = []
        for i, shapes in enumerate(lists):
            paths.append(here / f"{i}.json")
            paths[-1].write_text(json.dumps(dict(shapes=shapes, imageWidth=6, imageHeight=4) | more))
        return read_labelme(seen, paths, classes)

    return read


def test_labelme(labelme):
    """In the order of the file: the second covers the first."""
    there = np.array([[1, 0], [1, 1]], np.uint8) * 255
    shapes = [
        shape("road", [[0, 0], [6, 0], [6, 2], [0, 2]]),
        shape("car", [[4, 3], [1, 1]], "rectangle"),
        shape("__ignore__", [[4, 2]], "mask", mask=png(there)),
    ]
    others = [shape("_background_", [[0, 0], [6, 0], [6, 4]]), shape("car", [[3, 2], [3, 3]], "circle")]
    source = labelme(shapes, others)
    assert source.classes.class_map == {0: "_background_", 1: "car", 2: "road"}
    first, second = (draw() for draw in source.draw)
    assert [row.replace("255", "-") for row in rows(first)] == ["222222", "211122", "0111-0", "0000--"]
    assert rows(second) == ["000000", "001100", "001100", "000000"]
    assert source.shown == [{0, 1, 2, 255}, {0, 1}]
    assert source.found == ["labelme: 2 files, 4 labels"]


def test_labelme_names(labelme, here):
    """A list as labelme writes it, and one that lacks a label."""
    names = here / "labels.txt"
    names.write_text("__ignore__\n_background_\nroad\ncar\n")
    (draw,) = labelme([shape("car", [[0, 0], [6, 0], [6, 1], [0, 1]])], classes=str(names)).draw
    assert rows(draw())[:2] == ["222222", "000000"]
    with refused("class-file", f"{names} does not name the labels bike"):
        labelme([shape("bike", SQUARE)], classes=str(names))


@pytest.mark.parametrize(
    ("shapes", "more", "code", "found"),
    [
        (
            [shape("car", [[0, 0], [1, 1]], "line")],
            {},
            "annotation-file",
            "0.json: shapes[0]: the line 'car' with 2 points",
        ),
        ([shape("car", [[0, 0], [1, 1]])], {}, "annotation-file", "0.json: shapes[0]: the polygon 'car' with 2 points"),
        (
            [shape("car", [[0, 0]], "mask", mask="????")],
            {},
            "annotation-file",
            "0.json: shapes[0]: its mask: can't be read",
        ),
        ([shape("car", SQUARE)], dict(imageHeight=5), "mask-size", "0.json: 6 x 5, its image"),
        ([], dict(shapes=None), "annotation-file", "0.json is no labelme file"),
        ([], dict(shapes=None, annotations=[]), "annotation-file", "no shapes"),
        ([], {}, "classes-count", "labels : that makes 1 classes"),
    ],
)
def test_labelme_files_that_are_refused(labelme, shapes, more, code, found):
    with refused(code, found):
        labelme(shapes, **more)
