"""SBD's ``.mat`` become PNGs of the same ids in VOC's colours; what is no mask is refused by name."""

import io
import os
import random
from pathlib import Path

import numpy as np
import pytest
import scipy.io
from PIL import Image
from scipy.io import loadmat, savemat
from scipy.sparse import csc_matrix
from support.refusals import refused
from support.voc_sbd_trees import write_mat

from fcn_plugin.datatools.voc_sbd.masks import convert_mask, copy_mask, read_sbd_mask
from fcn_plugin.datatools.voc_sbd.matlab import read_field
from fcn_plugin.errors import UserError

MASK = np.array([[0, 1, 2], [15, 20, 0]], np.uint8)


@pytest.fixture
def files(tmp_path):
    """(mask, image, target); the image is 3 x 2."""
    source, image, target = (tmp_path / name for name in ("a.mat", "a.jpg", "a.png"))
    write_mat(source, MASK)
    Image.new("RGB", (3, 2)).save(image)
    return source, image, target


def test_ids_stay_and_colours_are_vocs(files):
    convert_mask(*files)
    with Image.open(files[2]) as png:
        assert (png.format, png.mode) == ("PNG", "P")
        np.testing.assert_array_equal(np.asarray(png), MASK)
        colours = np.asarray(png.convert("RGB"))
    # aeroplane, bicycle, person, tvmonitor of VOC's colour map
    assert colours[0].tolist() == [[0, 0, 0], [128, 0, 0], [0, 128, 0]]
    assert colours[1, :2].tolist() == [[192, 128, 128], [0, 64, 128]]


def test_matrices_of_doubles_are_read_too(files):
    write_mat(files[0], MASK.astype(np.float64))
    mask = read_sbd_mask(files[0])
    assert mask.dtype == np.uint8
    np.testing.assert_array_equal(mask, MASK)


MATLABS = sorted(Path(scipy.io.__file__).parent.glob("matlab/tests/data/teststruct*GLNX86.mat"))


@pytest.mark.skipif(not MATLABS, reason="scipy came without its tests")
def test_files_that_matlab_wrote_are_read_as_scipy_reads_them():
    """Of MATLAB 6.5, 7.1 and 7.4, plain and compressed."""
    read = 0
    for path in MATLABS:
        name = path.name.partition("_")[0]
        first = loadmat(path)[name].flat[0]
        for field in first.dtype.names:
            if first[field].dtype.kind in "uif":
                np.testing.assert_array_equal(read_field(path, name, field), first[field], strict=True)
                read += 1
    assert read == 12


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("kind", ["i1", "u1", "i2", "u2", "i4", "u4", "f4", "f8", "i8", "u8"])
@pytest.mark.parametrize("shape", [(1, 1), (3, 1), (2, 3), (7, 5)])
def test_what_scipy_writes_is_read(tmp_path, kind, shape, compressed):
    values = np.arange(np.prod(shape), dtype=kind).reshape(shape)
    content = {"GTcls": {"Other": "text", "Segmentation": values, "Last": {"deep": values}}}
    savemat(tmp_path / "a.mat", {"first": values, **content}, do_compression=compressed)
    np.testing.assert_array_equal(read_field(tmp_path / "a.mat", "GTcls", "Segmentation"), values, strict=True)


def test_any_damage_is_named(tmp_path):
    """4,000 files with a few changed bytes, plain and compressed; scipy ends the process at one in some thousand."""
    rng, whole = random.Random(0), []
    for compressed in (False, False, True):
        file = io.BytesIO()
        savemat(file, {"GTcls": {"Segmentation": np.zeros((6, 8), np.uint8)}}, do_compression=compressed)
        whole.append(file.getvalue())
    codes = {"mask-unreadable": 0, "mask-ids": 0, None: 0}
    for number in range(4000):
        content = bytearray(rng.choice(whole))
        for _ in range(rng.choice((1, 2, 5))):
            content[rng.randrange(116, len(content))] = rng.choice((0, 1, 127, 255, rng.randrange(256)))
        path = tmp_path / f"{number}.mat"
        path.write_bytes(content)
        try:
            assert read_sbd_mask(path).shape
            code = None
        except UserError as error:
            code = error.code
            assert str(path) in error.message
        codes[code] += 1
    assert min(codes.values()) > 50


def struct(name, **content):
    return lambda path: savemat(path, {name: content})


