"""The picture shows what the net is given: crops, padding, colours, masks; every draw is new."""

import numpy as np
import pytest
from mmengine.config import ConfigDict
from PIL import Image
from support.refusals import refused

from fcn_plugin.commands.browse_dataset import browse_dataset
from fcn_plugin.configs import get_config
from fcn_plugin.datatools import browse as module
from fcn_plugin.datatools.browse import Seen, remarks
from fcn_plugin.datatools.minivoc.writer import make_minivoc

LOAD = [dict(type="LoadImageFromFile"), dict(type="LoadAnnotations")]
PACK = dict(type="PackSegInputs")
RED, ROAD = (200, 30, 10), 3


@pytest.fixture
def root(tmp_path):
    """4 train and 3 val images of 64 x 48; the first of train is red, the left half of its mask a class, the right half void."""
    root = tmp_path / "VOC2012"
    make_minivoc(root, train=4, val=3, size=(64, 48))
    first = (root / "ImageSets/Segmentation/train.txt").read_text().split()[0]
    Image.new("RGB", (64, 48), RED).save(root / f"JPEGImages/{first}.jpg", quality=95)
    mask = np.full((48, 64), 255, np.uint8)
    mask[:, :32] = ROAD
    Image.fromarray(mask).save(root / f"SegmentationClass/{first}.png")
    return root


@pytest.fixture
def sheets(monkeypatch):
    """Tiles of every sheet that is drawn."""
    drawn = []
    monkeypatch.setattr(module, "contact_sheet", lambda tiles, *rest: drawn.append(tiles))
    return drawn


def config(root, *steps, split="train"):
    cfg = get_config("fcn8s_vgg16bn_minivoc")
    for one in ("train", "val"):
        cfg[f"{one}_dataloader"].dataset.data_root = str(root)
    cfg[f"{split}_dataloader"].dataset.pipeline = [ConfigDict(step) for step in (*LOAD, *steps, PACK)]
    return cfg


@pytest.mark.parametrize("bgr_to_rgb", [True, False])
@pytest.mark.parametrize("divisor", [1, 50])
def test_colours_are_the_files_and_padding_is_shown(root, tmp_path, sheets, bgr_to_rgb, divisor):
    cfg = config(root)
    cfg.model.data_preprocessor.update(bgr_to_rgb=bgr_to_rgb, size_divisor=divisor)
    browse_dataset(cfg, "train", tmp_path / "a.png", count=1)
    (((caption, image, mask),),) = sheets
    assert np.abs(image[:48, :64].astype(int) - RED).max() <= 2  # JPEG
    assert (mask[:48, :32] == ROAD).all()
    assert (mask[:, 32:] == 255).all()
    height, width = (48, 64) if divisor == 1 else (50, 100)
    assert image.shape == (height, width, 3)
    assert mask.shape == (height, width)
    mean = [124, 116, 104] if bgr_to_rgb else [104, 116, 124]
    assert (image[48:, :] == mean).all()
    assert (image[:, 64:] == mean).all()
    size = "64 x 48" if divisor == 1 else "100 x 50 of 64 x 48"
    assert caption.splitlines()[1] == size


def test_samples_are_spread_and_each_draw_is_new(root, tmp_path, sheets):
    cfg = config(root, dict(type="RandomCrop", crop_size=(16, 16)))
    for _ in range(2):
        browse_dataset(cfg, "train", tmp_path / "a.png", count=8, seed=3)
    browse_dataset(cfg, "train", tmp_path / "a.png", count=2, seed=3)
    names = (root / "ImageSets/Segmentation/train.txt").read_text().split()
    first, second, short = sheets
    assert [caption.partition(".")[0] for caption, _, _ in first] == [name for name in names for _ in range(2)]
    assert [caption.partition(".")[0] for caption, _, _ in short] == [names[0], names[2]]
    assert first[0][0].endswith(".jpg\n16 x 16 of 64 x 48")
    assert all(np.array_equal(a[1], b[1]) and np.array_equal(a[2], b[2]) for a, b in zip(first, second, strict=True))
    assert any(not np.array_equal(first[i][1], first[i + 1][1]) for i in (2, 4, 6))


def test_evaluation_shows_the_truth_in_the_images_size(root, tmp_path, sheets):
    cfg = config(root, split="val")
    cfg.val_dataloader.dataset.pipeline.insert(1, ConfigDict(type="Resize", scale=(32, 24)))
    cfg.model.data_preprocessor.update(size_divisor=50, test_cfg=dict(size_divisor=50))
    lines = browse_dataset(cfg, "val", tmp_path / "a.png", count=3)
    assert lines == []  # scores are brought to the file's size
    for caption, image, mask in sheets[0]:
        assert caption.endswith("\n32 x 24, mask 64 x 48")
        assert image.shape == (24, 32, 3)
        assert mask.shape == (24, 32)


