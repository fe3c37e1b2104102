"""Ids of files become class indices as the map says, or the file is named."""

import numpy as np
import pytest
from mmengine.registry import init_default_scope
from mmseg.datasets import BaseSegDataset
from support.refusals import refused

from fcn_plugin.data.class_map import ClassMap


def test_classes_are_numbered_by_their_smallest_id():
    built = ClassMap.of({40: "car", 0: "road", 7: "tree", 33: "car"}, (255,))
    assert built.classes == ("road", "tree", "car")
    assert built.ids == {255: 255, 0: 0, 7: 1, 33: 2, 40: 2}


def test_text_ids_and_an_ignored_id_that_is_a_class():
    built = ClassMap.of({"0": "background", "255": "object"})
    assert built.classes == ("background", "object")
    assert built.ids == {0: 0, 255: 1}


@pytest.mark.parametrize(
    "class_map, ignore_ids, fragments",
    [
        (["road", "car"], (), ["class_map", "['road', 'car']", "id -> name"]),
        ({-1: "road", 1: "car"}, (), ["class_map", "-1", "0 to 65535"]),
        ({0: "road", 65536: "car"}, (), ["class_map", "65536"]),
        ({0: "road", 1.5: "car"}, (), ["class_map", "1.5"]),
        ({0: "road", 1: "car"}, (True,), ["ignore_ids", "True"]),
        ({0: "road", 1: "road"}, (), ["class_map", "1 classes"]),
        ({i: str(i) for i in range(256)}, (), ["class_map", "256 classes", "2 to 255"]),
        ({0: "road", 11: "car"}, (11, 255), ["id 11", "ignore_ids", "'car'"]),
        ({0: "road", 1: "car"}, 255, ["ignore_ids", "255", "list"]),
        ({0: "road", 1: "car"}, "255", ["ignore_ids", "'255'", "list"]),
        ({0: "road", 1: "car"}, {255: "void"}, ["ignore_ids", "{255: 'void'}", "list"]),
    ],
)
def test_invalid_maps(class_map, ignore_ids, fragments):
    with refused("class-map", *fragments):
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
    with refused("mask-ids", "m.png", f"id {value} (2 px)", "classes 2, 9", "class_map or ignore_ids"):
        ClassMap.of({2: "a", 9: "b"}).convert(mask, "m.png")


def test_many_unknown_ids_are_cut_short():
    with refused("mask-ids", "id 11 (1 px), and 8 more", "classes 0..1 "):
        ClassMap.of({0: "a", 1: "b"}).convert(np.arange(20, dtype=np.uint8)[None], "m.png")


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


def test_255_is_ignored_unless_it_is_a_class():
    assert ClassMap.of({0: "road", 255: "car"}).ids == {0: 0, 255: 1}
    assert ClassMap.of({0: "road", 7: "car"}).ids == {0: 0, 7: 1, 255: 255}
