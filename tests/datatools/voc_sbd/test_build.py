"""Masks and lists in the VOC 2012 tree: whose mask each image gets, going on, and what is refused."""

import numpy as np
import pytest
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS
from PIL import Image
from support.refusals import refused as refused_with
from support.voc_sbd_trees import SBD_IDS, SIZE, VOC_IDS, write_list, write_mat

from fcn_plugin.configs import get_config
from fcn_plugin.datatools import cores
from fcn_plugin.datatools.voc_sbd.build import build_voc_sbd

LISTS = "ImageSets/Segmentation"


@pytest.fixture
def voc(trees):
    return trees["voc2012"]


def build(trees, **kwargs):
    return build_voc_sbd(**trees, jobs=1, **kwargs)


def stamps(folder):
    return {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}


def refused(trees, code, *fragments):
    """The build is refused; no list may have been written."""
    with refused_with(code, *fragments):
        build(trees)
    assert {path.name for path in (trees["voc2012"] / LISTS).iterdir()} == {"train.txt", "val.txt"}


def test_masks_are_sbds_and_vocs_own_where_voc_has_them(trees, voc, ids):
    build(trees)
    assert ids(voc / "SegmentationClassSBD") == SBD_IDS
    assert ids(voc / "SegmentationClassAug") == SBD_IDS | VOC_IDS
    assert ids(voc / "SegmentationClass") == VOC_IDS


def test_lists_are_written_and_reported(trees, voc):
    report = build(trees)
    written = ("trainaug", "sbd_train", "seg11valid")
    lists = {name: (voc / LISTS / f"{name}.txt").read_text().split() for name in written}
    assert lists == {
        "trainaug": ["s1", "s2", "s3", "t1", "t2", "t3"],
        "sbd_train": ["s1", "s2", "t1", "v1"],
        "seg11valid": ["v2", "v3"],
    }
    assert report[:2] == [
        f"{voc / 'SegmentationClassSBD'}: 7 masks written, 0 existed",
        f"{voc / 'SegmentationClassAug'}: 10 masks written, 0 existed",
    ]
    assert report[2] == f"{voc / 'SegmentationClass2011'}: 2 masks written, 0 existed, all VOC 2011's"
    for name, names in lists.items():
        assert any(line.startswith(f"{name}: {len(names)} images, sha256 ") for line in report)
    assert report[-1].startswith("sbd_train has 1 images of VOC 2012's val")


@pytest.mark.parametrize(
    ("config", "train", "val"),
    [
        # VOC's mask of t1 .. t3 over SBD's
        ("fcn8s_vgg16_vocaug", [20, 19, 16, 1, 2, 3], [4, 5, 6, 7]),
        # SBD's masks to train on, VOC 2011's of v2 and v3 to validate on
        ("reference/fcn8s_vgg16_voc", [20, 19, 18, 17], [9, 10]),
    ],
)
def test_configs_load_what_was_built(trees, voc, config, train, val):
    build(trees)
    cfg = get_config(config)
    init_default_scope(cfg.default_scope)
    for split, expected in (("train", train), ("val", val), ("test", val)):
        settings = cfg[f"{split}_dataloader"].dataset
        dataset = DATASETS.build({**settings, "data_root": str(voc), "pipeline": cfg.test_pipeline})
        assert [item["data_samples"].gt_sem_seg.data.unique().item() for item in dataset] == expected


def test_a_second_call_writes_what_is_missing_and_no_more(trees, voc, ids):
    build(trees)
    (voc / "SegmentationClassSBD/s1.png").unlink()
    (voc / "SegmentationClassAug/t1.png").unlink()
    before = {folder: stamps(voc / folder) for folder in ("SegmentationClassSBD", "SegmentationClassAug")}
    report = build(trees)
    counts = [line.rsplit(": ", 1)[1] for line in report[:2]]
    assert counts == ["1 masks written, 6 existed", "1 masks written, 9 existed"]
    assert ids(voc / "SegmentationClassAug") == SBD_IDS | VOC_IDS
    for folder, old in before.items():
        assert old.items() < stamps(voc / folder).items()
    assert build(trees)[0].endswith("all 7 masks existed")


def test_force_writes_all_again(trees, voc, ids):
    build(trees)
    write_mat(trees["sbd"] / "cls/s1.mat", np.full(SIZE[::-1], 7, np.uint8))
    build(trees)
    assert ids(voc / "SegmentationClassAug")["s1"] == SBD_IDS["s1"]
    build(trees, force=True)
    assert ids(voc / "SegmentationClassSBD")["s1"] == ids(voc / "SegmentationClassAug")["s1"] == 7


def test_processes_are_as_many_as_usable_cores(trees, monkeypatch):
    asked, map_on_cores = [], cores.map_on_cores

    def recorded(function, tasks, jobs):
        asked.append(jobs)
        return map_on_cores(function, tasks, jobs)

    monkeypatch.setattr(cores, "usable_cores", lambda: 2)
    monkeypatch.setattr(cores, "map_on_cores", recorded)
    build_voc_sbd(**trees)
    assert asked == [2, 2, 2]


def test_processes_share_the_work(trees, voc, ids, monkeypatch):
    monkeypatch.setattr(cores, "CHUNK", 1)
    build_voc_sbd(**trees, jobs=3)
    assert ids(voc / "SegmentationClassSBD") == SBD_IDS