def test_in_training_such_masks_are_named(root, tmp_path, sheets):
    cfg = config(root)
    cfg.train_dataloader.dataset.pipeline.insert(1, ConfigDict(type="Resize", scale=(32, 24)))
    _, line = browse_dataset(cfg, "train", tmp_path / "a.png", count=4)  # the red image has a line too
    assert line.startswith("4 of 4 samples have a mask of another size than the image: ")


def test_a_repeated_data_set_is_spread_over_too(root, tmp_path, sheets):
    cfg = config(root)
    cfg.train_dataloader.dataset = dict(type="RepeatDataset", times=2, dataset=cfg.train_dataloader.dataset)
    browse_dataset(cfg, "train", tmp_path / "a.png", count=4)
    names = (root / "ImageSets/Segmentation/train.txt").read_text().split()
    assert [caption.partition(".")[0] for caption, _, _ in sheets[0]] == names


def test_an_ignored_id_of_ones_own_is_void(root, tmp_path, sheets):
    cfg = config(root, split="val")
    cfg.model.decode_head.ignore_index = 30
    for path in (root / "SegmentationClass").iterdir():
        Image.fromarray(np.repeat([[30, ROAD]], 48, axis=0).repeat(32, 1).astype(np.uint8)).save(path)
    (line, *_) = browse_dataset(cfg, "val", tmp_path / "a.png", count=3)
    assert line == "all 3 samples show only one class, bird"
    assert (sheets[0][0][2] == np.repeat([[255, ROAD]], 48, axis=0).repeat(32, 1)).all()


def test_writes_a_sheet(root, tmp_path):
    cfg = config(root, dict(type="RandomFlip", prob=0.5))
    browse_dataset(cfg, "train", tmp_path / "new" / "a.png", count=5)
    assert Image.open(tmp_path / "new" / "a.png").format == "PNG"


def seen(name, mask, value=None):
    image = np.random.randint(0, 256, (4, 4, 3)).astype(np.uint8) if value is None else np.full((4, 4, 3), value)
    return Seen(name, image, mask, (4, 4))


def test_what_surprises_has_a_line():
    names = ("sky", "road")
    mixed, road, void = np.array([[0, 1, 1, 255]] * 4), np.ones((4, 4), int), np.full((4, 4), 255)
    assert remarks([seen("a", mixed), seen("b", road)], names) == []
    assert remarks([seen("a", mixed), seen("b", void), seen("c", mixed), seen("b", void)], names) == [
        "2 of 4 samples are all void, so nothing is learnt from them: b (2 draws)",
        "62 % of the pixels are void",
    ]
    assert remarks([seen("a", road), seen("b", road)], names) == ["all 2 samples show only one class, road"]
    assert remarks([seen("a", road)], names) == []
    assert remarks([seen("a", mixed, value=7), seen("b", None)], names) == [
        "1 of 2 samples have an image of a single colour: a",
        "1 of 2 samples have no mask: b",
    ]


def test_strange_ids_and_broken_files_are_named(root, tmp_path):
    cfg = config(root)
    names = (root / "ImageSets/Segmentation/train.txt").read_text().split()
    mask = root / f"SegmentationClass/{names[1]}.png"
    Image.fromarray(np.full((48, 64), 30, np.uint8)).save(mask)
    with refused("mask-ids", mask, "id 30 (3072 px)", "classes 0..20"):
        browse_dataset(cfg, "train", tmp_path / "a.png", count=4)
    mask.write_bytes(b"")
    with refused("mask-unreadable", mask):
        browse_dataset(cfg, "train", tmp_path / "a.png", count=4)
    assert not (tmp_path / "a.png").exists()


def test_bad_calls_are_refused(root, tmp_path):
    with refused("output-path", "--out", tmp_path / "a.jpg", "PNG"):
        browse_dataset(config(root), "train", tmp_path / "a.jpg")
    (tmp_path / "taken").touch()
    with refused("output-path", tmp_path / "taken", "--out"):
        browse_dataset(config(root), "train", tmp_path / "taken" / "a.png")
    with refused("dataset-missing", "train data root nowhere"):
        browse_dataset(config("nowhere"), "train", tmp_path / "a.png")
