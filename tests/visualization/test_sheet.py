"""The contact sheet, pixel by pixel: sizes, colours, void, captions, legend."""

import numpy as np
import pytest
from PIL import Image
from support.refusals import refused

from fcn_plugin.visualization import sheet
from fcn_plugin.visualization.sheet import CELL, GAP, contact_sheet, shorten

PALETTE = [[10, 20, 30], [200, 100, 0], [0, 250, 0]]
CLASSES = ("sky", "road", "tree")
VOID = (224, 224, 192)


def grey(height, width):
    return np.full((height, width, 3), 100, np.uint8)


def draw(tmp_path, tiles, **kwargs):
    contact_sheet(tiles, PALETTE, CLASSES, tmp_path / "sheet.png", **kwargs)
    image = Image.open(tmp_path / "sheet.png")
    assert image.format == "PNG"
    return np.asarray(image)


def dark(picture):
    return (picture.max(-1) < 100).any()


def legend(tmp_path, mask):
    """Two sheets of one image differ in the mask alone: what lies below the caption is the legend."""
    image = grey(*mask.shape)
    return draw(tmp_path, [("", image, mask)])[draw(tmp_path, [("", image, None)]).shape[0] :]


def test_a_tile_lies_in_its_cell_blended_half_and_half(tmp_path):
    mask = np.zeros((240, CELL), int)
    mask[:, 100:] = 1
    picture = draw(tmp_path, [("a.jpg", grey(240, CELL), mask)])
    tile = picture[GAP : GAP + 240, GAP : GAP + CELL]
    assert (tile[:, :100] == [55, 60, 65]).all()
    assert (tile[:, 100:] == [150, 100, 50]).all()
    assert picture.shape[1] == GAP + CELL + GAP


@pytest.mark.parametrize(
    "size, shown",
    [((480, 640), (240, 320)), ((640, 320), (320, 160)), ((60, 80), (240, 320)), ((70, 150), (140, 300)), ((1, 999), (1, 320))],
)  # fmt: skip
def test_tiles_keep_their_aspect_and_grow_by_whole_pixels(tmp_path, size, shown):
    picture = draw(tmp_path, [("", grey(*size), None)])
    rows, columns = np.nonzero((picture == 100).all(-1))
    assert (np.ptp(rows) + 1, np.ptp(columns) + 1) == shown


def test_enlarged_pixels_stay_sharp(tmp_path):
    image = grey(64, 64)
    image[:, ::2] = 200
    tile = draw(tmp_path, [("", image, None)])[GAP : GAP + CELL, GAP : GAP + CELL]
    assert np.array_equal(tile, image.repeat(5, 0).repeat(5, 1))


def test_image_and_mask_are_scaled_alike(tmp_path):
    image = grey(640, 640)
    image[:, 400:] = 200
    mask = np.repeat([[0] * 400 + [1] * 240], 640, axis=0)
    tile = draw(tmp_path, [("", image, mask)])[GAP + 160, GAP : GAP + CELL]
    assert (tile[:198] == [55, 60, 65]).all()
    assert (tile[202:] == [200, 150, 100]).all()


def test_void_is_striped(tmp_path):
    mask = np.full((CELL, CELL), 255)
    tile = draw(tmp_path, [("", grey(CELL, CELL), mask)])[GAP : GAP + CELL, GAP : GAP + CELL]
    assert {tuple(pixel) for pixel in tile.reshape(-1, 3).tolist()} == {VOID, (0, 0, 0), (162, 162, 146)}
    assert (tile[:8, :8] == tile[8:16, 16:24]).all()


def test_rows_are_filled_from_the_left(tmp_path):
    tiles = [("", np.full((100, CELL, 3), 10 * i, np.uint8), None) for i in range(1, 6)]
    picture = draw(tmp_path, tiles, columns=2)
    assert picture.shape[1] == GAP + 2 * (CELL + GAP)
    seen = [value for value in range(1, 60) if (picture == value).all(-1).sum() == 100 * CELL]
    assert seen == [10, 20, 30, 40, 50]
    tops, lefts = zip(*(np.argwhere((picture == value).all(-1))[0] for value in seen), strict=True)
    assert lefts == (GAP, GAP + CELL + GAP, GAP, GAP + CELL + GAP, GAP)
    assert tops[0] == tops[1] < tops[2] == tops[3] < tops[4]


