"""Bad input ends with exit code 2 and one message: what was received, and the remedy. No half-written results.

One row a case: what is spoilt, how the tool is called, the code of the error and what its message must name.
"""

import re

import numpy as np
import pytest
import torch
from PIL import Image
from support.faults import Payload
from support.refusals import tool_refused


@pytest.fixture
def work(tmp_path):
    return tmp_path / "work"


# ---- configs

CONFIG_OPTIONS = {
    "no num_classes": ("model.decode_head.num_classes=None", "classes-count", "num_classes is None"),
    "other num_classes": ("model.decode_head.num_classes=5", "classes-count", "num_classes is 5", "set num_classes=21"),
    "unknown geometry": ("model.geometry=centred", "config-value", "'centred'", "aligned", "reference"),
    "unknown precision": ("model.precision=fp8", "config-value", "'fp8'", "fp32, bf16, fp16"),
    "unknown head": ("model.decode_head.type=FCNSkipHed", "config-type", "FCNSkipHed", "custom_imports"),
    "unknown backbone": ("model.backbone.type=VGGG", "config-type", "VGGG", "custom_imports"),
    "unknown dataset": ("train_dataloader.dataset.type=VOC", "config-type", "train_dataloader.dataset.type is 'VOC'"),
    "unknown optimizer": ("optim_wrapper.optimizer.type=Adamm", "config-type", "optimizer.type is 'Adamm'"),
    "unknown option": ("model.geometri=aligned", "config-override", "'geometri'", "did you mean model.geometry?"),
    "unknown stream": ("model.decode_head.streams=[fr,pool2]", "config-value", "('fr', 'pool2')", "'pool3'"),
    "unknown upsampling": ("model.decode_head.upsample.kernel_size=3", "config-key", "kernel_size", "learnable"),
    "unknown reduction": ("model.decode_head.loss_decode.reduction=total", "config-value", "'total'", "'mean'"),
    "fp16 without a GPU": ("model.precision=fp16", "option-value", "fp16", "--amp bf16"),
    "missing start": ("load_from=nowhere.pth", "checkpoint-missing", "nowhere.pth"),
    "no dataloader": ("val_dataloader=None", "config-data", "val_dataloader", "configs/_base_/datasets"),
}


@pytest.mark.parametrize("case", CONFIG_OPTIONS)
def test_config_values(tool, leaf, work, case):
    option, *expected = CONFIG_OPTIONS[case]
    if case == "fp16 without a GPU" and torch.cuda.is_available():
        pytest.skip("a GPU is there")
    tool_refused(tool("train", leaf, "--work-dir", work, "--cfg-options", option), work, *expected)


def test_diverged_training_stops_before_it_saves(tool, leaf, work):
    call = tool("train", leaf, "--work-dir", work, "--cfg-options", "optim_wrapper.optimizer.lr=1e30")
    tool_refused(call, work, "loss-nan", "nan at step 2", "JPEGImages", "optim_wrapper.optimizer.lr")


def test_unknown_config_beside_one_of_nearly_its_name(tool, leaf):
    near = leaf.with_name("narow8s.py")
    tool_refused(tool("train", near), leaf.parent / "work", "config-file", f"'{near}'", f"did you mean {leaf}?")


def test_unknown_config_lists_those_that_exist(tool, tmp_path):
    call = tool("train", "fcn8_voc")
    tool_refused(call, tmp_path, "config-file", "'fcn8_voc'", "fcn8s_vgg16_voc", "fcn32s_alexnet_voc")


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
    tool_refused(tool("train", path), tmp_path, "config-file", path, fragment)


# ---- data sets


@pytest.mark.parametrize("config, remedy", [(None, "make_minivoc.py"), ("fcn8s_vgg16_voc", "voc_sbd.py --download")])
def test_missing_data_set_says_how_to_get_it(tool, leaf, tmp_path, work, config, remedy):
    call = tool("train", config or leaf, "--work-dir", work, "--data-root", tmp_path / "nowhere")
    tool_refused(call, work, "dataset-missing", tmp_path / "nowhere", remedy, "--data-root", "_minivoc.py")


@pytest.mark.parametrize(
    "path, code, what",
    [
        ("ImageSets/Segmentation/val.txt", "dataset-empty", "val split"),
        ("ImageSets/Segmentation/train.txt", "dataset-missing", "train split file"),
        ("SegmentationClass", "dataset-missing", "train mask folder"),
    ],
)
def test_incomplete_data_set(tool, leaf, own_data, work, path, code, what):
    if code == "dataset-empty":
        (own_data / path).write_text("\n")
    else:
        (own_data / path).rename(own_data / "elsewhere")
    call = tool("train", leaf, "--work-dir", work, "--data-root", own_data)
    tool_refused(call, work, code, what, own_data / path)


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


MASKS = {
    stray: ("mask-ids", ": id 77 (3 px)", "0..20", "num_classes"),
    narrower: ("mask-size", ": 63 x 64", "JPEGImages", "64 x 64"),
}


@pytest.mark.parametrize("change", MASKS)
def test_masks_in_validation(tool, trained, own_data, work, change):
    path = spoil_masks(own_data, "val", change)
    call = tool("test", trained.config, trained.best, "--work-dir", work, "--data-root", own_data)
    tool_refused(call, work, *MASKS[change], f"] {path}: ")


@pytest.mark.parametrize("batch_size", [1, 2])
@pytest.mark.parametrize("change", MASKS)
def test_masks_in_training(tool, trained, own_data, work, change, batch_size):
    """In a batch the preprocessor pads labels to one size: it must not hide the fault."""
    spoil_masks(own_data, "train", change)
    options = ("--cfg-options", f"train_dataloader.batch_size={batch_size}")
    call = tool("train", trained.config, "--work-dir", work, "--data-root", own_data, *options)
    message = tool_refused(call, work, *MASKS[change], f"] {own_data / 'SegmentationClass'}")
    assert re.search(r"2012_00000\d\.png", message)


