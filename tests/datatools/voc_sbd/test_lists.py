"""The lists on a small tree, by hand; overlaps; what is written and reported."""

import hashlib

import pytest
from support.refusals import refused
from support.voc_sbd_trees import SBD_TRAIN, SBD_VAL, TRAIN, VAL, write_list

from fcn_plugin.datatools.voc_sbd import lists
from fcn_plugin.datatools.voc_sbd.lists import describe, list_text, make_lists, read_names


def test_lists_by_hand(trees):
    assert make_lists(trees["voc2012"], trees["sbd"], trees["voc2011"]) == {
        "train": {*TRAIN},
        "val": {*VAL},
        "sbd_train": {*SBD_TRAIN},
        "sbd_val": {*SBD_VAL},
        "trainaug": {"t1", "t2", "t3", "s1", "s2", "s3"},  # without v1 of SBD train and v2 of SBD val
        "seg11valid": {"v2", "v3"},  # v1 is in SBD train, v4 is new in 2012
    }


def test_seg11valid_is_not_guessed_without_voc_2011(trees):
    assert "seg11valid" not in make_lists(trees["voc2012"], trees["sbd"], None)


def test_seg11valid_that_lies_there_is_taken_without_voc_2011(trees):
    write_list(trees["voc2012"] / "ImageSets/Segmentation/seg11valid.txt", ["v3"])
    assert make_lists(trees["voc2012"], trees["sbd"], None)["seg11valid"] == {"v3"}


def test_an_image_to_train_and_to_validate_on_is_refused(trees):
    write_list(trees["voc2012"] / "ImageSets/Segmentation/val.txt", [*VAL, "t3", "t2"])
    with refused("lists-overlap", "train and val share 2 images (t2, t3)"):
        make_lists(trees["voc2012"], trees["sbd"], trees["voc2011"])


def test_an_image_of_sbd_train_in_a_seg11valid_of_other_means_is_refused(trees):
    write_list(trees["voc2012"] / "ImageSets/Segmentation/seg11valid.txt", ["v1", "v3"])
    with refused("lists-overlap", "sbd_train and seg11valid share 1 images (v1)"):
        make_lists(trees["voc2012"], trees["sbd"], None)


def test_a_tree_with_the_list_of_voc_2012_is_not_taken_for_voc_2011(trees):
    write_list(trees["voc2011"] / "ImageSets/Segmentation/val.txt", VAL)
    with refused("dataset-missing", trees["voc2011"], trees["voc2012"], "--voc2011"):
        make_lists(trees["voc2012"], trees["sbd"], trees["voc2011"])


@pytest.mark.parametrize("content", [None, b"", b" \n", b"\xff\xfe\x00"])
def test_a_list_that_can_not_be_read_is_named(tmp_path, content):
    path = tmp_path / "train.txt"
    if content is not None:
        path.write_bytes(content)
    with refused("list-file", path):
        read_names(path)


def test_the_hash_is_that_of_the_sorted_file(tmp_path):
    path = tmp_path / "sbd_train.txt"
    path.write_text(list_text(frozenset({"b", "a", "c"})))
    assert path.read_text() == "a\nb\nc\n"
    line, warning = describe("sbd_train", read_names(path))
    assert line == f"sbd_train: 3 images, sha256 {hashlib.sha256(path.read_bytes()).hexdigest()}"
    assert warning == "warning: sbd_train has 8498 images in the full releases, but 3 were found"


@pytest.mark.parametrize(("name", "count"), [("trainaug", 10_582), ("sbd_train", 8_498), ("seg11valid", 736)])
def test_no_warning_for_the_full_releases(name, count, monkeypatch):
    monkeypatch.setattr(lists, "PUBLISHED", {})
    assert len(describe(name, frozenset(map(str, range(count))))) == 1
    assert len(describe(name, frozenset(map(str, range(count - 1))))) == 2


@pytest.mark.parametrize("end", ["", "\n"])
def test_seg11valid_is_held_against_the_published_file(monkeypatch, end):
    names = frozenset(f"2010_{number:06}" for number in range(736))
    line, warning = describe("seg11valid", names)
    assert warning.startswith("warning: seg11valid is not the authors' list")
    assert warning.endswith("4ca991bd72c251fd2485eaa9e29536502ea3800d1b1c17c151fd6a04bcfbc2cc")
    text = "\n".join(sorted(names)) + end
    monkeypatch.setattr(lists, "PUBLISHED", {"seg11valid": hashlib.sha256(text.encode()).hexdigest()})
    assert describe("seg11valid", names) == [f"{line}, the authors' list"]
