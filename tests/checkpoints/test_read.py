"""Reading checkpoint files: whole or not at all, once, and what an opened one holds."""

import io

import pytest
import torch
from support.refusals import refused

from fcn_plugin.checkpoints import read
from fcn_plugin.checkpoints.checksum import seal
from fcn_plugin.checkpoints.read import open_checkpoint, read_checkpoint
from fcn_plugin.weights.rename import read_state_dict


def written(state, path):
    torch.save(state, path)
    return str(path)


def test_only_tensors_are_read(tmp_path):
    path = written({"state_dict": {"module.a": torch.ones(2), "note": "text"}, "meta": {"iter": 3}}, tmp_path / "a.pth")
    for state in (read_state_dict(path), open_checkpoint(path).state_dict):
        assert {name: tensor.tolist() for name, tensor in state.items()} == {"a": [1, 1]}
    assert open_checkpoint(path).meta == {"iter": 3}


def test_a_bare_state_dict_counts(tmp_path):
    opened = open_checkpoint(written({"module.a": torch.ones(2)}, tmp_path / "a.pth"))
    assert (list(opened.state_dict), opened.meta) == (["a"], {})


def test_a_file_is_hashed_once_and_unpickled_once(tmp_path, monkeypatch):
    path, calls = written({"state_dict": {"a": torch.ones(2)}}, tmp_path / "a.pth"), []
    seal(path)
    for function in (read.verify, read.load_pickled):
        name = function.__name__
        monkeypatch.setattr(read, name, lambda *args, call=function: calls.append(call.__name__) or call(*args))
    open_checkpoint(path).require_finite()
    assert calls == ["verify", "load_pickled"]


def test_no_file(tmp_path):
    with refused("checkpoint-missing", tmp_path / "none.pth"):
        read_checkpoint(str(tmp_path / "none.pth"))


@pytest.mark.parametrize("share", [0, 0.5, 0.99])
def test_a_truncated_file_is_refused(tmp_path, share):
    buffer = io.BytesIO()
    torch.save({"a": torch.randn(1000)}, buffer)
    path = tmp_path / "cut.pth"
    path.write_bytes(buffer.getvalue()[: int(share * buffer.tell())])
    with refused("checkpoint-damaged", path):
        read_checkpoint(str(path))


@pytest.mark.parametrize("content", [[torch.ones(1)], {"state_dict": [torch.ones(1)]}])
def test_something_else_than_a_checkpoint_is_refused(tmp_path, content):
    with refused("checkpoint-damaged", tmp_path / "list.pth", "contains a list"):
        open_checkpoint(written(content, tmp_path / "list.pth"))


def test_map_location_is_torchs(tmp_path):
    path = written({"a": torch.ones(2)}, tmp_path / "a.pth")
    assert read_checkpoint(path)["a"].device.type == "cpu"
    assert read_checkpoint(path, "meta")["a"].device.type == "meta"
    assert read_checkpoint(path, lambda storage, _: storage)["a"].tolist() == [1, 1]


@pytest.mark.parametrize("weights", ["state_dict", "ema_state_dict"])
def test_weights_that_are_not_finite_are_refused(tmp_path, weights):
    content = {"state_dict": {"a": torch.ones(2)}, weights: {f"layer{i}": torch.tensor(float("nan")) for i in range(5)}}
    opened = open_checkpoint(written(content, tmp_path / "nan.pth"))
    with refused("checkpoint-nan", tmp_path / "nan.pth", "layer0, layer1, layer2", "2 more"):
        opened.require_finite()


def test_what_a_run_needs_to_continue(tmp_path):
    hub = {"message_hub": {name: {} for name in read.NOTES}}
    meta = {"iter": 3, "epoch": 0, "seed": None}
    full = {"state_dict": {}, "meta": meta, "optimizer": {}, "param_schedulers": [], **hub}
    open_checkpoint(written(full, tmp_path / "a.pth")).require_resumable()
    opened = open_checkpoint(tmp_path / "a.pth")
    opened.require_resumable(("iter", 3))
    with refused("checkpoint-resume", opened.path, "meta.iter=3", "max_iters=2"):
        opened.require_resumable(("iter", 2))
    opened = open_checkpoint(written({"state_dict": {}, "meta": {"epoch": 0}, **hub}, tmp_path / "a.pth"))
    with refused("checkpoint-resume", opened.path, "lacks meta.iter, optimizer, param_schedulers", "--load-from"):
        opened.require_resumable()
    with refused("checkpoint-resume", "lacks meta.iter, so"):
        opened.require_resumable(optimizer=False, schedule=False)


NOTES = {
    "meta.iter": ("meta", "iter", -1),
    "meta.epoch": ("meta", "epoch", "0"),
    "meta.seed": ("meta", "seed", 2**32),
    "log_scalars": ("message_hub", "log_scalars", []),
    "resumed_keys": ("message_hub", "resumed_keys", None),
    "train/loss": ("message_hub", "resumed_keys", {"train/loss": "x"}),
    "last_validation": ("runtime_info", "last_validation", "2"),
    "best_ckpt": ("runtime_info", "best_ckpt", 5),
    "best_score_mIoU": ("runtime_info", "best_score_mIoU", "0.5"),
    "keep_ckpt_ids": ("runtime_info", "keep_ckpt_ids", {"2": 1}),
}


@pytest.mark.parametrize("named", NOTES)
def test_notes_that_no_run_can_use(tmp_path, named):
    place, name, value = NOTES[named]
    hub = {"log_scalars": {}, "runtime_info": {}, "resumed_keys": {}}
    content = {
        "state_dict": {},
        "meta": {"iter": 3, "epoch": 0},
        "optimizer": {},
        "param_schedulers": [],
        "message_hub": hub,
    }
    (hub["runtime_info"] if place == "runtime_info" else content[place])[name] = value
    opened = open_checkpoint(written(content, tmp_path / "a.pth"))
    with refused("checkpoint-resume", opened.path, named):
        opened.require_resumable()
