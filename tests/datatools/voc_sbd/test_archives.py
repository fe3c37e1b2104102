"""Archives are extracted as far as they are used, go on where they stopped, and never write outside the folder."""

import gzip
import io
import random
import tarfile
import tracemalloc

import pytest
from support.refusals import refused
from support.voc_sbd_trees import TREES, pack

from fcn_plugin.datatools.voc_sbd import sources
from fcn_plugin.datatools.voc_sbd.sources import RELEASES, extract
from fcn_plugin.errors import UserError

SBD = RELEASES["sbd"]


@pytest.fixture
def archive(trees, tmp_path):
    """SBD's archive, which also holds an image that is not used."""
    (trees["sbd"] / "img").mkdir()
    (trees["sbd"] / "img/s1.jpg").write_bytes(b"large")
    return pack(tmp_path, "sbd", tmp_path / SBD.archive)


def files(root):
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def member(name, content=b"", **kind):
    """An entry of an archive."""
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    for key, value in kind.items():
        setattr(entry, key, value)
    return entry, content


def write(archive, *members):
    """Write an archive."""
    with tarfile.open(archive, "w") as tar:
        for entry, content in members:
            tar.addfile(entry, io.BytesIO(content))
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


ROOT = "benchmark_RELEASE/dataset"
RELEASE = [member(f"{ROOT}/{name}", b"content") for name in ("train.txt", "val.txt", "cls/s1.mat")]
WANTED = {entry.name for entry, _ in RELEASE}
EVIL = {
    "up": "../../evil.mat",
    "up within the folder": f"{ROOT}/cls/../../../fresh/evil.mat",
    "over another data set": f"{ROOT}/cls/../../../other/train.txt",
    "another folder": "other/train.txt",
    "beside its part": f"{ROOT}/img/evil.mat",
    "below its part": f"{ROOT}/cls/sub/evil.mat",
    "dots": f"{ROOT}/cls/..",
    "escape codes": f"{ROOT}/cls/a\n\x1b[2J.mat",
    "hidden": f"{ROOT}/cls/.s1.mat.part",
    "long": f"{ROOT}/cls/{'n' * 5000}.mat",
}
LINKS = {
    "link": dict(type=tarfile.SYMTYPE),
    "hard link": dict(type=tarfile.LNKTYPE),
    "device": dict(type=tarfile.CHRTYPE),
    "pipe": dict(type=tarfile.FIFOTYPE),
}


@pytest.fixture
def out(tmp_path):
    """A data folder with another data set."""
    (tmp_path / "out/other").mkdir(parents=True)
    (tmp_path / "out/other/train.txt").write_bytes(b"mine")
    return tmp_path / "out"


def assert_clean(tmp_path, out, archive):
    """The release is there and nothing else is new."""
    assert set(files(out)) == {*WANTED, "other/train.txt", f".{archive.name}.extracted"}
    assert (out / "other/train.txt").read_bytes() == b"mine"
    assert not [path for path in out.rglob("*") if path.is_symlink() or not (path.is_dir() or path.is_file())]
    assert {path.name for path in tmp_path.iterdir()} == {"out", archive.name}


@pytest.mark.parametrize("case", EVIL)
@pytest.mark.parametrize("force", [False, True])
def test_members_of_other_places_or_names_are_left_out(tmp_path, out, case, force):
    archive = write(tmp_path / "a.tar", member(EVIL[case], b"evil"), *RELEASE, member(EVIL[case], b"evil"))
    extract(archive, SBD, out, force)
    assert_clean(tmp_path, out, archive)


def test_an_absolute_path_is_left_out(tmp_path, out):
    archive = write(tmp_path / "a.tar", member(str(tmp_path / "evil"), b"evil"), *RELEASE)
    extract(archive, SBD, out)
    assert_clean(tmp_path, out, archive)


@pytest.mark.parametrize("case", LINKS)
def test_links_devices_and_what_follows_them_are_left_out(tmp_path, out, case):
    to_file, to_folder = ({**LINKS[case], "linkname": name} for name in ("/etc/hostname", str(tmp_path)))
    links = [member("benchmark_RELEASE", **to_folder), member(f"{ROOT}/cls/a.mat", **to_file)]
    through = [member(f"{ROOT}/cls/ln", **to_folder), member(f"{ROOT}/cls/ln/evil", b"evil")]
    archive = write(tmp_path / "a.tar", *links, *through, *RELEASE)
    extract(archive, SBD, out)
    assert_clean(tmp_path, out, archive)


def test_rights_of_members_are_not_taken(tmp_path, out):
    archive = write(tmp_path / "a.tar", *RELEASE, member(f"{ROOT}/cls/s2.mat", b"x", mode=0o6777))
    extract(archive, SBD, out)
    assert (out / ROOT / "cls/s2.mat").stat().st_mode & 0o7111 == 0


def test_a_linked_folder_of_the_user_is_used_and_not_left(tmp_path, out):
    """As on machines whose data lie elsewhere."""
    (tmp_path / "shared/disk").mkdir(parents=True)
    (out / "benchmark_RELEASE").symlink_to(tmp_path / "shared/disk")
    archive = write(tmp_path / "a.tar", member(f"{ROOT}/cls/../../../evil.txt", b"evil"), *RELEASE)
    extract(archive, SBD, out)
    assert set(files(tmp_path / "shared")) == {name.replace("benchmark_RELEASE", "disk") for name in WANTED}


