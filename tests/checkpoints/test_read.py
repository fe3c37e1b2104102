"""Reading checkpoint files: whole or not at all."""

import io

import pytest
import torch

from fcn_plugin.checkpoints.read import read_checkpoint
from fcn_plugin.errors import UserError
from fcn_plugin.weights.rename import read_state_dict


def written(state, path):
    torch.save(state, path)
    return str(path)


def test_only_tensors_are_read(tmp_path):
    path = written({"state_dict": {"a": torch.ones(2), "note": "text"}}, tmp_path / "a.pth")
    assert {name: tensor.tolist() for name, tensor in read_state_dict(path).items()} == {"a": [1, 1]}


def test_no_file(tmp_path):
    with pytest.raises(UserError, match=r"no checkpoint at .*none\.pth"):
        read_checkpoint(str(tmp_path / "none.pth"))


@pytest.mark.parametrize("share", [0, 0.5, 0.99])
def test_a_truncated_file_is_refused(tmp_path, share):
    buffer = io.BytesIO()
    torch.save({"a": torch.randn(1000)}, buffer)
    path = tmp_path / "cut.pth"
    path.write_bytes(buffer.getvalue()[: int(share * buffer.tell())])
    with pytest.raises(UserError, match=r"cut\.pth can't be read as a checkpoint"):
        read_checkpoint(str(path))


def test_something_else_than_a_checkpoint_is_refused(tmp_path):
    with pytest.raises(UserError, match="holds a list, not a checkpoint"):
        read_checkpoint(written([torch.ones(1)], tmp_path / "list.pth"))


def test_map_location_is_torchs(tmp_path):
    path = written({"a": torch.ones(2)}, tmp_path / "a.pth")
    assert read_checkpoint(path)["a"].device.type == "cpu"
    assert read_checkpoint(path, "meta")["a"].device.type == "meta"
    assert read_checkpoint(path, lambda storage, _: storage)["a"].tolist() == [1, 1]
