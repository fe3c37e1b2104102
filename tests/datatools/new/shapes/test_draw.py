"""Shapes drawn by hand."""

import numpy as np
import pytest

from fcn_plugin.datatools.new.shapes.draw import Shape, draw_shapes, thick_line
from fcn_plugin.datatools.new.shapes.entries import run_lengths

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


def test_thick_lines():
    """Half a pixel to either side, with round ends; no length is a disc."""
    assert rows(draw_shapes((6, 4), [it._replace(label=1) for it in thick_line([(1.5, 1.5), (4.5, 1.5)], 1.2)])) == [
        "000000",
        "011110",
        "000000",
        "000000",
    ]
    corner = draw_shapes((6, 4), [it._replace(label=1) for it in thick_line([(1, 1), (1, 3), (1, 3), (5, 3)], 2.0)])
    assert rows(corner) == ["110000", "110000", "111111", "111111"]
