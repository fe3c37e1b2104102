"""All files or none, by one call at a time, in the places that are meant."""

import subprocess
import sys

import pytest
from support.refusals import refused

from fcn_plugin.datatools.new.build import new_dataset
from fcn_plugin.datatools.new.config_text import MARK
from fcn_plugin.datatools.new.options import Options
from fcn_plugin.datatools.new.outputs import exclusive, refuse_existing, write_all

ROADS = Options("roads", "photos", "masks", net="vgg16")


def content(folder):
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def put(name):
    return lambda folder: (folder / name).write_text(name)


def test_files_and_folder(tmp_path):
    texts = {tmp_path / "a/list.txt": "1", tmp_path / "b/c/config.py": "2"}
    with exclusive(tmp_path / "a", tmp_path / "b/c", "x"):
        write_all(texts, tmp_path / "a/masks", put("old"))
    assert content(tmp_path) == {"a/list.txt": "1", "b/c/config.py": "2", "a/masks/old": "old"}
    write_all({tmp_path / "a/list.txt": "3"}, tmp_path / "a/masks", put("new"))
    assert content(tmp_path) == {"a/list.txt": "3", "b/c/config.py": "2", "a/masks/new": "new"}
    write_all({tmp_path / "a/list.txt": "4"}, tmp_path / "a/masks", None)
    assert content(tmp_path / "a") == {"list.txt": "4", "masks/new": "new"}


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_an_error_leaves_all_as_it_was(tmp_path, error):
    def fail(folder):
        put("half")(folder)
        raise error

    (tmp_path / "a/masks").mkdir(parents=True)
    (tmp_path / "a/list.txt").write_text("old")
    put("old")(tmp_path / "a/masks")
    with pytest.raises(type(error)), exclusive(tmp_path / "a", tmp_path / "b/c", "x"):
        write_all({tmp_path / "a/list.txt": "1", tmp_path / "b/c/d": "2"}, tmp_path / "a/masks", fail)
    assert {path.name for path in tmp_path.rglob("*")} == {"a", "list.txt", "masks", "old"}
    assert content(tmp_path) == {"a/list.txt": "old", "a/masks/old": "old"}


