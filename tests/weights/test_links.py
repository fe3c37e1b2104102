"""Links: only https, fetched once, and compared with the sum that they give."""

import hashlib
import io
from pathlib import Path

import numpy as np
import pytest
import torch
from support.caffe_writer import write_caffemodel
from support.refusals import refused

from fcn_plugin.weights.links import fetch
from fcn_plugin.weights.rename import read_state_dict

URL = "https://example.org/weights"


@pytest.fixture
def content(request, tmp_path):
    """A checkpoint's bytes; those of a .caffemodel where a test asks for it."""
    if getattr(request, "param", ".pth") == ".caffemodel":
        return Path(write_caffemodel(tmp_path / "a", {"conv1_1": [np.ones(2, np.float32)]})).read_bytes()
    buffer = io.BytesIO()
    torch.save({"conv1_1.weight": torch.ones(2)}, buffer)
    return buffer.getvalue()


@pytest.fixture
def host(monkeypatch, tmp_path, content):
    """The links that were fetched; each gives the checkpoint."""
    links = []
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    send = lambda url, path: (links.append(url), Path(path).write_bytes(content))  # noqa: E731
    monkeypatch.setattr(torch.hub, "download_url_to_file", send)
    return links


def sum_of(content):
    return hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(
    ("content", "suffix"), [(kind, kind) for kind in (".pth", ".caffemodel")], indirect=["content"]
)
def test_a_link_is_fetched_once_whatever_the_file_is(host, content, suffix):
    link = f"{URL}/vgg16-{sum_of(content)[:8]}{suffix}?download=1"
    for _ in range(2):
        assert {name: t.tolist() for name, t in read_state_dict(fetch(link)).items()} == {"conv1_1.weight": [1, 1]}
    assert host == [link]


@pytest.mark.parametrize("change", [str, str.upper])
def test_a_link_may_carry_the_sum(host, tmp_path, content, change):
    link = f"{URL}/vgg16.pth#sha256={change(sum_of(content))}"
    assert fetch(link) == str(tmp_path / "checkpoints" / "vgg16.pth")
    assert host == [f"{URL}/vgg16.pth"]


WRONG = "0123456789abcdef" * 4
BY_NAME = f"{URL}/vgg16-{WRONG[:8]}.pth"
BY_LINK = f"{URL}/vgg16.pth#sha256={WRONG}"


@pytest.mark.parametrize("cached", [False, True])
@pytest.mark.parametrize(("link", "wanted"), [(BY_NAME, WRONG[:8]), (BY_LINK, WRONG)], ids=["name", "link"])
def test_another_sum_is_refused_and_the_file_removed(host, tmp_path, content, link, wanted, cached):
    path = tmp_path / "checkpoints" / link.partition("#")[0].rpartition("/")[2]
    if cached:
        path.parent.mkdir()
        path.write_bytes(content)
    with refused("weights-damaged", link, sum_of(content), f" {wanted};", path):
        fetch(link)
    assert not path.exists()
    assert len(host) == (not cached)


def test_both_sums_must_be_right_and_a_name_with_a_dash_is_none(host, content):
    right = sum_of(content)
    fetch(f"{URL}/vgg16-{right[:8]}.pth#sha256={right}")
    with refused("weights-damaged", f" {WRONG[:8]};"):
        fetch(f"{URL}/vgg16-{WRONG[:8]}.pth#sha256={right}")
    fetch(f"{URL}/vgg-face.pth")


@pytest.mark.parametrize("end", ["#sha256=abc", "#sha256=", "#md5=900150983cd24fb0", f"#sha256={'g' * 64}"])
def test_a_sum_that_is_none_is_refused(host, end):
    with refused("weights-link", f"{URL}/vgg16.pth{end}", "sha256=", "64 hex digits"):
        fetch(f"{URL}/vgg16.pth{end}")
    assert host == []


def test_torchvisions_name_stands_for_its_link(host):
    with refused("weights-damaged", "torchvision://vgg16", " 397923af;"):
        fetch("torchvision://vgg16")
    with refused("weights-link", "torchvision://vgg99", "--cfg-options model.pretrained=PATH"):
        fetch("torchvision://vgg99")
    assert host == ["https://download.pytorch.org/models/vgg16-397923af.pth"]


@pytest.mark.parametrize("link", ["http://example.org/a.pth", "file:///etc/hostname", "ftp://example.org/a.pth"])
def test_other_links_are_refused(host, link):
    with refused("weights-link", link, "https://", "torchvision://NAME") as caught:
        fetch(link)
    assert ("over http://" in caught.value.message) == link.startswith("http://")
    assert host == []