def test_a_file_where_a_folder_should_be(tmp_path, out):
    (out / ROOT).mkdir(parents=True)
    (out / ROOT / "cls").write_bytes(b"mine")
    with pytest.raises(OSError, match="cls"):  # as for all faults of the disk: file-access
        extract(write(tmp_path / "a.tar", *RELEASE), SBD, out)
    assert (out / ROOT / "cls").read_bytes() == b"mine"


def header(name, **kind):
    return member(name, **kind)[0].tobuf(tarfile.GNU_FORMAT)


LONG = dict(type=tarfile.GNUTYPE_LONGNAME)
HOSTILE = {
    "long name": header("a", size=1 << 25, **LONG) + bytes(1 << 25),
    "long extended header": header("a", size=1 << 25, type=tarfile.XHDTYPE) + bytes(1 << 25),
    "long name after a large file": header("a", size=1 << 25)
    + bytes(1 << 25)
    + header("a", size=1 << 25, **LONG)
    + bytes(1 << 25),
    "headers of headers": (header("a", size=1, **LONG) + bytes(512)) * 3000,
    "petabytes": header(f"{ROOT}/cls/a.mat", size=1 << 50),
    "less than none": header(f"{ROOT}/cls/a.mat", size=-(1 << 10)),
    "thousands of members": header("a") * 1_000,
}


@pytest.mark.parametrize("case", HOSTILE)
@pytest.mark.parametrize("suffix", [".tar", ".tgz"])
def test_archives_that_want_memory_or_time(tmp_path, out, monkeypatch, case, suffix):
    monkeypatch.setattr(sources, "MEMBERS", 999)
    archive, content = tmp_path / f"a{suffix}", HOSTILE[case]
    archive.write_bytes(gzip.compress(content, 1) if suffix == ".tgz" else content)
    tracemalloc.start()
    with pytest.raises(UserError) as caught:
        extract(archive, SBD, out)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert caught.value.code == "archive-damaged"
    assert str(archive) in caught.value.message
    assert peak < 1 << 22
    assert set(files(out)) == {"other/train.txt"}


def test_sparse_members_are_left_out(tmp_path, out):
    """A few bytes that would become gigabytes."""
    sparse = {"GNU.sparse.map": "0,1", "GNU.sparse.size": str(1 << 40)}
    archive = write(tmp_path / "a.tar", member(f"{ROOT}/cls/a.mat", b"x", pax_headers=sparse), *RELEASE)
    with refused("archive-damaged", archive):
        extract(archive, SBD, out)
    sparse["GNU.sparse.size"] = str(1 << 30)
    extract(write(archive, member(f"{ROOT}/cls/a.mat", b"x", pax_headers=sparse), *RELEASE), SBD, out)
    assert_clean(tmp_path, out, archive)


def test_any_damage_is_named(tmp_path, out):
    """60 archives with changed bytes, half of them gzipped, the headers' sums put right again."""
    rng = random.Random(0)
    source = write(tmp_path / "source.tar", *RELEASE, *(member(f"{ROOT}/cls/{i}.mat", bytes(i)) for i in range(9)))
    whole, archive = source.read_bytes(), tmp_path / "a.tgz"
    for number in range(60):
        content = bytearray(whole)
        for _ in range(rng.choice((1, 3, 9))):
            place = rng.randrange(24) * 512 + rng.randrange(512)
            content[place] = rng.choice(b"\0\xff/.125LKxgS\x80")
        for start in range(0, len(content), 512):
            if content[start + 257 : start + 262] == b"ustar":
                total = 8 * 32 + sum(content[start : start + 148]) + sum(content[start + 156 : start + 512])
                content[start + 148 : start + 156] = b"%06o\0 " % total
        archive.write_bytes(gzip.compress(content, 1) if number % 2 else content)
        try:
            extract(archive, SBD, out, force=True)
        except UserError as error:
            assert error.code in ("archive-damaged", "dataset-missing")
            assert str(archive) in error.message
        assert {name for name in files(out) if not name.startswith((ROOT, "."))} == {"other/train.txt"}
    assert {path.name for path in tmp_path.iterdir()} == {"out", "source.tar", "a.tgz"}


@pytest.mark.parametrize("place", [f".{SBD.archive}.extracted", f"{ROOT}/cls"])
def test_planted_links_lead_nowhere(archive, tmp_path, place):
    """A link in place of the note is replaced; one in place of a folder is refused."""
    out, victim = tmp_path / "out", tmp_path / "victim"
    (out / place).parent.mkdir(parents=True)
    (out / place).symlink_to(victim)
    if place.startswith("."):
        victim.write_text("precious")
        extract(archive, SBD, out)
        assert (victim.read_text(), (out / place).is_symlink()) == ("precious", False)
    else:
        victim.mkdir()
        with refused("output-path", out / place):
            extract(archive, SBD, out)
        assert not list(victim.iterdir())
