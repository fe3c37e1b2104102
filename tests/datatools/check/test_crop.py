"""Sizes that reach the crop, against mmcv's own rescaling."""

import mmcv
import numpy as np
import pytest

from fcn_plugin.datatools.check.crop import Crop, find_crop

CROP = dict(type="RandomCrop", crop_size=(256, 300))
LOAD = dict(type="LoadImageFromFile")


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ([], Crop((300, 256))),
        ([dict(type="RandomFlip", prob=0.5)], Crop((300, 256))),
        (
            [dict(type="RandomResize", scale=(480, 360), ratio_range=(0.5, 2.0), keep_ratio=True)],
            Crop((300, 256), ((240, 180), (960, 720)), True),
        ),
        ([dict(type="mmseg.Resize", scale=(480, 360))], Crop((300, 256), ((480, 360), (480, 360)), False)),
        ([dict(type="Resize", scale=400, keep_ratio=True)], Crop((300, 256), ((400, 400), (400, 400)), True)),
        (
            [dict(type="RandomResize", scale=[(480, 100), (200, 360)], keep_ratio=True)],
            Crop((300, 256), ((200, 100), (480, 360)), True),
        ),
        (
            [dict(type="RandomChoiceResize", scales=[(480, 360), (240, 180), (300, 200)], keep_ratio=True)],
            Crop((300, 256), ((240, 180), (480, 360)), True),
        ),
        ([dict(type="Resize", scale_factor=2.0)], None),
        ([dict(type="RandomMosaic", prob=1.0)], None),
        ([dict(type="RandomChoiceResize", scales=[300, 400], resize_type="ResizeShortestEdge")], None),
        ([dict(type="Resize", scale=400), dict(type="Resize", scale=400)], None),
    ],
)
def test_crop_of_a_pipeline(before, expected):
    assert find_crop([LOAD, *before, CROP, dict(type="Pad", size=(9, 9))]) == expected


def test_a_pipeline_without_a_crop():
    assert find_crop([LOAD, dict(type="Resize", scale=(480, 360))]) is None


def test_one_number_is_a_square():
    assert find_crop([dict(type="RandomCrop", crop_size=64)]) == Crop((64, 64))


@pytest.mark.parametrize("size", [(480, 360), (33, 77), (1, 500), (1000, 3)])
def test_sizes_are_those_of_mmcv(size):
    crop = Crop((64, 64), ((48, 31), (480, 311)), keep_ratio=True)
    sizes = np.array([size])
    expected = [[list(mmcv.rescale_size(size, scale))] for scale in crop.scales]
    assert [end.tolist() for end in crop.resized(sizes)] == expected


def test_without_a_ratio_every_size_becomes_the_scale():
    crop = Crop((64, 64), ((48, 31), (480, 311)))
    sizes = np.array([(10, 10), (999, 10)])
    assert [end.tolist() for end in crop.resized(sizes)] == [[[48, 31]] * 2, [[480, 311]] * 2]


def test_short_in_either_direction():
    sizes = np.array([(64, 32), (63, 32), (64, 31), (100, 100)])
    assert Crop((64, 32)).cuts_short(sizes).tolist() == [False, True, True, False]
