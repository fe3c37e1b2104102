"""Images that look alike, in train and another split."""

import numpy as np
import pytest

from fcn_plugin.data.problems import Problem
from fcn_plugin.datatools.check.contents import Contents
from fcn_plugin.datatools.check.look import look_of
from fcn_plugin.datatools.check.similar import MOST_BITS, similar
from fcn_plugin.datatools.check.splits import Source, Split
from fcn_plugin.datatools.check.tally import Tally


def scene(seed, size=(90, 120)):
    """Some rectangles."""
    generator = np.random.default_rng(seed)
    image = np.full((*size, 3), generator.integers(0, 255, 3), np.uint8)
    for _ in range(12):
        top, left = (int(generator.integers(0, side - 10)) for side in size)
        height, width = generator.integers(8, 40, 2)
        image[top : top + height, left : left + width] = generator.integers(0, 255, 3)
    return image


def differ(one, other):
    return bin(one ^ other).count("1")


def test_altered_copies_are_near_and_others_far():
    pytest.importorskip("imagehash")
    looks = [look_of(scene(seed)) for seed in range(12)]
    assert min(differ(a, b) for i, a in enumerate(looks) for b in looks[:i]) > MOST_BITS
    image = scene(0)
    bright = (image * 0.8 + 30).astype(np.uint8)
    for altered in (image[1:-1, 1:-1], bright, image[::2, ::2]):
        assert differ(looks[0], look_of(altered)) <= MOST_BITS
    assert look_of(np.full((50, 60, 3), 90, np.uint8)) is None


def tally_of(name, *looks):
    """Of a split whose images have these (look, digest)."""
    paths = np.array([f"{name}{i}.png".encode() for i in range(len(looks))])
    tally = Tally(Split(name, (Source(paths, paths, None, None),)), {})
    for pair, (look, digest) in enumerate(looks):
        contents = Contents(size=(4, 4), digest=bytes([digest] * 16), look=look)
        list(tally.add(tally.split.sources[0], pair, contents))
    return tally


def test_other_splits_are_compared_with_train():
    train = tally_of("train", (0b1111, 1), (None, 2), (2**60 - 1, 3))
    val = tally_of("val", (2**60 - 1 ^ 0b1011, 4), (0b1111, 1), (2**40 - 1, 5), (None, 6))
    test = tally_of("test", (0b1111 ^ 2**63, 7))
    assert list(similar([train, val, test])) == [
        Problem("image-similar", "val0.png", "looks like train2.png of train"),
        Problem("image-similar", "test0.png", "looks like train0.png of train"),
    ]
    assert list(similar([val, test])) == []
