"""Masks are loaded as they are stored, or the file is named."""

import numpy as np
import pytest
from mmseg.datasets import BaseSegDataset
from mmseg.datasets.transforms import LoadAnnotations
from PIL import Image
from support.refusals import refused

from fcn_plugin.data.class_map import ClassMap
from fcn_plugin.data.load_annotations import FCNLoadAnnotations


def load(path, **results):
    results = dict(seg_map_path=str(path), seg_fields=[], reduce_zero_label=False, label_map=None) | results
    return FCNLoadAnnotations()(results)


@pytest.mark.parametrize("shape", [(1, 5), (5, 1), (2, 3)])
def test_ids_and_shape(tmp_path, shape):
    mask = np.resize(np.array([0, 1, 2, 255], np.uint8), shape)
    Image.fromarray(mask).save(tmp_path / "m.png")
    results = load(tmp_path / "m.png")
    assert results["gt_seg_map"].tolist() == mask.tolist()
    assert results["gt_seg_map"].dtype == np.uint8
    assert results["seg_fields"] == ["gt_seg_map"]


def test_palette_masks_give_their_indices(tmp_path):
    image = Image.fromarray(np.array([[0, 2], [1, 2]], np.uint8), mode="P")
    image.putpalette([9, 9, 9, 50, 60, 70, 200, 0, 0])
    image.save(tmp_path / "m.png")
    assert load(tmp_path / "m.png")["gt_seg_map"].tolist() == [[0, 2], [1, 2]]


def test_one_bit_masks(tmp_path):
    Image.fromarray(np.array([[True, False]])).save(tmp_path / "m.png")
    assert load(tmp_path / "m.png")["gt_seg_map"].tolist() == [[1, 0]]


def test_16_bit_ids_do_not_wrap(tmp_path):
    Image.fromarray(np.array([[0, 256, 26001]], np.uint16)).save(tmp_path / "m.png")
    with refused("mask-ids", tmp_path / "m.png", "26001", "class_map"):
        load(tmp_path / "m.png")
    assert load(tmp_path / "m.png", label_map={0: 0, 256: 1, 26001: 2})["gt_seg_map"].tolist() == [[0, 1, 2]]


def test_label_map_covers_every_id_but_void(tmp_path):
    Image.fromarray(np.array([[4, 4, 9, 255]], np.uint8)).save(tmp_path / "m.png")
    assert load(tmp_path / "m.png", label_map={4: 0, 9: 1})["gt_seg_map"].tolist() == [[0, 0, 1, 255]]
    with refused("mask-ids", tmp_path / "m.png", "id 4 (2 px)", "classes 0, 9"):
        load(tmp_path / "m.png", label_map={0: 0, 9: 1})


def test_zero_is_reduced_as_in_mmseg(tmp_path):
    Image.fromarray(np.array([[0, 1, 2, 255]], np.uint8)).save(tmp_path / "m.png")
    assert load(tmp_path / "m.png", reduce_zero_label=True)["gt_seg_map"].tolist() == [[255, 0, 1, 255]]


@pytest.mark.parametrize(
    "mode, suffix, code, fragment",
    [
        ("RGB", "png", "mask-colours", "mode RGB"),
        ("LA", "png", "mask-colours", "mode LA"),
        ("L", "jpg", "mask-lossy", "JPEG"),
    ],
)
def test_masks_that_hold_no_ids(tmp_path, mode, suffix, code, fragment):
    path = tmp_path / f"m.{suffix}"
    Image.new(mode, (4, 4)).save(path)
    with refused(code, path, fragment, "PNG"):
        load(path)


def test_an_image_without_a_mask_passes():
    """mmseg's inference takes LoadAnnotations out of a pipeline, by that name."""
    assert FCNLoadAnnotations()(dict(img_path="a.jpg")) == dict(img_path="a.jpg")


class Lands(BaseSegDataset):
    METAINFO = dict(classes=("wall", "building", "sky"), palette=[[1, 1, 1], [2, 2, 2], [3, 3, 3]])


@pytest.mark.parametrize("classes", [("wall", "building", "sky"), ("building", "sky"), ("sky", "wall")])
@pytest.mark.parametrize("reduce", [False, True])
def test_agrees_with_mmseg_on_known_ids(tmp_path, classes, reduce):
    known = [0, 1, 2, 3, 255] if reduce else [0, 1, 2, 255]
    mask = np.array([known, known], np.uint8)
    Image.fromarray(mask).save(tmp_path / "a.png")
    Image.fromarray(mask).save(tmp_path / "a.jpg")
    folders = dict(img_path=str(tmp_path), seg_map_path=str(tmp_path))
    data = Lands(data_prefix=folders, metainfo=dict(classes=classes), reduce_zero_label=reduce)
    ours, theirs = (loader()(data.get_data_info(0))["gt_seg_map"] for loader in (FCNLoadAnnotations, LoadAnnotations))
    assert ours.tolist() == theirs.tolist()
    ids = ClassMap.of_dataset(data).ids
    assert [ids[key] for key in known] == ours[0].tolist()


def test_a_loader_that_contradicts_its_data_set(tmp_path):
    Image.fromarray(np.zeros((1, 1), np.uint8)).save(tmp_path / "m.png")
    with pytest.warns(UserWarning, match="reduce_zero_label"):
        loader = FCNLoadAnnotations(reduce_zero_label=True)
    with refused("config-data", "reduce_zero_label is True", "False"):
        loader(dict(seg_map_path=str(tmp_path / "m.png"), seg_fields=[], reduce_zero_label=False))


@pytest.mark.parametrize("options", [dict(), dict(reduce_zero_label=True), dict(label_map={0: 0, 6: 1})])
def test_ids_below_0_do_not_wrap(tmp_path, options):
    Image.fromarray(np.full((2, 2), -250, np.int32)).save(tmp_path / "m.tif")
    with refused("mask-ids", tmp_path / "m.tif", "-250"):
        load(tmp_path / "m.tif", **options)
