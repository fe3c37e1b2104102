"""The converter as a program: archives in, lists and masks out; bad input ends with one message."""

from pathlib import Path

import pytest
from support.refusals import tool_refused
from support.voc_sbd_trees import make_releases, pack

TOOL = "dataset_converters/voc_sbd"
ARCHIVES = {
    "voc2012": "VOCtrainval_11-May-2012.tar",
    "voc2011": "VOCtrainval_25-May-2011.tar",
    "sbd": "benchmark.tgz",
}


@pytest.fixture
def data(tmp_path):
    """A folder with the three archives."""
    make_releases(tmp_path / "source")
    folder = tmp_path / "data"
    folder.mkdir()
    for name, archive in ARCHIVES.items():
        pack(tmp_path / "source", name, folder / archive)
    return folder


def test_from_archives_to_lists_and_masks_and_again(tool, data):
    voc = data / "VOCdevkit/VOC2012"
    done = tool(TOOL, "--data-dir", data, "--jobs", 1)
    assert done.code == 0
    assert "trainaug: 6 images, sha256 " in done.out
    assert "warning: trainaug has 10582 images in the full releases, but 6 were found" in done.out
    assert done.out.endswith(f"train with --data-root {voc}, e.g. configs/fcn8s_vgg16_vocaug.py\n")
    for step in ("extracting benchmark.tgz", "SegmentationClassSBD", "SegmentationClassAug"):
        assert f"{step}: 100%" in done.err
    assert (voc / "ImageSets/Segmentation/seg11valid.txt").read_text() == "v2\nv3\n"

    again = tool(TOOL, "--data-dir", data, "--jobs", 1)
    assert again.code == 0
    assert "extracting" not in again.err
    assert again.out.count("masks existed\n") == 2


@pytest.mark.parametrize(
    ("file", "spoil"),
    [
        ("VOCdevkit/VOC2012/JPEGImages/s1.jpg", Path.unlink),
        ("VOCdevkit/VOC2012/ImageSets/Segmentation/train.txt", lambda path: path.write_text("")),
        ("benchmark_RELEASE/dataset/cls/s1.mat", lambda path: path.write_bytes(b"no mat")),
    ],
)
def test_force_repairs_what_was_extracted(tool, data, file, spoil):
    call = (TOOL, "--data-dir", data, "--jobs", 1)
    assert tool(*call).code == 0
    before = (data / file).read_bytes()
    spoil(data / file)
    (data / "VOCdevkit/VOC2012/SegmentationClassSBD/s1.png").unlink()
    done = tool(*call)
    assert done.code == 2
    assert "--force" in done.err
    assert tool(*call, "--force").code == 0
    assert (data / file).read_bytes() == before


@pytest.mark.parametrize("jobs", ["0", "-1", "two"])
def test_no_processes(tool, data, jobs):
    done = tool(TOOL, "--data-dir", data, "--jobs", jobs)
    assert (done.code, done.out) == (2, "")
    assert "argument --jobs: " in done.err
    assert not (data / "VOCdevkit").exists()


def test_named_trees_without_voc_2011(tool, data, tmp_path):
    source = tmp_path / "source"
    done = tool(
        TOOL, "--data-dir", tmp_path / "none", "--voc2012", source, "--sbd", source / "benchmark_RELEASE", "--jobs", 1
    )
    assert done.code == 0
    assert "seg11valid: not written; to compute it, give VOC 2011" in done.out
    assert not (tmp_path / "none").exists()


def test_nothing_there(tool, tmp_path):
    done = tool(TOOL, "--data-dir", tmp_path)
    files = [f"\n  {tmp_path / archive} from https://" for archive in ARCHIVES.values()]
    tool_refused(done, tmp_path, "dataset-missing", f"no PASCAL VOC 2012 and SBD in {tmp_path}: ", *files)
    assert not list(tmp_path.iterdir())


def test_an_overlap(tool, data):
    assert tool(TOOL, "--data-dir", data, "--jobs", 1).code == 0
    lists = data / "VOCdevkit/VOC2012/ImageSets/Segmentation"
    (lists / "trainaug.txt").unlink()
    (lists / "val.txt").write_text("v1\nt1\n")
    done = tool(TOOL, "--data-dir", data, "--jobs", 1)
    tool_refused(done, data, "lists-overlap", "train and val share 1 images (t1)")
    assert not (lists / "trainaug.txt").exists()
