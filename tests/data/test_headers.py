"""What is read of a header: depth, channels, turns, sizes."""

import cv2
import mmcv
import numpy as np
import pytest
from PIL import Image

from fcn_plugin.data.headers import image_problems, mask_problems, pair_problems
from fcn_plugin.data.images import open_image, read_header
from fcn_plugin.data.problems import KINDS

SIZE = (6, 4)


def saved(path, mode="RGB", size=SIZE, orientation=None):
    exif = Image.Exif()
    if orientation is not None:
        exif[0x0112] = orientation
    Image.new(mode, size).save(path, **({"exif": exif} if orientation is not None else {}))
    return read_header(str(path))


def kinds(problems):
    return [(p.code, p.found) for p in problems]


@pytest.mark.parametrize(
    "mode, suffix, expected",
    [
        ("RGB", "jpg", []),
        ("RGB", "png", []),
        ("L", "jpg", [("image-gray", "mode L")]),
        ("1", "png", [("image-gray", "mode 1")]),
        ("RGBA", "png", [("image-alpha", "mode RGBA")]),
        ("LA", "png", [("image-alpha", "mode LA")]),
        ("P", "png", [("image-palette", "mode P")]),
        ("CMYK", "jpg", [("image-cmyk", "mode CMYK")]),
        ("I;16", "png", [("image-depth", "16 bits a channel")]),
        ("I;16", "tif", [("image-depth", "16 bits a channel")]),
        ("F", "tif", [("image-depth", "32 bits a channel")]),
    ],
)
def test_images(tmp_path, mode, suffix, expected):
    assert kinds(image_problems(saved(tmp_path / f"a.{suffix}", mode))) == expected


def test_16_bit_colours_behind_an_8_bit_mode(tmp_path):
    """Pillow opens such a file as RGB and keeps the upper halves."""
    for suffix in ("png", "tif"):
        path = str(tmp_path / f"a.{suffix}")
        cv2.imwrite(path, np.full((4, 6, 3), 4000, np.uint16))
        assert kinds(image_problems(read_header(path))) == [("image-depth", "16 bits a channel")]


@pytest.mark.parametrize(
    "mode, suffix, expected",
    [
        ("L", "png", []),
        ("P", "png", []),
        ("1", "png", []),
        ("I;16", "png", []),
        ("L", "bmp", []),
        ("RGB", "png", [("mask-colours", "mode RGB, expected one id per pixel")]),
        ("RGBA", "png", [("mask-colours", "mode RGBA, expected one id per pixel")]),
        ("F", "tif", []),
        ("L", "jpg", [("mask-lossy", "a JPEG file")]),
        ("RGB", "jpg", [("mask-lossy", "a JPEG file")]),
    ],
)
def test_masks(tmp_path, mode, suffix, expected):
    assert kinds(mask_problems(saved(tmp_path / f"a.{suffix}", mode))) == expected


@pytest.mark.parametrize(
    "orientation, stored, mask, expected",
    [
        (None, (6, 4), (6, 4), []),
        (1, (6, 4), (6, 4), []),
        (None, (6, 4), (4, 6), "mask-size"),
        (6, (6, 4), (4, 6), "image-turned-with-mask"),
        (6, (6, 4), (6, 4), "image-turned"),
        (6, (6, 4), (5, 4), "mask-size"),
        (8, (5, 5), (5, 5), "image-turned"),  # nothing tells
        (3, (6, 4), (6, 4), "image-turned"),
        (2, (6, 4), (6, 4), "image-turned"),
        (0, (6, 4), (6, 4), []),  # undefined
        (9, (6, 4), (6, 4), []),
    ],
)
def test_pairs(tmp_path, orientation, stored, mask, expected):
    image = saved(tmp_path / "a.jpg", size=stored, orientation=orientation)
    problems = pair_problems(image, saved(tmp_path / "m.png", "L", mask))
    assert [p.code for p in problems] == ([expected] if expected else [])


@pytest.mark.parametrize(
    "mask, expected", [((4, 6), "image-turned-with-mask"), ((6, 4), "image-turned"), ((5, 4), "mask-size")]
)
def test_turned_tiff(tmp_path, mask, expected):
    """Pillow turns a TIFF's size on opening; OpenCV, which training loads with, turns its pixels."""
    image = saved(tmp_path / "a.tif", size=(6, 4), orientation=6)
    assert (image.size, image.shown) == ((6, 4), (4, 6))
    assert mmcv.imfrombytes((tmp_path / "a.tif").read_bytes()).shape[:2] == image.shown[::-1]
    (problem,) = pair_problems(image, saved(tmp_path / "m.png", "L", mask))
    assert problem.code == expected


@pytest.mark.parametrize("mode", ["L", "RGBA"])
@pytest.mark.parametrize("lossless", [True, False])
def test_lossy_webp(tmp_path, mode, lossless):
    """Also behind the chunks of alpha and EXIF; the file can be decoded afterwards."""
    path = tmp_path / "m.webp"
    mask = np.zeros((16, 16, 4), np.uint8)
    mask[8:] = 255
    for options in (dict(), dict(exif=Image.Exif().tobytes())):
        Image.fromarray(mask).convert(mode).save(path, lossless=lossless, **options)
        header, image = open_image(str(path), "mask")
        assert header.format == ("WEBP" if lossless else "lossy WEBP")
        assert image.size == (16, 16)
        code = "mask-colours" if lossless else "mask-lossy"  # WebP holds colours alone
        assert [problem.code for problem in mask_problems(header)] == [code]
    Image.fromarray(mask).save(path, save_all=True, append_images=[Image.fromarray(mask[::-1])], lossless=lossless)
    assert read_header(str(path)).format == ("WEBP" if lossless else "lossy WEBP")


def test_values_in_messages(tmp_path):
    image = saved(tmp_path / "a.jpg", size=(6, 4), orientation=6)
    (turned,) = pair_problems(image, saved(tmp_path / "m.png", "L", (6, 4)))
    assert turned.message.startswith(f"{tmp_path / 'a.jpg'}: EXIF orientation 6, stored 6 x 4; save the image upright")
    (other,) = pair_problems(image, saved(tmp_path / "n.png", "L", (5, 4)))
    found = f"{tmp_path / 'n.png'}: 5 x 4, its image {tmp_path / 'a.jpg'} is 4 x 6"
    assert str(other.error()) == f"[mask-size] {found}; image and mask must have one size"
    assert KINDS[turned.code].severity == KINDS[other.code].severity == "error"
