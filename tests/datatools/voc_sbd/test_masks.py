"""SBD's ``.mat`` become PNGs of the same ids in VOC's colours; what is no mask is refused by name."""

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat
from support.refusals import refused
from support.voc_sbd_trees import write_mat

from fcn_plugin.datatools.voc_sbd.masks import convert_mask, copy_mask, read_sbd_mask

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


def struct(name, **content):
    return lambda path: savemat(path, {name: content})


UNREADABLE = "mask-unreadable"
BROKEN = {
    "cut": (lambda path: path.write_bytes(path.read_bytes()[:-20]), UNREADABLE, "GTcls.Segmentation"),
    "empty": (lambda path: path.write_bytes(b""), UNREADABLE, "GTcls.Segmentation"),
    "no_mat": (lambda path: path.write_bytes(b"MATLAB, or rather not " * 20), UNREADABLE, "GTcls.Segmentation"),
    "missing": (lambda path: path.unlink(), UNREADABLE, "GTcls.Segmentation"),
    "other_struct": (struct("GTinst", Segmentation=MASK), UNREADABLE, "KeyError: 'GTcls'"),
    "no_segmentation": (struct("GTcls", Boundaries=MASK), UNREADABLE, "Segmentation"),
    "text": (struct("GTcls", Segmentation="sheep"), UNREADABLE, "no matrix of class ids"),
    "three_dimensions": (struct("GTcls", Segmentation=np.stack([MASK, MASK])), UNREADABLE, "no matrix of class ids"),
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
    with refused("mask-size", f"{files[0]} is (2, 3), its image {files[1]} is (3, 2)"):
        convert_mask(*files)
    assert not files[2].exists()


def test_a_broken_image_is_named(files):
    files[1].write_bytes(b"no picture")
    with refused("image-unreadable", files[1], "--force"):
        convert_mask(*files)


def test_a_copy_has_the_same_bytes(tmp_path):
    (tmp_path / "a").write_bytes(b"mask")
    copy_mask(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == b"mask"
    assert {path.name for path in tmp_path.iterdir()} == {"a", "b"}
