"""Every kind of mask, by the ids that come out of it."""

import numpy as np
import pytest
from PIL import Image
from support.refusals import refused

from fcn_plugin.data.class_map import ClassMap
from fcn_plugin.datatools.new.masks import read_masks
from fcn_plugin.datatools.new.options import Options

BLACK, RED, GREEN, BLUE = (0, 0, 0), (255, 0, 0), (0, 255, 0), (0, 0, 255)


@pytest.fixture
def read(photos, here):
    """``read(masks, ...)``: of files in ``masks``, each with an image."""

    def call(*files, **options):
        seen = photos(*(f"{i}.png" for i in range(len(files))))
        return read_masks(seen, [here / file for file in files], Options("x", "photos", "masks", **options))

    return call


def drawn(source):
    return [draw() for draw in source.draw]


@pytest.mark.parametrize(
    ("ids", "mode", "expected"),
    [
        ((0, 1, 2), "L", {0: "class0", 1: "class1", 2: "class2"}),
        ((0, 7, 26), "L", {0: "class0", 7: "class7", 26: "class26"}),
        ((0, 255), "1", {0: "class0", 1: "class1"}),
        ((0, 255), "L", {0: "background", 255: "object"}),
        ((0, 128, 255), "L", {0: "class0", 128: "class128", 255: "class255"}),
        ((0, 85, 170, 255), "L", {0: "class0", 85: "class85", 170: "class170", 255: "class255"}),
    ],
)
def test_ids_are_used_as_they_are(read, save, blocks, ids, mode, expected):
    save("masks/a.png", blocks(*ids), mode)
    source = read("masks/a.png")
    assert source.classes.class_map == expected
    assert source.draw is None
    assert source.shown == [set(range(len(ids)))]
    assert source.found[0].startswith(f"index masks (mode {mode}): ids ")
    (again,) = drawn(read("masks/a.png", convert=True))
    assert again.dtype == np.uint8
    assert np.array_equal(again, blocks(*range(len(ids))))


def test_deep_ids(read, save, blocks):
    save("masks/a.png", blocks(0, 300, 1000, dtype=np.uint16))
    source = read("masks/a.png", convert=True)
    assert source.classes.class_map == {0: "class0", 300: "class300", 1000: "class1000"}
    assert np.array_equal(drawn(source)[0], blocks(0, 1, 2))


def test_void(read, save, blocks):
    save("masks/a.png", blocks(0, 1, 255, 255))
    source = read("masks/a.png", convert=True)
    assert (source.classes.class_map, list(source.classes.ignore_ids)) == ({0: "class0", 1: "class1"}, [255])
    assert "id 255 (50 % of the pixels) is left out of loss" in source.found[1]
    assert np.array_equal(drawn(source)[0], blocks(0, 1, 255, 255))
    source = read("masks/a.png", ignore_ids=[1])
    assert (source.classes.class_map, source.classes.ignore_ids) == ({0: "background", 255: "object"}, [1])
    assert list(read("masks/a.png", ignore_ids=[]).classes.class_map) == [0, 1, 255]
    save("masks/b.png", blocks(0, 255))
    assert list(read("masks/b.png").classes.ignore_ids) == []
    with refused("classes-count", "[0, 255], of which [255] ", "1 classes"):
        read("masks/b.png", ignore_ids=[255])


def palette_mask(save, file, ids, colours):
    image = Image.fromarray(ids)
    image.putpalette([value for colour in colours for value in colour])
    image.save(save(file, ids))


def test_palette_masks_keep_ids_and_give_colours(read, save, blocks):
    palette_mask(save, "masks/a.png", blocks(0, 2), (BLACK, GREEN, RED))
    palette_mask(save, "masks/b.png", blocks(1, 2), (BLUE, GREEN, RED))  # its id 0 is not used
    source = read("masks/a.png", "masks/b.png")
    assert source.draw is None
    assert source.classes.palette == [BLACK, GREEN, RED]
    assert source.shown == [{0, 2}, {1, 2}]


