"""Downloads from a server in this process: complete, broken off, damaged, and not at all."""

import hashlib
import shutil
import ssl
from http.client import HTTPResponse
from http.server import BaseHTTPRequestHandler

import pytest
from support.refusals import refused
from support.voc_sbd_trees import TREES, pack
from support.web import serving

from fcn_plugin.datatools.voc_sbd.sources import RELEASES, fetch, find_trees

CONTENT = bytes(range(256)) * 40


class Handler(BaseHTTPRequestHandler):
    """Serves ``server.files``, and may stop early."""

    def do_GET(self):
        content = self.server.files[self.path.strip("/")]
        if self.server.onward:
            self.send_response(301)
            self.send_header("Location", self.server.onward)
            self.end_headers()
            return
        self.server.requests.append(self.path)
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: self.server.stop])

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    with serving(Handler) as server:
        server.files, server.requests, server.stop, server.onward = {}, [], None, None
        yield server


def publish(server, release, content):
    """The release as if it lay on this server."""
    server.files[release.archive] = content
    url = f"http://127.0.0.1:{server.server_port}/{release.archive}"
    return release._replace(url=url, md5=hashlib.md5(content).hexdigest())


@pytest.fixture
def release(server):
    return publish(server, RELEASES["sbd"], CONTENT)


def assert_fetched(release, folder):
    assert fetch(release, folder) == folder / release.archive
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {release.archive: CONTENT}


def test_a_new_folder(release, tmp_path):
    assert_fetched(release, tmp_path / "new")


def test_after_a_broken_connection(server, release, tmp_path):
    server.stop = 3000
    with refused("download", release.url, tmp_path / "benchmark.tgz", "run again"):
        fetch(release, tmp_path)
    assert not list(tmp_path.iterdir())
    server.stop = None
    assert_fetched(release, tmp_path)


@pytest.mark.parametrize(
    "fault", [ssl.SSLError("bad record mac"), OSError("no route to host"), ConnectionResetError("reset")]
)
def test_after_a_fault_of_the_network(release, tmp_path, monkeypatch, fault):
    def read(response, amount=None):
        raise fault

    with monkeypatch.context() as patch, refused("download", release.url, fault, "run again"):
        patch.setattr(HTTPResponse, "read", read)
        fetch(release, tmp_path)
    assert_fetched(release, tmp_path)


def test_another_sum_is_refused_and_removed(release, tmp_path):
    with refused("download", release.url, "wrong checksum", "run again"):
        fetch(release._replace(md5="0" * 32), tmp_path)
    assert not list(tmp_path.iterdir())


def test_another_place_is_gone_on_to_by_https_alone(server, release, tmp_path):
    server.onward = release.url
    with refused("download", release.url, "which is not https://"):
        fetch(release, tmp_path)
    assert not list(tmp_path.iterdir())


def test_releases_that_are_not_there_are_fetched_and_extracted(server, trees, tmp_path, monkeypatch):
    data = tmp_path / "data"
    for name in ("voc2011", "sbd"):
        archive = pack(tmp_path, name, tmp_path / RELEASES[name].archive)
        monkeypatch.setitem(RELEASES, name, publish(server, RELEASES[name], archive.read_bytes()))
    found = find_trees({"voc2012": str(trees["voc2012"])}, data, download=True)
    assert found == {"voc2012": trees["voc2012"]} | {name: data / TREES[name] for name in ("voc2011", "sbd")}
    assert (data / TREES["sbd"] / "cls/s1.mat").read_bytes() == (trees["sbd"] / "cls/s1.mat").read_bytes()
    before = [*server.requests]
    find_trees({"voc2012": str(trees["voc2012"])}, data, download=True)
    assert server.requests == before  # what is there is not fetched again


def test_without_a_connection_the_file_to_bring_is_named(trees, tmp_path, monkeypatch):
    for name in ("voc2011", "sbd"):
        shutil.rmtree(trees[name])
        monkeypatch.setitem(RELEASES, name, RELEASES[name]._replace(url=f"http://127.0.0.1:1/{name}"))
    with refused("download", f"can't download http://127.0.0.1:1/voc2011 to {tmp_path / RELEASES['voc2011'].archive}"):
        find_trees({}, tmp_path, download=True)
