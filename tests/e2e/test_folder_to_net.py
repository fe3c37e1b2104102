"""From a folder of images and one of masks to predictions, by the tools as a user calls them one after the other."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fcn_plugin.configs import get_config

CLASSES = 30
# every second cell of an 8 x 8 x 8 grid of colours: no two classes look alike
COLOURS = np.array(np.unravel_index(np.arange(CLASSES) * 17, (8, 8, 8))).T.astype(np.uint8) * 36
COUNT = 7

# a high rate, and batch norm that keeps the last batch alone: four steps end in a net that predicts several classes
NARROW = """
_base_ = "fcn8s_vgg16_{name}.py"
custom_imports = dict(imports=["fcn_plugin", "support.builders"], allow_failed_imports=False)
model = dict(
    precision="fp32",
    pretrained=None,
    backbone=dict(type="NarrowVGG", norm_cfg=dict(type="BN", momentum=1.0)),
    neck=dict(in_channels=(16, 32, 32), fc_channels=8),
    decode_head=dict(in_channels=dict(_delete_=True, fr=8, pool4=32, pool3=16)),
)
train_dataloader = dict(batch_size=2, num_workers=1)
val_dataloader = dict(num_workers=0, persistent_workers=False)
test_dataloader = dict(num_workers=0, persistent_workers=False)
train_cfg = dict(max_iters=4, val_interval=4)
optim_wrapper = dict(optimizer=dict(_delete_=True, type="SGD", lr=1.0, momentum=0.9))
param_scheduler = [dict(type="ConstantLR", factor=1.0, by_epoch=False)]
default_hooks = dict(checkpoint=dict(interval=4))
randomness = dict(seed=2)  # four steps tell classes apart
"""


def size_of(i):
    """Width and height of the i-th image; no two are alike."""
    return 64 + 3 * i, 60 + i


def binary_mask(i):
    """(H, W) 0 and 255: a rectangle that wanders."""
    width, height = size_of(i)
    mask = np.zeros((height, width), np.uint8)
    mask[8 + i : 40, 5 : 30 + i] = 255
    return mask


def coloured_mask(i):
    """(H, W) classes 0..29 in a grid of squares: each mask shows all of them."""
    width, height = size_of(i)
    rows, columns = np.arange(height) // 9, np.arange(width) // 9
    return (rows[:, None] * 7 + columns + 5 * i) % CLASSES


def write_folder(masks):
    """Images and masks in the working directory; the image shows what its mask says."""
    random = np.random.default_rng(0)
    for folder in ("photos", "masks"):
        Path(folder).mkdir()
    for i, mask in enumerate(masks):
        shown = mask // 2 if mask.ndim == 3 else np.stack([mask // 2] * 3, 2)
        noise = random.integers(0, 60, shown.shape, np.uint8)
        Image.fromarray(shown + noise).save(f"photos/shot {i}.{'jpg' if i % 2 else 'png'}")
        Image.fromarray(mask).save(f"masks/shot {i}.png")


def hashes():
    return {path: hashlib.sha256(path.read_bytes()).digest() for path in sorted(Path().glob("[pm]*s/*"))}


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def folder_to_net(tool, name, *options):
    """Call the tools in turn; returns the config of the data set, its scores and the output of new_dataset and the check."""
    before = hashes()
    assert len(before) == 2 * COUNT
    outputs = []
    leaf = Path(f"configs/fcn8s_vgg16_{name}.py")
    narrow = Path(f"configs/narrow_{name}.py")
    for call in (
        ("new_dataset", name, "--images", "photos", "--masks", "masks", "--net", "vgg16", *options),
        ("check_dataset", leaf, "--jobs", 0, "--strict"),
    ):
        done = tool(*call)
        assert done.code == 0, done.out + done.err
        outputs.append(done.out)
    assert outputs[0].splitlines()[-2:] == [f"  python tools/{name}.py {leaf}" for name in ("check_dataset", "train")]
    assert outputs[1].splitlines()[-1] == f"next: python tools/train.py {leaf}"
    narrow.write_text(NARROW.format(name=name))
    done = tool("train", narrow)
    assert done.code == 0, done.err
    (best,) = Path(f"work_dirs/narrow_{name}").glob("best_mIoU_iter_*.pth")
    for call in (
        ("test", narrow, best, "--work-dir", "tested", "--out", "tested/masks"),
        ("predict", narrow, best, "photos", "--out-dir", "predicted"),
    ):
        done = tool(*call)
        assert done.code == 0, done.err
    assert hashes() == before
    return get_config(str(leaf)), json.loads(Path("tested/metrics.json").read_text()), outputs


def assert_predictions(cfg):
    """Palette masks of the images' sizes, of the data set's classes and colours; those of the evaluation are the same."""
    palette = np.array(cfg.train_dataloader.dataset.palette)
    seen = set()
    for i in range(COUNT):
        mask = Image.open(f"predicted/masks/shot {i}.png")
        assert (mask.mode, mask.size) == ("P", size_of(i))
        ids = np.asarray(mask)
        seen.update(ids.flat)
        assert ids.max() < cfg.model.decode_head.num_classes == len(palette)
        assert np.array_equal(np.asarray(mask.convert("RGB")), palette[ids])
        assert Image.open(f"predicted/overlays/shot {i}.png").size == size_of(i)
    assert len(seen) > 1  # else equal masks below would say nothing
    val = [line.split("\t")[0] for line in Path(cfg.val_dataloader.dataset.ann_file).read_text().splitlines()]
    tested = sorted(Path("tested/masks").iterdir())
    assert [path.stem for path in tested] == sorted(Path(name).stem for name in val)
    for path in tested:
        assert np.array_equal(Image.open(path), Image.open(Path("predicted/masks", path.name)))


def test_binary_masks(tool, here):
    write_folder([binary_mask(i) for i in range(COUNT)])
    cfg, scores, (found, _) = folder_to_net(tool, "yard")
    assert "index masks (mode L): ids 0, 255\n" in found
    dataset = cfg.train_dataloader.dataset
    assert dataset.class_map == {0: "background", 255: "object"}
    assert (list(dataset.ignore_ids), cfg.model.decode_head.num_classes) == ([], 2)
    assert dataset.data_prefix.seg_map_path == "masks"  # used as they are
    assert not (here / "data/yard/masks").exists()
    val = [line.split("\t")[1] for line in Path("data/yard/val.txt").read_text().splitlines()]
    masks = np.concatenate([np.asarray(Image.open(here / "masks" / name)).ravel() for name in val])
    pixels = {name: row["pixels"] for name, row in scores["classes"].items()}
    assert pixels == {"background": (masks == 0).sum(), "object": (masks == 255).sum()}
    assert_predictions(cfg)

    done = tool("browse_dataset", "configs/fcn8s_vgg16_yard.py", "--split", "val")
    assert (done.code, done.out) == (0, "wrote work_dirs/browse/fcn8s_vgg16_yard-val.png\n")
    sheet = np.asarray(Image.open("work_dirs/browse/fcn8s_vgg16_yard-val.png"))
    assert (sheet == cfg.palette[1]).all(2).any()  # the swatch of "object" in the legend


def test_thirty_colours(tool, here):
    masks = [coloured_mask(i) for i in range(COUNT)]
    write_folder([COLOURS[mask] for mask in masks])
    cfg, scores, (found, checked) = folder_to_net(tool, "city", "--from-scratch", "--val", 0.3)
    assert "colour masks (mode RGB): 30 colours\n" in found
    names = {i: "#" + bytes(colour).hex() for i, colour in enumerate(sorted(map(tuple, COLOURS.tolist())))}
    assert cfg.train_dataloader.dataset.class_map == names
    assert cfg.model.decode_head.num_classes == CLASSES
    for i, mask in enumerate(masks):
        converted = Image.open(f"data/city/masks/shot {i}.png")
        assert converted.mode == "P"
        assert np.array_equal(np.asarray(converted), rank()[mask])
        assert np.array_equal(np.asarray(converted.convert("RGB")), COLOURS[mask])
    assert list(scores["classes"]) == list(names.values())
    assert scores["images"] == len(Path("data/city/val.txt").read_text().splitlines()) == 2
    assert checked.count("\n| #") == 2 * CLASSES  # a row a class and split
    assert_predictions(cfg)


def test_the_light_net(tool, here):
    """Two steps from random weights: every tool takes the config as it was written."""
    pytest.importorskip("timm")
    write_folder([binary_mask(i) for i in range(COUNT)])
    leaf = Path("configs/fcn8s_efficientnet-lite0_yard.py")
    options = ("--net", "light", "--from-scratch")
    done = tool("new_dataset", "yard", "--images", "photos", "--masks", "masks", *options)
    assert done.code == 0, done.err
    assert done.out.splitlines()[-2:] == [f"  python tools/{name}.py {leaf}" for name in ("check_dataset", "train")]
    short = ("train_cfg.max_iters=2", "train_cfg.val_interval=2", "default_hooks.checkpoint.interval=2")
    loaders = ("train_dataloader.batch_size=2", "train_dataloader.num_workers=1", "val_dataloader.num_workers=1")
    done = tool("train", leaf, "--amp", "off", "--cfg-options", *short, *loaders)
    assert done.code == 0, done.err
    (best,) = Path(f"work_dirs/{leaf.stem}").glob("best_mIoU_iter_2.pth")
    done = tool("predict", leaf, best, "photos", "--out-dir", "predicted")
    assert done.code == 0, done.err
    for i in range(COUNT):
        assert Image.open(f"predicted/masks/shot {i}.png").size == size_of(i)


def rank():
    """(30,) place of each class's colour in the sorted list."""
    order = sorted(range(CLASSES), key=lambda i: COLOURS[i].tolist())
    return np.argsort(order)
