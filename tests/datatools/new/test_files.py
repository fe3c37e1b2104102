"""Masks of images by their names."""

import os

import pytest
from support.refusals import refused

from fcn_plugin.datatools.new.files import list_files
from fcn_plugin.datatools.new.pairing.pair import pair


def names(*files):
    return {file.rpartition(".")[0]: file for file in files}


@pytest.mark.parametrize(
    ("images", "masks", "tails"),
    [
        (["a.jpg", "b.jpeg"], ["a.png", "b.tif"], None),
        (["x/a.jpg", "y/a.jpg"], ["x/a.png", "y/a.png"], None),
        (["a.jpg", "b.jpg"], ["a_mask.png", "b_mask.png"], "IMAGE_mask"),
        (["i 1.jpg", "i 10.jpg"], ["i 1-gt.png", "i 10-gt.png"], "IMAGE-gt"),
        (["img_1.jpg", "img_11.jpg"], ["img_1.png", "img_11.png"], None),
        (["a.jpg", "b.jpg"], ["a.jpg.png", "b.jpg.png"], "IMAGE.jpg"),
        (["1_sat.jpg", "2_sat.jpg"], ["1_mask.png", "2_mask.png"], "IMAGE_mask, images IMAGE_sat"),
    ],
)
def test_names_that_pair(images, masks, tails):
    pairs = pair(names(*images), names(*masks))
    assert (pairs.images, pairs.masks) == (images, masks)
    assert pairs.notes == ([f"masks are named {tails}"] if tails else [])


def test_cityscapes():
    """Four files of an image; the one with ids is taken, and the others are no masks without image."""
    images = names("aachen/a_leftImg8bit.png", "bochum/a_leftImg8bit.png")
    kinds = ("color", "instanceIds", "labelIds")
    masks = names(*(f"{city}/a_gtFine_{kind}.png" for city in ("aachen", "bochum") for kind in kinds))
    pairs = pair(images, masks)
    assert pairs.names == ["aachen/a", "bochum/a"]
    assert pairs.masks == ["aachen/a_gtFine_labelIds.png", "bochum/a_gtFine_labelIds.png"]
    assert pair(images, masks, tail="_gtFine_color").masks == ["aachen/a_gtFine_color.png", "bochum/a_gtFine_color.png"]


def test_one_folder():
    files = names("a.jpg", "a_mask.png", "b.jpg", "b_mask.png")
    assert pair(files, files).masks == ["a_mask.png", "b_mask.png"]
    files = names("a.jpg", "a_mask.png", "b.jpg")
    with refused("image-unpaired", "1 images without mask: b.jpg. "):
        pair(files, files)


def test_missing_partners():
    images, masks = names(*(f"{i:02}.jpg" for i in range(14))), names("00.png", "13.png", "lone.png")
    listed = ", ".join(f"{i:02}.jpg" for i in range(1, 11))
    lone = f"12 images without mask: {listed}, and 2 more; 1 masks without image: lone.png. "
    with refused("image-unpaired", lone, "--allow-missing"):
        pair(images, masks)
    pairs = pair(images, masks, allow_missing=True)
    assert (pairs.images, pairs.masks) == (["00.jpg", "13.jpg"], ["00.png", "13.png"])
    assert pairs.notes[1] == "skipped: 1 masks without image: lone.png"


def test_names_that_do_not_pair():
    with refused("mask-unpaired", "(images a.jpg; masks amask.png)"):
        pair(names("a.jpg"), names("amask.png"))


def test_folders(here, save, blocks):
    for file in ("all/b.png", "all/sub/a.JPG", "all/.hidden.png", "all/.cache/a.png", "all/masks/a.png"):
        save(file, blocks(0))
    (here / "all/notes.txt").touch()
    suffixes = {".png", ".jpg"}
    assert list_files(here / "all", suffixes, here / "all/masks") == {"b": "b.png", "sub/a": "sub/a.JPG"}
    assert "masks/a" in list_files(here / "all", suffixes, here / "all")
    with refused("dataset-missing", here / "none"):
        list_files(here / "none", suffixes)
    save("all/b.jpg", blocks(0))
    with refused("file-name", here / "all", "b.jpg and b.png"):
        list_files(here / "all", suffixes)


def test_what_is_no_file(here):
    """A pipe would be waited for without end; folders whose names end like an image's are folders."""
    (here / "all/x.png").mkdir(parents=True)
    assert list_files(here / "all", {".png"}) == {}
    (here / "all/gone.png").symlink_to(here / "none")
    with refused("file-name", here / "all", "gone.png"):
        list_files(here / "all", {".png"})
    (here / "all/gone.png").unlink()
    os.mkfifo(here / "all/pipe.png")
    with refused("file-name", here / "all", "pipe.png"):
        list_files(here / "all", {".png"})


@pytest.mark.parametrize("name", ["a\tb.png", " a.png"])
def test_names_that_no_list_can_hold(here, save, blocks, name):
    save(f"all/{name}", blocks(0))
    with refused("file-name", here / "all", repr(name)):
        list_files(here / "all", {".png"})
