"""Files of any bands and bits: values, types, nodata, and what is no image."""

import sys

import numpy as np
import pytest
import rasterio
import tifffile
from PIL import Image
from support.refusals import refused

from fcn_plugin.data.bands.load_bands import FCNLoadBands
from fcn_plugin.data.bands.picture import draw_bands
from fcn_plugin.data.bands.read import read_bands, read_bands_header
from fcn_plugin.data.broken_files import CheckedPipeline
from fcn_plugin.data.load_annotations import FCNLoadAnnotations

RANDOM = np.random.default_rng(0)
WIDE = RANDOM.integers(0, 65536, (6, 5, 4)).astype(np.uint16)
KINDS = {
    "uint8": (WIDE // 256).astype(np.uint8),
    "uint16": WIDE,
    "one": WIDE[..., :1],
    "float32": RANDOM.normal(size=(6, 5, 7)).astype(np.float32),
    "int16": (WIDE // 4).astype(np.int16) - 9000,
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("suffix", ["tif", "planar.tif", "npy", "npz"])
def test_values_are_those_of_the_file(tmp_path, kind, suffix):
    pixels, path = KINDS[kind], str(tmp_path / f"a.{suffix}")
    if suffix.endswith("tif"):
        planar = suffix == "planar.tif" and kind != "one"
        options = dict(planarconfig="separate" if planar else "contig") if kind != "one" else {}
        tifffile.imwrite(
            path, pixels.transpose(2, 0, 1) if planar else pixels.squeeze(), photometric="minisblack", **options
        )
    else:
        (np.save if suffix == "npy" else np.savez_compressed)(path, pixels)
    header, found = read_bands(path)
    assert found.dtype == (pixels.dtype if kind != "int16" else np.float32)
    assert np.array_equal(found, pixels)
    assert (header.size, header.bands, header.mode) == ((5, 6), pixels.shape[2], found.dtype.name)
    assert read_bands_header(path) == header


def test_nodata_and_what_is_no_number_are_0(tmp_path):
    with rasterio.open(
        tmp_path / "a.tif", "w", driver="GTiff", count=2, height=1, width=2, dtype="int16", nodata=-99
    ) as file:
        file.write(np.array([[[-99, 3]], [[4, -99]]], np.int16))
    assert read_bands(str(tmp_path / "a.tif"))[1].tolist() == [[[0, 4], [3, 0]]]
    np.save(tmp_path / "a.npy", np.array([[[np.nan, 1], [np.inf, -2]]]))
    assert read_bands(str(tmp_path / "a.npy"))[1].tolist() == [[[0, 1], [0, -2]]]


def test_sixteen_bits_of_grey_and_big_endian(tmp_path):
    Image.fromarray(WIDE[..., 0]).save(tmp_path / "a.png")
    np.save(tmp_path / "a.npy", WIDE[..., 0].astype(">u2"))
    for name in ("a.png", "a.npy"):
        found = read_bands(str(tmp_path / name))[1]
        assert found.dtype == np.uint16 and np.array_equal(found, WIDE[..., :1])


BROKEN = {
    "object.npy": (lambda path: np.save(path, np.array([[{}]], object)), "values of type object"),
    "complex.npy": (lambda path: np.save(path, np.zeros((2, 2), complex)), "complex"),
    "first.npy": (lambda path: np.save(path, np.zeros((4, 2, 600), np.uint8)), "(height, width, bands)"),
    "four.npy": (lambda path: np.save(path, np.zeros((1, 2, 2, 2))), "shape (1, 2, 2, 2)"),
    "huge.npy": (lambda path: np.save(path, np.broadcast_to(np.uint8(0), (0, 9))), "empty or too large"),
    "two.npz": (lambda path: np.savez(path, WIDE, WIDE), "2 arrays"),
    "text.npz": (lambda path: path.write_bytes(b"no archive"), "zip"),
    "text.tif": (lambda path: path.write_bytes(b"II*\0no image"), ""),
    "photo.tif": (lambda path: Image.new("RGB", (2, 2)).save(path, "JPEG"), "not a TIFF, PNG, NPY or NPZ"),
    "empty.tif": (lambda path: path.write_bytes(b""), ""),
    "gone.tif": (lambda path: None, "no such file"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_image(tmp_path, name):
    write, reason = BROKEN[name]
    write(tmp_path / name)
    for read in (read_bands, read_bands_header):
        with refused("image-unreadable", tmp_path / name, reason):
            read(str(tmp_path / name))


def test_a_file_cut_short(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", WIDE, photometric="minisblack", planarconfig="contig")
    np.save(tmp_path / "a.npy", WIDE)
    for name in ("a.tif", "a.npy"):
        path = tmp_path / name
        path.write_bytes(path.read_bytes()[:-20])
        with refused("image-unreadable", path):
            read_bands(str(path))
        with refused("image-unreadable", path):  # by the loader, in training
            CheckedPipeline([FCNLoadBands()])(dict(img_path=str(path)))


def test_without_rasterio(tmp_path, monkeypatch):
    tifffile.imwrite(tmp_path / "a.tif", WIDE, photometric="minisblack")
    monkeypatch.setitem(sys.modules, "rasterio", None)
    with refused("requirements", "pip install 'fcn-plugin[bands]'"):
        read_bands(str(tmp_path / "a.tif"))


def test_masks_are_compared_with_the_image(tmp_path):
    np.save(tmp_path / "a.npy", WIDE)
    Image.new("L", (5, 6), 1).save(tmp_path / "m.png")
    sample = dict(img_path=str(tmp_path / "a.npy"), seg_map_path=str(tmp_path / "m.png"), seg_fields=[])
    loaded = CheckedPipeline([FCNLoadBands(), FCNLoadAnnotations()])(sample)
    assert np.array_equal(loaded["img"], WIDE) and (loaded["gt_seg_map"] == 1).all()
    Image.new("L", (6, 5)).save(tmp_path / "m.png")
    with refused("mask-size", tmp_path / "m.png", "6 x 5", "5 x 6"):
        CheckedPipeline([FCNLoadBands(), FCNLoadAnnotations()])(sample)


def test_pictures_show_three_bands():
    assert np.array_equal(draw_bands(KINDS["uint8"], (3, 2, 4)), KINDS["uint8"][..., [2, 1, 3]])
    assert np.array_equal(draw_bands(KINDS["uint8"][..., :2]), KINDS["uint8"][..., [0, 0, 0]])
    ramp = np.arange(1, 102, dtype=np.uint16)[:, None, None] * np.array([10, 100, 600], np.uint16)
    shown = draw_bands(ramp)
    assert shown[:3].max() == 0 and shown[98:].min() == 255 and abs(int(shown[50, 0, 1]) - 128) <= 1
    ramp[7] = 0  # without data
    assert draw_bands(ramp)[7].max() == 0
    assert draw_bands(np.zeros((2, 2, 3), np.float32)).max() == 0
