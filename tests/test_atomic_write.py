"""A file takes its place when it is complete; an error leaves the old one and nothing else."""

import os

import pytest
from support.refusals import refused

from fcn_plugin.atomic_write import atomic_folder, atomic_write, durable_write, make_inside, read_plain, refuse_links


@pytest.mark.parametrize("durable", [False, True])
def test_the_old_file_stays_until_the_new_one_is_complete(tmp_path, durable):
    path = tmp_path / "list.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError), atomic_write(path, durable) as part:
        part.write_text("half")
        raise RuntimeError
    assert (path.read_text(), list(tmp_path.iterdir())) == ("old", [path])
    with atomic_write(path, durable) as part:
        part.write_text("new")
        assert path.read_text() == "old"
    assert (path.read_text(), list(tmp_path.iterdir())) == ("new", [path])


def test_the_old_folder_stays_until_the_new_one_is_complete(tmp_path):
    for name in ("old", "new"):
        with pytest.raises(RuntimeError), atomic_folder(tmp_path / "masks") as folder:
            (folder / "half").touch()
            raise RuntimeError
        with atomic_folder(tmp_path / "masks") as folder:
            (folder / name).touch()
        assert [path.name for path in tmp_path.rglob("*")] == ["masks", name]


def test_a_disk_that_refuses_is_named(tmp_path):
    with (
        refused("disk-write", tmp_path / "iter_9.pth", "No space left", "--resume"),
        durable_write(tmp_path / "iter_9.pth"),
    ):
        raise OSError(28, "No space left on device")


@pytest.mark.parametrize("name", ["list.txt", ".list.txt.part"])
@pytest.mark.parametrize("plant", [os.symlink, os.link])
def test_what_a_planted_link_leads_to_stays(tmp_path, name, plant):
    victim = tmp_path / "victim"
    victim.write_text("precious")
    plant(victim, tmp_path / name)
    with atomic_write(tmp_path / "list.txt") as part:
        part.write_text("new")
    assert victim.read_text() == "precious"
    assert {path.name: path.is_symlink() for path in tmp_path.iterdir()} == {"victim": False, "list.txt": False}
    assert (tmp_path / "list.txt").read_text() == "new"


@pytest.mark.parametrize("place", ["", "vis_data", "vis_data/scalars.json"])
def test_a_folder_in_which_the_engine_writes_may_hold_no_link(tmp_path, place):
    folder = tmp_path / "log"
    (folder / place).parent.mkdir(parents=True, exist_ok=True)
    (folder / place).symlink_to(tmp_path / "victim")
    with refused("output-path", folder / place):
        refuse_links(folder)


def test_folders_inside_another_follow_no_link(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out/masks").symlink_to(tmp_path / "elsewhere")
    with refused("output-path", tmp_path / "out/masks"):
        make_inside(tmp_path / "out", tmp_path / "out/masks/train")
    assert not list((tmp_path / "elsewhere").iterdir())
    make_inside(tmp_path / "out", tmp_path / "out/panels/train")
    assert (tmp_path / "out/panels/train").is_dir()


def test_pipes_folders_and_large_files_are_not_read(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "large").write_bytes(bytes(101))
    (tmp_path / "small").write_bytes(bytes(100))
    for name in ("pipe", "large", "."):
        with pytest.raises(OSError, match=name if name != "." else None):
            read_plain(tmp_path / name, most=100)
    assert read_plain(tmp_path / "small", most=100) == bytes(100)


@pytest.mark.parametrize("name", ["a" * 251 + ".png", "ä" * 125 + ".png"])
def test_the_longest_names(tmp_path, name):
    path = tmp_path / name
    with atomic_write(path) as part:
        part.write_text("new")
        assert list(tmp_path.glob(".*.part")) == [part]  # as a later call finds what a killed one left
    assert (list(tmp_path.iterdir()), path.read_text()) == ([path], "new")
