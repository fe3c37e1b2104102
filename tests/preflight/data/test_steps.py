"""Pipelines that pack nothing or load no masks are refused; those with steps of other packages pass."""

import pytest
from mmcv.transforms import BaseTransform
from mmengine.config import Config, ConfigDict
from mmseg.registry import TRANSFORMS
from support.refusals import refused

from fcn_plugin.data.leaves import Declared
from fcn_plugin.preflight.data.steps import check_steps

CFG = Config({}, filename=__file__)
LOAD, MASKS, PACK = (dict(type=name) for name in ("LoadImageFromFile", "FCNLoadAnnotations", "PackSegInputs"))
AUGMENTED = dict(type="TestTimeAug", transforms=[[dict(type="RandomFlip")], [MASKS], [PACK]])


@TRANSFORMS.register_module()
class DoesItAll(BaseTransform):
    def transform(self, results):
        return results


def check(split, *steps):
    check_steps(CFG, [Declared(split, ConfigDict(pipeline=list(steps)), None)])


@pytest.mark.parametrize(
    "split, steps, missing",
    [
        ("train", [LOAD, MASKS], "PackSegInputs"),
        ("test", [LOAD], "PackSegInputs"),
        ("train", [LOAD, PACK], "FCNLoadAnnotations"),
        ("val", [LOAD, PACK], "FCNLoadAnnotations"),
    ],
)
def test_what_is_missing_is_named(split, steps, missing):
    with refused("config-data", __file__, f"the {split} data set has no {missing}"):
        check(split, *steps)


@pytest.mark.parametrize(
    "split, steps",
    [
        ("train", [LOAD, MASKS, PACK]),
        ("val", [LOAD, dict(type="LoadAnnotations"), PACK]),
        ("train", [LOAD, dict(type="MultilabelLoadAnnotations", classes=["a"]), dict(type="MultilabelPackSegInputs")]),
        ("test", [LOAD, PACK]),  # a split without masks
        ("val", [LOAD, AUGMENTED]),
        ("train", [dict(type="DoesItAll")]),
        ("train", []),
    ],
)
def test_what_may_be(split, steps):
    check(split, *steps)
