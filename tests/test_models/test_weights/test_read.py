"""Reading checkpoint files: whole or not at all, and never code."""

import io
import os
import pickle

import numpy as np
import pytest
import torch
from caffe_writer import write_caffemodel

from fcn_plugin.errors import UserError
from fcn_plugin.models.weights import read_checkpoint, read_state_dict


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


class Reaching:
    """Looks up a function by name when unpickled."""

    def __reduce__(self):
        return getattr, (torch.Tensor, "tolist")


def test_a_file_that_looks_up_functions_is_refused(tmp_path):
    path = written({"a": Reaching()}, tmp_path / "bad.pth")
    with pytest.raises(UserError, match=r"bad\.pth"):
        read_checkpoint(path)


class Harmful:
    """Makes a folder when unpickled."""

    def __init__(self, folder):
        self.folder = str(folder)

    def __reduce__(self):
        return os.mkdir, (self.folder,)


@pytest.mark.parametrize("read", [read_checkpoint, read_state_dict])
@pytest.mark.parametrize("save", [torch.save, lambda content, path: path.write_bytes(pickle.dumps(content, 2))])
def test_a_file_that_would_run_code_is_refused_and_does_not_run_it(tmp_path, save, read):
    path, folder = tmp_path / "bad.pth", tmp_path / "made"
    save({"a": 1, "b": Harmful(folder)}, path)
    with pytest.raises(UserError, match=r"bad\.pth would run code \((posix|nt)\.mkdir\)"):
        read(str(path))
    assert not folder.exists()


def test_a_link_that_cannot_be_fetched_says_what_to_do():
    with pytest.raises(UserError, match=r"can't fetch torchvision://vgg99 .*download the file"):
        read_state_dict("torchvision://vgg99")


@pytest.mark.parametrize("kind", [".pth", ".caffemodel"])
def test_a_link_is_fetched_once_whatever_the_file_is(tmp_path, monkeypatch, kind):
    fetched = []

    def fetch(url, path, checksum):
        fetched.append((url, checksum))
        if kind == ".pth":
            torch.save({"conv1_1.weight": torch.ones(2)}, path)
        else:
            write_caffemodel(path, {"conv1_1": [np.ones(2, np.float32)]})

    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", fetch)
    link = f"https://example.org/weights/vgg16-0123abcd{kind}?download=1"
    for _ in range(2):
        assert {name: t.tolist() for name, t in read_state_dict(link).items()} == {"conv1_1.weight": [1, 1]}
    assert fetched == [(link, "0123abcd")]


def test_torchvisions_name_stands_for_its_link(tmp_path, monkeypatch):
    fetched = []
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", lambda url, *_: fetched.append(url))
    with pytest.raises(UserError, match=r"no checkpoint at .*vgg16-397923af\.pth"):
        read_state_dict("torchvision://vgg16")
    assert fetched == ["https://download.pytorch.org/models/vgg16-397923af.pth"]


@pytest.mark.parametrize("link", ["http://example.org/a.pth", "file:///etc/hostname"])
def test_other_links_are_refused(link):
    with pytest.raises(UserError, match=r"a file, an https:// link or torchvision://NAME"):
        read_state_dict(link)
