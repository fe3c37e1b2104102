"""Two classes in disguise, and sets of classes that look like it."""

import pytest

from fcn_plugin.datatools.encodings import Encodings


def seen(*masks, inside=()):
    found = Encodings()
    for i, values in enumerate(masks):
        found.add(values, f"{i}.png", inside)
    return found


@pytest.mark.parametrize(
    ("masks", "inside", "expected"),
    [
        ([{0, 3, 7, 255}, {0, 3, 248, 250, 254, 255}], (), ("1.png", "6 of the masks' 7 values: 0..7 and 248..255")),
        ([{0, 253}, {1, 254}], (), ("0.png", "2 of the masks' 4 values: 0..1 and 253..254")),
        (
            [{0, 64, 128, 191, 255}],
            {0, 255},
            ("0.png", "5 of the masks' 5 values: 0 and 255; only on edges 64, 128, 191"),
        ),
        ([{0, 64, 128, 191, 255}], {0, 128, 255}, None),  # a class that is more than an edge
        ([{0, 64, 128, 191, 255}], (), None),  # nothing is known of edges
        ([{0, 1, 255}], {0, 255}, None),  # thin lines and void
        ([set(range(8)) | {255}], (), None),
        ([{0, 255}], (), None),
        ([{0, 254}], (), None),
        ([{0, 1, 100, 255}], {0, 1, 255}, None),
        ([{1, 2, 3}], (), None),
    ],
)
def test_near_binary(masks, inside, expected):
    problem = seen(*masks, inside=inside).near_binary()
    assert (problem and (problem.code, problem.path)) == (expected and ("mask-near-binary", expected[0]))
    assert problem is None or problem.found == f"has {expected[1]}"


@pytest.mark.parametrize(
    ("masks", "expected"),
    [
        ([{0, 1}, {0}, {0, 255}, {0, 1}], ("2.png", "0.png")),
        ([{255}, {0, 1}], ("0.png", "1.png")),
        ([{0, 1}, {0, 255}, {0, 1, 255}], None),  # void in masks of a class
        ([{0, 1, 2}, {0, 255}], None),
        ([{0, 255}, {0}], None),
        ([{0, 1}, {0}], None),
    ],
)
def test_mixed(masks, expected):
    problem = seen(*masks).mixed()
    assert (problem and (problem.code, problem.path)) == (expected and ("mask-mixed", expected[0]))
    assert problem is None or problem.found == f"has 0 and 255, but {expected[1]} has 0 and 1"