def test_without_voc_2011_it_says_what_is_missing(trees, voc):
    del trees["voc2011"]
    report = build(trees)
    assert "seg11valid: not written; to compute it, give VOC 2011: --voc2011 PATH, or --download" in report
    assert not (voc / LISTS / "seg11valid.txt").exists()


def test_a_seg11valid_that_is_there_stays_without_voc_2011(trees, voc):
    write_list(voc / LISTS / "seg11valid.txt", ["v3"])
    del trees["voc2011"]
    report = build(trees)
    assert any(line.startswith("seg11valid: 1 images, sha256 ") for line in report)
    assert (voc / LISTS / "seg11valid.txt").read_text() == "v3\n"


def test_seg11valid_has_masks_of_voc_2012_until_those_of_2011_are_given(trees, voc, ids):
    folder, others = voc / "SegmentationClass2011", trees["voc2011"] / "SegmentationClass"
    (others / "v3.png").rename(others / "v3.later")
    report = build(trees)
    assert ids(folder) == {"v2": 9, "v3": 6}
    assert (
        f"{folder}: 2 masks written, 0 existed; VOC 2011's masks of 1 images are missing, so VOC 2012's are used"
        in report[2]
    )
    (others / "v3.later").rename(others / "v3.png")
    assert "1 masks written, 1 existed, all VOC 2011's" in build(trees)[2]
    assert ids(folder) == {"v2": 9, "v3": 10}
    del trees["voc2011"]
    build(trees)  # what is there stays
    assert ids(folder) == {"v2": 9, "v3": 10}
    assert ids(voc / "SegmentationClass") == VOC_IDS


def test_overlapping_lists_are_refused_before_anything_is_written(trees, voc):
    write_list(voc / LISTS / "val.txt", ["v1", "t1"])
    refused(trees, "lists-overlap", "train and val share 1 images (t1)")
    assert not (voc / "SegmentationClassSBD").exists()


@pytest.mark.parametrize("path", ["JPEGImages/s1.jpg", "JPEGImages/v3.jpg", "SegmentationClass/t3.png", "cls/s3.mat"])
def test_missing_files_are_named_before_anything_is_written(trees, voc, path):
    file = trees["sbd" if path.endswith(".mat") else "voc2012"] / path
    file.unlink()
    refused(trees, "file-missing", f"{file.parent} lacks 1 of ", f": {file.name};", "--force")
    assert not (voc / "SegmentationClassSBD").exists()


def test_an_image_of_voc_2011_that_voc_2012_lacks_is_named(trees):
    write_list(trees["voc2011"] / LISTS / "val.txt", ["v2", "v9"])
    refused(trees, "file-missing", trees["voc2012"] / "JPEGImages", "v9.jpg")


def test_a_broken_mask_is_named_and_does_not_stop_the_others(trees, voc, ids):
    (trees["sbd"] / "cls/s1.mat").write_bytes(b"no mat")
    write_mat(trees["sbd"] / "cls/t2.mat", np.zeros((9, 9), np.uint8))
    mats = trees["sbd"] / "cls"
    size = f"{mats / 't2.mat'} is (9, 9), but its image {voc / 'JPEGImages/t2.jpg'} is (4, 5)"
    refused(trees, "dataset-files", "2 of 7 ", f"can't read GTcls.Segmentation from {mats / 's1.mat'}", size)
    assert ids(voc / "SegmentationClassSBD") == {name: i for name, i in SBD_IDS.items() if name not in ("s1", "t2")}
    assert not list(voc.rglob(".*"))


def test_masks_of_another_program_are_not_taken_for_ours(trees, voc):
    (voc / "SegmentationClassAug").mkdir()
    theirs = voc / "SegmentationClassAug/t1.png"
    Image.new("L", SIZE, SBD_IDS["t1"]).save(theirs)
    before = theirs.read_bytes()
    refused(trees, "output-exists", theirs, voc / "SegmentationClass/t1.png", "--force")
    assert {path.name: path.read_bytes() for path in theirs.parent.iterdir()} == {"t1.png": before}
    build(trees, force=True)
    assert theirs.read_bytes() == (voc / "SegmentationClass/t1.png").read_bytes()


@pytest.mark.parametrize("place", ["SegmentationClassSBD", "SegmentationClassAug", LISTS])
def test_a_planted_link_to_a_folder_is_refused(trees, voc, tmp_path, place):
    victim = tmp_path / "victim"
    if (voc / place).exists():
        (voc / place).rename(victim)
    victim.mkdir(exist_ok=True)
    (voc / place).symlink_to(victim)
    before = sorted(victim.iterdir())
    refused(trees, "output-path", voc / place)
    assert sorted(victim.iterdir()) == before


def test_a_planted_link_to_a_mask_is_replaced(trees, voc, ids):
    """And no mask is copied from where it leads."""
    (voc / "SegmentationClassSBD").mkdir()
    (voc / "SegmentationClassSBD/s1.png").symlink_to(voc / "SegmentationClass/t1.png")
    build(trees)
    assert not (voc / "SegmentationClassSBD/s1.png").is_symlink()
    assert ids(voc / "SegmentationClassSBD") == SBD_IDS


def test_a_linked_tree_of_the_user_is_written_to(trees, voc, tmp_path, ids):
    voc.parent.rename(tmp_path / "disk")
    voc.parent.symlink_to(tmp_path / "disk")
    build(trees)
    assert ids(tmp_path / "disk/VOC2012/SegmentationClassSBD") == SBD_IDS
