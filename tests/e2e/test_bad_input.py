"""Bad input ends with exit code 2 and one message: what was received, and the remedy. No half-written results.

One row a case: what is spoilt, how the tool is called, what the message must say.
"""

import os
import re

import numpy as np
import pytest
import torch
from PIL import Image
from support.processes import refused

# ---- configs

CONFIG_OPTIONS = {
    "no num_classes": ("model.decode_head.num_classes=None", "num_classes is None", "number of classes"),
    "other num_classes": ("model.decode_head.num_classes=5", "num_classes is 5", "21 classes: set num_classes=21"),
    "unknown geometry": ("model.geometry=centred", "'centred'", "'aligned' or 'reference'"),
    "unknown precision": ("model.precision=fp8", "'fp8'", "fp32, bf16, fp16"),
    "unknown head": ("model.decode_head.type=FCNSkipHed", "FCNSkipHed is not in", "correct this type"),
    "unknown backbone": ("model.backbone.type=VGGG", "VGGG is not in", "correct this type"),
    "unknown dataset": ("train_dataloader.dataset.type=VOC", "'VOC' is unknown", "correct it"),
    "unknown optimizer": ("optim_wrapper.optimizer.type=Adamm", "'Adamm', which is unknown", "correct it"),
    "unknown option": ("model.geometri=aligned", "'geometri'", "correct this entry"),
    "unknown stream": ("model.decode_head.streams=[fr,pool2]", "('fr', 'pool2')", "known are"),
    "unknown upsampling": ("model.decode_head.upsample.kernel_size=3", "kernel_size", "learnable, dense"),
    "unknown reduction": ("model.decode_head.loss_decode.reduction=total", "'total'", "'mean' or 'sum'"),
    "fp16 without a GPU": ("model.precision=fp16", "fp16", "bf16"),
    "missing start": ("load_from=nowhere.pth", "no checkpoint at nowhere.pth", "give the path of a weight file"),
    "no dataloader": ("val_dataloader=None", "has no val_dataloader", "inherit one of configs/_base_/datasets"),
}


@pytest.mark.parametrize("case", CONFIG_OPTIONS)
def test_config_values(tool, leaf, tmp_path, case):
    option, *fragments = CONFIG_OPTIONS[case]
    if case == "fp16 without a GPU" and torch.cuda.is_available():
        pytest.skip("a GPU is there")
    refused(
        tool("train", leaf, "--work-dir", tmp_path / "work", "--cfg-options", option), tmp_path / "work", *fragments
    )


def test_diverged_training_stops_before_it_saves(tool, leaf, tmp_path):
    call = tool("train", leaf, "--work-dir", tmp_path / "work", "--cfg-options", "optim_wrapper.optimizer.lr=1e30")
    refused(call, tmp_path / "work", "the loss is nan at step 2", "JPEGImages", "lower optim_wrapper.optimizer.lr")


def test_unknown_config_beside_one_of_nearly_its_name(tool, leaf):
    near = leaf.with_name("narow8s.py")
    refused(tool("train", near), leaf.parent / "work", f"no config '{near}'", f"did you mean {leaf}?")


def test_unknown_config_lists_those_that_exist(tool, tmp_path):
    refused(tool("train", "fcn8_voc"), tmp_path, "no config 'fcn8_voc'", "fcn8s_vgg16_voc", "fcn32s_vgg16bn_minivoc")


@pytest.mark.parametrize(
    "text, fragment",
    [
        ("model = dict(", "SyntaxError: '(' was never closed (<unknown>, line 1)"),
        ("model = dict(type=kind)", "name 'kind' is not defined"),
        ("_base_ = 'nowhere.py'", "nowhere.py"),
        ("custom_imports = dict(imports=['no_such_module'])", "no_such_module"),
    ],
)
def test_config_that_can_not_be_read(tool, tmp_path, text, fragment):
    path = tmp_path / "mine.py"
    path.write_text(text + "\n")
    refused(tool("train", path), tmp_path, path, "can't be read as a config", fragment)


# ---- data sets


def test_missing_data_set_says_how_to_get_it(tool, leaf, tmp_path):
    call = tool("train", leaf, "--work-dir", tmp_path / "work", "--data-root", tmp_path / "nowhere")
    refused(call, tmp_path / "work", f"train data root {tmp_path / 'nowhere'} does not exist", "make_minivoc.py")


