"""A file that would run code is refused on every way into the package, by its name and what it would run; trust lets it run."""

import json
import random
import runpy
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import mmseg
import pytest
import torch
from mmengine.config import Config
from mmengine.model import BaseModule
from mmengine.registry import init_default_scope
from mmengine.runner import Runner, load_checkpoint
from mmseg.apis import MMSegInferencer, init_model
from mmseg.registry import MODELS
from support.faults import Payload
from support.processes import forget_runs
from support.refusals import refused, tool_refused

from fcn_plugin.checkpoints.load import load_verified
from fcn_plugin.checkpoints.pickles import trusting
from fcn_plugin.checkpoints.read import open_checkpoint, read_checkpoint
from fcn_plugin.commands.import_weights import import_weights
from fcn_plugin.engine.hooks.parent_agreement import ParentAgreementHook

IMPORT = "model_converters/import_weights"
NO_START = "load_from=None"
PRETRAINED = "model.backbone.init_cfg.type=Pretrained", "model.backbone.init_cfg.checkpoint={}"
STOCK = Path(mmseg.__file__).parent / ".mim" / "tools"


@pytest.fixture
def made(tmp_path):
    """The folder that the trap makes."""
    return tmp_path / "made"


@pytest.fixture
def bad(leaf, tmp_path, made):
    """A whole checkpoint of the leaf's net, with a trap in it."""
    path = tmp_path / "bad.pth"
    state = torch.load(leaf.with_name("start.pth"), weights_only=True)
    torch.save({"state_dict": state, "meta": {}, "optimizer": {"state": [Payload(made)]}}, path)
    return path


REFUSAL = "{} would run code (posix.mkdir) on loading and was refused", "--trust-checkpoint"


def test_the_trap_works(bad, made):
    torch.load(bad, weights_only=False)
    assert made.is_dir()


# ---- tools


def train(tool, leaf, bad, *options):
    return tool("train", leaf, "--work-dir", bad.parent / "work", *options)


def with_options(*options):
    return lambda tool, leaf, bad: train(tool, leaf, bad, "--cfg-options", NO_START, *(o.format(bad) for o in options))


def resumed_by_itself(tool, leaf, bad):
    work_dir = bad.parent / "work"
    work_dir.mkdir()
    bad.rename(work_dir / "iter_2.pth")
    (work_dir / "last_checkpoint").write_text(str(work_dir / "iter_2.pth"))
    bad.symlink_to(work_dir / "iter_2.pth")  # for the message
    done = tool("train", leaf, "--work-dir", work_dir, "--resume")
    done.err = done.err.replace(str(work_dir / "iter_2.pth"), str(bad))
    return done


def after_its_parent(tool, leaf, bad):
    """The best checkpoint of a finished stage is what the next one starts from."""
    folder = bad.parent / "work" / "32s"
    folder.mkdir(parents=True)
    (folder / "best_mIoU_iter_2.pth").symlink_to(bad)
    (folder / "finished.json").write_text(json.dumps(dict(best="best_mIoU_iter_2.pth", key="mIoU", score=0.1)))
    done = tool("train_stages", leaf, "--work-dir", folder.parent, "--cfg-options", NO_START)
    done.err = done.err.replace(str(folder / "best_mIoU_iter_2.pth"), str(bad))
    return done


def predict(tool, leaf, bad, *options):
    image = next(Path(Config.fromfile(leaf).val_dataloader.dataset.data_root).glob("JPEGImages/*.jpg"))
    return tool("predict", leaf, bad, image, "--out-dir", bad.parent / "work", *options)


