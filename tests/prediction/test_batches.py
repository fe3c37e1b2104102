"""Batches of equal size: each item once, frames in order, few waiting."""

import numpy as np

from fcn_plugin.prediction.batches import MOST_PIXELS, batches
from fcn_plugin.prediction.item import Item


def item(name, height, fps=None):
    return Item(name, np.broadcast_to(np.uint8(0), (height, 4, 3)), "source", fps=fps)


def names(found):
    return ["".join(item.name for item in batch) for batch in found]


def test_items_of_one_size_meet():
    mixed = [item(name, height) for name, height in zip("abcdefg", (1, 2, 1, 2, 1, 2, 1), strict=True)]
    assert sorted(names(batches(mixed, 3))) == ["ace", "bdf", "g"]
    assert names(batches(mixed, 1)) == list("abcdefg")


def test_few_wait_for_others():
    """Sizes that all differ: the net gets an image for each one that is read, after the first."""
    read = []

    def reading():
        for height in range(1, 20):
            read.append(height)
            yield item("x", height)

    waiting = [len(read) - done for done, _ in enumerate(batches(reading(), 4))]
    assert max(waiting) == 9


def test_frames_stay_in_order():
    frames = [item(name, height, fps=25) for name, height in zip("abcdef", (1, 1, 2, 2, 2, 1), strict=True)]
    assert names(batches(frames, 8)) == ["ab", "cde", "f"]


def test_a_pause_lets_waiting_items_go():
    assert names(batches([item("a", 1), None, item("b", 1)], 8)) == ["a", "b"]


def test_large_images_go_alone():
    side = MOST_PIXELS // 4
    assert names(batches([item(name, side) for name in "abc"], 8)) == ["a", "b", "c"]
    assert names(batches([item(name, side // 2) for name in "abc"], 8)) == ["ab", "c"]


def test_fewer_where_the_limit_is_lower():
    assert names(batches([item(name, 8) for name in "abcde"], 8, most_pixels=64)) == ["ab", "cd", "e"]
