"""Pixels of classes, sizes, digests and what is wrong with them, by value."""

import numpy as np
import pytest

from fcn_plugin.data.class_map import ClassMap
from fcn_plugin.data.problems import Problem
from fcn_plugin.datatools.check.contents import Contents
from fcn_plugin.datatools.check.crop import Crop
from fcn_plugin.datatools.check.scan import first_of, repeated, shared
from fcn_plugin.datatools.check.splits import Source, Split, pack
from fcn_plugin.datatools.check.tally import Tally

CLASSES = ClassMap.of({0: "sea", 7: "sand", 9: "sand", 12: "gull"}, (255, 30))


def source(*names, class_map=CLASSES, crop=None, palette=None):
    images, masks = (pack(f"{name}{suffix}" for name in names) for suffix in (".jpg", ".png"))
    return Source(images, masks, class_map, palette, crop)


def contents(counts=None, size=(10, 10), digest=0, problems=()):
    ids, pixels = (np.array(list(values), np.int64) for values in ((counts or {}).keys(), (counts or {}).values()))
    return Contents(list(problems), size, bytes([digest] * 16), ids, pixels)


def counted(split, *pairs):
    """A tally of a split's pairs and the problems they had."""
    tally, problems = Tally(split, {}), []
    places = [(one, i) for one in split.sources for i in range(len(one.images))]
    for (one, i), pair in zip(places, pairs, strict=True):
        problems += tally.add(one, i, pair)
    return tally, problems


def as_lists(counts):
    return [values.tolist() for values in (counts.pixels, counts.images, counts.seen)]


def test_ids_that_share_a_class_are_summed():
    split = Split("train", (source("a", "b"),))
    tally, problems = counted(split, contents({0: 50, 7: 20, 9: 30}), contents({0: 60, 30: 30, 255: 10}))
    assert problems == []
    assert tally.names == ["sea", "sand", "gull"]
    assert as_lists(tally.counts) == [[110, 50, 0], [2, 1, 0], [200, 100, 0]]
    assert list(tally.absent()) == [Problem("class-absent", "train", "no pixel of gull")]


def test_without_a_class_map_all_ids_are_listed():
    split = Split("folder", (source("a", "b", class_map=None),))
    tally, problems = counted(split, contents({0: 90, 255: 10}), contents({300: 100, 70000: 4, -1: 2}))
    assert problems == [Problem("mask-ids", "b.png", "id 70000 (4 px), id -1 (2 px)")]
    assert tally.names == ["0", "255", "300"]
    assert as_lists(tally.counts) == [[90, 10, 100], [1, 1, 1], [100, 100, 106]]
    assert list(tally.absent()) == []


def test_unknown_ids_and_their_pixels():
    tally, problems = counted(Split("train", (source("a"),)), contents({0: 50, 1: 3, 200: 1}))
    assert problems == [Problem("mask-ids", "a.png", "id 1 (3 px), id 200 (1 px)")]
    assert tally.counts.pixels.tolist() == [50, 0, 0]
    assert tally.counts.seen.tolist() == [54, 0, 0]


@pytest.mark.parametrize(
    ("ids", "kinds"), [({255: 90, 30: 10}, ["mask-void"]), ({255: 99, 12: 1}, []), ({5: 100}, ["mask-ids"]), ({}, [])]
)
def test_masks_without_a_labelled_pixel(ids, kinds):
    _, problems = counted(Split("val", (source("a"),)), contents(ids))
    assert [problem.code for problem in problems] == kinds
    if kinds == ["mask-void"]:
        assert problems[0].found == "all 100 px are ignored"


def test_problems_of_files_come_first_and_palettes_last():
    pair = contents({0: 50, 1: 3}, problems=[Problem("image-gray", "a.jpg", "mode L")])
    pair.palette = np.array([[0, 200, 0]], np.uint8)
    palette = [[0, 0, 200], [0, 200, 0], [200, 0, 0]]
    _, problems = counted(Split("train", (source("a", palette=palette),)), pair)
    assert [problem.code for problem in problems] == ["image-gray", "mask-ids", "palette-swapped"]


def test_no_class_is_absent_where_no_mask_was_read():
    tally, _ = counted(Split("train", (source("a"),)), contents())
    assert list(tally.absent()) == []


def test_images_smaller_than_the_crop():
    plain, resized = Crop((20, 10)), Crop((20, 10), ((10, 10), (40, 20)), keep_ratio=True)
    split = Split("train", (source("a", "b", "c", crop=plain), source("d", "e"), source("f", "g", "h", crop=resized)))
    sizes = [(20, 10), (19, 10), (0, 0), (1, 1), (1, 1), (4, 4), (50, 4), (2000, 1000)]
    tally, _ = counted(split, *(contents(size=size) for size in sizes))
    assert list(tally.small()) == [
        Problem("image-small", "b.jpg", "19 x 10, but the crop is 20 x 10"),
        Problem("image-small", "g.jpg", "50 x 4, at most 40 x 3 after resizing, but the crop is 20 x 10"),
    ]
    assert tally.sometimes_small() == 2  # f and h, at the least scale


def test_images_of_which_a_resize_leaves_nothing():
    resized = Crop((20, 10), ((10, 10), (40, 20)), keep_ratio=True)
    split = Split("train", (source("a", "b", crop=resized),))
    tally, _ = counted(split, contents(size=(20, 1)), contents(size=(21, 1)))
    assert list(tally.small()) == [
        Problem("image-small", "a.jpg", "20 x 1, at most 40 x 2 after resizing, but the crop is 20 x 10"),
        Problem("image-thin", "b.jpg", "21 x 1, as little as 10 x 0 after resizing"),
    ]


def test_first_of_equal_rows():
    digests = np.zeros((5, 16), np.uint8)
    digests[[1, 4], 15] = 1
    digests[3, 0] = 1
    assert first_of(digests).tolist() == [0, 1, 0, 3, 1]
    assert first_of(np.zeros((0, 16), np.uint8)).tolist() == []


def test_duplicates_within_a_split():
    split = Split("train", (source("a", "b", "c"), source("a", "d")))
    digests, sizes = [5, 0, 6, 5, 0], [(4, 4), (0, 0), (4, 4), (4, 4), (0, 0)]
    tally, _ = counted(split, *(contents(digest=d, size=s) for d, s in zip(digests, sizes, strict=True)))
    assert list(repeated(tally)) == [Problem("image-duplicate", "a.jpg", "listed twice")]
    tally.digests[2] = tally.digests[0]
    assert next(repeated(tally)) == Problem("image-duplicate", "c.jpg", "same pixels as a.jpg of train")


def test_images_that_training_has_seen():
    unread = contents(digest=1, size=(0, 0))
    train, _ = counted(Split("train", (source("a", "b", "c"),)), unread, contents(digest=2), contents(digest=3))
    val, _ = counted(Split("val", (source("d", "e"), source("c"))), *(contents(digest=d) for d in (4, 2, 3)))
    test, _ = counted(Split("test", (source("f", "g"),)), contents(digest=4), contents(digest=1))
    assert list(shared([train, val, test])) == [
        Problem("image-shared", "e.jpg", "same pixels as b.jpg of train"),
        Problem("image-shared", "c.jpg", "in both val and train"),
    ]
    assert list(shared([val, test])) == []