def test_palettes_that_differ_are_read_by_colour(read, save, blocks, here):
    palette_mask(save, "masks/a.png", blocks(0, 1, 1), (BLACK, RED))
    palette_mask(save, "masks/b.png", blocks(0, 1, 1), (RED, BLACK))
    source = read("masks/a.png", "masks/b.png")
    assert source.classes.palette == [BLACK, RED]
    assert all(np.array_equal(*both) for both in zip(drawn(source), [blocks(0, 1, 1), blocks(1, 0, 0)], strict=True))
    assert "palettes differ between files" in source.found[1]
    (here / "names.txt").write_text("sky\nroad\n")
    assert read("masks/a.png", "masks/b.png", classes="names.txt").draw is None


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA"])
def test_ids_saved_as_colours(read, save, blocks, mode):
    save("masks/a.png", blocks(0, 3, 255), mode)
    source = read("masks/a.png")
    assert f"equal channels (mode {mode})" in source.found[0]
    assert source.classes.class_map == {0: "class0", 3: "class3"}
    assert np.array_equal(drawn(source)[0], blocks(0, 1, 255))


def test_colours(read, save, blocks):
    save("masks/a.png", blocks(RED, BLACK, BLUE))
    save("masks/b.png", blocks(GREEN, (9, 9, 9), RED), "RGBA")
    save("masks/c.png", blocks(BLACK, (9, 9, 9)))  # gray in a set of colours
    source = read("masks/a.png", "masks/b.png", "masks/c.png")
    assert source.found == ["colour masks (mode RGB, RGBA): 5 colours"]
    assert source.classes.class_map == {0: "#000000", 1: "#0000ff", 2: "#00ff00", 3: "#090909", 4: "#ff0000"}
    expected = [blocks(4, 0, 1), blocks(2, 3, 4), blocks(0, 3)]
    assert all(np.array_equal(*both) for both in zip(drawn(source), expected, strict=True))
    source = read("masks/a.png", "masks/b.png", "masks/c.png", ignore_colors=[(9, 9, 9)])
    assert np.array_equal(drawn(source)[1], blocks(1 + 1, 255, 3))


def test_a_colour_of_the_table_that_is_ignored_is_no_class(read, save, blocks, here):
    save("masks/a.png", blocks(RED, BLACK, BLUE))
    (here / "classes.csv").write_text("name,r,g,b\nvoid,0,0,0\ncar,255,0,0\nsky,0,0,255\n")
    for nearest in (False, True):
        source = read("masks/a.png", classes="classes.csv", ignore_colors=[BLACK], nearest_colors=nearest)
        assert source.classes.ids.classes == ("car", "sky")
        assert np.array_equal(drawn(source)[0], blocks(0, 255, 1))
    with refused("classes-count", "classes.csv", "1 entries"):
        read("masks/a.png", classes="classes.csv", ignore_colors=[BLACK, RED])


def test_a_colour_table(read, save, blocks, here):
    """Its ids order the classes; one name for two colours makes one class."""
    save("masks/a.png", blocks(RED, BLACK, BLUE))
    table = here / "classes.csv"
    table.write_text("id,name,red,green,blue\n5,car,255,0,0\n2,sky,0,0,0\n9,car,0,0,255\n")
    source = read("masks/a.png", classes=str(table))
    assert source.classes.ids == ClassMap({2: 0, 5: 1, 9: 1}, ("sky", "car"))
    assert source.classes.palette == [BLACK, RED]
    assert np.array_equal(drawn(source)[0], blocks(1, 0, 1))
    save("masks/b.png", blocks(RED, GREEN))
    with refused("mask-colours", "1 of 2 masks", f"\n{here / 'masks/b.png'}: colour 0,255,0 (960 px)"):
        read("masks/a.png", "masks/b.png", classes=str(table))
    table.write_text("id,name,red,green,blue\n0,car,255,0,0\n1,sky,255,0,0\n")
    with refused("class-file", table, "gives two ids the same colour"):
        read("masks/a.png", classes=str(table))
    table.write_text("car\nsky\n")
    with refused("class-file", table, "columns red,green,blue"):
        read("masks/a.png", classes=str(table))


