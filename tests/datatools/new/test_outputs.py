"""All files or none."""

import pytest
from support.refusals import refused

from fcn_plugin.datatools.new.config_text import MARK
from fcn_plugin.datatools.new.outputs import exclusive, refuse_existing, write_all


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
