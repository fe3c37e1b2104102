"""Archives are extracted as far as they are used, go on where they stopped, and never write outside the folder."""

import io
import tarfile

import pytest
from support.refusals import refused
from support.voc_sbd_trees import TREES, pack

from fcn_plugin.datatools.voc_sbd.sources import RELEASES, extract

SBD = RELEASES["sbd"]


@pytest.fixture
def archive(trees, tmp_path):
    """SBD's archive, which also holds an image that is not used."""
    (trees["sbd"] / "img").mkdir()
    (trees["sbd"] / "img/s1.jpg").write_bytes(b"large")
    return pack(tmp_path, "sbd", tmp_path / SBD.archive)


def files(root):
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def add(archive, name, content=b"", **kind):
    """Write an archive of one member."""
    member = tarfile.TarInfo(name)
    member.size = len(content)
    for key, value in kind.items():
        setattr(member, key, value)
    with tarfile.open(archive, "w") as tar:
        tar.addfile(member, io.BytesIO(content))
    return archive


def test_the_used_files_come_out_as_they_went_in(archive, trees, tmp_path):
    out = tmp_path / "out"
    assert extract(archive, SBD, out) == out / TREES["sbd"]
    wanted = {name: content for name, content in files(trees["sbd"]).items() if not name.startswith("img/")}
    assert files(out / TREES["sbd"]) == wanted
    assert {path.name for path in out.iterdir()} == {"benchmark_RELEASE", ".benchmark.tgz.extracted"}


@pytest.mark.parametrize("release", ["voc2012", "voc2011"])
def test_vocs_archives(trees, tmp_path, release):
    archive = pack(tmp_path, release, tmp_path / RELEASES[release].archive)
    assert files(extract(archive, RELEASES[release], tmp_path / "out")) == files(trees[release])


def test_a_second_call_writes_what_is_missing_and_no_more(archive, tmp_path):
    tree = extract(archive, SBD, tmp_path)
    (tmp_path / ".benchmark.tgz.extracted").unlink()  # as after a stop
    before = (tree / "train.txt").read_bytes()
    (tree / "train.txt").unlink()
    (tree / "val.txt").write_text("mine\n")
    extract(archive, SBD, tmp_path)
    assert (tree / "train.txt").read_bytes() == before
    assert (tree / "val.txt").read_text() == "mine\n"


def test_what_was_extracted_is_not_read_again(archive, tmp_path, monkeypatch):
    tree = extract(archive, SBD, tmp_path)
    monkeypatch.setattr(tarfile, "open", None)
    assert extract(archive, SBD, tmp_path) == tree


def test_a_tree_that_was_removed_is_extracted_again(archive, tmp_path):
    tree = extract(archive, SBD, tmp_path)
    (tree / "train.txt").unlink()
    extract(archive, SBD, tmp_path)
    assert (tree / "train.txt").exists()


def test_force_writes_all_again(archive, tmp_path):
    tree = extract(archive, SBD, tmp_path)
    (tree / "val.txt").write_text("mine\n")
    extract(archive, SBD, tmp_path, force=True)
    assert (tree / "val.txt").read_text() != "mine\n"


def test_a_stop_leaves_whole_files_alone(archive, tmp_path, monkeypatch):
    whole = files(extract(archive, SBD, tmp_path / "whole"))
    extract_one = tarfile.TarFile.extractfile
    calls = []

    def stop_at_the_third(tar, member):
        calls.append(member)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return extract_one(tar, member)

    monkeypatch.setattr(tarfile.TarFile, "extractfile", stop_at_the_third)
    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        extract(archive, SBD, out)
    partial = files(out / TREES["sbd"])
    assert len(partial) == 2
    assert partial.items() < whole.items()
    assert [path.name for path in out.iterdir()] == ["benchmark_RELEASE"]
    monkeypatch.undo()
    assert files(extract(archive, SBD, out)) == whole


@pytest.mark.parametrize("length", [0, 100, -300])
def test_a_damaged_archive_is_named(archive, tmp_path, length):
    archive.write_bytes(archive.read_bytes()[:length])
    with refused("archive-damaged", archive, "download it again"):
        extract(archive, SBD, tmp_path / "out")
    assert not (tmp_path / "out/.benchmark.tgz.extracted").exists()


def test_a_truncated_tar_is_named(trees, tmp_path):
    archive = pack(tmp_path, "voc2012", tmp_path / RELEASES["voc2012"].archive)
    archive.write_bytes(archive.read_bytes()[:20_000])
    with refused("archive-damaged", archive, "(unexpected end of data)"):
        extract(archive, RELEASES["voc2012"], tmp_path / "out")


def test_another_archive_is_named(trees, tmp_path):
    archive = pack(tmp_path, "voc2011", tmp_path / "VOC.tar")
    with refused("dataset-missing", archive, "no VOCdevkit/VOC2012/ImageSets/Segmentation", "PASCAL VOC 2012"):
        extract(archive, RELEASES["voc2012"], tmp_path / "out")


def test_a_member_that_leaves_the_folder_is_refused(tmp_path):
    archive = add(tmp_path / "evil.tgz", "benchmark_RELEASE/dataset/cls/../../../../evil.mat", b"evil")
    with refused("archive-damaged", archive, "unsafe", "evil.mat"):
        extract(archive, SBD, tmp_path / "out")
    assert not (tmp_path / "evil.mat").exists()


def test_links_are_left_out(tmp_path):
    link = dict(type=tarfile.SYMTYPE, linkname="/etc/hostname")
    archive = add(tmp_path / "evil.tgz", "benchmark_RELEASE/dataset/cls/s1.mat", **link)
    with refused("dataset-missing", archive, "benchmark_RELEASE/dataset/cls"):
        extract(archive, SBD, tmp_path / "out")
    assert files(tmp_path / "out") == {}
