"""Downloads from a server in this process: from the start, from the middle, broken off, damaged, and not at all."""

import dataclasses
import hashlib
import shutil
import ssl
import threading
from http.client import HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from support.voc_sbd_trees import TREES, pack

from fcn_plugin.datatools.voc_sbd.download import fetch
from fcn_plugin.datatools.voc_sbd.releases import RELEASES
from fcn_plugin.datatools.voc_sbd.sources import find_trees
from fcn_plugin.errors import UserError

CONTENT = bytes(range(256)) * 40


class Handler(BaseHTTPRequestHandler):
    """Serves ``server.files``; knows ranges unless told otherwise, and may stop early."""

    def do_GET(self):
        content = self.server.files[self.path.strip("/")]
        asked = self.headers.get("Range")
        self.server.ranges.append(asked)
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and self.server.knows_ranges else 0
        if start and start >= len(content):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        self.wfile.write(content[start : self.server.stop])

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.files, server.ranges, server.knows_ranges, server.stop = {}, [], True, None
    thread = threading.Thread(target=server.serve_forever, kwargs=dict(poll_interval=0.01))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def publish(server, release, content):
    """The release as if it lay on this server."""
    server.files[release.archive] = content
    url = f"http://127.0.0.1:{server.server_port}/{release.archive}"
    return dataclasses.replace(release, url=url, md5=hashlib.md5(content).hexdigest())


@pytest.fixture
def release(server):
    return publish(server, RELEASES["sbd"], CONTENT)


@pytest.fixture
def part(tmp_path):
    return tmp_path / "benchmark.tgz.part"


def assert_fetched(release, folder):
    assert fetch(release, folder) == folder / release.archive
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {release.archive: CONTENT}


def test_from_the_start(server, release, tmp_path):
    assert_fetched(release, tmp_path / "new")
    assert server.ranges == [None]


def test_from_the_middle(server, release, tmp_path, part):
    part.write_bytes(CONTENT[:1000])
    assert_fetched(release, tmp_path)
    assert server.ranges == ["bytes=1000-"]


def test_from_the_start_again_where_the_server_knows_no_ranges(server, release, tmp_path, part):
    server.knows_ranges = False
    part.write_bytes(CONTENT[:1000])
    assert_fetched(release, tmp_path)


def test_all_was_there_but_the_name(release, tmp_path, part):
    part.write_bytes(CONTENT)
    assert_fetched(release, tmp_path)


def test_after_a_broken_connection(server, release, tmp_path, part):
    server.stop = 3000
    with pytest.raises(UserError, match=r"broke off after 3000 of 10240 bytes.*: run again"):
        fetch(release, tmp_path)
    assert part.read_bytes() == CONTENT[:3000]
    server.stop = None
    assert_fetched(release, tmp_path)
    assert server.ranges == [None, "bytes=3000-"]


@pytest.mark.parametrize(
    "fault", [ssl.SSLError("bad record mac"), OSError("no route to host"), ConnectionResetError("reset")]
)
def test_after_a_fault_of_the_network(server, release, tmp_path, part, monkeypatch, fault):
    read, calls = HTTPResponse.read, []

    def read_once(response, amount):
        if calls:
            raise fault
        calls.append(amount)
        return read(response, 3000)

    with monkeypatch.context() as patch:
        patch.setattr(HTTPResponse, "read", read_once)
        with pytest.raises(UserError, match=r"broke off after 3000 of 10240 bytes \(.*\): run again") as error:
            fetch(release, tmp_path)
    assert str(fault) in str(error.value)
    assert part.read_bytes() == CONTENT[:3000]
    assert_fetched(release, tmp_path)
    assert server.ranges == [None, "bytes=3000-"]


@pytest.mark.parametrize("start", [b"", b"other bytes than those of the file"])
def test_another_sum_is_refused_and_removed(release, tmp_path, part, start):
    part.write_bytes(start)
    spoilt = dataclasses.replace(release, md5="0" * 32)
    with pytest.raises(UserError, match=rf"gave a file of md5 \w{{32}}, not {'0' * 32}: it was removed; run again"):
        fetch(spoilt, tmp_path)
    assert not list(tmp_path.iterdir())
    assert_fetched(release, tmp_path)


def test_releases_that_are_not_there_are_fetched_and_extracted(server, trees, tmp_path, monkeypatch):
    data = tmp_path / "data"
    for name in ("voc2011", "sbd"):
        archive = pack(tmp_path, name, tmp_path / RELEASES[name].archive)
        monkeypatch.setitem(RELEASES, name, publish(server, RELEASES[name], archive.read_bytes()))
    found = find_trees({"voc2012": str(trees["voc2012"])}, data, download=True)
    assert found == {"voc2012": trees["voc2012"]} | {name: data / TREES[name] for name in ("voc2011", "sbd")}
    assert (data / TREES["sbd"] / "cls/s1.mat").read_bytes() == (trees["sbd"] / "cls/s1.mat").read_bytes()
    assert len(server.ranges) == 2
    find_trees({"voc2012": str(trees["voc2012"])}, data, download=True)
    assert len(server.ranges) == 2  # what is there is not fetched again


def test_without_a_connection_the_files_to_bring_are_named(server, trees, tmp_path, monkeypatch):
    for name in ("voc2011", "sbd"):
        shutil.rmtree(trees[name])
        closed = dataclasses.replace(RELEASES[name], url=f"http://127.0.0.1:1/{name}")
        monkeypatch.setitem(RELEASES, name, closed)
    with pytest.raises(UserError) as error:
        find_trees({}, tmp_path, download=True)
    first, second, *lines = str(error.value).splitlines()
    assert first.startswith("http://127.0.0.1:1/voc2011 can't be reached (")
    assert second == "without a connection put these files there, or name a folder or an archive:"
    assert lines == [
        f"  {tmp_path / RELEASES[name].archive} from {RELEASES[name].url} (md5 {RELEASES[name].md5}), or --{name} PATH"
        for name in ("voc2011", "sbd")
    ]