def test_missing_voc_names_the_built_in_data(tool, tmp_path):
    call = tool("train", "fcn8s_vgg16_voc", "--work-dir", tmp_path / "work", "--data-root", tmp_path / "nowhere")
    refused(
        call, tmp_path / "work", tmp_path / "nowhere", "VOCtrainval", "--data-root", "configs/fcn8s_vgg16bn_minivoc.py"
    )


def empty_split(root):
    path = root / "ImageSets/Segmentation/val.txt"
    path.write_text("\n")
    return f"the val split is empty: {path}"


def missing_split(root):
    path = root / "ImageSets/Segmentation/train.txt"
    path.unlink()
    return f"train split file {path} does not exist"


def missing_masks(root):
    (root / "SegmentationClass").rename(root / "Masks")
    return f"train mask folder {root / 'SegmentationClass'} does not exist"


@pytest.mark.parametrize("spoil", [empty_split, missing_split, missing_masks])
def test_incomplete_data_set(tool, leaf, own_data, tmp_path, spoil):
    fragment = spoil(own_data)
    call = tool("train", leaf, "--work-dir", tmp_path / "work", "--data-root", own_data)
    refused(call, tmp_path / "work", fragment)


def spoil_masks(root, split, change):
    """Change every mask of a split; returns the first file."""
    names = (root / f"ImageSets/Segmentation/{split}.txt").read_text().split()
    paths = [root / "SegmentationClass" / f"{name}.png" for name in names]
    for path in paths:
        mask = np.array(Image.open(path))
        Image.fromarray(change(mask)).save(path)
    return paths[0]


def stray(mask):
    mask[0, :3] = 77
    return mask


def narrower(mask):
    return np.ascontiguousarray(mask[:, :-1])


STRAY = ("id 77 (3 px)", "classes 0..20", "correct the mask, or set num_classes")


def test_id_outside_the_classes_in_validation(tool, trained, own_data, tmp_path):
    path = spoil_masks(own_data, "val", stray)
    call = tool("test", trained.config, trained.best, "--work-dir", tmp_path / "work", "--data-root", own_data)
    refused(call, tmp_path / "work", path, *STRAY)


def test_id_outside_the_classes_in_training(tool, trained, own_data, tmp_path):
    spoil_masks(own_data, "train", stray)
    call = tool("train", trained.config, "--work-dir", tmp_path / "work", "--data-root", own_data)
    message = refused(call, tmp_path / "work", own_data / "SegmentationClass", *STRAY)
    assert re.search(r"2012_00000\d\.png", message)


def test_mask_of_another_size_in_validation(tool, trained, own_data, tmp_path):
    path = spoil_masks(own_data, "val", narrower)
    call = tool("test", trained.config, trained.best, "--work-dir", tmp_path / "work", "--data-root", own_data)
    refused(call, tmp_path / "work", f"error: {path}: 63 x 64", "JPEGImages", "is 64 x 64", "must have one size")


@pytest.mark.parametrize("batch_size", [1, 2])
def test_mask_of_another_size_in_training(tool, trained, own_data, tmp_path, batch_size):
    """In a batch the preprocessor pads labels to one size: it must not hide the fault."""
    masks = own_data / "SegmentationClass"
    spoil_masks(own_data, "train", narrower)
    options = ("--cfg-options", f"train_dataloader.batch_size={batch_size}")
    call = tool("train", trained.config, "--work-dir", tmp_path / "work", "--data-root", own_data, *options)
    refused(call, tmp_path / "work", f"error: {masks}", ": 63 x 64", "JPEGImages", "is 64 x 64", "must have one size")


def gone(path):
    path.unlink()


def emptied(path):
    path.write_bytes(b"")


def cut(path):
    path.write_bytes(path.read_bytes()[:200])


@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.parametrize("file", ["JPEGImages/{}.jpg", "SegmentationClass/{}.png"])
@pytest.mark.parametrize("spoil, reason", [(gone, "no such file"), (emptied, "cannot identify"), (cut, "")])
def test_file_that_can_not_be_read(tool, trained, own_data, tmp_path, spoil, reason, file, workers):
    name = (own_data / "ImageSets/Segmentation/val.txt").read_text().split()[1]
    path = own_data / file.format(name)
    spoil(path)
    words = ("--data-root", own_data, "--cfg-options", f"test_dataloader.num_workers={workers}")
    call = tool("test", trained.config, trained.best, "--work-dir", tmp_path / "work", *words)
    refused(call, tmp_path / "work", f"error: {path}: can't be read ({reason}", "take it out of the split")


# ---- checkpoints


def without(state, part):
    return {name: t for name, t in state.items() if part not in name}


