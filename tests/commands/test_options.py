"""What the options that commands share do to a config."""

import argparse
import errno
import signal
from unittest.mock import Mock

import pytest
from mmengine.config import ConfigDict
from support.refusals import refused

from fcn_plugin.commands import options
from fcn_plugin.signals import REQUEUE, SIGNALS, stop_request


@pytest.fixture
def load(monkeypatch, leaf):
    monkeypatch.setenv("LOCAL_RANK", "0")
    parser = argparse.ArgumentParser()
    options.add_options(parser, "config", *options.RUN)
    return lambda *words, config=leaf: options.load_config(parser.parse_args([str(config), *words]))


def test_work_dir_is_named_after_the_config(load):
    assert load().work_dir == "work_dirs/narrow8s"
    assert load("--work-dir", "elsewhere").work_dir == "elsewhere"


def test_data_root_reaches_every_dataloader(load):
    cfg = load("--data-root", "/somewhere")
    assert {cfg[f"{split}_dataloader"].dataset.data_root for split in ("train", "val", "test")} == {"/somewhere"}


def test_data_root_reaches_through_wrappers():
    inner = [dict(type="A", data_root="old"), dict(type="B", data_prefix=dict(img_path="images"))]
    wrapped = ConfigDict(
        type="RepeatDataset", times=2, dataset=dict(type="ConcatDataset", datasets=[inner[0], dict(dataset=inner[1])])
    )
    options.set_data_root(wrapped, "new")
    first, second = wrapped.dataset.datasets
    assert first.data_root == second.dataset.data_root == "new"
    assert "data_root" not in wrapped
    assert "data_root" not in wrapped.dataset


@pytest.mark.parametrize(
    "words, precision",
    [
        ([], "fp32"),
        (["--amp"], "bf16"),
        (["--amp", "bf16"], "bf16"),
        (["--amp", "fp16"], "fp16"),
        (["--cfg-options", "model.precision=bf16", "--amp", "off"], "fp32"),
    ],
)
def test_amp_sets_the_precision(load, words, precision):
    assert load(*words).model.precision == precision


@pytest.mark.parametrize(
    "words, compiled, channels_last",
    [
        ([], None, None),
        (["--compile"], True, None),
        (["--channels-last"], None, True),
        (["--no-channels-last", "--compile"], True, False),
    ],
)
def test_flags_of_speed(load, words, compiled, channels_last):
    model = load(*words).model
    assert (model.get("compile"), model.get("channels_last")) == (compiled, channels_last)


def test_overrides_keep_their_types(load):
    pairs = ("train_cfg.max_iters=7", "optim_wrapper.optimizer.lr=1e-3", "model.decode_head.streams=[fr,pool4]")
    more = ("--cfg-options", "load_from=None", "default_hooks.checkpoint.save_best=aAcc")  # the option may be repeated
    cfg = load("--cfg-options", *pairs, *more)
    assert cfg.train_cfg.max_iters == 7
    assert cfg.optim_wrapper.optimizer.lr == 0.001
    assert cfg.model.decode_head.streams == ["fr", "pool4"]
    assert cfg.load_from is None
    assert cfg.default_hooks.checkpoint.save_best == "aAcc"


def test_entries_of_a_dict_are_overridden_one_by_one(load):
    upsample, loss = (
        "model.decode_head.upsample=dict(dense=True)",
        "model.decode_head.loss_decode=dict(reduction='sum')",
    )
    mean = "model.data_preprocessor=dict(bgr_to_rgb=False, mean=[1.5, 2, 3])"
    model = load("--cfg-options", upsample, loss, mean, "train_cfg.max_iters=7").model
    assert model.decode_head.upsample == {"dense": True}
    assert model.decode_head.loss_decode == {"type": "FCNCrossEntropyLoss", "reduction": "sum"}
    assert model.data_preprocessor.mean == [1.5, 2, 3]
    assert model.data_preprocessor.bgr_to_rgb is False
    assert model.data_preprocessor.std  # the others stay
    with refused("config-override", "model.decode_head.upsampel"):
        load("--cfg-options", "model.decode_head=dict(upsampel=dict(dense=True))")


@pytest.mark.parametrize("value", ["dict()", "dict(type=EMAHook)", "dict(a=1", "dict(1)", "{'a': 1}", "[dict(a=1)]"])
def test_a_dict_of_other_than_literals_is_refused(load, capsys, value):
    with pytest.raises(SystemExit):
        load("--cfg-options", f"default_hooks.ema={value}")
    assert f"not a plain value: {value}. Give default_hooks.ema.NAME=VALUE" in capsys.readouterr().err


@pytest.mark.parametrize(
    "text, reason",
    [
        ("model = dict(\n", "SyntaxError"),
        ("raise KeyError('mine')", "KeyError: 'mine'"),
        ("import sys; sys.exit(0)", "SystemExit: 0"),
        ("# caf\xe9", "UnicodeDecodeError"),
        ("def f(): f()\nf()", "RecursionError"),
        ("_base_ = 3", "TypeError"),
        ("from mmengine.config import read_base\nwith read_base():\n    from .nowhere import *", "ConfigParsingError"),
    ],
)
def test_a_config_that_can_not_be_read(load, tmp_path, text, reason):
    path = tmp_path / "broken.py"
    path.write_text(text, encoding="latin-1")
    with refused("config-file", path, reason):
        load(config=path)


@pytest.mark.parametrize("name", ["LOCAL_RANK", "TORCHELASTIC_RESTART_COUNT"])
def test_a_variable_of_the_launcher_is_a_number(load, monkeypatch, name):
    monkeypatch.setenv(name, "abc")
    with refused("option-value", name, "abc"):
        load()


def test_a_full_temporary_folder_is_no_fault_of_the_config(load, monkeypatch):
    full = OSError(errno.ENOSPC, "No space left on device")
    monkeypatch.setattr("mmengine.config.Config.fromfile", Mock(side_effect=full))
    with pytest.raises(OSError, match="No space"):
        load()


def test_a_signal_in_a_config_is_no_fault_of_it(load, tmp_path):
    path = tmp_path / "stopped.py"
    path.write_text("import os, signal\nos.kill(os.getpid(), signal.SIGTERM)")
    before = [signal.getsignal(number) for number in SIGNALS]
    try:
        with stop_request(), pytest.raises(SystemExit) as stop:
            load(config=path)
    finally:
        for number, handler in zip(SIGNALS, before, strict=True):
            signal.signal(number, handler)
    assert stop.value.code == REQUEUE


@pytest.mark.parametrize("option", [("--amp",), ("--compile",), ("--channels-last",), ("--data-root", "x"), ()])
@pytest.mark.parametrize("text", ["model = None", "model = 'FCN'", "train_dataloader = dict(dataset=3)"])
def test_options_of_a_config_with_wrong_entries(load, tmp_path, option, text):
    path = tmp_path / "wrong.py"
    path.write_text(text)
    with refused("config-value", path):
        load(*option, config=path)


@pytest.mark.parametrize(
    "given",
    [
        ("optim_wrapper.optimizer.lr=[1,2",),
        ("train_dataloader.dataset.pipeline.0=3",),
        ("param_scheduler.0=PolyLR",),
        ("train_dataloader.dataset.pipeline.9.crop_size=3",),
        ("train_dataloader.dataset.pipeline.\u00b2.type=x",),
        ("model.neck=3", "model.neck.type=x"),
    ],
)
def test_overrides_that_can_not_be_merged(load, given):
    with refused("config-override", *(word.partition("=")[0] for word in given)):
        load("--cfg-options", *given)
