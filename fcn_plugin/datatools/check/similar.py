"""Find images that look like training images: other frames of a scene, crops, recompressed images.

Their hashes (:mod:`.look`) differ in few bits. On CamVid, frames of different places differ in at least 10 bits; a frame and its
copy brightened by 1.3, at half the size, without a border of 8 px or as JPEG of quality 30 differ in at most 8.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ...data.problems import Problem
from .tally import Tally

MOST_BITS = 8
CHUNK = 256  # images compared with all of train at once


def similar(tallies: Sequence[Tally]) -> Iterator[Problem]:
    """Yield ``image-similar`` for images of other splits that are similar to one of train, but not equal."""
    train = tallies[0]
    mine = np.flatnonzero(train.looks)  # 0: no hash
    for other in tallies[1:] if train.split.name == "train" and len(mine) else ():
        theirs = np.flatnonzero(other.looks)
        for start in range(0, len(theirs), CHUNK):
            chunk = theirs[start : start + CHUNK]
            bits = np.bitwise_count(other.looks[chunk, None] ^ train.looks[None, mine])
            nearest = bits.argmin(1)
            for number, twin, distance in zip(chunk, mine[nearest], bits.min(1), strict=True):
                if distance <= MOST_BITS and not np.array_equal(other.digests[number], train.digests[twin]):
                    yield Problem("image-similar", other.path(number), f"looks like {train.path(twin)} of train")