TOOLS = {
    "train --load-from": lambda tool, leaf, bad: train(tool, leaf, bad, "--load-from", bad),
    "train --resume PATH": lambda tool, leaf, bad: train(tool, leaf, bad, "--resume", bad),
    "train --resume": resumed_by_itself,
    "load_from": lambda tool, leaf, bad: train(tool, leaf, bad, "--cfg-options", f"load_from={bad}"),
    "model.pretrained": with_options("model.pretrained={}"),
    "backbone.init_cfg": with_options(*PRETRAINED),
    "backbone.init_cfg, a part": with_options(*PRETRAINED, "model.backbone.init_cfg.prefix=backbone"),
    "model.init_cfg": with_options("model.init_cfg.type=Pretrained", "model.init_cfg.checkpoint={}"),
    "test": lambda tool, leaf, bad: tool("test", leaf, bad, "--work-dir", bad.parent / "work"),
    "predict": predict,
    "import_weights": lambda tool, leaf, bad: tool(IMPORT, bad, bad.with_name("out.pth")),
    "train_stages": after_its_parent,
}


@pytest.mark.parametrize("way", TOOLS)
def test_tools_refuse_it(tool, leaf, bad, made, way):
    code = "checkpoint-resume" if way == "train --resume" else "checkpoint-code"  # of the folder, and of the file
    tool_refused(TOOLS[way](tool, leaf, bad), made, code, *(part.format(bad) for part in REFUSAL))
    assert not made.exists()


TRUSTED = {
    "train": lambda tool, leaf, bad: train(tool, leaf, bad, "--load-from", bad, "--trust-checkpoint"),
    "test": lambda tool, leaf, bad: tool("test", leaf, bad, "--work-dir", bad.parent / "work", "--trust-checkpoint"),
    "predict": lambda tool, leaf, bad: predict(tool, leaf, bad, "--trust-checkpoint"),
    "import_weights": lambda tool, leaf, bad: tool(IMPORT, bad, bad.with_name("out.pth"), "--trust-checkpoint"),
}


@pytest.mark.parametrize("way", TRUSTED)
def test_tools_run_it_on_request(tool, leaf, bad, made, way):
    done = TRUSTED[way](tool, leaf, bad)
    assert done.code == 0, done.err
    assert made.is_dir()
    assert (done.out + done.err).count(f"{bad} would run code (posix.mkdir) on loading; it is trusted") == 1


def test_stages_run_it_on_request(tool, leaf, bad, made, monkeypatch):
    stages = "fcn_plugin.commands.train_stages.train_stages"
    monkeypatch.setattr(stages, lambda stages, images: read_checkpoint(str(bad)) and bad)
    assert tool("train_stages", leaf, "--work-dir", bad.parent / "work", "--trust-checkpoint").code == 0
    assert made.is_dir()


@pytest.mark.parametrize("name", ["train", "test", "predict", "train_stages", IMPORT])
def test_the_option_says_what_it_risks(tool, name):
    text = " ".join(tool(name, "--help").out.split())
    assert "load a refused checkpoint; code inside it runs with your permissions" in text


# ---- without our tools


def build(leaf):
    cfg = Config.fromfile(leaf)
    init_default_scope("mmseg")
    return MODELS.build({**cfg.model, "pretrained": None})


def agreement(leaf, bad):
    net = build(leaf)
    hook = ParentAgreementHook(Config.fromfile(leaf).model, str(bad))
    hook.before_train(SimpleNamespace(iter=0, model=net, val_dataloader=[]))


def stock_runner(leaf, bad):
    cfg = Config.fromfile(leaf)
    cfg.update(work_dir=str(bad.parent / "work"), load_from=str(bad), test_evaluator=dict(type="FCNMetric"))
    cfg.test_dataloader.persistent_workers = False  # FCNRunner knows that there are none
    Runner.from_cfg(cfg).test()


def stock_tool(name, *options):
    def call(leaf, bad):
        sys.argv = [
            name,
            str(leaf),
            *(str(option).format(bad) for option in options),
            "--work-dir",
            str(bad.parent / "work"),
        ]
        runpy.run_path(str(STOCK / name), run_name="__main__")

    return call


