"""Ids of mask files, whatever numbers they store; the loader of training gives the same."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image
from support.gis_tiff import write_tiff
from support.refusals import refused

from fcn_plugin.data.images import read_mask
from fcn_plugin.data.load_annotations import FCNLoadAnnotations
from fcn_plugin.data.masks.ids import count_ids, mask_ids


def read(path):
    """The ids, and the class indices that training loads, with classes 0 .. 300."""
    results = dict(seg_map_path=str(path), seg_fields=[], reduce_zero_label=False, label_map={i: i for i in range(256)})
    return mask_ids(*read_mask(str(path))), FCNLoadAnnotations()(results)["gt_seg_map"]


@pytest.mark.parametrize(
    "options",
    [dict(), dict(compress="lzw", predictor=2), dict(compress="deflate", tiled=True, blockxsize=16, blockysize=16)],
)
@pytest.mark.parametrize(
    "dtype", ["uint8", "int16", "uint16", "int32", "uint32", "float32", "int64", "uint64", "float64"]
)
def test_tiffs_of_any_number(tmp_path, dtype, options):
    ids = np.array([[0, 1, 2], [2, 7, 255]], dtype)
    options = options | ({"predictor": 1} if ids.dtype.kind == "f" else {})
    write_tiff(tmp_path / "m.tif", ids, **options)
    for found in read(tmp_path / "m.tif"):
        assert found.dtype.kind in "iu"
        assert found.tolist() == [[0, 1, 2], [2, 7, 255]]


def png(bits, row):
    """A gray PNG of one row of samples."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    samples = int("".join(f"{value:0{bits}b}" for value in row), 2).to_bytes(bits * len(row) // 8, "big")
    header = struct.pack(">IIBBBBB", len(row), 1, bits, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0" + samples)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in chunks)


@pytest.mark.parametrize(("bits", "row"), [(1, [0, 1, 1, 0, 0, 0, 0, 1]), (2, [0, 1, 2, 3]), (4, [0, 9, 2, 15])])
def test_few_bits_hold_ids_not_brightness(tmp_path, bits, row):
    """Pillow and OpenCV give 3 of two bits as 255, which would be void."""
    (tmp_path / "m.png").write_bytes(png(bits, row))
    assert [found.tolist() for found in read(tmp_path / "m.png")] == [[row], [row]]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_numbers_that_are_no_ids(tmp_path, dtype):
    write_tiff(tmp_path / "m.tif", np.array([[0, 1, 0.25, np.nan, np.nan, 1e30]], dtype))
    with refused("mask-fractions", tmp_path / "m.tif", "value 0.25 (1 px), value 1e+30 (1 px), value nan (2 px)"):
        read(tmp_path / "m.tif")


@pytest.mark.parametrize("value", [-9999, 2**40])
def test_integers_that_are_no_ids(tmp_path, value):
    write_tiff(tmp_path / "m.tif", np.array([[0, value]], np.int64))
    with refused("mask-ids", tmp_path / "m.tif", "(1 px)"):
        read(tmp_path / "m.tif")


def test_wide_tiffs_of_several_channels_are_unreadable(tmp_path):
    write_tiff(tmp_path / "m.tif", np.zeros((4, 4, 3)))
    with refused("mask-unreadable", tmp_path / "m.tif"):
        read_mask(str(tmp_path / "m.tif"))


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        (np.array([[0, 300], [2100, 300]], np.uint16), [[0, 300, 2100], [1, 2, 1]]),
        (np.array([[0, -7], [-1, -7]], np.int32), [[-7, -1, 0], [2, 1, 1]]),
        (np.array([[0, 255], [7, 255]], np.uint8), [[0, 7, 255], [1, 1, 2]]),
    ],
)
def test_counts(ids, expected):
    assert [part.tolist() for part in count_ids(ids)] == expected


def test_palettes_keep_their_ids(tmp_path):
    mask = Image.fromarray(np.array([[0, 2, 2, 1]], np.uint8))
    mask.putpalette([9, 9, 9, 255, 255, 255, 0, 0, 0])
    mask.save(tmp_path / "m.png", bits=2, transparency=b"\0\x80\xff")
    assert [found.tolist() for found in read(tmp_path / "m.png")] == [[[0, 2, 2, 1]]] * 2
