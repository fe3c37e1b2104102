"""Masks of one class each, joined."""

import numpy as np
import pytest
from PIL import Image
from support.refusals import refused

from fcn_plugin.datatools.new.build import new_dataset
from fcn_plugin.datatools.new.options import Options
from fcn_plugin.datatools.new.pairing.per_class import class_names
from fcn_plugin.datatools.new.pairing.tails import Variant

PETS = Options("pets", "photos", "masks", net="vgg16", per_class=True)
COUNT = 4


@pytest.fixture
def pets(photos, save, blocks):
    """Cats on the left two thirds, dogs on the right two thirds of the first three images, and all objects as ids."""
    photos(*(f"{i}.jpg" for i in range(COUNT)))
    for i in range(COUNT):
        save(f"masks/{i}_class_cat.png", blocks(255, 255, 0))
        save(f"masks/{i}_all_objects.png", blocks(1, 2, 3))
        if i < 3:
            save(f"masks/{i}_class_dog.gif", blocks(0, 1, 1))


def written(here, name):
    with Image.open(here / f"data/pets/masks/{name}.png") as mask:
        return np.asarray(mask)


def test_endings_name_the_classes(pets, here, blocks, hashes):
    before = hashes()
    report = new_dataset(PETS._replace(mask_suffix="_class_"))
    assert before.items() <= hashes().items()
    assert np.array_equal(written(here, 0), blocks(1, 2, 2))
    assert np.array_equal(written(here, 3), blocks(1, 1, 0))
    assert "7 masks of one class each: cat, dog" in report
    assert "not used: 4 masks: 0_all_objects.png" in report
    assert f"{3 * 16 * 40} pixels of 3 images are in several masks: dog over cat" in report
    lists = "".join((here / f"data/pets/{split}.txt").read_text() for split in ("train", "val"))
    assert sorted(lists.splitlines()) == [f"{i}.jpg\t{i}.png" for i in range(COUNT)]
    text = (here / "data/pets/classes.csv").read_text()
    assert [line.split(",")[1] for line in text.splitlines()[1:]] == ["_background_", "cat", "dog"]


def test_a_file_sets_the_order(pets, here, blocks):
    (here / "names.txt").write_text("nothing\ndog\ncat\n")
    report = new_dataset(PETS._replace(mask_suffix="_class_", classes="names.txt"))
    assert np.array_equal(written(here, 0), blocks(2, 2, 1))
    assert "cat over dog" in report
    (here / "names.txt").write_text("nothing\ndog\n")
    with refused("class-file", "names.txt", "cat"):
        new_dataset(PETS._replace(name="more", mask_suffix="_class_", classes="names.txt"))


def test_a_mask_of_several_classes(pets):
    with refused("mask-ids", "masks/0_all_objects.png has 3 values", "--mask-suffix"):
        new_dataset(PETS)
    with refused("mask-unpaired", "IMAGE_kind_CLASS"):
        new_dataset(PETS._replace(mask_suffix="_kind_"))


def test_a_folder_for_each_class(photos, save, blocks, here):
    photos("train/a.jpg", "train/b.jpg", "val/a.jpg")
    for file in ("train/a", "train/b", "val/a"):
        save(f"masks/{file.replace('/', '/sky/')}.png", blocks(0, 255))
        save(f"masks/{file.replace('/', '/tree/')}.png", blocks(255, 0), "RGB")
    report = new_dataset(PETS)
    assert "2 train, 1 val: split by the folders of the images" in report
    assert np.array_equal(written(here, "val/a"), blocks(2, 1))
    with refused("mask-name", "sky/* (3)", "tree/* (3)", "--per-class"):
        new_dataset(PETS._replace(name="x", per_class=False))


def test_what_it_does_not_go_with(pets, here):
    for options in (dict(ignore_ids=[3]), dict(ignore_colors=[(1, 2, 3)])):
        with refused("option-value", "--per-class"):
            new_dataset(PETS._replace(**options))


@pytest.mark.parametrize(
    ("variants", "names"),
    [
        ([("", "_class_cat"), ("", "_class_big_dog")], ["cat", "big_dog"]),
        ([("", "_cat_mask"), ("", "_car_mask")], ["cat", "car"]),
        ([("cat", "_gt"), ("dog", "_gt")], ["cat", "dog"]),
        ([("masks/a", ""), ("masks/b", "")], ["a", "b"]),
        ([("", "_mask"), ("", "_mask_edge")], ["mask", "mask_edge"]),
        ([("", "_road")], ["road"]),
    ],
)
def test_names_of_classes(variants, names):
    assert [*class_names([Variant(*variant) for variant in variants], "").values()] == names
