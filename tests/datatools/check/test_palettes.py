"""Colours of palette masks against the config's and each other."""

import numpy as np

from fcn_plugin.data.class_map import ClassMap
from fcn_plugin.datatools.check.contents import Contents
from fcn_plugin.datatools.check.splits import Source, pack
from fcn_plugin.datatools.check.tally import palette_problems

CLASSES = ClassMap.of({0: "sea", 5: "sand", 6: "gull"}, (255,))
PALETTE = [[0, 0, 255], [200, 200, 0], [255, 255, 255]]


def colours(**by_id):
    table = np.full((8, 3), 7, np.uint8)
    for one, colour in by_id.items():
        table[int(one[1:])] = colour
    return table


def problems(first, ids, table, class_map=CLASSES, palette=PALETTE, path="m.png"):
    source = Source(pack([]), pack([]), class_map, palette)
    found = palette_problems(path, Contents(ids=np.array(ids), palette=table), source, first)
    return [(problem.code, problem.path, problem.found) for problem in found]


def test_the_config_s_colours_and_unknown_ones_are_fine():
    assert problems({}, [0, 5, 6], colours(_0=PALETTE[0], _5=PALETTE[1])) == []


def test_an_id_with_the_colour_of_another_class():
    table = colours(_5=PALETTE[2], _6=PALETTE[1])
    swapped = "id 5 (sand) has the colour [255, 255, 255] of gull"
    assert problems({}, [0, 5, 6], table) == [("palette-swapped", "m.png", swapped)]
    assert problems({}, [0], table) == []  # the ids do not occur
    assert problems({}, [0, 5], table, palette=None) == []
    assert problems({}, [0, 5], table, class_map=None) == []


def test_ignored_ids_may_have_any_colour():
    table = np.full((256, 3), PALETTE[0], np.uint8)
    assert problems({}, [255], table) == []


def test_two_classes_of_one_colour_are_not_swapped():
    assert problems({}, [5], colours(_5=PALETTE[1]), palette=[PALETTE[1], PALETTE[1], PALETTE[2]]) == []


def test_masks_that_colour_an_id_differently():
    first = {}
    assert problems(first, [0, 5], colours(_5=[1, 2, 3]), path="a.png") == []
    other = "id 5 is [3, 2, 1], in a.png it is [1, 2, 3]"
    assert problems(first, [5, 6], colours(_5=[3, 2, 1]), path="b.png") == [("palette-differs", "b.png", other)]
    assert problems(first, [6], colours(_5=[3, 2, 1]), path="c.png") == []
    assert problems(first, [6], colours(_6=[3, 2, 1]), path="d.png") == [
        ("palette-differs", "d.png", "id 6 is [3, 2, 1], in b.png it is [7, 7, 7]")
    ]


def test_ids_beyond_a_short_palette():
    assert problems({}, [0, 200], colours(_0=PALETTE[0])) == []
