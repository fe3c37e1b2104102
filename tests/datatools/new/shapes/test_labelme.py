"""labelme's files: shapes of every kind, and what is refused."""

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image
from support.refusals import refused

from fcn_plugin.datatools.new.shapes.labelme import read_labelme

SQUARE = [(1, 1), (4, 1), (4, 3), (1, 3)]


def rows(array):
    return ["".join(map(str, row)) for row in array.tolist()]


def shape(label, points, form="polygon", **more):
    return dict(label=label, points=points, shape_type=form, **more)


def png(array):
    file = io.BytesIO()
    Image.fromarray(array).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


@pytest.fixture
def labelme(here, photos):
    """``labelme(shapes, ...)``: a file for each list, images of 6 x 4."""

    def read(*lists, classes=None, line_width=None, **more):
        seen = photos(*(f"{i}.png" for i in range(len(lists))), size=(6, 4))
        paths = []
        for i, shapes in enumerate(lists):
            paths.append(here / f"{i}.json")
            paths[-1].write_text(json.dumps(dict(shapes=shapes, imageWidth=6, imageHeight=4) | more))
        return read_labelme(seen, paths, classes, line_width)

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
    assert source.found == ["labelme: 2 files, 4 labels", "circles: drawn as discs (1)"]


def test_labelme_names(labelme, here):
    """A list as labelme writes it, and one that lacks a label."""
    names = here / "labels.txt"
    names.write_text("__ignore__\n_background_\nroad\ncar\n")
    (draw,) = labelme([shape("car", [[0, 0], [6, 0], [6, 1], [0, 1]])], classes=str(names)).draw
    assert rows(draw())[:2] == ["222222", "000000"]
    with refused("class-file", f"{names} lacks the labels bike"):
        labelme([shape("bike", SQUARE)], classes=str(names))


@pytest.mark.parametrize(
    ("shapes", "more", "code", "found"),
    [
        ([shape("car", SQUARE, "cuboid")], {}, "annotation-file", "0.json: shapes[0]: the cuboid with 4 points"),
        ([shape("car", SQUARE[:2])], {}, "classes-count", "these are 1 classes"),
        (
            [shape("car", [[0, 0]], "mask", mask="????")],
            {},
            "annotation-file",
            "0.json: shapes[0]: its mask: can't be read",
        ),
        ([shape("car", SQUARE)], dict(imageHeight=5), "mask-size", "0.json: 6 x 5, its image"),
        ([], dict(shapes=None), "annotation-file", "0.json is not a labelme file"),
        ([], dict(shapes=None, annotations=[]), "annotation-file", "no shapes"),
        ([], {}, "classes-count", "labels : these are 1 classes"),
    ],
)
def test_labelme_files_that_are_refused(labelme, shapes, more, code, found):
    with refused(code, found):
        labelme(shapes, **more)


THIN = [
    shape("car", [[1, 1], [4, 1], [4, 3], [1, 3]], "rectangle"),  # four corners, as newer versions write
    shape("bus", [[5, 0], [6, 0], [6, 1], [5, 1]], "rotation", direction=0.0),
    shape("way", [[0, 3.5], [6, 3.5]], "line", group_id=3),
    shape("way", [[0.5, 0.5]], "point"),
    shape("way", [[5.5, 2.5], [0.5, 2.5]], "points"),
    shape("car", [[1, 1]], "circle"),
    shape("car", SQUARE[:2]),
    shape("car", [[4, 2], [9, 2], [9, 3], [4, 3]], group_id=1),  # reaches outside
]
FEW = "skipped: shapes or parts with too few points for an area (2)"


def test_lines_and_points_are_left_out_and_counted(labelme):
    """A label that only they have is no class."""
    source = labelme(THIN)
    assert source.classes.class_map == {0: "_background_", 1: "bus", 2: "car"}
    assert rows(source.draw[0]()) == ["000001", "022200", "022222", "000000"]
    lines = "skipped: lines and points (--line-width 10 draws them as labelme does) (3)"
    assert source.found[1:] == ["circles: drawn as discs (1)", lines, FEW]


def test_lines_and_points_are_drawn_on_request(labelme):
    """A line of one pixel, and points as discs: over the shapes before them, under those behind."""
    source = labelme(THIN, line_width=1.0)
    assert rows(source.draw[0]()) == ["300001", "022200", "322222", "333333"]
    assert "lines and points: drawn 1 pixels wide (3)" in source.found
    assert source.shown == [{0, 1, 2, 3}]


def test_blanks_and_case_of_labels(labelme):
    source = labelme([shape("car ", SQUARE), shape("Car", SQUARE), shape("car", SQUARE)])
    assert source.classes.class_map == {0: "_background_", 1: "Car", 2: "car"}
    blanks, alike = source.found[1:]
    assert blanks == "labels with spaces at an end: spaces removed (1)"
    assert alike.startswith("warning: ") and "Car and car" in alike


def test_the_image_that_a_file_names(labelme, here):
    """Its own, whatever folder and suffix; a renamed one is said; one that is there too is another image."""
    square = [shape("car", SQUARE)]
    assert len(labelme(square, imagePath="..\\elsewhere\\0.jpeg").found) == 1
    (_, note) = labelme(square, imagePath="IMG_7.png").found
    assert "0.json (IMG_7.png)" in note
    with refused("annotation-file", "1.json", "0.png"):
        labelme(square, square, imagePath="0.png")


def test_the_image_inside_of_a_file_is_not_read(labelme):
    data = png(np.zeros((9, 9, 3), np.uint8))
    assert rows(labelme([shape("car", SQUARE)], imageData=data).draw[0]())[1] == "011100"
