"""What is read of a pair: problems, ids and their pixels, sizes, digests, palettes."""

import os

import numpy as np
import pytest
from PIL import Image

from fcn_plugin.datatools.check.contents import read_pair

PIXELS = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
IDS = np.array([[0, 0, 0, 0, 0, 0], [1, 1, 1, 1, 7, 7], [0] * 6, [0] * 6], np.uint8)


@pytest.fixture
def pair(tmp_path):
    image, mask = tmp_path / "a.png", tmp_path / "m.png"
    Image.fromarray(PIXELS).save(image)
    Image.fromarray(IDS).save(mask)
    return str(image), str(mask)


def found(contents):
    return [(problem.code, problem.path, problem.found) for problem in contents.problems]


def test_a_sound_pair(pair):
    contents = read_pair(*pair)
    assert contents.problems == []
    assert contents.size == (6, 4)
    assert contents.ids.tolist() == [0, 1, 7]
    assert contents.counts.tolist() == [18, 4, 2]
    assert contents.palette is None
    assert len(contents.digest) == 16


def test_palette_masks_hold_indices(pair):
    mask = Image.fromarray(IDS)
    mask.putpalette([9, 9, 9, 0, 0, 255] + [7] * 18)  # eight colours: Pillow stores no id beyond them
    mask.save(pair[1])
    contents = read_pair(*pair)
    assert (contents.ids.tolist(), contents.counts.tolist()) == ([0, 1, 7], [18, 4, 2])
    assert contents.palette[:2].tolist() == [[9, 9, 9], [0, 0, 255]]


def test_equal_pixels_have_equal_digests(tmp_path, pair):
    digest = read_pair(*pair).digest
    Image.fromarray(PIXELS).save(tmp_path / "b.bmp")
    assert read_pair(str(tmp_path / "b.bmp"), "").digest == digest
    Image.fromarray(PIXELS).convert("RGBA").save(tmp_path / "alpha.png")  # loading drops what is transparent
    assert read_pair(str(tmp_path / "alpha.png"), "").digest == digest
    one_off = PIXELS.copy()
    one_off[3, 5, 2] ^= 1
    Image.fromarray(one_off).save(tmp_path / "c.png")
    assert read_pair(str(tmp_path / "c.png"), "").digest != digest
    Image.fromarray(PIXELS.reshape(6, 4, 3)).save(tmp_path / "d.png")
    assert read_pair(str(tmp_path / "d.png"), "").digest != digest


@pytest.mark.parametrize("which", ["image", "mask"])
def test_files_that_are_cut_short(pair, which):
    path = pair[which == "mask"]
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8)).save(path)
    os.truncate(path, 2000)
    contents = read_pair(*pair)
    assert found(contents) == [(f"{which}-unreadable", path, contents.problems[0].found)]
    assert "runcated" in contents.problems[0].found
    assert contents.size == ((0, 0) if which == "image" else (6, 4))
    assert contents.ids.tolist() == ([0, 1, 7] if which == "image" else [])


def test_missing_files(tmp_path):
    paths = [str(tmp_path / name) for name in ("a.jpg", "m.png")]
    assert found(read_pair(*paths)) == [
        ("image-unreadable", paths[0], "can't be read (no such file)"),
        ("mask-unreadable", paths[1], "can't be read (no such file)"),
    ]


def test_an_image_without_a_mask(pair):
    contents = read_pair(pair[0], "")
    assert contents.problems == []
    assert contents.ids.size == 0


def test_problems_of_headers_come_along(tmp_path, pair):
    Image.new("CMYK", (6, 4)).save(tmp_path / "a.jpg")
    Image.fromarray(PIXELS[:3]).save(pair[1])
    contents = read_pair(str(tmp_path / "a.jpg"), pair[1])
    assert found(contents) == [
        ("image-cmyk", str(tmp_path / "a.jpg"), "mode CMYK"),
        ("mask-colours", pair[1], "mode RGB, expected one id per pixel"),
        ("mask-size", pair[1], f"6 x 3, its image {tmp_path / 'a.jpg'} is 6 x 4"),
    ]
    assert contents.ids.size == 0  # colours are no ids


def test_a_mask_of_fractions(tmp_path, pair):
    Image.fromarray(np.where(IDS == 7, np.float32(0.5), IDS)).save(tmp_path / "m.tif")
    contents = read_pair(pair[0], str(tmp_path / "m.tif"))
    assert found(contents) == [("mask-fractions", str(tmp_path / "m.tif"), "value 0.5 (2 px)")]
    assert contents.ids.size == 0


def test_a_lossy_mask_is_not_counted(tmp_path, pair):
    Image.fromarray(IDS).save(tmp_path / "m.jpg")
    contents = read_pair(pair[0], str(tmp_path / "m.jpg"))
    assert found(contents) == [("mask-lossy", str(tmp_path / "m.jpg"), "a JPEG file")]
    assert contents.ids.size == 0


def test_a_turned_image_has_the_size_that_is_loaded(tmp_path, pair):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(PIXELS).save(tmp_path / "a.jpg", exif=exif)
    contents = read_pair(str(tmp_path / "a.jpg"), pair[1])
    assert contents.size == (4, 6)
    assert found(contents) == [("image-turned", str(tmp_path / "a.jpg"), "EXIF orientation 6, stored 6 x 4")]
