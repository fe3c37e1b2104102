"""Masks of several labels: folders, bands, values, faults; what mmseg's transforms make of them."""

import numpy as np
import pytest
import torch
from mmengine.dataset import Compose
from mmseg.registry import TRANSFORMS
from PIL import Image
from support.refusals import refused

import fcn_plugin  # noqa: F401

CLASSES = ("road", "wet", "marking")
ROAD = np.array([[1, 1, 0], [0, 1, 1]], np.uint8)
WET = np.array([[0, 1, 1], [0, 0, 0]], np.uint8)


def load(path, **options):
    step = TRANSFORMS.build(dict(type="MultilabelLoadAnnotations", classes=CLASSES, **options))
    return step(dict(seg_map_path=str(path), ori_shape=(2, 3), img_shape=(2, 3), seg_fields=[]))


def maps(results):
    packed = TRANSFORMS.build(dict(type="MultilabelPackSegInputs"))(results)
    return packed["data_samples"].gt_sem_seg.data


def save_folder(folder, **pictures):
    folder.mkdir()
    for name, picture in pictures.items():
        Image.fromarray(picture).save(folder / f"{name}.png")
    return folder


def test_a_picture_for_each_class(tmp_path):
    """``marking`` has none: it is nowhere in the image."""
    found = maps(load(save_folder(tmp_path / "a", wet=255 * WET, road=ROAD.astype(bool))))
    assert (found.shape, found.dtype) == ((3, 2, 3), torch.uint8)
    assert np.array_equal(found, [ROAD, WET, 0 * ROAD])


def test_bands_of_numpy_and_tiff(tmp_path):
    rasterio = pytest.importorskip("rasterio")
    bands = np.stack([ROAD, WET, ROAD * WET])
    np.save(tmp_path / "a.npy", bands.transpose(1, 2, 0))
    with rasterio.open(tmp_path / "a.tif", "w", driver="GTiff", count=3, height=2, width=3, dtype="uint8") as file:
        file.write(bands)
    for name in ("a.npy", "a.tif"):
        assert np.array_equal(maps(load(tmp_path / name, on=1)), bands)


def test_void_is_that_of_its_class(tmp_path):
    found = maps(load(save_folder(tmp_path / "a", road=np.array([[1, 255, 0]] * 2, np.uint8), wet=WET), on=1))
    assert found[0].tolist() == [[1, 255, 0]] * 2
    found = maps(load(save_folder(tmp_path / "b", road=np.array([[255, 128, 0]] * 2, np.uint8)), void=128))
    assert found[0].tolist() == [[1, 255, 0]] * 2


def test_faults_are_named(tmp_path):
    folder = save_folder(tmp_path / "a", road=ROAD)
    with refused("mask-ids", "road.png", "id 1 (4 px)", "outside 0, 255"):  # 0 and 1 where 255 is meant
        load(folder)
    with refused("mask-size", "road.png", "2 x 3", "3 x 2"):
        load(save_folder(tmp_path / "b", road=255 * ROAD.T.copy()))
    with refused("file-name", "raod.png", "road, wet, marking"):
        load(save_folder(tmp_path / "c", raod=255 * ROAD))
    with refused("mask-colours", "road.png"):
        load(save_folder(tmp_path / "d", road=np.zeros((2, 3, 3), np.uint8)))
    np.save(tmp_path / "e.npy", np.zeros((2, 3, 2), np.uint8))
    with refused("classes-count", "e.npy has 2 bands for 3 classes"):
        load(tmp_path / "e.npy")
    (tmp_path / "f.npy").write_bytes(b"no array")
    with refused("mask-unreadable", "f.npy"):
        load(tmp_path / "f.npy")


def test_transforms_change_image_and_every_map_alike():
    """Scaled, cut and turned: the maps of five classes still show where the image's values are."""
    np.random.seed(0)
    image = np.kron(np.random.randint(0, 32, (20, 30), np.uint8), np.ones((4, 4), np.uint8))
    results = dict(img=np.stack([image] * 3, -1), img_shape=image.shape, ori_shape=image.shape, seg_fields=[])
    for bit in range(5):
        results[f"gt_seg_map_{bit}"] = image >> bit & 1
        results["seg_fields"].append(f"gt_seg_map_{bit}")
    steps = Compose(
        [
            dict(
                type="RandomResize", scale=(120, 80), ratio_range=(2.0, 2.0), keep_ratio=True, interpolation="nearest"
            ),
            dict(type="RandomCrop", crop_size=(100, 100)),
            dict(type="RandomFlip", prob=1.0),
            dict(type="MultilabelPackSegInputs"),
        ]
    )
    packed = steps(results)
    found, seen = packed["data_samples"].gt_sem_seg.data, packed["inputs"][0]
    assert found.shape == (5, 100, 100)
    for bit in range(5):
        assert torch.equal(found[bit], seen >> bit & 1)
