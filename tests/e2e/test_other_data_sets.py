"""Configs for PASCAL-Context, COCO-Stuff, ADE20K and Cityscapes: small trees as published are trained on for two steps and tested.

The tested net gives every pixel one class, so that its scores follow from the columns of the masks by hand.
"""

import json
import runpy
from typing import NamedTuple

import pytest
import torch
from PIL import Image
from support.context_trees import make_releases
from support.processes import TESTS
from support.published_trees import make_ade20k, make_cityscapes, make_coco_stuff
from support.refusals import tool_refused

from fcn_plugin.preflight.data.releases import COCO_CONVERTER

LEAF = """
_base_ = {base!r}
custom_imports = dict(imports=["fcn_plugin", "support.builders"], allow_failed_imports=False)
model = dict(
    pretrained=None,
    precision="fp32",
    backbone=dict(_delete_=True, type="NarrowVGG", depth=16, out_indices=(2, 3, 4), ceil_mode=True),
    neck=dict(in_channels="auto", fc_channels=8),
    decode_head=dict(in_channels="auto", strides="auto"),
)
loader = dict(batch_size=1, num_workers=0, persistent_workers=False, dataset=dict(data_root={data!r}))
train_dataloader = loader
val_dataloader = loader
test_dataloader = loader
train_cfg = dict(max_iters=2, val_interval=2)
default_hooks = dict(checkpoint=dict(interval=2), logger=dict(interval=1))
"""
CROP = """
_base_.train_dataloader.dataset.pipeline[2].scale = (96, 64)
_base_.train_dataloader.dataset.pipeline[3].crop_size = (64, 64)
"""


class Case(NamedTuple):
    """A config's name, what the tested net says, and the columns of the val mask."""

    config: str
    number: int  # the class that the net gives every pixel
    name: str  # of this class
    hit: int  # columns of this class
    labelled: int  # columns that are not void
    classes: int  # that the mask shows


LITE = "fcn8s_efficientnet-lite0_"
CASES = [
    # nine columns of the eleven ids of a row are repeated six times, two five times; the first three ids are background
    Case("fcn8s_vgg16_context", 49, "table", 6, 46, 8),
    Case("fcn8s_vgg16_context60", 50, "table", 6, 64, 9),
    Case("reference/fcn32s_vgg16_context", 11, "table", 6, 64, 9),
    Case(f"{LITE}coco-stuff", 79, "toothbrush", 32, 80, 3),
    Case(f"{LITE}ade20k", 1, "building", 32, 80, 3),
    Case(f"{LITE}cityscapes", 11, "person", 32, 80, 3),
]
TREES = {"coco-stuff": make_coco_stuff, "ade20k": make_ade20k, "cityscapes": make_cityscapes}


@pytest.fixture(scope="module")
def trees(tmp_path_factory):
    """Data -> folder of its tree; PASCAL-Context is not converted yet."""
    root = tmp_path_factory.mktemp("trees")
    for name, make in TREES.items():
        make(root / name)
    return {name: root / name for name in TREES} | {"context": make_releases(root)["voc2010"]}


def narrow(folder, name, data):
    """Write a config of the narrow net that takes small crops, if any."""
    path = folder / "narrow.py"
    text = LEAF.format(base=str(TESTS.parent / f"configs/{name}.py"), data=str(data))
    path.write_text(text if name.startswith("reference/") else text + CROP)
    return path


def constant(checkpoint, number, target):
    """Save a copy of a checkpoint that gives every pixel class ``number``."""
    saved = torch.load(checkpoint, weights_only=False)
    for name, values in saved["state_dict"].items():
        if name.startswith("decode_head.score_"):
            values.zero_()
    saved["state_dict"]["decode_head.score_fr.bias"][number] = 1
    torch.save(saved, target)
    return target


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.config)
def test_trained_and_scored(tool, trees, tmp_path, case):
    data = trees[case.config.rpartition("_")[2].removesuffix("60")]
    if "context" in case.config:
        done = tool("dataset_converters/pascal_context", "--data-dir", data.parents[1], "--jobs", 1)
        assert done.code == 0, done.err
    config, work = narrow(tmp_path, case.config, data), tmp_path / "work"
    done = tool("train", config, "--work-dir", work)
    assert done.code == 0, done.err
    net = constant(work / "iter_2.pth", case.number, tmp_path / "constant.pth")
    done = tool("test", config, net, "--work-dir", tmp_path / "test")
    assert done.code == 0, done.err
    scores = json.loads((tmp_path / "test/metrics.json").read_text())
    share = case.hit / case.labelled
    assert scores["images"] == 1
    assert scores["classes"][case.name]["IoU"] == pytest.approx(share)
    wanted = dict(aAcc=share, mAcc=1 / case.classes, mIoU=share / case.classes, fwIoU=share**2)
    assert {name: scores[name] for name in wanted} == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("coco-stuff", ("stuffthingmaps_trainval2017.zip from http", "annotations\n", "coco_stuff164k.py {root}\n")),
        ("ade20k", ("ADEChallengeData2016.zip from http", "extracted into {root.parent}\n")),
        ("cityscapes", ("gtFine_trainvaltest.zip from https", "CITYSCAPES_DATASET={root} csCreateTrainIdLabelImgs")),
    ],
)
def test_missing_archives_are_named_with_link_and_folder(tool, tmp_path, name, found):
    root, work = tmp_path / "data/tree", tmp_path / "work"
    root.parent.mkdir()
    done = tool("train", narrow(tmp_path, f"{LITE}{name}", root), "--work-dir", work)
    tool_refused(done, work, "dataset-missing", *(text.format(root=root) for text in found))


@pytest.mark.parametrize(("name", "command"), [("coco-stuff", "coco_stuff164k.py"), ("cityscapes", "csCreateTrainId")])
def test_masks_that_were_not_converted(tool, tmp_path, name, command):
    data, work = tmp_path / "data", tmp_path / "work"
    TREES[name](data)
    for mask in data.rglob("*_labelTrainIds.png"):
        mask.unlink()
    done = tool("train", narrow(tmp_path, f"{LITE}{name}", data), "--work-dir", work)
    tool_refused(done, work, "mask-unreadable", "_labelTrainIds.png", "2 files of the train split", command)


def test_mmseg_converts_the_ids_of_coco_stuff(trees, tmp_path):
    """By the script that the message names: the release's ids have gaps."""
    convert = runpy.run_path(str(COCO_CONVERTER))["convert_to_trainID"]
    (tmp_path / "val2017").mkdir()
    (mask,) = (trees["coco-stuff"] / "annotations/val2017").glob("*_labelTrainIds.png")
    convert(str(mask.with_name(mask.name.replace("_labelTrainIds", ""))), str(tmp_path), is_train=False)
    with Image.open(mask) as wanted, Image.open(tmp_path / "val2017" / mask.name) as found:
        assert found.tobytes() == wanted.tobytes()


def test_an_unknown_id_is_the_files(tool, tmp_path):
    """ADE20K's class 0 is id 1."""
    data, work = tmp_path / "data", tmp_path / "work"
    make_ade20k(data)
    for mask in data.rglob("*.png"):
        with Image.open(mask) as image:
            image.point(lambda value: value + (value == 150)).save(mask)
    done = tool("train", narrow(tmp_path, f"{LITE}ade20k", data), "--work-dir", work)
    assert done.code == 2
    assert "[mask-ids]" in done.err
    assert "id 151 (" in done.err
    assert "outside the classes 1..150" in done.err
