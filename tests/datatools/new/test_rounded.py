"""Masks whose values are not exact: refused by name, and converted by --threshold and --nearest-colors."""

import numpy as np
import pytest
from PIL import Image
from support.refusals import refused

from fcn_plugin.datatools.new.masks import read_masks
from fcn_plugin.datatools.new.options import Options

BLACK, WHITE, RED, BLUE = (0, 0, 0), (255, 255, 255), (255, 0, 0), (0, 0, 255)
TABLE = "name,r,g,b\nsky,0,0,255\ncar,255,0,0\n"


@pytest.fixture
def read(photos, here):
    """``read(masks, ...)``: of files in ``masks``, each with an image."""

    def call(*files, **options):
        seen = photos(*(f"{i}.png" for i in range(len(files))))
        return read_masks(seen, [here / file for file in files], Options("x", "photos", "masks", **options))

    return call


@pytest.fixture
def near(save, blocks):
    """A mask of 0 and 255 with other values beside them, and what it means."""
    save("masks/a.png", blocks(0, 7, 250, 255))
    return blocks(0, 0, 1, 1)


def drawn(source):
    return [draw() for draw in source.draw]


def test_values_near_0_and_255(read, near, here, save, blocks):
    save("masks/b.png", blocks(0, 255))
    with refused("mask-near-binary", f"{here / 'masks/a.png'}: has 4 of the masks' 4 values: 0..7 and 250..255"):
        read("masks/b.png", "masks/a.png")
    (here / "two.txt").write_text("ground\npolyp\n")
    with refused("mask-near-binary", "--threshold"):
        read("masks/a.png", classes="two.txt")
    source = read("masks/b.png", "masks/a.png", threshold=128)
    assert source.classes.class_map == {0: "background", 1: "object"}
    assert source.shown == [{0, 1}, {0, 1}]
    assert "25 % of the pixels" in source.found[0]  # half of the second mask's
    assert np.array_equal(drawn(source)[1], near)
    source = read("masks/a.png", classes="two.txt", threshold=6)
    assert source.classes.class_map == {0: "ground", 1: "polyp"}
    assert np.array_equal(drawn(source)[0], blocks(0, 1, 1, 1))
    (here / "all.csv").write_text("id,name\n0,a\n7,b\n250,c\n255,d\n")  # classes indeed
    assert read("masks/a.png", classes="all.csv").draw is None


def test_half_sizes_of_smooth_edges(read, save, here):
    """Few values, none of which lies near 0 or 255: only on edges."""
    disc = (np.hypot(*(np.mgrid[:80, :96] - np.array([[[40]], [[48]]]))) < 30) * np.uint8(255)
    path = save("masks/a.png", np.asarray(Image.fromarray(disc).resize((48, 40), Image.Resampling.BOX)))
    assert len(np.unique(Image.open(path))) == 5
    with refused("mask-near-binary", path, "0 and 255; only on edges 64, 128, 192"):
        read("masks/a.png")
    assert set(np.unique(drawn(read("masks/a.png", threshold=128))[0])) == {0, 1}


def test_two_encodings(read, save, blocks, here):
    one, other = save("masks/a.png", blocks(0, 1)), save("masks/b.png", blocks(0, 255))
    (here / "two.txt").write_text("ground\npolyp\n")
    for options in (dict(), dict(classes="two.txt")):
        with refused("mask-mixed", f"{other}: has 0 and 255, but {one} has 0 and 1", "--threshold 1"):
            read("masks/a.png", "masks/b.png", **options)
    source = read("masks/a.png", "masks/b.png", threshold=1)
    assert all(np.array_equal(mask, blocks(0, 1)) for mask in drawn(source))
    assert read("masks/a.png", "masks/b.png", ignore_ids=[255]).shown == [{0, 1}, {0, 255}]  # void is meant
    save("masks/a.png", blocks(0, 255), "1")
    with refused("mask-mixed", "--threshold"):
        read("masks/a.png", "masks/b.png")
    assert all(np.array_equal(mask, blocks(0, 1)) for mask in drawn(read("masks/a.png", "masks/b.png", threshold=128)))


@pytest.mark.parametrize("suffix", ["jpg", "webp"])
def test_lossy_masks(read, save, blocks, here, suffix):
    path = save(f"masks/a.{suffix}", blocks(BLACK, WHITE), quality=60)
    with refused("mask-lossy", path, "--threshold", "--nearest-colors"):
        read(f"masks/a.{suffix}")
    assert np.array_equal(drawn(read(f"masks/a.{suffix}", threshold=128))[0], blocks(0, 1))
    save(f"masks/b.{suffix}", blocks(BLUE, RED, size=(48, 40)), quality=60)
    (here / "classes.csv").write_text(TABLE)
    source = read(f"masks/b.{suffix}", classes="classes.csv", nearest_colors=True)
    assert (source.classes.class_map, source.classes.palette) == ({0: "sky", 1: "car"}, [BLUE, RED])
    assert np.array_equal(drawn(source)[0], blocks(0, 1))


