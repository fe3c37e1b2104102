"""The folder of ``fcn export --to web``: as a whole or not at all, from a CDN or with a copy whose sum is right."""

import json
import shutil
import subprocess
from types import SimpleNamespace

import pytest
from support.refusals import refused

from fcn_plugin.export.metadata import Metadata
from fcn_plugin.export.web import runtime
from fcn_plugin.export.web.folder import web_folder

META = Metadata(
    ["a", "b"], [[0, 0, 0], [1, 2, 3]], "labels", "rgb", "RGB", [0.0] * 3, [1.0] * 3, "fcn8s_mine_20300101_101010"
)


def write(out, offline=False, **changes):
    with web_folder(out, offline) as nets:
        nets.next_path().write_bytes(b"a net")
        nets.add(Metadata(**{**META.__dict__, **changes}))


def test_by_default_a_cdn_serves_the_runtime(tmp_path):
    write(tmp_path / "site")
    known = json.loads((tmp_path / "site/nets.json").read_text())
    assert known["runtime"]["base"] == "https://cdn.jsdelivr.net/npm/onnxruntime-web@1.30.0/dist/"
    parts = [part for engine in known["runtime"]["engines"].values() for part in engine.values()]
    assert all(len(part["integrity"]) == len("sha384-") + 64 for part in parts) and len(parts) == 4
    policy = (tmp_path / "site/index.html").read_text()
    assert "connect-src 'self' https://cdn.jsdelivr.net/npm/onnxruntime-web@1.30.0/dist/;" in policy
    assert [(net["name"], net["file"], net["bytes"]) for net in known["nets"]] == [("fcn8s_mine", "net1.onnx", 5)]


def test_a_copy_is_served_beside_the_page(tmp_path, monkeypatch):
    monkeypatch.setattr(runtime, "fetch", lambda: {"ort.mjs": b"script"})
    write(tmp_path / "site", offline=True)
    assert (tmp_path / "site/onnxruntime-web/ort.mjs").read_bytes() == b"script"
    assert "connect-src 'self';" in (tmp_path / "site/index.html").read_text()
    assert "{{" not in (tmp_path / "site/index.html").read_text()


def test_files_that_are_there_stay(tmp_path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site/mine.html").write_text("mine")
    (tmp_path / "file").touch()
    for name in ("site", "file"):
        with refused("output-exists", tmp_path / name, "--out"):
            write(tmp_path / name)
    assert [path.name for path in (tmp_path / "site").iterdir()] == ["mine.html"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (dict(bands=True, mean=[0.0] * 5), "5 bands"),
        (dict(multilabel=True), "several labels"),
        (dict(classes=["a"] * 257), "257 classes"),
    ],
)
def test_nets_that_a_page_can_not_show(tmp_path, changes, reason):
    with refused("export-web", reason, "--to onnx"):
        write(tmp_path / "site", **changes)
    assert not list(tmp_path.iterdir())


def test_npm_that_is_missing_fails_or_brings_another_file(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with refused("requirements", "npm", "--offline"):
        runtime.fetch()
    monkeypatch.setattr(shutil, "which", lambda name: name)
    ended = SimpleNamespace(returncode=1, stderr="getaddrinfo ENOTFOUND")
    monkeypatch.setattr(subprocess, "run", lambda *args, **options: ended)
    with refused("download", "onnxruntime-web@1.30.0", "ENOTFOUND", "--offline"):
        write(tmp_path / "site", offline=True)
    assert not list(tmp_path.iterdir())
    (tmp_path / "changed.tgz").write_bytes(b"changed")
    with refused("download", runtime.PACKED):
        runtime.unpack(tmp_path / "changed.tgz")
