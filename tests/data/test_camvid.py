"""CamVid as mmseg loads it: ids, void, names and colours, on files written here."""

import numpy as np
import pytest
from mmengine.registry import init_default_scope
from PIL import Image

from fcn_plugin.data.camvid import CamVidDataset

IDS = np.array([[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]], np.uint8)


@pytest.fixture
def dataset(tmp_path):
    init_default_scope("mmseg")
    for folder in ("images/val", "annotations/val"):
        (tmp_path / folder).mkdir(parents=True)
    for i, name in enumerate(("0001TP_b", "0001TP_a")):
        Image.fromarray(np.full((2, 6, 3), [200, 20, 90 + i], np.uint8)).save(
            tmp_path / f"images/val/{name}.jpg", quality=95
        )
        Image.fromarray(np.roll(IDS, -i, 1)).save(tmp_path / f"annotations/val/{name}.png")
    return CamVidDataset(
        data_root=str(tmp_path),
        data_prefix={"img_path": "images/val", "seg_map_path": "annotations/val"},
        pipeline=[{"type": "LoadImageFromFile"}, {"type": "LoadAnnotations"}, {"type": "PackSegInputs"}],
    )


def test_unlabelled_becomes_void_and_classes_keep_their_ids(dataset):
    expected = [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 255]]
    labels = [item["data_samples"].gt_sem_seg.data[0].tolist() for item in dataset]
    assert labels == [np.roll(expected, -1, 1).tolist(), expected]


def test_images_come_by_name_with_their_masks(dataset):
    samples = [item["data_samples"] for item in dataset]
    assert [s.img_path.rsplit("/", 1)[1] for s in samples] == ["0001TP_a.jpg", "0001TP_b.jpg"]
    assert [s.seg_map_path.rsplit("/", 1)[1] for s in samples] == ["0001TP_a.png", "0001TP_b.png"]
    assert [s.ori_shape for s in samples] == [(2, 6)] * 2


def test_eleven_classes_with_the_segnet_colours(dataset):
    colours = dict(zip(dataset.metainfo["classes"], dataset.metainfo["palette"], strict=True))
    assert len(colours) == 11
    assert list(colours)[:4] == ["sky", "building", "pole", "road"]
    assert colours["road"] == [128, 64, 128]
    assert colours["bicyclist"] == [0, 128, 192]
