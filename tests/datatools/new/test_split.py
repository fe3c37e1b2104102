"""Train and val by folders, by a list and at random."""

import pytest
from support.refusals import refused

from fcn_plugin.datatools.new.split import by_folders, by_list, hold_out, random_split, split_of

TEN = [bytes([i]) for i in range(10)]


def test_random_splits_are_repeatable_and_complete():
    first = random_split(TEN, 0.2, seed=0)
    assert (len(first["train"]), len(first["val"])) == (8, 2)
    assert sorted(first["train"] + first["val"]) == list(range(10))
    assert random_split(TEN, 0.2, seed=0) == first
    assert len({tuple(random_split(TEN, 0.2, seed)["val"]) for seed in range(20)}) > 10


@pytest.mark.parametrize(
    ("count", "share", "val"), [(10, 0.29, 3), (10, 0.01, 1), (10, 0.99, 9), (2, 0.5, 1), (7, 0.2, 1)]
)
def test_shares(count, share, val):
    assert len(random_split([bytes([i]) for i in range(count)], share, 0)["val"]) == val


@pytest.mark.parametrize("seed", range(10))
def test_copies_stay_together(seed):
    digests = [b"a", b"b", b"a", b"c", b"b", b"a"]
    splits = random_split(digests, 0.5, seed)
    assert not {digests[i] for i in splits["train"]} & {digests[i] for i in splits["val"]}


def test_too_few_to_split():
    with refused("dataset-empty", "1 different images"):
        random_split([b"a", b"a"], 0.5, 0)


def test_folders():
    images = ["val/a.jpg", "train/x/b.jpg", "Training/c.jpg", "test/d.jpg"]
    assert list(by_folders(images).items()) == [("train", [1, 2]), ("val", [0]), ("test", [3])]
    assert by_folders(["a/x.jpg", "val.jpg"]) == {}
    assert by_folders(["a/train/x.jpg", "a/b/test_2017/y.jpg", "z.jpg"]) == dict(train=[0, 2], test=[1])
    assert by_folders(["train2017/a.jpg", "val2017/b.jpg", "more/c.jpg"]) == dict(train=[0, 2], val=[1])


def test_names_of_files_split_where_all_do():
    assert by_folders(["x/train_1.bmp", "testA_1.bmp", "x/testB_1.bmp"]) == dict(train=[0], test=[1, 2])
    assert by_folders(["train_1.bmp", "test_1.bmp", "2.bmp"]) == {}
    assert by_folders(["test_1.bmp", "val_1.bmp"]) == {}


@pytest.mark.parametrize(
    ("folder", "split"),
    [
        *[
            ("Train", "train"),
            ("val2017", "val"),
            ("test_images", "test"),
            ("ISIC2018_Task1-2_Validation_Input", "val"),
        ],
        *[("trainval", "train"), ("train_val", "train"), ("val_test", ""), ("latest", ""), ("TEST", "test")],
    ],
)
def test_words_for_splits(folder, split):
    assert split_of(folder) == split


def test_held_out():
    splits = dict(train=[0, 1, 2, 4], val=[3])
    assert hold_out(splits, [2, 3]) == dict(train=[0, 1, 4], val=[3], test=[2])
    assert hold_out(splits, [3]) == splits
    with refused("dataset-empty", "train"):
        hold_out(splits, [0, 1, 2, 4])


def test_a_list_of_bare_names_and_of_other_unicode(tmp_path):
    images = ["train/im/\u00e9.jpg", "val/im/a.jpg", "val/im/b_rgb.jpg", "train/im/a.jpg"]
    names = [image.removesuffix(".jpg").removesuffix("_rgb") for image in images]
    path = tmp_path / "val.txt"
    path.write_text("\ufeffe\u0301\nval/im/a \r\nb_rgb\n", encoding="utf-8")
    assert by_list(names, images, str(path)) == dict(train=[3], val=[0, 1, 2])
    path.write_text("a\n")
    with refused("list-file", path, "1 unknown", ": a"):
        by_list(names, images, str(path))


def test_a_list_of_windows(tmp_path):
    images = ["im/a.jpg", "im/b.jpg", "b\\c.jpg"]
    path = tmp_path / "val.txt"
    path.write_bytes(b"\xef\xbb\xbfim\\a.jpg\r\nb\\c\r\n")
    assert by_list(["im/a", "im/b", "b\\c"], images, str(path)) == dict(train=[1], val=[0, 2])


def test_a_list(tmp_path):
    path = tmp_path / "val.txt"
    images = ["a.jpg", "sub/b.jpg", "c.jpg"]
    names = ["a", "sub/b", "c"]
    path.write_text("sub/b\n\nc.jpg\n")
    assert by_list(names, images, str(path)) == dict(train=[0], val=[1, 2])
    path.write_text("a\nz\n")
    with refused("list-file", path, "1 unknown", ": z"):
        by_list(names, images, str(path))
    path.write_text("a\nsub/b\nc\n")
    with refused("list-file", path, "3 of 3 images"):
        by_list(names, images, str(path))
    with refused("list-file", tmp_path / "none.txt"):
        by_list(names, images, str(tmp_path / "none.txt"))
