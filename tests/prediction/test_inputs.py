"""Whatever an image is held in, the net gets the same pixels."""

import numpy as np
import pytest
import torch
from PIL import Image
from support.refusals import refused

from fcn_plugin.prediction.inputs import to_bgr

RGB = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
GREY = RGB[..., 0]
ALPHA = np.dstack([RGB, GREY])


def saved(pixels, path):
    Image.fromarray(pixels).save(path)
    return path


@pytest.mark.parametrize("pixels", [RGB, GREY, ALPHA], ids=["rgb", "grey", "rgba"])
def test_every_kind_is_the_file(pixels, tmp_path):
    file = to_bgr(str(saved(pixels, tmp_path / "a.png")))
    tensor = torch.from_numpy(pixels if pixels.ndim == 3 else pixels[..., None]).permute(2, 0, 1)
    for image in (tmp_path / "a.png", pixels, Image.fromarray(pixels), Image.open(tmp_path / "a.png"), tensor):
        assert np.array_equal(to_bgr(image), file)
        assert to_bgr(image).flags.c_contiguous
    assert np.array_equal(file[..., 2], pixels if pixels.ndim == 2 else pixels[..., 0])


def test_pil_modes_and_turns(tmp_path):
    grey = Image.fromarray(GREY)
    assert np.array_equal(to_bgr(grey.convert("P")), to_bgr(grey))
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(RGB).save(tmp_path / "turned.png", exif=exif)
    turned = to_bgr(Image.open(tmp_path / "turned.png"))
    assert np.array_equal(turned, to_bgr(tmp_path / "turned.png"))
    assert np.array_equal(turned, np.rot90(RGB, -1)[..., ::-1])


@pytest.mark.parametrize(
    "image, received",
    [
        (3, "not an image: int"),
        (None, "not an image: NoneType"),
        (RGB.astype(np.float32), "(5, 7, 3), float32"),
        (RGB[None], "(1, 5, 7, 3), uint8"),
        (RGB[:0], "(0, 7, 3)"),
        (torch.zeros(5, 7, 3, dtype=torch.uint8), "(7, 3, 5), uint8"),
        (torch.zeros(3, 5, 7), "float32"),
        (Image.new("I;16", (3, 3)), "mode I;16"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_no_image(image, received):
    with refused("image-kind", received):
        to_bgr(image)


def test_files_that_are_no_images(tmp_path):
    with refused("image-unreadable", "gone.png"):
        to_bgr(tmp_path / "gone.png")
    saved(GREY.astype(np.uint16), tmp_path / "deep.png")
    with refused("image-depth", "deep.png", "16 bits"):
        to_bgr(tmp_path / "deep.png")
