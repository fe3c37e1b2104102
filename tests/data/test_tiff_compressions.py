"""TIFF compressions that Pillow reads and OpenCV, which loads images for training, does not: the check says so first."""

import numpy as np
import pytest
from PIL import Image
from support.refusals import refused

from fcn_plugin.data.images import read_image, read_mask

PIXELS = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)


@pytest.mark.parametrize("compression", ["zstd", "lzma"])
def test_the_check_refuses_what_training_cannot_load(tmp_path, compression):
    path = tmp_path / "a.tif"
    Image.fromarray(PIXELS).save(path, compression=compression)
    with refused("image-unreadable", path, f"compression '{compression}'", "LZW"):
        read_image(str(path))
    Image.fromarray(PIXELS[..., 0]).save(path, compression=compression)
    assert np.array_equal(read_mask(str(path))[1], PIXELS[..., 0])  # masks are Pillow's


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_adobe_deflate", "packbits"])
def test_what_the_message_recommends_is_read(tmp_path, compression):
    path = tmp_path / "a.tif"
    Image.fromarray(PIXELS).save(path, compression=compression)
    assert np.array_equal(read_image(str(path))[1][..., ::-1], PIXELS)


def test_opencv_adds_no_lines_of_its_own(tmp_path, capfd):
    path = tmp_path / "a.tif"
    Image.fromarray(PIXELS).save(path, compression="zstd")
    with refused("image-unreadable", path):
        read_image(str(path))
    assert capfd.readouterr().err == ""
