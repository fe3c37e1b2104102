"""Layouts of folders as data sets have them: which mask belongs to which image. Only names count, files are empty."""

import unicodedata
from pathlib import Path

import pytest
from support.refusals import refused

from fcn_plugin.datatools.new.files import list_files
from fcn_plugin.datatools.new.pairing.pair import pair
from fcn_plugin.datatools.new.pairing.sides import sides_of
from fcn_plugin.listing import IMAGE_SUFFIXES, MASK_SUFFIXES

ABC = ("a", "b1", "b12")


def expand(pattern, items=ABC):
    return [pattern.replace("*", item) for item in items]


def pairs_of(root, files, images, masks, **options):
    """Write empty files and pair them as new_dataset does."""
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).touch()
    if images == masks:
        return pair(*sides_of(root / images), **options)
    photos = list_files(root / images, IMAGE_SUFFIXES, root / masks)
    return pair(photos, list_files(root / masks, MASK_SUFFIXES, root / images), **options)


ONE_ROOT = {
    "split, then kind": ("train/images/*.jpg", "train/masks/*.png"),
    "kind, then split": ("images/training/*.jpg", "annotations/training/*.png"),
    "SegNet's CamVid": ("train/*.png", "trainannot/*.png"),
    "LoveDA": ("Train/Rural/images_png/*.png", "Train/Rural/masks_png/*.png"),
    "Carvana": ("train/*.jpg", "train_masks/*_mask.gif"),
    "Cityscapes": ("leftImg8bit/train/ulm/*_leftImg8bit.png", "gtFine/train/ulm/*_gtFine_labelIds.png"),
    "Kvasir-SEG": ("Kvasir-SEG/images/*.jpg", "Kvasir-SEG/masks/*.jpg"),
    "photos above their masks": ("*.jpg", "masks/*.png"),
    "one folder, a suffix each": ("*.jpg", "*.png"),
    "one folder, arrays": ("x/*.png", "x/*.npy"),
    "one folder, an ending": ("train/*.jpg", "train/*_mask.png"),
    "years": ("images/train2017/*.jpg", "labels/Train/*.png"),
    "an ending beside folders": ("val/img/*_img.png", "val/gt/*_gt.png"),
    "KITTI": ("training/image_2/*_10.png", "training/semantic/*_10.png"),
    "ISIC": ("X_Task1-2_Training_Input/*.jpg", "X_Task1_Training_GroundTruth/*_segmentation.png"),
    "Massachusetts": ("tiff/train/*.tiff", "tiff/train_labels/*.tif"),
}


@pytest.mark.parametrize("name", ONE_ROOT)
def test_one_folder_for_both(tmp_path, name):
    images, masks = map(expand, ONE_ROOT[name])
    pairs = pairs_of(tmp_path, [*images, *masks], ".", ".")
    assert sorted(zip(pairs.images, pairs.masks, strict=True)) == sorted(zip(images, masks, strict=True))
    assert len(set(pairs.names)) == 3


TWO_ROOTS = {
    "VOC, its root given as masks": ("JPEGImages", ".", "JPEGImages/*.jpg", "SegmentationClass/*.png"),
    "masks below photos": ("data", "data/masks", "data/*.jpg", "data/masks/*.png"),
    "pets": ("images", "annotations", "images/*.jpg", "annotations/trimaps/*.png"),
    "Potsdam": ("rgb", "gt", "rgb/top_potsdam_*_RGB.tif", "gt/top_potsdam_*_label.tif"),
    "DRIVE": ("images", "1st_manual", "images/*_training.tif", "1st_manual/*_manual1.gif"),
    "ISIC": ("Input", "Truth", "Input/ISIC_*.jpg", "Truth/ISIC_*_segmentation.png"),
    "STARE": ("images", "labels", "images/*.ppm", "labels/*.ah.pgm"),
    "cities, folders of endings": ("i", "m", "i/ulm/*_leftImg8bit.png", "m/ulm/*_gtFine_labelIds.png"),
    "LIP": ("train_images", "TrainVal_mask", "train_images/*.jpg", "TrainVal_mask/train/*.png"),
    "letters in another case": ("i", "m", "i/Train/*.jpg", "m/train/*.png"),
    "a folder more for images": ("i", "m", "i/set1/images/*.jpg", "m/set1/*.png"),
}


@pytest.mark.parametrize("name", TWO_ROOTS)
def test_two_folders(tmp_path, name):
    roots, patterns = TWO_ROOTS[name][:2], TWO_ROOTS[name][2:]
    images, masks = map(expand, patterns)
    pairs = pairs_of(tmp_path, [*images, *masks], *roots)
    found = [[(Path(root) / file).as_posix() for file in side] for root, side in zip(roots, pairs[1:3], strict=True)]
    assert sorted(zip(*found, strict=True)) == sorted(zip(images, masks, strict=True))


def test_words_before_numbers(tmp_path):
    files = [f"{kind}s/{kind}_{i:03}.png" for kind in ("image", "mask") for i in (1, 2, 12)]
    pairs = pairs_of(tmp_path, files, "images", "masks")
    assert pairs.images == ["image_001.png", "image_002.png", "image_012.png"]
    assert pairs.masks == ["mask_001.png", "mask_002.png", "mask_012.png"]
    assert pairs_of(tmp_path, (), ".", ".").masks == [f"masks/{file}" for file in pairs.masks]


