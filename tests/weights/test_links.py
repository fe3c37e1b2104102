"""Links: https alone, fetched once, and compared with the sum that they give."""

import hashlib
import io
from pathlib import Path

import numpy as np
import pytest
import torch
from support.caffe_writer import write_caffemodel

from fcn_plugin.errors import UserError
from fcn_plugin.weights.links import fetch
from fcn_plugin.weights.source import read_state_dict

URL = "https://example.org/weights"


@pytest.fixture
def content():
    """A checkpoint's bytes."""
    buffer = io.BytesIO()
    torch.save({"conv1_1.weight": torch.ones(2)}, buffer)
    return buffer.getvalue()


@pytest.fixture
def host(monkeypatch, tmp_path, content):
    """What was fetched; the host sends ``host.content``."""

    class Fetched(list):
        pass

    fetched = Fetched()
    fetched.content = content

    def fetch_file(url, path):
        fetched.append(url)
        Path(path).write_bytes(fetched.content)

    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", fetch_file)
    return fetched


def sum_of(content):
    return hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("kind", [".pth", ".caffemodel"])
def test_a_link_is_fetched_once_whatever_the_file_is(host, tmp_path, kind):
    if kind == ".caffemodel":
        host.content = Path(write_caffemodel(tmp_path / "a", {"conv1_1": [np.ones(2, np.float32)]})).read_bytes()
    link = f"{URL}/vgg16-{sum_of(host.content)[:8]}{kind}?download=1"
    for _ in range(2):
        assert {name: t.tolist() for name, t in read_state_dict(link).items()} == {"conv1_1.weight": [1, 1]}
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
@pytest.mark.parametrize(
    ("link", "wanted"), [(BY_NAME, WRONG[:8]), (BY_LINK, WRONG)], ids=["by its name", "by the link"]
)
def test_another_sum_is_refused_and_the_file_removed(host, tmp_path, content, link, wanted, cached):
    path = tmp_path / "checkpoints" / link.partition("#")[0].rpartition("/")[2]
    if cached:
        path.parent.mkdir()
        path.write_bytes(content)
    with pytest.raises(UserError) as error:
        read_state_dict(link)
    assert str(error.value).startswith(
        f"{link}: the file has the SHA-256 {sum_of(content)}, and the link says {wanted}: {path} was removed. Fetch it again"
    )
    assert not path.exists()
    assert len(host) == (not cached)


def test_both_sums_must_be_right(host, content):
    right = sum_of(content)
    fetch(f"{URL}/vgg16-{right[:8]}.pth#sha256={right}")
    with pytest.raises(UserError, match=f"the link says {WRONG[:8]}"):
        fetch(f"{URL}/vgg16-{WRONG[:8]}.pth#sha256={right}")


def test_a_name_with_a_dash_is_no_sum(host):
    fetch(f"{URL}/vgg-face.pth")


@pytest.mark.parametrize("end", ["#sha256=abc", "#sha256=", "#md5=900150983cd24fb0", f"#sha256={'g' * 64}"])
def test_a_sum_that_is_none_is_refused(host, end):
    with pytest.raises(UserError, match="after the # comes sha256= and 64 hex digits"):
        fetch(f"{URL}/vgg16.pth{end}")
    assert host == []


def test_torchvisions_name_stands_for_its_link(host):
    with pytest.raises(UserError, match=r"the link says 397923af"):
        read_state_dict("torchvision://vgg16")
    assert host == ["https://download.pytorch.org/models/vgg16-397923af.pth"]


@pytest.mark.parametrize("link", ["http://example.org/a.pth", "file:///etc/hostname", "ftp://example.org/a.pth"])
def test_other_links_are_refused(host, link):
    with pytest.raises(UserError, match=r"a file, an https:// link or torchvision://NAME") as error:
        read_state_dict(link)
    assert ("anybody on the way can change the file" in str(error.value)) == link.startswith("http://")
    assert host == []


def test_a_link_that_cannot_be_fetched_says_what_to_do():
    with pytest.raises(UserError, match=r"can't fetch torchvision://vgg99 .*download the file"):
        read_state_dict("torchvision://vgg99")