def other_class_count(state):
    return {name: t[:5].clone() if ".score_" in name else t for name, t in state.items()}


def with_nan(state):
    name = "decode_head.score_fr.weight"
    return state | {name: torch.full_like(state[name], float("nan"))}


def torchvision_like(state):
    return {"features.0.weight": torch.zeros(64, 3, 3, 3), "classifier.6.bias": torch.zeros(1000)}


CHECKPOINTS = {
    "another class count": (other_class_count, "trained for 5 classes", "num_classes=21"),
    "a 32s net": (lambda state: without(without(state, "score_pool"), "upscore"), "score_pool", "it lacks"),
    "a classifier": (torchvision_like, "features.0.weight", "are no part of the net"),
    "NaN weights": (with_nan, "NaN or infinite values in decode_head.score_fr.weight", "use an earlier checkpoint"),
    "an empty dict": (lambda state: {}, "it lacks", "Use the config"),
}


@pytest.mark.parametrize("name", ["test", "predict"])
@pytest.mark.parametrize("case", CHECKPOINTS)
def test_checkpoint_that_does_not_fit(tool, trained, data, tmp_path, name, case):
    change, *fragments = CHECKPOINTS[case]
    path = tmp_path / "other.pth"
    state = torch.load(trained.best, weights_only=False)["state_dict"]
    torch.save({"state_dict": change(state), "meta": {}}, path)
    refused(evaluate(tool, name, trained, path, data, tmp_path / "work"), tmp_path / "work", path, *fragments)


@pytest.mark.parametrize("name", ["test", "predict"])
@pytest.mark.parametrize("keep", [0, 1000, -1000])
def test_checkpoint_cut_short(tool, trained, data, tmp_path, name, keep):
    path = tmp_path / "cut.pth"
    path.write_bytes(trained.best.read_bytes()[:keep])
    call = evaluate(tool, name, trained, path, data, tmp_path / "work")
    refused(call, tmp_path / "work", path, "empty, truncated, damaged")


class Payload:
    """Makes a folder on unpickling."""

    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)


@pytest.mark.parametrize("name", ["test", "predict", "train", "resume"])
def test_checkpoint_that_runs_code_is_refused_unread(tool, trained, data, tmp_path, name):
    path, trap = tmp_path / "trap.pth", tmp_path / "ran"
    torch.save({"state_dict": {}, "meta": Payload(trap)}, path)
    call = evaluate(tool, name, trained, path, data, tmp_path / "work")
    refused(call, tmp_path / "work", path, "would run code", "mkdir")
    assert not trap.exists()
    torch.load(path, weights_only=False)
    assert trap.exists()  # the trap works


@pytest.mark.parametrize("name", ["test", "predict", "train", "resume"])
def test_missing_checkpoint(tool, trained, data, tmp_path, name):
    path = tmp_path / "nowhere.pth"
    call = evaluate(tool, name, trained, path, data, tmp_path / "work")
    refused(call, tmp_path / "work", f"no checkpoint at {path}", "give the path of a weight file")


def evaluate(tool, name, trained, checkpoint, data, work_dir):
    """Call a tool with a checkpoint."""
    if name == "test":
        return tool("test", trained.config, checkpoint, "--work-dir", work_dir)
    if name == "predict":
        return tool("predict", trained.config, checkpoint, data / "JPEGImages", "--out-dir", work_dir)
    if name == "train":
        return tool("train", trained.config, "--work-dir", work_dir, "--cfg-options", f"load_from={checkpoint}")
    return tool("train", trained.config, "--work-dir", work_dir, "--resume", checkpoint)


# ---- folders for results

PLACES = {
    "train": "--work-dir",
    "test": "--work-dir",
    "test masks": "--out",
    "test pictures": "--show-dir",
    "predict": "--out-dir",
}


@pytest.mark.parametrize("below", [False, True])
@pytest.mark.parametrize("case", PLACES)
def test_place_for_results_is_a_file(tool, trained, data, tmp_path, case, below):
    (tmp_path / "taken").write_text("mine")
    place = tmp_path / "taken" / "below" if below else tmp_path / "taken"
    name = case.split()[0]
    words = {"train": [], "test": [trained.best], "predict": [trained.best, data / "JPEGImages"]}[name]
    work = ["--work-dir", tmp_path / "work"] if " " in case else []
    call = tool(name, trained.config, *words, *work, PLACES[case], place)
    refused(call, tmp_path / "work", f"can't write to the folder {place}", f"give another with {PLACES[case]}")
    assert (tmp_path / "taken").read_text() == "mine"
