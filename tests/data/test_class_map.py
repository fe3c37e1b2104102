"""Ids of files become class indices as the map says, or the file is named."""

import numpy as np
import pytest
from mmengine.registry import init_default_scope
from mmseg.datasets import BaseSegDataset

from fcn_plugin.data.class_map import ClassMap
from fcn_plugin.errors import UserError


def test_classes_are_numbered_by_their_smallest_id():
    built = ClassMap.of({40: "car", 0: "road", 7: "tree", 33: "car"}, (255,))
    assert built.classes == ("road", "tree", "car")
    assert built.ids == {255: 255, 0: 0, 7: 1, 33: 2, 40: 2}


def test_text_ids_and_an_ignored_id_that_is_a_class():
    built = ClassMap.of({"0": "background", "255": "object"})
    assert built.classes == ("background", "object")
    assert built.ids == {0: 0, 255: 1}


@pytest.mark.parametrize(
    "class_map, ignore_ids, message",
    [
        (["road", "car"], (), r"class_map is \['road', 'car'\]: write id -> name"),
        ({-1: "road", 1: "car"}, (), r"class_map holds the id -1: .* from 0 to 65535"),
        ({0: "road", 65536: "car"}, (), "the id 65536"),
        ({0: "road", 1.5: "car"}, (), "the id 1.5"),
        ({0: "road", 1: "car"}, (True,), "ignore_ids holds the id True"),
        ({0: "road", 1: "road"}, (), "names 1 classes"),
        ({i: str(i) for i in range(256)}, (), "names 256 classes: 2 to 255"),
    ],
)
def test_maps_that_no_mask_fits(class_map, ignore_ids, message):
    with pytest.raises(UserError, match=message):
        ClassMap.of(class_map, ignore_ids)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32])
def test_convert(dtype):
    built = ClassMap.of({2: "a", 9: "b"}, (11, 255))
    mask = np.array([[2, 9, 11], [255, 2, 2]], dtype)
    assert built.convert(mask, "m.png").tolist() == [[0, 1, 255], [255, 0, 0]]
    assert built.convert(mask, "m.png").dtype == np.uint8


@pytest.mark.parametrize(
    "value, dtype", [(0, np.uint8), (300, np.uint16), (65535, np.uint16), (-3, np.int32), (70000, np.int32)]
)
def test_unknown_ids_are_named_with_their_pixels(value, dtype):
    mask = np.array([[2, value, value], [9, 2, 2]], dtype)
    with pytest.raises(
        UserError,
        match=rf"m.png: id {value} \(2 px\) outside the classes 2, 9 and not ignored; .* class_map or ignore_ids",
    ):
        ClassMap.of({2: "a", 9: "b"}).convert(mask, "m.png")


def test_many_unknown_ids_are_cut_short():
    with pytest.raises(UserError, match=r"id 11 \(1 px\) and 8 more ids outside the classes 0..1 "):
        ClassMap.of({0: "a", 1: "b"}).convert(np.arange(20, dtype=np.uint8)[None], "m.png")


def test_which_ids_are_unknown():
    assert ClassMap.of({0: "a", 3: "b"}, (7,)).unknown(np.array([0, 1, 3, 7, 255])).tolist() == [
        False,
        True,
        False,
        False,
        True,
    ]


class Pets(BaseSegDataset):
    METAINFO = dict(classes=("cat", "dog", "fish"), palette=[[1, 1, 1], [2, 2, 2], [3, 3, 3]])


@pytest.mark.parametrize(
    "options, ids",
    [
        (dict(), {0: 0, 1: 1, 2: 2, 255: 255}),
        (dict(ignore_index=7), {0: 0, 1: 1, 2: 2, 7: 255}),
        (dict(ignore_index=0), {0: 255, 1: 1, 2: 2}),
        (dict(reduce_zero_label=True), {0: 255, 1: 0, 2: 1, 3: 2, 255: 255}),
        (dict(metainfo=dict(classes=("dog", "fish"))), {0: 255, 1: 0, 2: 1, 255: 255}),
    ],
)
def test_of_a_data_set_of_mmseg(options, ids):
    init_default_scope("mmseg")
    built = ClassMap.of_dataset(Pets(lazy_init=True, **options))
    assert built.ids == ids
    assert built.classes == tuple(options.get("metainfo", Pets.METAINFO)["classes"])


def test_an_id_that_is_both():
    with pytest.raises(UserError, match="id 11 stands in ignore_ids and is 'car' in class_map: take it out of one"):
        ClassMap.of({0: "road", 11: "car"}, (11, 255))
    assert ClassMap.of({0: "road", 255: "car"}).ids == {0: 0, 255: 1}
    assert ClassMap.of({0: "road", 7: "car"}).ids == {0: 0, 7: 1, 255: 255}


@pytest.mark.parametrize("ignore_ids", [255, "255", {255: "void"}])
def test_ignored_ids_are_a_list(ignore_ids):
    with pytest.raises(UserError, match=r"ignore_ids is .*: write a list of ids, such as \[255\]"):
        ClassMap.of({0: "road", 1: "car"}, ignore_ids)