def gone(path):
    path.unlink()


def emptied(path):
    path.write_bytes(b"")


def cut(path):
    path.write_bytes(path.read_bytes()[:200])


@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.parametrize("file", ["JPEGImages/{}.jpg", "SegmentationClass/{}.png"])
@pytest.mark.parametrize("spoil, reason", [(gone, "no such file"), (emptied, "cannot identify"), (cut, "")])
def test_file_that_can_not_be_read(tool, trained, own_data, work, spoil, reason, file, workers):
    name = (own_data / "ImageSets/Segmentation/val.txt").read_text().split()[1]
    path = own_data / file.format(name)
    spoil(path)
    words = ("--data-root", own_data, "--cfg-options", f"test_dataloader.num_workers={workers}")
    call = tool("test", trained.config, trained.best, "--work-dir", work, *words)
    code = "image-unreadable" if path.suffix == ".jpg" else "mask-unreadable"
    tool_refused(call, work, code, f"] {path}: ", f"({reason}", "take it out of the split")


# ---- checkpoints


def only_32s(state):
    return {name: tensor for name, tensor in state.items() if "score_pool" not in name and "upscore" not in name}


def other_class_count(state):
    return {name: t[:5].clone() if ".score_" in name else t for name, t in state.items()}


def with_nan(state):
    name = "decode_head.score_fr.weight"
    return state | {name: torch.full_like(state[name], float("nan"))}


def torchvision_like(state):
    return {"features.0.weight": torch.zeros(64, 3, 3, 3), "classifier.6.bias": torch.zeros(1000)}


CHECKPOINTS = {
    "another class count": (other_class_count, "checkpoint-classes", "5 classes", "num_classes=21"),
    "a 32s net": (only_32s, "checkpoint-fit", "score_pool"),
    "a classifier": (torchvision_like, "checkpoint-fit", "features.0.weight"),
    "NaN weights": (with_nan, "checkpoint-nan", "decode_head.score_fr.weight"),
    "an empty dict": (lambda state: {}, "checkpoint-fit", "lacks"),
}


@pytest.mark.parametrize("name", ["test", "predict"])
@pytest.mark.parametrize("case", CHECKPOINTS)
def test_checkpoint_that_does_not_fit(tool, trained, data, tmp_path, work, name, case):
    change, *expected = CHECKPOINTS[case]
    path = tmp_path / "other.pth"
    state = torch.load(trained.best, weights_only=False)["state_dict"]
    torch.save({"state_dict": change(state), "meta": {}}, path)
    tool_refused(evaluate(tool, name, trained, path, data, work), work, *expected, path)


@pytest.mark.parametrize("name", ["test", "predict"])
@pytest.mark.parametrize("keep", [0, 1000, -1000])
def test_checkpoint_cut_short(tool, trained, data, tmp_path, work, name, keep):
    path = tmp_path / "cut.pth"
    path.write_bytes(trained.best.read_bytes()[:keep])
    tool_refused(evaluate(tool, name, trained, path, data, work), work, "checkpoint-damaged", path)


@pytest.mark.parametrize("name", ["test", "predict", "train", "resume"])
def test_checkpoint_that_runs_code_is_refused_unread(tool, trained, data, tmp_path, work, name):
    path, trap = tmp_path / "trap.pth", tmp_path / "ran"
    torch.save({"state_dict": {}, "meta": Payload(trap)}, path)
    call = evaluate(tool, name, trained, path, data, work)
    tool_refused(call, work, "checkpoint-code", path, "mkdir", "--trust-checkpoint")
    assert not trap.exists()
    torch.load(path, weights_only=False)
    assert trap.exists()  # the trap works


@pytest.mark.parametrize("name", ["test", "predict", "train", "resume"])
def test_missing_checkpoint(tool, trained, data, tmp_path, work, name):
    path = tmp_path / "nowhere.pth"
    tool_refused(evaluate(tool, name, trained, path, data, work), work, "checkpoint-missing", path)


def evaluate(tool, name, trained, checkpoint, data, work_dir):
    """Call a tool with a checkpoint."""
    words = {
        "test": ("test", trained.config, checkpoint, "--work-dir"),
        "predict": ("predict", trained.config, checkpoint, data / "JPEGImages", "--out-dir"),
        "train": ("train", trained.config, "--cfg-options", f"load_from={checkpoint}", "--work-dir"),
        "resume": ("train", trained.config, "--resume", checkpoint, "--work-dir"),
    }
    return tool(*words[name], work_dir)


# ---- folders for results

PLACES = ("train --work-dir", "test --work-dir", "test --out", "test --show-dir", "predict --out-dir")


@pytest.mark.parametrize("below", [False, True])
@pytest.mark.parametrize(("name", "option"), [place.split() for place in PLACES])
def test_place_for_results_is_a_file(tool, trained, data, tmp_path, work, name, option, below):
    (tmp_path / "taken").write_text("mine")
    place = tmp_path / "taken" / "below" if below else tmp_path / "taken"
    words = {"train": [], "test": [trained.best], "predict": [trained.best, data / "JPEGImages"]}[name]
    elsewhere = ["--work-dir", work] if option in ("--out", "--show-dir") else []
    call = tool(name, trained.config, *words, *elsewhere, option, place)
    tool_refused(call, work, "output-path", f" {place} ", option)
    assert (tmp_path / "taken").read_text() == "mine"
