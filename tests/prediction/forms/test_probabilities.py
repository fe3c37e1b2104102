"""Probabilities read back."""

import numpy as np
import pytest
from support.predictions import CLASSES


def test_npz_holds_float16_and_the_names(write, prediction):
    with np.load(write("probabilities") / "probabilities/street/a.npz") as archive:
        shares, names = archive["probabilities"], archive["classes"]
    assert (shares.dtype, names.tolist()) == (np.float16, [*CLASSES])
    assert np.abs(shares - prediction.probabilities).max() < 1e-3
    assert np.array_equal(shares.argmax(0), prediction.labels)


def test_tiff_has_a_band_for_each_class(write, prediction):
    rasterio = pytest.importorskip("rasterio")
    place = dict(crs="EPSG:32633", transform=rasterio.Affine(2, 0, 500000, 0, -2, 5800000))
    with rasterio.open(write("probabilities-tiff", georeference=place) / "probabilities-tiff/street/a.tif") as file:
        assert np.array_equal(file.read(), prediction.probabilities)
        assert (file.descriptions, file.crs.to_epsg(), file.transform) == (CLASSES, 32633, place["transform"])
