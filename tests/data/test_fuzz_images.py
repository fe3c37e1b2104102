"""3,000 damaged images and masks: loaded, or refused with their name, and the check finds what training finds."""

import random
import resource
from collections import Counter

import numpy as np
import pytest
from mmcv.transforms import LoadImageFromFile
from support.damaged_images import IMAGES, MASKS, SIZE, damage

from fcn_plugin.data.broken_files import CheckedPipeline
from fcn_plugin.data.images import read_image, read_mask
from fcn_plugin.data.load_annotations import FCNLoadAnnotations
from fcn_plugin.data.problems import KINDS
from fcn_plugin.datatools.check.contents import read_pair
from fcn_plugin.errors import UserError

EACH = 1500
IDS = dict.fromkeys(range(2**16), 0)  # all that a mask of 16 bits can hold
READ = {"image": read_image, "mask": read_mask}


def attempt(call, *args):
    """(what it returns, None) or (None, code); every other error fails the test."""
    try:
        return call(*args), None
    except UserError as error:
        return None, error.code


@pytest.mark.filterwarnings("ignore")  # Pillow's, of damaged tags
@pytest.mark.parametrize("what, kinds, seed", [("image", IMAGES, 0), ("mask", MASKS, 1)])
def test_damaged_files(tmp_path, what, kinds, seed):
    draw, codes = random.Random(seed), Counter()
    pipeline = CheckedPipeline([LoadImageFromFile(), FCNLoadAnnotations()])
    paths = {"image": str(tmp_path / "a.jpg"), "mask": str(tmp_path / "a.png")}
    (tmp_path / "a.jpg").write_bytes(IMAGES[0])
    (tmp_path / "a.png").write_bytes(MASKS[0])
    sample = dict(img_path=paths["image"], seg_map_path=paths["mask"])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for number in range(EACH):
        raw = damage(draw.choice(kinds), kinds, draw)
        with open(paths[what], "wb") as file:
            file.write(raw)
        read, refusal = attempt(READ[what], paths[what])
        assert refusal in (None, f"{what}-unreadable"), number
        # a file may be changed within a tick of the clock, as none is in a run
        pipeline.passed.clear()
        loaded, code = attempt(pipeline, sample | dict(seg_fields=[]))
        if code is None:
            assert loaded["img"].shape[:2] == loaded["gt_seg_map"].shape == SIZE[::-1], number
            assert what == "mask" or np.array_equal(loaded["img"], read[1]), number
        checked = {p.code for p in read_pair(*paths.values()).problems if KINDS[p.code].severity == "error"}
        assert bool(checked) == (code not in (None, "mask-ids")), (number, code, checked)
        codes[code] += 1
    assert codes[None] > EACH / 10  # of formats without checksums
    assert codes[f"{what}-unreadable"] > EACH / 2
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 2**20  # KiB