UNREADABLE = "mask-unreadable"
BROKEN = {
    "cut": (lambda path: path.write_bytes(path.read_bytes()[:-20]), UNREADABLE, "GTcls.Segmentation"),
    "pipe": (lambda path: (path.unlink(), os.mkfifo(path)), UNREADABLE, "not a plain file"),
    "empty": (lambda path: path.write_bytes(b""), UNREADABLE, "GTcls.Segmentation"),
    "no_mat": (lambda path: path.write_bytes(b"MATLAB, or rather not " * 20), UNREADABLE, "GTcls.Segmentation"),
    "missing": (lambda path: path.unlink(), UNREADABLE, "GTcls.Segmentation"),
    "other_struct": (struct("GTinst", Segmentation=MASK), UNREADABLE, "KeyError: 'GTcls.Segmentation'"),
    "no_segmentation": (struct("GTcls", Boundaries=MASK), UNREADABLE, "Segmentation"),
    "text": (struct("GTcls", Segmentation="sheep"), UNREADABLE, "not a matrix of real numbers: class 4"),
    "three_dimensions": (struct("GTcls", Segmentation=np.stack([MASK, MASK])), UNREADABLE, "it has 3 axes"),
    "complex": (struct("GTcls", Segmentation=MASK * 1j), UNREADABLE, "not a matrix of real numbers"),
    "sparse": (struct("GTcls", Segmentation=csc_matrix(MASK)), UNREADABLE, "not a matrix of real numbers: class 5"),
    "no_struct": (struct("GTcls", **{}), UNREADABLE, "GTcls.Segmentation"),
    "objects": (
        struct("GTcls", Segmentation=np.array([["a", 1]], object)),
        UNREADABLE,
        "not a matrix of real numbers: class 1",
    ),
    "hdf5": (
        lambda p: p.write_bytes(b"MATLAB 7.3".ljust(124) + b"\0\2IM\x89HDF\r\n\x1a\n" + bytes(99)),
        UNREADABLE,
        "",
    ),
    "bomb": (lambda path: write_mat(path, np.zeros((3000, 3000))), UNREADABLE, "more than 16777216 bytes"),
    "large": (
        lambda path: path.write_bytes(path.read_bytes() + bytes(1 << 24)),
        UNREADABLE,
        "larger than 16777216 bytes",
    ),
    "not_finite": (struct("GTcls", Segmentation=MASK * np.nan), "mask-ids", "ids nan", "0..20"),
    "negative": (lambda path: write_mat(path, -MASK.astype(np.int16)), "mask-ids", "ids -20", "0..20"),
    "stray": (lambda path: write_mat(path, np.where(MASK == 20, 21, MASK)), "mask-ids", "ids 21 ", "0..20"),
    "fraction": (lambda path: write_mat(path, MASK + 0.5), "mask-ids", "ids 0.5, 1.5, 2.5", "0..20"),
}


@pytest.mark.parametrize(("spoil", "code", "found"), [(s, c, f) for s, c, *f in BROKEN.values()], ids=BROKEN)
def test_what_is_no_mask_is_named_and_nothing_is_written(files, spoil, code, found):
    spoil(files[0])
    with refused(code, *found, files[0]):
        convert_mask(*files)
    assert {path.name for path in files[0].parent.iterdir()} <= {"a.mat", "a.jpg"}


def test_a_mask_of_another_size_than_its_image_is_refused(files):
    Image.new("RGB", (2, 3)).save(files[1])
    with refused("mask-size", f"{files[0]} is (2, 3), but its image {files[1]} is (3, 2)"):
        convert_mask(*files)
    assert not files[2].exists()


def test_a_broken_image_is_named(files):
    files[1].write_bytes(b"no picture")
    with refused("image-unreadable", files[1]):
        convert_mask(*files)


def test_a_copy_has_the_same_bytes(tmp_path):
    Image.new("P", (3, 2), 7).save(tmp_path / "a.png")
    copy_mask(tmp_path / "a.png", tmp_path / "b.png")
    assert (tmp_path / "b.png").read_bytes() == (tmp_path / "a.png").read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {"a.png", "b.png"}


@pytest.mark.parametrize(
    ("plant", "code"),
    [
        (lambda path: path.write_text("a key"), "mask-unreadable"),
        (lambda path: Image.new("RGB", (3, 2)).save(path), "mask-colours"),
        (lambda path: (Image.new("P", (3, 2)).save(f"{path}.png"), path.symlink_to(f"{path}.png")), "mask-unreadable"),
    ],
    ids=["text", "photo", "link"],
)
def test_nothing_but_masks_is_copied(tmp_path, plant, code):
    plant(tmp_path / "a.png")
    with refused(code, tmp_path / "a.png"):
        copy_mask(tmp_path / "a.png", tmp_path / "b.png")
    assert not (tmp_path / "b.png").exists()