def test_a_file_in_the_way(tmp_path):
    (tmp_path / "b").touch()
    with pytest.raises(OSError), exclusive(tmp_path / "a", tmp_path / "b/c", "x"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


def test_what_is_there_is_kept(tmp_path):
    ours, theirs, text = tmp_path / "ours.py", tmp_path / "theirs.py", tmp_path / "x.txt"
    ours.write_text(f"# x: {MARK}\n")
    theirs.write_text(f"# x\n# {MARK}\n")
    text.touch()
    refuse_existing([tmp_path / "none"], force=False)
    with refused("output-exists", f"{ours}, {text} ", "--force"):
        refuse_existing([ours, text, tmp_path / "none"], force=False)
    refuse_existing([ours, text], force=True)
    with refused("output-exists", theirs, "NAME"):
        refuse_existing([ours, theirs], force=True)


HOLDS = "import fcntl, sys; file = open(sys.argv[1], 'w'); fcntl.lockf(file, fcntl.LOCK_EX); print(flush=True); input()"


@pytest.mark.parametrize("lock", ["data/roads/.new_dataset.lock", "configs/_base_/datasets/.roads.lock"])
def test_two_calls_at_once(colours, here, hashes, lock):
    """The second is refused and changes nothing; what a killed one leaves blocks nobody, and is cleared away."""
    (here / lock).parent.mkdir(parents=True)
    holder = subprocess.Popen([sys.executable, "-c", HOLDS, here / lock], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    holder.stdout.readline()
    before = hashes()
    try:
        with refused("work-dir-locked", "roads", "data/roads"):
            new_dataset(ROADS)
        assert hashes() == before
    finally:
        holder.kill()
        holder.communicate()
    left = here / "data/roads/.masks.part-x1"
    left.mkdir(parents=True)
    for file in (left / "0.png", left.parent / ".train.txt.part"):
        file.touch()
    new_dataset(ROADS)
    assert not [path for path in here.rglob("*") if path.name.startswith(".")]
    assert len(list((here / "data/roads/masks").iterdir())) == 5


def test_killed_between_masks_and_lists(colours, here):
    """The names of the new masks stand in lists that have not got their names yet."""
    new_dataset(ROADS)
    for split in ("train", "val"):
        (here / f"data/roads/{split}.txt").rename(here / f"data/roads/.{split}.txt.part")
    new_dataset(ROADS._replace(force=True))
    assert not list((here / "data/roads").glob(".*"))


def test_links_are_not_followed(colours, here, hashes):
    """In the places of files that are written: they are replaced, with --force, and what they lead to stays as it is."""
    new_dataset(ROADS)
    places = ["data/roads/train.txt", "data/roads/masks", "configs/fcn8s_vgg16_roads.py", "data/roads/.masks.part-x1"]
    places += ["configs/_base_/datasets/.roads.lock", "data/roads/.new_dataset.lock"]
    for place in places:
        path = here / place
        elsewhere = here / "elsewhere" / path.name
        elsewhere.parent.mkdir(exist_ok=True)
        if path.exists():
            path.rename(elsewhere)
        elif "-" in path.name:
            elsewhere.mkdir()
            (elsewhere / "mine").touch()
        else:
            elsewhere.write_text("mine")
        path.symlink_to(elsewhere)
    before = {path: digest for path, digest in hashes().items() if path.startswith("elsewhere")}
    new_dataset(ROADS._replace(force=True, seed=1))
    assert {path: digest for path, digest in hashes().items() if path.startswith("elsewhere")} == before
    assert not [place for place in places[:3] if (here / place).is_symlink()]
    assert (here / "data/roads/masks").is_dir()


def test_a_link_to_nothing_and_a_file_in_place_of_masks(colours, here, hashes):
    (here / "data/roads").mkdir(parents=True)
    (here / "data/roads/val.txt").symlink_to(here / "new.txt")
    with refused("output-exists", "data/roads/val.txt exist", "--force"):
        new_dataset(ROADS)
    (here / "data/roads/masks").write_text("mine")
    with refused("output-exists", "data/roads/masks is not a folder"):
        new_dataset(ROADS._replace(force=True))
    (here / "data/roads/masks").unlink()
    (here / "data/roads/train.txt").mkdir()
    before = hashes()
    with refused("output-exists", "data/roads/train.txt"):
        new_dataset(ROADS._replace(force=True))
    assert hashes() == before
    (here / "data/roads/train.txt").rmdir()
    new_dataset(ROADS._replace(force=True))
    assert not (here / "new.txt").exists()


def test_a_folder_of_data_may_be_a_link(colours, here):
    """To a larger disk, as people do."""
    (here / "disk").mkdir()
    (here / "data").symlink_to(here / "disk")
    new_dataset(ROADS)
    assert len(list((here / "disk/roads/masks").iterdir())) == 5


@pytest.mark.parametrize("name", ["train.txt", "classes.csv"])
def test_what_is_there_is_no_text(colours, here, name):
    new_dataset(ROADS)
    (here / "data/roads" / name).write_bytes(b"\xff\xfe\x00")
    if name == "classes.csv":
        with refused("output-exists", f"data/roads/{name}"):
            new_dataset(ROADS._replace(force=True))
    else:
        with refused("output-exists", "data/roads/masks has other files"):
            new_dataset(ROADS._replace(force=True))


def test_a_planted_link_to_a_folder_is_refused(tmp_path):
    (tmp_path / "victim").mkdir()
    (tmp_path / "configs/_base_").mkdir(parents=True)
    (tmp_path / "configs/_base_/datasets").symlink_to(tmp_path / "victim")
    with refused("output-path", "_base_/datasets"), exclusive(tmp_path / "a", tmp_path / "configs", "x"):
        pass
    assert not list((tmp_path / "victim").iterdir())
    assert not (tmp_path / "a").exists()
