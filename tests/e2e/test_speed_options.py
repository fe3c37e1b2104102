"""What the tools do for speed: kernels in the precision they compute in, logits only on request, a warning for emulated bf16."""

import json

import pytest
import torch

from fcn_plugin.models import precision
from fcn_plugin.models.fcn import FCN
from fcn_plugin.models.precision import is_emulated


@pytest.fixture
def nets(monkeypatch):
    """The nets that were made ready for inference, with the state that they were in afterwards."""
    seen = []
    real = FCN.to_inference

    def spy(self, **options):
        real(self, **options)
        seen.append((self, self.neck.fc6.weight.dtype))
        return self

    monkeypatch.setattr(FCN, "to_inference", spy)
    return seen


def test_evaluation_keeps_kernels_in_bf16_and_no_logits(tool, trained, nets, tmp_path):
    assert tool("test", trained.config, trained.best, "--work-dir", tmp_path, "--amp", "bf16").code == 0
    ((net, kept),) = nets
    assert kept == torch.bfloat16
    assert net.test_cfg.keep_logits is False
    full = json.loads((trained.work_dir / "metrics.json").read_text())
    half = json.loads((tmp_path / "metrics.json").read_text())
    assert half["aAcc"] == pytest.approx(full["aAcc"], abs=0.02)


def test_validation_while_training_leaves_the_weights_alone(tool, leaf, nets, tmp_path):
    options = ("--cfg-options", "train_cfg.max_iters=1", "train_cfg.val_interval=1")
    assert tool("train", leaf, "--work-dir", tmp_path, "--amp", "bf16", *options).code == 0
    assert nets == []
    weights = torch.load(tmp_path / "iter_1.pth", weights_only=False)["state_dict"]
    assert weights["neck.fc6.weight"].dtype == torch.float32


def test_logits_on_request(tool, trained, nets, tmp_path):
    options = ("--cfg-options", "model.test_cfg.keep_logits=True")
    assert tool("test", trained.config, trained.best, "--work-dir", tmp_path, *options).code == 0
    assert nets[0][0].test_cfg.keep_logits is True
    assert (tmp_path / "metrics.json").read_text() == (trained.work_dir / "metrics.json").read_text()


def test_prediction(tool, trained, data, nets, tmp_path):
    assert tool("predict", trained.config, trained.best, data / "JPEGImages", "--out-dir", tmp_path).code == 0
    assert nets[0][0].test_cfg.keep_logits is False


@pytest.mark.parametrize("name", ["train", "test"])
@pytest.mark.parametrize("emulated", [True, False])
def test_emulated_bf16_is_told(tool, trained, leaf, tmp_path, monkeypatch, name, emulated):
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: not emulated)
    monkeypatch.setattr(precision.platform, "machine", lambda: "x86_64")
    words = {"train": [leaf, "--cfg-options", "train_cfg.max_iters=1"], "test": [trained.config, trained.best]}[name]
    done = tool(name, *words, "--work-dir", tmp_path, "--amp", "bf16")
    assert done.code == 0
    assert ("emulates bf16" in done.out) == emulated


@pytest.mark.parametrize("name", ["fp32", "fp16"])
def test_only_bf16_is_emulated(monkeypatch, name):
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    assert not is_emulated(name, "cpu")
    assert not is_emulated("bf16", "cuda")


def test_compiling_without_a_compiler_is_refused(tool, trained, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    done = tool("test", trained.config, trained.best, "--work-dir", tmp_path / "work", "--compile")
    assert done.code == 2
    assert "model.compile needs a C++ compiler on CPU" in done.err


def test_tiles(tool, trained, tmp_path):
    """The same scores, also where a tile holds no whole image; with averages over flips they are refused."""
    options = ("--cfg-options", "model.test_cfg.mode=tiles", "model.test_cfg.tile=32")
    assert tool("test", trained.config, trained.best, "--work-dir", tmp_path, *options).code == 0
    assert (tmp_path / "metrics.json").read_text() == (trained.work_dir / "metrics.json").read_text()
    done = tool("test", trained.config, trained.best, "--work-dir", tmp_path, "--tta", *options)
    assert done.code == 2
    assert "label maps without logits" in done.err
