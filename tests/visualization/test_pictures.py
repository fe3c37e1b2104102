"""Pictures, pixel by pixel: ids and colours in mask files, blends, panels."""

import numpy as np
import pytest
from PIL import Image
from support.refusals import refused

from fcn_plugin.visualization.pictures import VOID_COLOUR, colour_table, compare, overlay, panel, save_mask

PALETTE = [[10, 20, 30], [200, 100, 0]]
MASK = np.array([[0, 1, 255], [1, 0, 7]])
VOID = (224, 224, 192)


def test_colour_table():
    table = colour_table(PALETTE)
    assert table.shape == (256, 3)
    assert table.dtype == np.uint8
    assert table[:2].tolist() == PALETTE
    assert (table[2:255] == 0).all()
    assert tuple(table[255]) == VOID


def test_256_classes_are_the_most():
    assert tuple(colour_table([[1, 1, 1]] * 256)[255]) == VOID
    with refused("classes-count", 257, 256):
        colour_table([[0, 0, 0]] * 257)


@pytest.mark.parametrize("dtype", [np.uint8, np.int64])
@pytest.mark.parametrize("mask", [MASK, MASK.T, MASK[:1]])
def test_a_mask_file_holds_ids_and_shows_colours(tmp_path, mask, dtype):
    save_mask(mask.astype(dtype), PALETTE, tmp_path / "mask.png")
    image = Image.open(tmp_path / "mask.png")
    assert image.mode == "P"
    assert np.array(image).tolist() == mask.tolist()
    assert np.array(image.convert("RGB")).tolist() == colour_table(PALETTE)[mask].tolist()


def test_overlay_blends_half_and_half_unless_told_otherwise():
    image = np.full((2, 3, 3), 100, np.uint8)
    blend = overlay(image, MASK, PALETTE)
    assert blend.dtype == np.uint8
    assert blend[0].tolist() == [[55, 60, 65], [150, 100, 50], [162, 162, 146]]
    assert blend[1, 2].tolist() == [50, 50, 50]
    assert (image == 100).all()
    assert np.array_equal(overlay(image, MASK, PALETTE, 0.0), image)
    assert np.array_equal(overlay(image, MASK, PALETTE, 1.0), colour_table(PALETTE)[MASK])
    assert overlay(image, MASK, PALETTE, 0.25)[0, 1].tolist() == [125, 100, 75]


def test_panel_puts_tiles_side_by_side():
    first, second = np.full((5, 40, 3), 60, np.uint8), np.full((5, 40, 3), [1, 2, 3], np.uint8)
    first[0, 0] = 9
    sheet = np.array(panel([("image", first), ("truth", second)]))
    assert sheet.shape == (5 + 16, 2 * 40 + 4, 3)
    assert np.array_equal(sheet[16:, :40], first)
    assert np.array_equal(sheet[16:, 44:], second)
    assert (sheet[16:, 40:44] == 255).all()


def test_panel_has_titles_above_its_tiles():
    tile = np.zeros((5, 60, 3), np.uint8)
    titles = np.array(panel([("image", tile), ("", tile)]))[:16].min(2)
    assert (titles[:, :60] < 128).any()
    assert (titles[:, 60:] == 255).all()


def test_panel_scales_without_mixing_ids():
    tile = np.random.randint(0, 256, (3, 4, 3)).astype(np.uint8)
    sheet = np.array(panel([("a", tile)], scale=3))
    assert np.array_equal(sheet[16:], tile.repeat(3, 0).repeat(3, 1))


def test_panel_puts_rows_below_each_other():
    small, large = np.zeros((5, 40, 3), np.uint8), np.zeros((7, 50, 3), np.uint8)
    sheet = np.array(panel([("", small)], [("", large), ("no title", large)]))
    assert sheet.shape == (5 + 16 + 7 + 4, 2 * 50 + 4, 3)
    assert not sheet[16:21, :40].any()
    assert not sheet[25:, :50].any()
    assert not sheet[25:, 54:].any()
    assert (sheet == 0).all(-1).sum() == small[..., 0].size + 2 * large[..., 0].size


def test_names_are_no_patterns(tmp_path):
    for folder in ("images", "truth", "net"):
        (tmp_path / folder).mkdir()
        for name, size in (("a[1]", (4, 4)), ("a1", (9, 9))):
            Image.new("P", size).save(tmp_path / folder / f"{name}.png")
    folders = tmp_path / "images", tmp_path / "truth"
    assert compare(*folders, {"net": str(tmp_path / "net")}, ["a[1]"], scale=1).height == 16 + 4


def test_images_are_drawn_as_they_are_trained(tmp_path):
    """In subfolders, as test.py writes masks; a photo that EXIF turns, and one of bands."""
    for folder in ("images", "truth", "net"):
        (tmp_path / folder / "day").mkdir(parents=True)
    exif, sideways = Image.Exif(), np.zeros((4, 6, 3), np.uint8)
    exif[0x0112] = 6  # the first column is the top
    sideways[:, 0] = 255
    Image.fromarray(sideways).save(tmp_path / "images/day/a.png", exif=exif)
    bands = np.zeros((6, 4, 5), np.uint8)
    bands[..., 1] = 200
    np.save(tmp_path / "images/day/b.npy", bands)
    for folder in ("truth", "net"):
        for name in "ab":
            Image.new("P", (4, 6)).save(tmp_path / folder / f"day/{name}.png")
    folders = tmp_path / "images", tmp_path / "truth", {"net": str(tmp_path / "net")}
    photo, three = (np.asarray(compare(*folders, [f"day/{name}"], scale=1))[-6:, :4] for name in "ab")
    assert (photo == np.array([255, 0, 0, 0, 0, 0])[:, None, None]).all()
    assert (three == (0, 200, 0)).all()
    assert compare(*folders, scale=1).height > 2 * 6 + 16


@pytest.mark.parametrize(
    ("others", "drawn"), [((), (9, 8, 7)), ((1,), VOID_COLOUR)], ids=["the second class", "void beside it"]
)
def test_truth_of_0_and_255(tmp_path, others, drawn):
    """Masks without a palette: 255 is the second class where no other mask that is shown has an id of its own."""
    for folder in ("images", "truth", "net"):
        (tmp_path / folder).mkdir()
    masks = [np.uint8([[0, 255]]), *(np.uint8([[0, number]]) for number in others)]
    for name, mask in zip("ab", masks, strict=False):
        Image.fromarray(np.zeros((1, 2, 3), np.uint8)).save(tmp_path / "images" / f"{name}.png")
        Image.fromarray(mask).save(tmp_path / "truth" / f"{name}.png")
        save_mask(np.uint8([[1, 1]]), [(1, 2, 3), (9, 8, 7)], tmp_path / "net" / f"{name}.png")
    sheet = np.asarray(compare(tmp_path / "images", tmp_path / "truth", {"net": str(tmp_path / "net")}, scale=1))
    (row,) = np.flatnonzero((sheet == (1, 2, 3)).all(-1).any(1))[:1]
    (column,) = np.flatnonzero((sheet[row] == (1, 2, 3)).all(-1))[:1]
    assert tuple(sheet[row, column + 1]) == drawn
