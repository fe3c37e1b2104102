"""Which files a check reads, of configs and of folders, and the order in which processes return them."""

import os
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import ConfigDict
from mmengine.registry import init_default_scope
from PIL import Image
from support.refusals import refused

from fcn_plugin.data.class_map import ClassMap
from fcn_plugin.datatools.check.crop import Crop
from fcn_plugin.datatools.check.scan import CHUNK, scan
from fcn_plugin.datatools.check.splits import Source, pack, split_of_folders, splits_of_config

PIPELINE = [dict(type="LoadImageFromFile"), dict(type="FCNLoadAnnotations"), dict(type="RandomCrop", crop_size=8)]
CLASS_MAP = {0: "sea", 7: "sand"}


def write(root, *names):
    """Files whose contents do not matter."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


@pytest.fixture
def root(tmp_path):
    init_default_scope("mmseg")
    write(tmp_path, "images/a.jpg", "images/deep/b.jpg", "masks/a.png", "masks/deep/b.png")
    return tmp_path


def dataset(root, **changes):
    return ConfigDict(
        dict(
            type="ClassMapDataset",
            class_map=CLASS_MAP,
            data_root=str(root),
            data_prefix=dict(img_path="images", seg_map_path="masks"),
            pipeline=PIPELINE,
        )
        | changes
    )


def splits(num_classes=2, **datasets):
    return splits_of_config({name: ConfigDict(dataset=one) for name, one in datasets.items()}, num_classes)


def names(paths, root):
    return [str(Path(os.fsdecode(path)).relative_to(root)) for path in paths]


def strays(source, root):
    return {kind: names(paths, root) for kind, _, paths in source.strays if len(paths)}


def test_the_pairs_of_a_data_set(root):
    (split,) = splits(train=dataset(root, palette=[[1, 2, 3], [4, 5, 6]]))
    (source,) = split.sources
    assert (split.name, len(split)) == ("train", 2)
    assert names(source.images, root) == ["images/a.jpg", "images/deep/b.jpg"]
    assert names(source.masks, root) == ["masks/a.png", "masks/deep/b.png"]
    assert source.class_map == ClassMap.of(CLASS_MAP)
    assert source.palette == [[1, 2, 3], [4, 5, 6]]
    assert source.crop == Crop((8, 8))
    assert strays(source, root) == {}


def test_colours_drawn_at_random_are_not_the_config_s(root):
    assert splits(train=dataset(root))[0].sources[0].palette is None


def test_files_that_a_data_set_passes_over(root):
    write(root, "images/c.PNG", "images/d.txt", "images/.e.jpg", "masks/f.png", "masks/a.txt", "masks/deep/.g.png")
    (source,) = splits(train=dataset(root))[0].sources
    assert strays(source, root) == {"image-suffix": ["images/c.PNG"], "mask-unpaired": ["masks/f.png"]}


def test_a_list_passes_files_over_on_purpose(root):
    (root / "train.txt").write_text("a\n")
    write(root, "masks/f.png")
    (source,) = splits(train=dataset(root, ann_file="train.txt"))[0].sources
    assert names(source.images, root) == ["images/a.jpg"]
    assert strays(source, root) == {}


def test_images_and_masks_in_one_folder(root):
    write(root, "both/a.jpg", "both/a.png", "both/b.bmp")
    one = dataset(root, data_prefix=dict(img_path="both", seg_map_path="both"))
    assert strays(splits(train=one)[0].sources[0], root) == {"image-suffix": ["both/b.bmp"]}


def test_wrappers_are_looked_into_once(root):
    listed = dataset(root, ann_file="train.txt")
    (root / "train.txt").write_text("a\n")
    repeated = dict(type="RepeatDataset", times=3, dataset=dataset(root))
    (split,) = splits(train=ConfigDict(type="ConcatDataset", datasets=[repeated, listed]))
    first, second = (names(source.images, root) for source in split.sources)
    assert (first, second) == (["images/a.jpg", "images/deep/b.jpg"], ["images/a.jpg"])


def test_a_split_that_is_listed_twice_is_read_once(root):
    (root / "one.txt").write_text("a\n")
    found = splits(train=dataset(root), val=dataset(root), test=dataset(root))
    assert [split.name for split in found] == ["train", "val and test"]
    other = splits(train=dataset(root), val=dataset(root), test=dataset(root, ann_file="one.txt"))
    assert [split.name for split in other] == ["train", "val", "test"]
    mapped = splits(val=dataset(root), test=dataset(root, class_map={0: "sea", 1: "sand"}))
    assert [split.name for split in mapped] == ["val", "test"]


def test_a_data_set_that_names_no_classes_has_those_of_the_net(root):
    stock = dataset(root, type="BaseSegDataset", pipeline=[])
    del stock["class_map"]
    (source,) = splits(3, train=stock)[0].sources
    assert source.class_map == ClassMap({0: 0, 1: 1, 2: 2, 255: 255}, ("0", "1", "2"))


def test_masks_are_wanted_but_for_test(root):
    bare = dataset(root, data_prefix=dict(img_path="images"))
    assert [split.name for split in splits(test=bare)] == ["test"]
    assert splits(test=bare)[0].sources[0].masks.tolist() == [b"", b""]
    with refused("config-data", "val data set ClassMapDataset", "seg_map_path"):
        splits(val=bare)


def folders(root, images="images", masks="masks"):
    return split_of_folders(str(root / images), str(root / masks), None, None)


def test_folders_pair_by_name(root):
    write(root, "images/c.png", "images/lone.jpg", "masks/c.tif", "masks/spare.png", "masks/a.bmp", "masks/.a.png")
    (source,) = folders(root).sources
    assert names(source.images, root) == ["images/a.jpg", "images/c.png", "images/deep/b.jpg"]
    assert names(source.masks, root) == ["masks/a.bmp", "masks/c.tif", "masks/deep/b.png"]
    assert strays(source, root) == {
        "image-unpaired": ["images/lone.jpg"],
        "mask-unpaired": ["masks/spare.png"],
        "mask-name": ["masks/a.png"],
    }


def test_folders_that_can_t_be_paired(root):
    (root / "empty").mkdir()
    write(root, "gt/a_mask.png")
    with refused("dataset-missing", root / "none", "--masks"):
        folders(root, masks="none")
    with refused("option-value", root / "images", "--images", "--masks"):
        folders(root, masks="images/deep/..")
    with refused("dataset-empty", root / "empty", ".bmp", "--images"):
        folders(root, images="empty")
    with refused("image-unpaired", root / "images/a.jpg", root / "gt/a_mask.png"):
        folders(root, masks="gt")


def test_names_of_any_letters_survive():
    odd = ["a b.jpg", "ä/é.png", "\udcff.png", "tab\t.png"]
    assert [os.fsdecode(path) for path in pack(odd)] == odd
    assert pack([]).shape == (0,)


@pytest.mark.parametrize("jobs", [0, 2])
def test_results_come_in_the_order_of_the_files(tmp_path, jobs):
    images = [str(tmp_path / f"{i}.png") for i in range(2 * CHUNK + 5)]
    for i, path in enumerate(images):
        Image.fromarray(np.zeros((1, i + 1, 3), np.uint8)).save(path)
    sources = [Source(pack(part), pack([""] * len(part))) for part in (images[: CHUNK + 2], [], images[CHUNK + 2 :])]
    found = [(source, pair, contents.size) for source, pair, contents in scan(sources, jobs)]
    first = [(0, i, (i + 1, 1)) for i in range(CHUNK + 2)]
    assert found == first + [(2, i, (CHUNK + 3 + i, 1)) for i in range(CHUNK + 3)]
