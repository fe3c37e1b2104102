"""SIFT Flow's ``.mat`` become PNGs of both tasks: ids less 1, and 255 for void."""

import numpy as np
import pytest
from mmseg.registry import DATASETS
from PIL import Image
from support.builders import init_default_scope
from support.configs import own_config
from support.refusals import refused
from support.sift_flow_trees import SCENES, TEST, TRAINVAL, columns, make_release, write_mat

from fcn_plugin.datatools.sift_flow import build_sift_flow

FIRST = TRAINVAL[0]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """(tree with masks, report), to read."""
    root = make_release(tmp_path_factory.mktemp("siftflow"))
    return root, build_sift_flow(root, jobs=1)


@pytest.fixture
def tree(tmp_path):
    return make_release(tmp_path)


def test_offsets_at_the_pixel(built):
    root, report = built
    for task, wanted in (("semantic", [255, 0, 8, 27, 32]), ("geometric", [255, 255, 0, 1, 2])):
        assert {path.stem for path in (root / "labels" / task).iterdir()} == {*TRAINVAL, *TEST}
        with Image.open(root / "labels" / task / f"{FIRST}.png") as png:
            ids = np.asarray(png)
            assert png.mode == "P"
        row = ids[0] if task == "semantic" else ids[:, 0]
        assert row[:5].tolist() == wanted
        assert np.array_equal(ids, np.tile(row, (32, 1)) if task == "semantic" else np.tile(row[:, None], (1, 32)))
    assert "warning" in report[-1] and "200" in report[-1] and "2486" in report[-2]
    assert build_sift_flow(root, jobs=1)[:2] == [
        f"{root}/labels/{task}: all 3 masks existed" for task in ("semantic", "geometric")
    ]


def test_the_configs_read_what_was_written(built):
    root, _ = built
    init_default_scope("mmseg")
    cfg = own_config("reference/fcn8s_vgg16_siftflow")
    for split, names in (("train", TRAINVAL), ("test", TEST)):
        entry = cfg[f"{split}_dataloader"].dataset
        entry.data_root = str(root)
        dataset = DATASETS.build(entry)
        sample = dataset[0]["data_samples"]
        assert sample.img_path.endswith(f"Images/{SCENES}/{names[0]}.jpg")
        assert sample.gt_sem_seg.data.shape == (2, 32, 32)
        assert sample.gt_sem_seg.data[0, 0, :5].tolist() == [255, 0, 8, 27, 32]
        assert sample.gt_sem_seg.data[1, :5, 0].tolist() == [255, 255, 0, 1, 2]
        assert dataset.metainfo["tasks"]["geometric"]["classes"] == ["sky", "horizontal", "vertical"]
        assert [dataset.metainfo["tasks"]["semantic"]["classes"][i] for i in (8, 10, 15, 32)] == [
            *("cow", "desert", "moon", "window")
        ]


def test_what_is_missing_is_listed_with_its_place(tmp_path):
    with refused("dataset-missing", f"SIFT Flow in {tmp_path}") as error:
        build_sift_flow(tmp_path)
    lines = error.value.message.splitlines()[1:]
    folders = [f"{tmp_path}/{name}/{SCENES}/" for name in ("Images", "SemanticLabels", "GeoLabels")]
    assert [line.split(",")[0].strip() for line in lines[:3]] == folders
    assert all(line.endswith("siftflow/SiftFlowDataset.zip") for line in lines[:3])
    for line, name in zip(lines[3:], ("trainval", "test"), strict=True):
        assert line.startswith(f"  {tmp_path}/{name}.txt from https://") and line.endswith(f"sift-flow/{name}.txt")


def test_files_that_are_not_the_release_s(tree):
    path = tree / "GeoLabels" / SCENES / f"{FIRST}.mat"
    write_mat(tree, "GeoLabels", FIRST, columns([1, 4], np.int16))
    with refused("mask-ids", path, "ids 4 are outside the geometric ids -1..3"):
        build_sift_flow(tree, jobs=1)
    write_mat(tree, "GeoLabels", FIRST, columns([1, 2], np.int16)[:9])
    with refused("mask-size", path, "(9, 32)", "(32, 32)"):
        build_sift_flow(tree, jobs=1)
    path.write_bytes(b"no mat")
    with refused("mask-unreadable", path, "SIFT Flow, S"):
        build_sift_flow(tree, jobs=1)
    path.unlink()
    with refused("file-missing", path.parent, path.name):
        build_sift_flow(tree, jobs=1)
    (tree / "test.txt").write_text(FIRST)
    with refused("lists-overlap", FIRST):
        build_sift_flow(tree, jobs=1)
