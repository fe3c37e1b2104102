"""Releases are found at any level of their trees, in archives, or asked for by name, place and sum."""

import shutil

import pytest
from support.refusals import refused
from support.voc_sbd_trees import TREES, pack

from fcn_plugin.datatools.voc_sbd.sources import RELEASES, find_trees


def test_trees_in_the_data_folder(trees, tmp_path):
    assert find_trees({}, tmp_path) == trees


def test_voc_2011_may_lack(trees, tmp_path):
    shutil.rmtree(trees["voc2011"])
    assert find_trees({}, tmp_path) == {name: trees[name] for name in ("voc2012", "sbd")}


@pytest.mark.parametrize("release", TREES)
def test_folders_of_any_level(trees, tmp_path, release):
    level = trees[release]
    while True:
        assert find_trees({**trees, release: str(level)}, "nowhere")[release] == trees[release]
        if level == tmp_path:
            break
        level = level.parent


def test_archives_in_the_data_folder(trees, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    for name in TREES:
        pack(tmp_path, name, data / RELEASES[name].archive)
    assert find_trees({}, data) == {name: data / folder for name, folder in TREES.items()}


def test_an_archive_completes_the_tree_that_it_left_half(trees, tmp_path):
    pack(tmp_path, "sbd", tmp_path / RELEASES["sbd"].archive)
    (trees["sbd"] / "cls/s1.mat").unlink()
    assert (find_trees({}, tmp_path)["sbd"] / "cls/s1.mat").exists()


def test_a_given_archive_is_extracted_to_the_data_folder(trees, tmp_path):
    archive = pack(tmp_path, "sbd", tmp_path / "mine.tar")
    found = find_trees({**trees, "sbd": str(archive)}, tmp_path / "data")
    assert found["sbd"] == tmp_path / "data" / TREES["sbd"]


@pytest.mark.parametrize("release", TREES)
def test_a_given_path_that_is_not_the_release(trees, tmp_path, release):
    (tmp_path / "empty").mkdir()
    for path in ("empty", "nowhere"):
        with refused("dataset-missing", f"no {RELEASES[release].title} at {tmp_path / path}: give "):
            find_trees({**trees, release: str(tmp_path / path)}, tmp_path)


def test_what_is_missing_is_asked_for_file_by_file(trees, tmp_path):
    shutil.rmtree(trees["sbd"])
    shutil.rmtree(trees["voc2011"])
    with refused("dataset-missing", f"no SBD in {tmp_path}: use --download") as error:
        find_trees({}, tmp_path)
    _, *lines = error.value.message.splitlines()
    for line, name in zip(lines, ("voc2011", "sbd"), strict=True):
        release = RELEASES[name]
        place = tmp_path / release.archive
        assert line == f"  {place} from {release.url} (md5 {release.md5}), or --{name} PATH"


def test_published_names_places_and_sums():
    assert {name: (r.archive, r.md5, r.tree.as_posix()) for name, r in RELEASES.items()} == {
        "voc2012": ("VOCtrainval_11-May-2012.tar", "6cd6e144f989b92b3379bac3b3de84fd", "VOCdevkit/VOC2012"),
        "voc2011": ("VOCtrainval_25-May-2011.tar", "6c3384ef61512963050cb5d687e5bf1e", "TrainVal/VOCdevkit/VOC2011"),
        "sbd": ("benchmark.tgz", "82b4d87ceb2ed10f6038a1cba92111cb", "benchmark_RELEASE/dataset"),
    }
    assert all(r.url.startswith("https://") and r.url.endswith(r.archive) for r in RELEASES.values())
