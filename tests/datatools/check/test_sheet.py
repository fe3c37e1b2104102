"""Which pairs are drawn, and what is laid over them."""

import numpy as np
import pytest
from PIL import Image

from fcn_plugin.data.class_map import ClassMap
from fcn_plugin.datatools.check import sheet as check_sheet
from fcn_plugin.datatools.check.sheet import TILES, draw_pairs
from fcn_plugin.datatools.check.splits import Source, Split, pack
from fcn_plugin.datatools.check.tally import Tally

CLASSES = ClassMap.of({0: "sea", 7: "sand"}, (255,))


@pytest.fixture
def drawn(monkeypatch):
    """The arguments of the last contact sheet, in place of a picture."""
    calls = []
    monkeypatch.setattr(check_sheet, "contact_sheet", lambda *args: calls.append(args))
    return calls


def save(path, values):
    Image.fromarray(np.array(values, np.uint8)).save(path)
    return str(path)


def tally(name, images, masks, class_map=CLASSES, palette=None):
    return Tally(Split(name, (Source(pack(images), pack(masks), class_map, palette),)), {})


def test_pairs_of_all_splits_evenly(tmp_path, drawn):
    images = [save(tmp_path / f"{i}.png", np.full((2, 2, 3), i)) for i in range(40)]
    mask = save(tmp_path / "m.png", [[0, 7], [255, 30]])
    tallies = [
        tally("train", images[:30], [mask] * 30, palette=[[1, 1, 1], [2, 2, 2]]),
        tally("val", images[30:], [mask] * 10),
    ]
    assert draw_pairs(tallies, "sheet.png") == "sheet.png"
    ((tiles, palette, names, path),) = drawn
    assert len(tiles) == TILES
    shown = [int(image[0, 0, 0]) for _, image, _ in tiles]
    assert shown == [i * 40 // 16 for i in range(16)]
    assert [caption for caption, _, _ in tiles][:2] == ["train: 0.png", "train: 2.png"]
    assert tiles[-1][0] == "val: 37.png"
    assert all(ids.tolist() == [[0, 1], [255, 255]] for _, _, ids in tiles)
    assert (palette, names, path) == ([[1, 1, 1], [2, 2, 2]], ("sea", "sand"), "sheet.png")


def test_ids_without_names_and_a_few_pairs(tmp_path, drawn):
    image = save(tmp_path / "a.png", np.zeros((1, 3, 3)))
    one = tally("folder", [image], [save(tmp_path / "m.png", [[4, 9, 4]])], None)
    one.pixels[[4, 9]] = 2, 1
    draw_pairs([one], "sheet.png")
    ((tiles, _, names, _),) = drawn
    assert names == ("4", "9")
    assert tiles[0][2].tolist() == [[0, 1, 0]]


def test_masks_that_can_t_be_laid_over_the_image(tmp_path, drawn):
    image = save(tmp_path / "a.png", np.zeros((2, 2, 3)))
    masks = ["", str(tmp_path / "none.png"), save(tmp_path / "m.png", [[0, 7, 0]]), image]
    draw_pairs([tally("train", [image] * 4, masks)], "sheet.png")
    assert [(caption, ids) for caption, _, ids in drawn[0][0]] == [("train: a.png\nno mask", None)] * 4


def test_images_that_can_t_be_read_are_left_out(tmp_path, drawn):
    mask = save(tmp_path / "m.png", [[0]])
    gone = str(tmp_path / "none.png")
    assert draw_pairs([tally("train", [gone], [mask])], "sheet.png") is None
    assert drawn == []
    draw_pairs([tally("train", [gone, mask], [mask, mask])], "sheet.png")
    assert [caption for caption, _, _ in drawn[0][0]] == ["train: m.png"]


def test_large_and_turned_images(tmp_path, drawn):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (1280, 1920)).save(tmp_path / "a.jpg", exif=exif)
    mask = np.zeros((1280, 1920), np.uint8)
    mask[:, 960:] = 7
    draw_pairs([tally("train", [str(tmp_path / "a.jpg")], [save(tmp_path / "m.png", mask)])], "sheet.png")
    _, image, ids = drawn[0][0][0]
    assert image.shape == (427, 640, 3)
    assert ids.shape == (427, 640)
    assert (ids[:, :320] == 0).all() and (ids[:, 320:] == 1).all()


def test_each_source_has_its_own_ids(tmp_path, drawn):
    image, mask = save(tmp_path / "a.png", np.zeros((1, 2, 3))), save(tmp_path / "m.png", [[0, 7]])
    other = ClassMap.of({7: "sea", 0: "sea", 9: "sand"}, (255,))
    draw_pairs([tally("train", [image], [mask]), tally("val", [image], [mask], other)], "sheet.png")
    assert [ids.tolist() for _, _, ids in drawn[0][0]] == [[[0, 1]], [[0, 0]]]