def initialised(prefix=None):
    def call(leaf, bad):
        given = {"prefix": prefix} if prefix else {}
        BaseModule(dict(type="Pretrained", checkpoint=str(bad), **given)).init_weights()

    return call


STOCK_WAYS = {
    "init_model": lambda leaf, bad: init_model(str(leaf), str(bad), device="cpu"),
    "MMSegInferencer": lambda leaf, bad: MMSegInferencer(model=str(leaf), weights=str(bad), device="cpu"),
    "load_checkpoint": lambda leaf, bad: load_checkpoint(torch.nn.Linear(1, 1), str(bad)),
    "Pretrained": initialised(),
    "Pretrained, a part": initialised("backbone"),
    "Runner": stock_runner,
    "mmseg's test.py": stock_tool("test.py", "{}", "--cfg-options", "test_dataloader.persistent_workers=False"),
    "mmseg's train.py": stock_tool("train.py", "--cfg-options", "load_from={}"),
    "ParentAgreementHook": agreement,
    "load_verified": lambda leaf, bad: load_verified(build(leaf), open_checkpoint(str(bad))),
    "import_weights": lambda leaf, bad: import_weights(str(bad), str(bad.with_name("out.safetensors"))),
}


@pytest.mark.parametrize("way", STOCK_WAYS)
def test_the_rest_refuses_it(leaf, bad, made, monkeypatch, way):
    monkeypatch.setattr(sys, "argv", sys.argv)
    try:
        with refused("checkpoint-code", *(part.format(bad) for part in REFUSAL)):
            STOCK_WAYS[way](leaf, bad)
    finally:
        forget_runs()
    assert not made.exists()


def test_trust_reaches_stock_loading(leaf, bad, made):
    with trusting():
        init_model(str(leaf), str(bad), device="cpu")
    assert made.is_dir()


# ---- damaged files


def test_100_of_100_changes_to_a_trained_checkpoint_are_refused(tool, trained, leaf, tmp_path):
    """By the sum that training wrote; and a tool says so as it says all else."""
    path = shutil.copy(trained.best, tmp_path / "changed.pth")
    net = build(leaf)
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    rng = random.Random(0)
    for count, at in enumerate(rng.sample(range(path.stat().st_size), 100)):
        with open(path, "r+b") as file:
            file.seek(at)
            was = file.read(1)[0]
            file.seek(at)
            file.write(bytes([was ^ rng.randrange(1, 256)]))
        with refused("checkpoint-damaged", path, "checksum"):
            load_verified(net, open_checkpoint(str(path)))
        if count < 99:  # the last change stays for the tool
            with open(path, "r+b") as file:
                file.seek(at)
                file.write(bytes([was]))
    assert all(torch.equal(tensor, before[name]) for name, tensor in net.state_dict().items())
    done = tool("test", leaf, path, "--work-dir", tmp_path / "work", "--trust-checkpoint")  # which is of other things
    tool_refused(done, tmp_path / "work", "checkpoint-damaged", f"{path} is damaged: ")
    assert done.out == ""


@pytest.mark.parametrize("trust", [(), ("--trust-checkpoint",)])
def test_a_config_in_a_checkpoint_is_no_program(tool, trained, made, tmp_path, trust):
    """The engine would run that text when it resumes; nothing here needs it."""
    content = torch.load(trained.work_dir / "iter_2.pth", weights_only=False)
    content["meta"]["config"] = f"import os\nos.mkdir({str(made)!r})\n"
    torch.save(content, tmp_path / "iter_2.pth")
    options = ("--work-dir", tmp_path / "work", *trust, "--cfg-options", "train_cfg.max_iters=3")
    done = tool("train", trained.config, "--resume", tmp_path / "iter_2.pth", *options)
    assert done.code == 0, done.err
    assert not made.exists()
    notice = f"{tmp_path / 'iter_2.pth'}: ignored meta.config, since it is a program that might be run later"
    assert (notice in done.out) == (not trust)