def test_lossless_webp(read, save, blocks):
    save("masks/a.webp", blocks(0, 3, 255), lossless=True)
    assert np.array_equal(drawn(read("masks/a.webp"))[0], blocks(0, 1, 255))


@pytest.mark.parametrize(
    ("values", "dtype", "threshold", "expected"),
    [
        ([0, 0.4, 0.6, 1], np.float32, 0.5, [0, 0, 1, 1]),
        ([0, np.nan, 0.2, 1], np.float32, 0.5, [0, 255, 0, 1]),
        ([0, 300, 65535, 5], np.uint16, 128, [0, 1, 1, 0]),
    ],
)
def test_thresholds_of_other_numbers(read, save, blocks, values, dtype, threshold, expected):
    save("masks/a.tif", blocks(*values, dtype=dtype))
    assert np.array_equal(drawn(read("masks/a.tif", threshold=threshold))[0], blocks(*expected))


def test_a_threshold_that_divides_nothing(read, near):
    for threshold, found in ((-1, "reach"), (256, "are below")):
        with refused("option-value", f"{found} --threshold {threshold}"):
            read("masks/a.png", threshold=threshold)


def test_nearest_colours(read, save, blocks, here):
    save("masks/a.png", blocks(RED, (200, 30, 10), (10, 0, 160), BLUE, WHITE))
    (here / "classes.csv").write_text(TABLE)
    with refused("mask-colours", "colour 10,0,160", "colour 200,30,10"):
        read("masks/a.png", classes="classes.csv")
    source = read("masks/a.png", classes="classes.csv", nearest_colors=True, ignore_colors=[(250, 250, 250)])
    assert np.array_equal(drawn(source)[0], blocks(1, 1, 0, 0, 255))
    assert source.shown == [{0, 1, 255}]
    assert "58.3 % of the pixels" in source.found[0]  # 28 of 48 columns


def test_colours_on_edges_alone(read, save, blocks, here):
    """One blend of two colours is no class; a thin line of a colour of its own is one."""
    stripes = blocks(RED, BLUE)
    stripes[:, 24] = (128, 0, 128)
    save("masks/a.png", stripes)
    with refused("mask-colours", "128,0,128 (40 px)", "--nearest-colors"):
        read("masks/a.png")
    with refused("mask-near-binary", "--threshold"):
        save("masks/b.png", blocks(BLACK, (3, 4, 0), (252, 255, 255), WHITE))
        read("masks/b.png")
    assert read("masks/a.png", ignore_colors=[(128, 0, 128)]).shown == [{0, 1, 255}]
    stripes[:, 24] = (0, 200, 0)
    save("masks/a.png", stripes)
    assert len(read("masks/a.png").classes.ids.classes) == 3


@pytest.mark.parametrize(
    ("options", "code", "fragment"),
    [
        (dict(threshold=128, ignore_ids=[3]), "option-value", "--ignore-ids"),
        (dict(threshold=128, ignore_colors=[RED]), "option-value", "--ignore-colors"),
        (dict(threshold=128, nearest_colors=True), "option-value", "--nearest-colors"),
        (dict(threshold=128, classes="three.txt"), "class-file", "3 entries"),
        (dict(nearest_colors=True), "option-value", "--classes"),
        (dict(nearest_colors=True, classes="three.txt"), "class-file", "no colours"),
    ],
)
def test_options_that_do_not_fit(read, near, here, options, code, fragment):
    (here / "three.txt").write_text("a\nb\nc\n")
    with refused(code, fragment):
        read("masks/a.png", **options)


def test_colours_of_16_bits(read, save, here):
    import cv2

    (here / "masks").mkdir()
    cv2.imwrite(str(here / "masks/a.png"), np.full((40, 48, 3), 2, np.uint16))
    for options in (dict(), dict(threshold=1)):
        with refused("mask-depth", here / "masks/a.png", "16 bits"):
            read("masks/a.png", **options)


def palette_mask(save, file, ids, colours):
    image = Image.fromarray(ids)
    image.putpalette([value for colour in colours for value in colour])
    image.save(save(file, ids))


def test_a_table_without_ids_names_the_colours_of_palettes(read, save, blocks, here):
    """CVAT's masks number labels by themselves; labelmap.txt has no ids."""
    palette_mask(save, "masks/a.png", blocks(0, 1, 2), (BLACK, BLUE, RED))
    (here / "labelmap.txt").write_text("# label:color_rgb:parts:actions\nnone:0,0,0::\ncar:255,0,0::\nsky:0,0,255::\n")
    source = read("masks/a.png", classes="labelmap.txt")
    assert np.array_equal(drawn(source)[0], blocks(0, 2, 1))
    assert "palettes differ from --classes" in source.found[1]
    (here / "labelmap.txt").write_text("none:0,0,0::\nsky:0,0,255::\ncar:255,0,0::\n")
    assert read("masks/a.png", classes="labelmap.txt").draw is None
    (here / "ids.csv").write_text("id,name,red,green,blue\n0,none,0,0,0\n1,car,255,0,0\n2,sky,0,0,255\n")
    assert read("masks/a.png", classes="ids.csv").draw is None  # ids are stated
