"""Loaders, steps and data preprocessor that don't agree on bands are refused before anything is built."""

import pytest
from mmengine.config import ConfigDict
from support.refusals import refused

from fcn_plugin.data.leaves import Declared
from fcn_plugin.preflight.bands import check_bands

BANDS, PACK = dict(type="FCNLoadBands"), dict(type="PackSegInputs")
PLAIN = [dict(type="LoadImageFromFile"), dict(type="PhotoMetricDistortion"), PACK]
FOR_BANDS = dict(type="FCNBandsPreProcessor", mean=[0], std=[1])
NESTED = dict(type="RandomChoice", transforms=[[dict(type="RandomFlip")], [dict(type="mmseg.PhotoMetricDistortion")]])


def check(pipeline, preprocessor):
    cfg = ConfigDict(model=dict(data_preprocessor=preprocessor), filename="own.py")
    check_bands(cfg, [Declared("train", ConfigDict(type="ClassMapDataset", pipeline=pipeline), None)])


def test_what_fits():
    check([BANDS, dict(type="RandomFlip"), PACK], FOR_BANDS)
    check(PLAIN, dict(type="SegDataPreProcessor"))
    check(PLAIN, None)


@pytest.mark.parametrize(
    "pipeline, preprocessor, part",
    [
        ([BANDS, PACK], dict(type="SegDataPreProcessor"), "FCNBandsPreProcessor"),
        (PLAIN, FOR_BANDS, "FCNLoadBands"),
        ([BANDS, PLAIN[1], PACK], FOR_BANDS, "PhotoMetricDistortion"),
        ([BANDS, NESTED, PACK], FOR_BANDS, "PhotoMetricDistortion"),
    ],
)
def test_what_does_not(pipeline, preprocessor, part):
    with refused("config-value", "own.py", "train", part):
        check(pipeline, preprocessor)