def test_captions_stand_below_their_tiles(tmp_path):
    tiles = [("first.jpg\n64 x 64", np.full((100, CELL, 3), 180, np.uint8), None), ("", grey(50, CELL), None)]
    picture = draw(tmp_path, tiles)
    below = picture[GAP + 100 :, GAP : GAP + CELL]
    assert dark(below[:18])
    assert dark(below[18:34])
    assert (picture[GAP + 50 :, GAP + CELL + GAP :] == 255).all()  # an empty caption


def test_a_long_caption_keeps_both_ends_and_its_column(tmp_path):
    name = "2026-01-01_a_long_name_" + "x" * 80 + "_00017.png"
    picture = draw(tmp_path, [(name, grey(40, 40), None), ("", grey(40, 40), None)])
    assert (picture[GAP + 40 * 8 :, GAP + CELL + 1 :] == 255).all()
    font = sheet._font(13)
    short = shorten(name, 200, font)
    assert 180 < font.getlength(short) <= 200
    start, end = short.split("…")
    assert name.startswith(start)
    assert name.endswith(end)
    assert 0 <= len(start) - len(end) <= 1
    assert shorten("a.png", 200, font) == "a.png"
    assert len(shorten("\n" + "a" * 50_000_000, 200, font)) < 40


def test_the_legend_shows_the_ids_that_occur(tmp_path):
    mask = np.full((64, 64), 2)
    mask[0] = 0
    mask[1] = 255
    colours = {tuple(pixel) for pixel in legend(tmp_path, mask).reshape(-1, 3).tolist()}
    assert {(10, 20, 30), (0, 250, 0), VOID} <= colours
    assert (200, 100, 0) not in colours


def test_the_legend_names_classes_void_and_unknown_ids(tmp_path, monkeypatch):
    named = []
    monkeypatch.setattr(sheet, "shorten", lambda text, width, font: named.append(text) or text)
    mask = np.array([[2, 0], [255, 3]])
    contact_sheet([("a.jpg", grey(2, 2), mask)], PALETTE, CLASSES, tmp_path / "sheet.png")
    assert named == ["sky", "tree", "id 3 (no class)", "void", "a.jpg"]


def test_a_long_legend_takes_several_lines(tmp_path):
    classes = [f"class number {i}" for i in range(30)]
    mask = np.arange(30).reshape(5, 6)
    contact_sheet([("", grey(5, 6), mask)], [[i, 200, 0] for i in range(30)], classes, tmp_path / "sheet.png")
    picture = np.asarray(Image.open(tmp_path / "sheet.png"))
    assert all((picture == [i, 200, 0]).all(-1).any() for i in range(30))
    assert (picture[:, -1] == 255).all()  # nothing runs over the edge


def test_bad_tiles_are_refused(tmp_path):
    with refused("mask-size", "a.jpg", (4, 6), (6, 4)):
        draw(tmp_path, [("a.jpg", grey(4, 6), np.zeros((6, 4), int))])
    assert list(tmp_path.iterdir()) == []


def test_a_drawing_that_breaks_off_leaves_the_old_sheet(tmp_path, monkeypatch):
    (tmp_path / "sheet.png").write_bytes(b"old")

    def fill_the_disk(image, path, kind):
        path.write_bytes(b"half")
        raise OSError("no space left")

    monkeypatch.setattr(Image.Image, "save", fill_the_disk)
    with pytest.raises(OSError, match="no space left"):
        contact_sheet([("", grey(4, 4), None)], PALETTE, CLASSES, tmp_path / "sheet.png")
    assert [path.name for path in tmp_path.iterdir()] == ["sheet.png"]
    assert (tmp_path / "sheet.png").read_bytes() == b"old"
