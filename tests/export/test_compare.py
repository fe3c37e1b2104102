"""The comparison of a file with its net, for images of any number of bands."""

import numpy as np
import pytest
import torch
from support.builders import build_fcn

from fcn_plugin.export.compare import compare


@pytest.mark.parametrize("bands", [1, 5])
def test_bands(monkeypatch, bands):
    """OpenCV's resize drops the axis of one band, and averages no more than four."""
    monkeypatch.setattr("fcn_plugin.export.compare.SIZES", ((1, 1), (17, 23)))
    entry = dict(_delete_=True, type="FCNBandsPreProcessor", mean=[9.0] * bands, std=[3.0] * bands)
    net = build_fcn(data_preprocessor=entry)
    image = np.random.default_rng(0).integers(0, 4000, (40, 30, bands), dtype=np.uint16)
    seen = []

    def run(given):
        seen.append(given)
        with torch.no_grad():
            return net(torch.from_numpy((given.transpose(0, 3, 1, 2) - 9) / 3)).numpy()

    rows = compare(net, run, "logits", "bands", [image])
    assert [given.shape for given in seen] == [(1, 1, 1, bands), (1, 17, 23, bands)]
    assert seen[0].ravel() == pytest.approx(image.mean((0, 1)), abs=1)
    assert all(row.same == 1 and row.difference < 1e-5 for row in rows)