def test_drive_has_two_kinds_of_masks_and_two_endings_of_images(tmp_path):
    files = []
    for split, first in (("training", 21), ("test", 1)):
        for i in range(first, first + 3):
            manual = f"{split}/1st_manual/{i:02}_manual1.gif"
            files += [f"{split}/images/{i:02}_{split}.tif", manual, f"{split}/mask/{i:02}_{split}_mask.gif"]
    with refused("mask-name", "mask/*_mask (6)", "1st_manual/* (6)", "--mask-suffix"):
        pairs_of(tmp_path, files, ".", ".")
    pairs = pairs_of(tmp_path, (), ".", ".", tail="_manual1")
    wanted = [f"{split}/1st_manual/{i:02}_manual1.gif" for split, i in [("test", i) for i in (1, 2, 3)]]
    assert pairs.masks == wanted + [f"training/1st_manual/{i}_manual1.gif" for i in (21, 22, 23)]
    assert pairs.images[0] == "test/images/01_test.tif"


def test_voc_has_objects_too(tmp_path):
    files = [f"{folder}/{i}.png" for folder in ("SegmentationClass", "SegmentationObject") for i in range(3)]
    pairs = pairs_of(tmp_path, [*files, *(f"JPEGImages/{i}.jpg" for i in range(3))], "JPEGImages", ".")
    assert pairs.masks == files[:3]
    assert pairs.notes == ["not used: masks SegmentationObject/* (3)", "masks are named SegmentationClass/IMAGE"]


def test_kitti_has_objects_and_colours_too(tmp_path):
    kinds = ("image_2", "semantic", "instance", "semantic_rgb")
    pairs = pairs_of(
        tmp_path, [f"training/{kind}/{i}_10.png" for kind in kinds for i in range(2)], "training", "training"
    )
    assert pairs.masks == ["semantic/0_10.png", "semantic/1_10.png"]


def test_several_endings_are_listed(tmp_path):
    images, masks = (expand(f"{kind}/*", "01234567") for kind in ("images", "masks"))
    files = [f"{image}.jpg" for image in images]
    files += [f"{mask}_{end}.png" for mask in masks for end in ("class_cat", "class_dog", "all_objects")]
    endings = ("*_class_cat (8)", "*_class_dog (8)", "*_all_objects (8)")
    with refused("mask-name", *endings, "--mask-suffix", "--per-class"):
        pairs_of(tmp_path, files, "images", "masks")
    pairs = pairs_of(tmp_path, (), "images", "masks", tail="_class_dog")
    assert pairs.masks == [f"{i}_class_dog.png" for i in range(8)]


def test_rare_endings_are_listed_too(tmp_path):
    files = ["i/a.jpg", "i/b.jpg", "m/a_road.png", "m/b_road.png", "m/a_pole.png"]
    with refused("mask-name", "*_road (2)", "*_pole (1)"):
        pairs_of(tmp_path, files, "i", "m")


def test_a_word_says_which_ending_is_meant(tmp_path):
    files = [f"{i}_endo{end}.png" for i in range(2) for end in ("", "_mask", "_color_mask", "_watershed_mask")]
    pairs = pairs_of(tmp_path, files, ".", ".")
    assert pairs.masks == ["0_endo_mask.png", "1_endo_mask.png"]
    assert pairs.notes[0] == "not used: masks *_color_mask (2), *_watershed_mask (2)"


def test_endings_of_images(tmp_path):
    files = ["i/a x.jpg", "i/b x.jpg", "m/a_y.png", "m/b_y.png"]
    assert pairs_of(tmp_path, files, "i", "m").notes == ["masks are named IMAGE_y, images IMAGE x"]
    assert pairs_of(tmp_path, (), "i", "m", image_tail=" x").masks == ["a_y.png", "b_y.png"]
    with refused("mask-unpaired", "a x.jpg", "a_y.png"):
        pairs_of(tmp_path, (), "i", "m", image_tail="_z")


def test_unicode_composed_and_not(tmp_path):
    composed, apart = (unicodedata.normalize(form, "é\u202f1") for form in ("NFC", "NFD"))
    assert composed != apart
    pairs = pairs_of(tmp_path, [f"i/{composed}.jpg", f"m/{apart}.png"], "i", "m")
    assert (pairs.images, pairs.masks) == ([f"{composed}.jpg"], [f"{apart}.png"])


def test_junk_of_systems(tmp_path):
    junk = ["i/._a.jpg", "i/.DS_Store", "i/Thumbs.db", "__MACOSX/i/a.jpg", "i/@eaDir/a.jpg/x.jpg", "m/._a.png"]
    pairs = pairs_of(tmp_path, [*junk, "i/a.jpg", "m/a.png", "m/__MACOSX/b.png"], "i", "m")
    assert pairs[:4] == (["a"], ["a.jpg"], ["a.png"], [])


def test_two_images_of_one_name(tmp_path):
    """Without the words of their folders they could not be told apart."""
    files = ["r/images/a.jpg", "r/photos/a.jpg", "r/masks/a.png"]
    with refused("mask-unpaired", "images/a.jpg", "photos/a.jpg"):
        pairs_of(tmp_path, files, "r", "r")
