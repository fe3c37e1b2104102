"""Every net of docs/backbones.md: built by name, aligned, and of the image's size at sizes that no stride divides."""

import re
from pathlib import Path

import pytest
import torch
from mmseg.registry import MODELS
from support.refusals import refused

pytest.importorskip("timm")
*_, TRIED, FAILING = (Path(__file__).parents[2] / "docs" / "backbones.md").read_text().split("\n## ")
ROWS = {
    family: names.split(", ")
    for family, names in re.findall(r"^\| (\w[^|]+) \| ((?:\w+, )*\w+) \|$", TRIED, re.M)
    if family != "family"
}
REFUSED = dict(re.findall(r"^\| `(\w+)` \| `(\w[\w-]+)` \|", FAILING, re.M))
SIZES = ((37, 50), (65, 128))


def fcn(name):
    """FCN-8s on a net of timm."""
    head = dict(type="FCNSkipHead", streams=("fr", "pool4", "pool3"), num_classes=2)
    return MODELS.build(
        dict(
            type="FCN",
            data_preprocessor=dict(type="SegDataPreProcessor"),
            backbone=dict(type="FCNTimm", name=name),
            neck=dict(type="FCNSkipNeck", fc_channels=None),
            decode_head={
                **head,
                "loss_decode": dict(type="FCNCrossEntropyLoss"),
                "in_channels": "auto",
                "strides": "auto",
            },
        )
    ).eval()


def test_at_least_40_names_of_20_families():
    assert len(ROWS) >= 20
    assert sum(map(len, ROWS.values())) >= 40


@torch.no_grad()
@pytest.mark.parametrize("name", [name for names in ROWS.values() for name in names])
def test_a_name_works(name):
    net = fcn(name)
    assert net.decode_head.strides == (32, 16, 8)
    for size in SIZES:
        assert net(torch.rand(1, 3, *size)).shape == (1, 2, *size)


@pytest.mark.parametrize("name", REFUSED)
def test_a_name_that_does_not_work_says_why(name):
    with refused(REFUSED[name]):
        fcn(name)
