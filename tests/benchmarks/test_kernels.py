"""The profile of a net names the operations that take its time."""

import re

import pytest

from benchmarks.kernels import kernel_times
from benchmarks.variants import Variant


@pytest.mark.parametrize("train", [False, True])
def test_kernel_times(train):
    variant = Variant("fcn8s_efficientnet-lite0_voc", size=(64, 64), train=train)
    text = kernel_times(variant, "cpu", calls=2, rows=30)
    rows = re.findall(r"\| `(.*?)` +\| +([\d.]+) \| +([\d.]+)% \| +([\d.]+) \|", text)
    names, times, shares, _ = zip(*rows, strict=True)
    assert any("conv" in name for name in names) and len(rows) == 30
    assert any("backward" in name for name in names) == train
    assert list(map(float, times)) == sorted(map(float, times), reverse=True)
    assert 50 < sum(map(float, shares)) <= 100.5
