"""Mean and deviation of bands over several images, against NumPy's over all of their pixels."""

import numpy as np
import pytest

from fcn_plugin.datatools.bands.sums import BandSums, add_sums

RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize("bands", [1, 3, 4, 7])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32])
def test_over_images(bands, kind):
    images = [RANDOM.integers(0, 250, (*size, bands)).astype(kind) for size in ((5, 6), (9, 3))]
    total = add_sums(map(BandSums.of, images))
    pixels = np.concatenate([image.reshape(-1, bands) for image in images]).astype(np.float64)
    assert np.allclose(total.mean(), pixels.mean(0), rtol=1e-4)
    assert np.allclose(total.std(), pixels.std(0), rtol=1e-4)
    assert (total.bands, total.count, total.kind) == (bands, len(pixels), np.dtype(kind).name)


def test_pixels_without_data_are_left_out():
    image = np.zeros((2, 3, 2), np.uint16)
    image[0, 0], image[0, 1] = (10, 0), (30, 0)
    sums = BandSums.of(image, without_zeros=True)
    assert (sums.count, sums.mean(), sums.std()) == (2, [20, 0], [10, 1])
    assert BandSums.of(np.zeros((2, 2, 2), np.uint16), without_zeros=True).count == 0
    assert add_sums([]) is None


def test_a_band_of_one_value_and_large_values():
    image = np.full((4, 4, 1), 1e6, np.float32)
    assert BandSums.of(image).std() == [1]
    image[0] += 1
    assert BandSums.of(image).std()[0] == pytest.approx(image.astype(np.float64).std(), rel=1e-3)
