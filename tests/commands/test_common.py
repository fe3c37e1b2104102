"""What the tools' shared options do to a config."""

import argparse

import pytest
from mmengine.config import ConfigDict
from support.processes import TOOLS
from torch._utils import ExceptionWrapper

from fcn_plugin.errors import UserError


@pytest.fixture
def common(monkeypatch):
    monkeypatch.syspath_prepend(str(TOOLS))
    monkeypatch.setenv("LOCAL_RANK", "0")
    import _common

    return _common


def load(common, leaf, *words):
    parser = argparse.ArgumentParser()
    common.add_config(parser)
    return common.load_config(parser.parse_args([str(leaf), *words]))


def test_work_dir_is_named_after_the_config(common, leaf):
    assert load(common, leaf).work_dir == "work_dirs/narrow8s"
    assert load(common, leaf, "--work-dir", "elsewhere").work_dir == "elsewhere"


def test_data_root_reaches_every_dataloader(common, leaf):
    cfg = load(common, leaf, "--data-root", "/somewhere")
    for split in ("train", "val", "test"):
        assert cfg[f"{split}_dataloader"].dataset.data_root == "/somewhere"


def test_data_root_reaches_through_wrappers(common):
    inner = [dict(type="A", data_root="old"), dict(type="B", data_prefix=dict(img_path="images"))]
    wrapped = ConfigDict(
        type="RepeatDataset", times=2, dataset=dict(type="ConcatDataset", datasets=[inner[0], dict(dataset=inner[1])])
    )
    common._set_data_root(wrapped, "new")
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
def test_amp_sets_the_precision(common, leaf, words, precision):
    assert load(common, leaf, *words).model.precision == precision


@pytest.mark.parametrize(
    "words, compiled, channels_last",
    [
        ([], None, None),
        (["--compile"], True, None),
        (["--channels-last"], None, True),
        (["--no-channels-last", "--compile"], True, False),
    ],
)
def test_flags_of_speed(common, leaf, words, compiled, channels_last):
    model = load(common, leaf, *words).model
    assert model.get("compile") is compiled
    assert model.get("channels_last") is channels_last


def test_overrides_keep_their_types(common, leaf):
    pairs = ("train_cfg.max_iters=7", "optim_wrapper.optimizer.lr=1e-3", "model.decode_head.streams=[fr,pool4]")
    cfg = load(common, leaf, "--cfg-options", *pairs, "load_from=None", "default_hooks.checkpoint.save_best=aAcc")
    assert cfg.train_cfg.max_iters == 7
    assert cfg.optim_wrapper.optimizer.lr == 0.001
    assert cfg.model.decode_head.streams == ["fr", "pool4"]
    assert cfg.load_from is None
    assert cfg.default_hooks.checkpoint.save_best == "aAcc"


def test_a_fault_of_the_program_keeps_its_traceback(common):
    def main():
        raise RuntimeError("a defect")

    with pytest.raises(RuntimeError, match="a defect"):
        common.run(main)


@pytest.mark.parametrize("kind", [UserError, FileNotFoundError])
@pytest.mark.parametrize("message", ["mask.png: id 77 (3 px)", "first line\nsecond line"])
def test_message_from_a_worker_process_is_the_inner_one(common, capsys, kind, message):
    def main():
        try:
            raise kind(message)
        except kind:
            wrapped = ExceptionWrapper(where="in DataLoader worker process 0")
        wrapped.reraise()

    with pytest.raises(SystemExit) as stop:
        common.run(main)
    assert stop.value.code == 2
    assert capsys.readouterr().err == f"error: {message}\n"


@pytest.mark.parametrize(
    "error, remedy",
    [
        (ModuleNotFoundError("No module named 'fcn_plugin'", name="fcn_plugin"), "pip install -e ."),
        (ImportError("fcn_plugin needs torch >= 2.11, found 2.4: pip install -U 'torch>=2.11'"), "pip install -U"),
    ],
)
def test_a_missing_or_old_package_is_one_line(common, capsys, error, remedy):
    def main():
        raise error

    with pytest.raises(SystemExit) as stop:
        common.run(main)
    assert stop.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: fcn_plugin ")
    assert remedy in line