def test_names_of_ids(read, save, blocks, here):
    save("masks/a.png", blocks(0, 1, 2, 255))
    names = here / "names.txt"
    names.write_text("sky\nroad\ncar\n")
    assert read("masks/a.png", classes=str(names)).classes.class_map == {0: "sky", 1: "road", 2: "car"}
    names.write_text("sky\nroad\n")
    with refused("mask-ids", f"\n{here / 'masks/a.png'}: id 2 (480 px)", "--ignore-ids"):
        read("masks/a.png", classes=str(names))
    assert read("masks/a.png", classes=str(names), ignore_ids=[2, 255]).shown == [{0, 1, 255}]
    names.write_text("sky\nroad\ncar\n")
    assert "ignores classes of" in read("masks/a.png", classes=str(names), ignore_ids=[0, 255]).found[1]
    names.write_text("id,name\n0,sky\n1,road\n2,car\n255,void?\n")
    assert read("masks/a.png", classes=str(names)).shown == [{0, 1, 2, 3}]
    assert read("masks/a.png", classes=str(names), ignore_ids=[255]).shown == [{0, 1, 2, 255}]


def test_named_ids_near_255(read, save, blocks):
    save("masks/a.png", blocks(0, 254, 255))
    with refused("mask-near-binary", "values: 0..0 and 254..255"):
        read("masks/a.png")
    assert read("masks/a.png", ignore_ids=[254]).classes.class_map == {0: "background", 255: "object"}


def test_smooth_edges(photos, save):
    """24 blends of two classes, a pixel each."""
    seen, options = photos("0.png", size=(240, 160)), Options("x", "photos", "masks")
    ids = np.zeros((160, 240), np.uint8)
    ids[:80] = 255
    ids[0, :24] = np.arange(24) + 10
    path = save("masks/a.png", ids)
    with refused("mask-near-binary", f"{path}: has 26 of the masks' 26 values: 0 and 255; ", "--threshold"):
        read_masks(seen, [path], options)
    ids[80:] = 200
    for what, mask in (("ids", ids), ("colours", np.stack([ids, 0 * ids, 0 * ids], -1))):
        path = save("masks/a.png", mask)
        with refused(f"mask-{what}", f"26 {what}, 24 of them in less than 0.1 %", f"({path} alone 26)", "anti-aliased"):
            read_masks(seen, [path], options)
    noise = np.random.default_rng(0).integers(0, 256, (160, 240, 3), dtype=np.uint8)
    with refused("mask-colours", f"{path} has more than 1024 colours", "anti-aliased"):
        read_masks(seen, [save("masks/a.png", noise)], options)
    deep = noise[..., 0].astype(np.uint16) * 256 + noise[..., 1]
    with refused("mask-ids", f"{path} has {len(np.unique(deep))} ids"):
        read_masks(seen, [save("masks/a.png", deep)], options)


def test_files_that_are_no_masks(read, save, blocks, here):
    save("masks/a.jpg", blocks(RED, BLACK))
    save("masks/b.png", np.zeros((20, 48), np.uint8))
    save("masks/c.png", blocks((255, 0, 0, 255), (0, 0, 0, 0)), "RGBA")
    (here / "masks/d.png").write_bytes(b"no image")
    save("masks/e.png", blocks(0, 1))
    with refused("dataset-files", "4 of 5 files") as error:
        read(*(f"masks/{name}" for name in ("a.jpg", "b.png", "c.png", "d.png", "e.png")))
    found = ("a.jpg: a JPEG file", "b.png: 48 x 20, its image", "c.png has transparent", "d.png: can't be read")
    _, *lines = error.value.message.splitlines()
    assert all(text in line for line, text in zip(lines, found, strict=True)), lines


def test_kinds_that_do_not_go_together(read, save, blocks, here):
    save("masks/a.png", blocks(0, 1))
    save("masks/b.png", blocks(RED, BLACK))
    with refused("mask-colours", f"{here / 'masks/a.png'} has ids, but {here / 'masks/b.png'} has colours"):
        read("masks/a.png", "masks/b.png")
    with refused("option-value", "--ignore-ids"):
        read("masks/a.png", ignore_colors=[RED])
    with refused("option-value", "--ignore-colors"):
        read("masks/b.png", ignore_ids=[0])


def test_two_names_for_black_and_white(read, save, blocks, here):
    save("masks/a.png", blocks(0, 255))
    (here / "names.txt").write_text("ground\nroad\n")
    source = read("masks/a.png", classes=str(here / "names.txt"))
    assert (source.classes.class_map, list(source.classes.ignore_ids)) == ({0: "ground", 255: "road"}, [])
    assert source.shown == [{0, 1}]
