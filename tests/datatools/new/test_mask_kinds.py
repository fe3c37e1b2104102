"""Kinds of mask files beside PNG: from a folder to the ids that training gets."""

import numpy as np
import pytest
from mmengine.config import Config
from mmseg.registry import DATASETS
from PIL import Image
from support.refusals import refused

from fcn_plugin.data.images import read_mask
from fcn_plugin.datatools.new.build import new_dataset
from fcn_plugin.datatools.new.options import Options

ROADS = Options("roads", "photos", "masks", net="vgg16", from_scratch=True)


def loaded(here, split="train"):
    """The class indices of the split's first image, as the written config's data set loads them."""
    cfg = Config.fromfile(here / "configs/fcn8s_vgg16_roads.py")
    entry = dict(cfg[f"{split}_dataloader"].dataset)
    entry["pipeline"] = [dict(type="LoadImageFromFile"), dict(type="FCNLoadAnnotations")]
    return DATASETS.build(dict(entry, _scope_="mmseg"))[0]["gt_seg_map"]


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.uint16, np.int64, np.float32])
def test_arrays(photos, blocks, here, dtype):
    photos("0.jfif", "1.jpg")
    (here / "masks").mkdir()
    for i in range(2):
        np.save(here / f"masks/{i}.npy", blocks(0, 1, dtype=dtype))
    assert "ids 0, 1" in new_dataset(ROADS)
    assert np.array_equal(loaded(here), blocks(0, 1))


@pytest.mark.parametrize("array", [np.zeros((2, 2, 2)), np.zeros((40, 48), complex), np.zeros((0, 3))])
def test_arrays_that_are_no_mask(tmp_path, array):
    np.save(tmp_path / "a.npy", array)
    with refused("mask-unreadable", tmp_path / "a.npy", array.dtype, array.shape):
        read_mask(str(tmp_path / "a.npy"))


@pytest.mark.parametrize(
    ("value", "code"), [(0.5, "mask-fractions"), (np.nan, "mask-fractions"), (2**40, "mask-ids"), (-1, "mask-ids")]
)
def test_arrays_that_hold_no_ids(photos, here, value, code):
    photos("0.png", "1.png")
    (here / "masks").mkdir()
    for i in range(2):
        np.save(here / f"masks/{i}.npy", np.full((40, 48), value))
    with refused(code, "masks/0.npy"):
        new_dataset(ROADS)


def test_arrays_run_no_code(tmp_path):
    np.save(tmp_path / "a.npy", np.array([[print]], dtype=object), allow_pickle=True)
    with refused("mask-unreadable", tmp_path / "a.npy"):
        read_mask(str(tmp_path / "a.npy"))
    (tmp_path / "a.npy").write_bytes(b"\x93NUMPY\x01\0")
    with refused("mask-unreadable", tmp_path / "a.npy"):
        read_mask(str(tmp_path / "a.npy"))


def test_gif_masks_of_cars(photos, save, blocks, here):
    files = [f"car{i}_01" for i in range(4)]
    photos(*(f"{file}.jpg" for file in files))
    for file in files:
        save(f"masks/{file}_mask.gif", blocks(0, 255))
    report = new_dataset(ROADS)
    assert "masks are named IMAGE_mask" in report
    assert "|  1 | class1 |" in report
    assert np.array_equal(loaded(here), blocks(0, 1))


def test_several_pages_are_said(photos, save, blocks):
    photos("0.png", "1.png")
    second = Image.fromarray(blocks(1, 0))
    for i, kind in enumerate(("tif", "gif")):
        save(f"masks/{i}.{kind}", blocks(0, 1), save_all=True, append_images=[second])
    report = new_dataset(ROADS)
    assert "2 files have several pages; only the first is used: masks/0.tif, masks/1.gif" in report


def test_a_name_with_a_rare_blank(photos, save, blocks, here):
    """As macOS names screenshots."""
    for i in range(2):
        photos(f"{i} 10.00\u202fAM.png", f"{i}\u3000x.png")
        save(f"masks/{i} 10.00\u202fAM.png", blocks(0, 1))
        save(f"masks/{i}\u3000x.png", blocks(0, 1))
    new_dataset(ROADS)
    assert np.array_equal(loaded(here), blocks(0, 1))
    (here / "val.txt").write_text("\ufeff0 10.00\u202fAM.png \r\n1\u3000x\n", encoding="utf-8")
    assert "2 train, 2 val: val as listed" in new_dataset(ROADS._replace(force=True, val_list="val.txt"))
