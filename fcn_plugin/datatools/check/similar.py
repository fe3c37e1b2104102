"""Find images that look like one of the training images: other frames of a scene, crops, images saved again.

Their hashes (:mod:`.look`) differ in few bits. On CamVid frames of different places differ in 10 bits or more; a frame and
the same brighter by 1.3, at half the size, without a border of 8 px or as JPEG of quality 30 in 8 or less.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ...data.problems import Problem
from .tally import Tally

MOST_BITS = 8
CHUNK = 256  # images compared with all of train at once


def similar(tallies: Sequence[Tally]) -> Iterator[Problem]:
    """Yield ``image-similar`` for images of other splits that look like one of train, but are not the same."""
    train = tallies[0]
    mine = np.flatnonzero(train.looks)  # 0: none
    for other in tallies[1:] if train.split.name == "train" and len(mine) else ():
        theirs = np.flatnonzero(other.looks)
        for start in range(0, len(theirs), CHUNK):
            chunk = theirs[start : start + CHUNK]
            bits = np.bitwise_count(other.looks[chunk, None] ^ train.looks[None, mine])
            nearest = bits.argmin(1)
            for number, twin, distance in zip(chunk, mine[nearest], bits.min(1), strict=True):
                if distance <= MOST_BITS and not np.array_equal(other.digests[number], train.digests[twin]):
                    yield Problem("image-similar", other.path(number), f"looks like {train.path(twin)} of train")