def test_a_checkpoint_names_nothing_to_remove_or_to_write(tool, trained, tmp_path):
    """Neither elsewhere nor in the work dir, where an earlier run left what it names."""
    home, work_dir = tmp_path / "home", tmp_path / "work"
    (home / "thesis").mkdir(parents=True)
    work_dir.mkdir()
    names = ["iter_1.pth", "best_mIoU_iter_1.pth", "narrow8s.txt", "note.pth"]
    for path in [home / "thesis" / "1.tex", home / "key.pth", *(work_dir / name for name in names)]:
        path.write_text("x")
    (work_dir / "iter_0.pth").mkdir()
    before = {path for folder in (home, work_dir) for path in folder.rglob("*")}
    content = torch.load(trained.work_dir / "iter_2.pth", weights_only=False)
    paths = [str(home / "thesis"), "../home/key", "", "..", *names]
    notes = dict(
        superseded=paths,
        keep_ckpt_ids=[0, 1, "/../../home/key", str(home / "thesis")] * 3,
        last_ckpt=str(home / "key.pth"),
    )
    content["message_hub"]["runtime_info"].update(notes, best_ckpt=str(home / "best_mIoU_iter_1.pth"), best_score=0.0)
    torch.save(content, tmp_path / "iter_2.pth")
    options = (
        "train_cfg.max_iters=4",
        "default_hooks.checkpoint.max_keep_ckpts=1",
        "default_hooks.checkpoint.interval=1",
    )
    done = tool(
        "train", trained.config, "--work-dir", work_dir, "--resume", tmp_path / "iter_2.pth", "--cfg-options", *options
    )
    assert done.code == 0, done.err
    left = {path for folder in (home, work_dir) for path in folder.rglob("*")}
    assert before <= left
    assert all((work_dir / name).read_text() == "x" for name in names)
    made = {path.name for path in (left - before) if path.suffix == ".pth"}
    assert made in ({"iter_4.pth", f"best_mIoU_iter_{step}.pth"} for step in (2, 4))


LABEL = '{{$QQ:.*[]\\\'+str(__import__("os").mkdir("%s")),#]}}'


def test_the_copy_of_a_config_is_no_program(tool, trained, made, tmp_path):
    """A label that is harmless in a config stays so in the copy in the work dir, and in checkpoints."""
    names = {i: f"c{i}" for i in range(21)} | {1: LABEL % made}
    config, work_dir = tmp_path / "own.py", tmp_path / "work"
    data = dict(type="ClassMapDataset", class_map=names, img_suffix=".jpg", seg_map_suffix=".png")
    prefix = "data_prefix=dict(img_path='JPEGImages', seg_map_path='SegmentationClass')"
    entries = ", ".join(f"{key}={value!r}" for key, value in data.items()).replace("{{", "\\x7b\\x7b")
    config.write_text(f"_base_ = {str(trained.config)!r}\ntrain_dataloader = dict(dataset=dict({entries}, {prefix}))\n")
    assert Config.fromfile(config).train_dataloader.dataset.class_map[1] == names[1]
    assert tool("train", config, "--work-dir", work_dir).code == 0
    assert Config.fromfile(work_dir / "own.py").train_dataloader.dataset.class_map == names
    text = read_checkpoint(str(work_dir / "iter_2.pth"))["meta"]["cfg"]
    assert Config.fromstring(text, ".py").train_dataloader.dataset.class_map == names
    assert not made.exists()
    (link := work_dir / "own.py").unlink()
    link.symlink_to(tmp_path / "elsewhere.py")
    assert tool("train", config, "--work-dir", work_dir).code == 0
    assert not (tmp_path / "elsewhere.py").exists()


def test_an_inferencer_takes_the_config_that_a_run_wrote(trained):
    assert MMSegInferencer(None, weights=str(trained.best), device="cpu").model.num_classes == 21
