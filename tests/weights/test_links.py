"""Links: only https, fetched once from the whole link, compared with the sum that they give; over a server of this process."""

import hashlib
import io
import shutil
import ssl
import subprocess
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import numpy as np
import pytest
import torch
from support.caffe_writer import write_caffemodel
from support.refusals import refused
from support.web import serving

from fcn_plugin.weights import links
from fcn_plugin.weights.links import fetch
from fcn_plugin.weights.rename import read_renamed, read_state_dict
from fcn_plugin.weights.schemes import load


class Handler(BaseHTTPRequestHandler):
    """Serves ``server.files`` by path and query: content, a number of bytes to break off at, or a link to go on to."""

    def do_GET(self):
        self.server.requests.append(self.path)
        content = self.server.files.get(self.path, self.server.content)
        if isinstance(content, str):
            self.send_response(302)
            self.send_header("Location", content)
            self.end_headers()
            return
        whole = self.server.content if isinstance(content, int) else content
        self.send_response(200)
        self.send_header("Content-Length", str(len(whole)))
        self.end_headers()
        self.wfile.write(whole[:content] if isinstance(content, int) else whole)

    def log_message(self, *args):
        pass


def checkpoint(value=1.0):
    buffer = io.BytesIO()
    torch.save({"conv1_1.weight": torch.full((2,), value)}, buffer)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server with a certificate of its own, which clients of this module trust."""
    if not shutil.which("openssl"):
        pytest.skip("no openssl to make a certificate with")
    folder = tmp_path_factory.mktemp("certificate")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    made = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
    ]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    subprocess.run([*made, "-keyout", key, "-out", certificate, *names], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with serving(Handler, context) as server:
        server.certificate, server.url = str(certificate), f"https://localhost:{server.server_port}"
        yield server


@pytest.fixture
def host(monkeypatch, tmp_path, server):
    """The server, with nothing fetched so far; it gives the same checkpoint for every link."""
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setenv("SSL_CERT_FILE", server.certificate)
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    server.files, server.requests, server.content = {}, [], checkpoint()
    return server


def sum_of(content):
    return hashlib.sha256(content).hexdigest()


def cached(tmp_path):
    return [path for path in tmp_path.rglob("*") if not path.is_dir()]


def weights(path):
    return {name: tensor.tolist() for name, tensor in read_state_dict(path).items()}


@pytest.mark.parametrize("suffix", [".pth", ".caffemodel"])
def test_a_link_is_fetched_once_whatever_the_file_is(host, tmp_path, suffix):
    if suffix == ".caffemodel":
        path = Path(write_caffemodel(tmp_path / "a", {"conv1_1": [np.ones(2, np.float32)]}))
        host.content = path.read_bytes()
        path.unlink()
    link = f"/vgg16-{sum_of(host.content)[:8]}{suffix}?download=1"
    for _ in range(2):
        assert weights(fetch(host.url + link)) == {"conv1_1.weight": [1, 1]}
    assert host.requests == [link]
    assert [path.suffix for path in cached(tmp_path)] == [suffix]


@pytest.mark.parametrize("other", ["/b/net.pth", "/a/net.pth?id=b", "/a/net.pth?", "/a/NET.pth"])
def test_another_link_of_the_same_last_name_is_another_file(host, other):
    host.files[other] = checkpoint(2.0)
    assert weights(fetch(f"{host.url}/a/net.pth")) == {"conv1_1.weight": [1, 1]}
    assert weights(fetch(host.url + other))["conv1_1.weight"] == [2, 2]
    with refused("weights-link", "https://127.0.0.1:1/a/net.pth"):  # another host's
        fetch("https://127.0.0.1:1/a/net.pth")


ENDS = ["", "/", "/%2e%2e%2fevil.pth", f"/{'n' * 300}.pth", "/a?b=/../c", "/...", "/a\\b"]


@pytest.mark.parametrize("link", ENDS)
def test_any_end_of_a_link_is_a_file_of_the_cache(host, tmp_path, link):
    path = Path(fetch(host.url + link))
    assert path.parent == tmp_path / "checkpoints"
    assert cached(tmp_path) == [path]


@pytest.mark.parametrize("change", [str, str.upper])
def test_a_link_may_carry_the_sum(host, change):
    path = fetch(f"{host.url}/vgg16.pth#sha256={change(sum_of(host.content))}")
    assert path == fetch(f"{host.url}/vgg16.pth")
    assert path.endswith("-vgg16.pth")
    assert host.requests == ["/vgg16.pth"]


WRONG = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("link", "wanted"),
    [(f"/vgg16-{WRONG[:8]}.pth", WRONG[:8]), (f"/vgg16.pth#sha256={WRONG}", WRONG)],
    ids=["name", "link"],
)
def test_another_sum_is_refused_and_the_file_removed(host, tmp_path, link, wanted):
    with refused("weights-damaged", host.url + link, sum_of(host.content), f"says {wanted};"):
        fetch(host.url + link)
    assert not cached(tmp_path)
    assert len(host.requests) == 1


def test_a_copy_of_another_sum_is_fetched_again(host):
    right = checkpoint(2.0)
    fetch(f"{host.url}/net.pth")
    host.content = right
    assert weights(fetch(f"{host.url}/net.pth#sha256={sum_of(right)}")) == {"conv1_1.weight": [2, 2]}


def test_both_sums_must_be_right_and_a_name_with_a_dash_is_none(host):
    right = sum_of(host.content)
    fetch(f"{host.url}/vgg16-{right[:8]}.pth#sha256={right}")
    with refused("weights-damaged", f" {WRONG[:8]};"):
        fetch(f"{host.url}/vgg16-{WRONG[:8]}.pth#sha256={right}")
    fetch(f"{host.url}/vgg-face.pth")


@pytest.mark.parametrize("end", ["#", "#sha256=abc", "#sha256=", "#md5=900150983cd24fb0", f"#sha256={'g' * 64}"])
def test_a_sum_that_is_none_is_refused(host, end):
    with refused("weights-link", f"{host.url}/vgg16.pth{end}", "sha256=", "64 hex digits"):
        fetch(f"{host.url}/vgg16.pth{end}")
    assert host.requests == []


PAGES = {
    "page": b"<html>log in</html>",
    "empty": b"",
    "pickle": b"\x80\x02cposix\nsystem\n.",
    "half": checkpoint()[:200],
}


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("read", [read_renamed, load])
def test_what_is_no_weight_file_does_not_stay(host, tmp_path, page, read):
    host.content = PAGES[page]
    link = f"{host.url}/net.pth"
    with pytest.raises(ValueError, match=link) as caught:
        read(link)
    assert caught.value.code in ("weights-damaged", "checkpoint-damaged", "checkpoint-code")
    assert not cached(tmp_path)
    host.content = checkpoint()
    assert load(link)["conv1_1.weight"].tolist() == [1, 1]


def test_a_download_that_breaks_off_leaves_nothing(host, tmp_path):
    host.files["/net.pth"] = 100
    with refused("weights-link", f"{host.url}/net.pth", "received 100 bytes"):
        fetch(f"{host.url}/net.pth")
    assert not cached(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoints"]
    del host.files["/net.pth"]
    fetch(f"{host.url}/net.pth")


@pytest.mark.parametrize(
    "onward", ["http://localhost/net.pth", "file:///etc/hostname", "ftp://localhost/net.pth", "/net.pth"]
)
def test_a_link_leads_on_to_https_alone(host, tmp_path, onward):
    host.files["/net.pth"] = onward  # the last one leads to itself
    why = {"file": "not allowed", "/net": "infinite loop"}.get(onward[:4], "which is not https://")
    with refused("weights-link", f"{host.url}/net.pth", why):
        fetch(f"{host.url}/net.pth")
    assert not cached(tmp_path)
    host.files["/net.pth"] = "/other.pth"
    assert weights(fetch(f"{host.url}/net.pth")) == {"conv1_1.weight": [1, 1]}


def test_an_unknown_certificate_is_refused(host, monkeypatch, tmp_path):
    monkeypatch.delenv("SSL_CERT_FILE")
    with refused("weights-link", f"{host.url}/net.pth", "CERTIFICATE_VERIFY_FAILED"):
        fetch(f"{host.url}/net.pth")


def test_torchvisions_files_keep_torchs_names(host, monkeypatch, tmp_path):
    url, asked = "https://download.pytorch.org/models/vgg16-397923af.pth", []
    monkeypatch.setattr(links, "download", lambda url, path: asked.append((url, path)) or path.write_bytes(b"other"))
    (tmp_path / "checkpoints").mkdir()
    path = tmp_path / "checkpoints" / "vgg16-397923af.pth"
    for link in ("torchvision://vgg16", url):
        with refused("weights-damaged", link, " 397923af;"):
            fetch(link)
    assert asked == [(url, path)] * 2
    other = f"{url}?a=b"  # and of another place: not that name, which others take weights from by
    for link in (other, "https://example.org/models/vgg16-397923af.pth"):
        with refused("weights-damaged", link):
            fetch(link)
        assert asked[-1][1].name.endswith("-vgg16-397923af.pth")


def test_the_url_behind_a_name_is_named(host, monkeypatch):
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    with refused("weights-link", "torchvision://vgg16", "https://download.pytorch.org/models/vgg16-397923af.pth"):
        fetch("torchvision://vgg16")
    with refused("weights-link", "torchvision://vgg99", "--cfg-options model.pretrained=PATH"):
        fetch("torchvision://vgg99")


OTHERS = ["http://example.org/a.pth", "file:///etc/hostname", "ftp://example.org/a.pth", "HTTPS://localhost/a.pth"]
BROKEN = [
    "https://",
    "https:///a.pth",
    "https://localhost:99999/a.pth",
    "https://[::1",
    "https://localhost/\x1b[2J\n.pth",
]


@pytest.mark.parametrize("link", OTHERS)
def test_other_links_are_refused(host, link):
    with refused("weights-link", link, "https://", "torchvision://NAME"):
        fetch(link)
    assert host.requests == []


@pytest.mark.parametrize(
    "link", [*BROKEN, f"https://localhost/{chr(0xE9)}.pth", "torchvision://../../a", "torchvision://"]
)
def test_links_that_can_not_be(host, tmp_path, link):
    with refused("weights-link") as caught:
        fetch(link)
    assert "\x1b" not in caught.value.message
    assert not cached(tmp_path)
