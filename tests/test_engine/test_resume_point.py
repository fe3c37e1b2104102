"""The checkpoint that a run goes on from: the newest whole one of the run that wrote the note, by steps and not by clocks."""

import os

import pytest
import torch

from fcn_plugin.engine import latest_checkpoint
from fcn_plugin.engine.resume_point import clear_leftovers, newest_finite
from fcn_plugin.errors import UserError
from fcn_plugin.models.weights.checksum import seal


def save(path, value=0.0):
    torch.save({"state_dict": {"weight": torch.full((100,), value)}}, path)
    seal(path)


@pytest.fixture
def folder(tmp_path):
    """Checkpoints of 200 and 1000 steps; the clock went backwards in between."""
    for step, time in ((200, 2), (1000, 1)):
        save(tmp_path / f"iter_{step}.pth")
        os.utime(tmp_path / f"iter_{step}.pth", (time, time))
    return tmp_path


def note(folder, text):
    (folder / "last_checkpoint").write_text(text)


def spoil(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("place", ["", "/elsewhere/"])
def test_the_noted_file_wherever_the_folder_was(folder, place):
    note(folder, f"{place}iter_200.pth")
    assert latest_checkpoint(folder) == str(folder / "iter_200.pth")


@pytest.mark.parametrize("text", [None, ""])
def test_most_steps_without_a_note_that_helps(folder, text):
    if text is not None:
        note(folder, text)
    assert latest_checkpoint(folder) == str(folder / "iter_1000.pth")


def test_a_file_of_another_name(folder):
    save(folder / "mine.pth")
    note(folder, "mine.pth")
    assert latest_checkpoint(folder) == str(folder / "mine.pth")


def test_none_before_the_first(tmp_path, capsys):
    assert latest_checkpoint(tmp_path) is None
    assert latest_checkpoint(tmp_path / "none") is None
    note(tmp_path, "iter_10.pth")  # its save was the first, and was cut off
    assert latest_checkpoint(tmp_path) is None
    assert capsys.readouterr().out == ""


def test_a_save_that_was_cut_off(folder, capsys):
    """The note is there and the file is not; what an earlier, longer run left is not this run's."""
    note(folder, "iter_400.pth")
    assert latest_checkpoint(folder) == str(folder / "iter_200.pth")
    assert f"passed over: {folder / 'iter_400.pth'} is not there" in capsys.readouterr().out


def test_a_damaged_file(folder, capsys):
    note(folder, "iter_1000.pth")
    spoil(folder / "iter_1000.pth")
    assert latest_checkpoint(folder) == str(folder / "iter_200.pth")
    assert f"passed over: {folder / 'iter_1000.pth'} is damaged" in capsys.readouterr().out


def test_none_that_is_whole(folder):
    for step in (200, 1000):
        spoil(folder / f"iter_{step}.pth")
    with pytest.raises(
        UserError, match=r"no checkpoint in .* is whole: .*iter_1000.pth is damaged.*iter_200.pth is damaged"
    ):
        latest_checkpoint(folder)


def test_after_a_divergence_only_finite_weights_will_do(folder, capsys):
    assert newest_finite(folder) is None  # this run has saved nothing
    note(folder, "iter_1000.pth")
    save(folder / "iter_1000.pth", float("nan"))
    assert newest_finite(folder) == str(folder / "iter_200.pth")
    assert "iter_1000.pth holds weights that are not finite" in capsys.readouterr().out


def test_leftovers_go(folder, capsys):
    (folder / ".iter_400.pth.part").write_bytes(b"half")
    note(folder, "iter_1000.pth")
    clear_leftovers(folder, forget=False)
    assert sorted(path.name for path in folder.iterdir()) == ["iter_1000.pth", "iter_200.pth", "last_checkpoint"]
    assert f"removed {folder / '.iter_400.pth.part'}" in capsys.readouterr().out


def test_a_run_that_starts_anew_says_what_it_does_not_go_on_from(folder, capsys):
    note(folder, "iter_1000.pth")
    clear_leftovers(folder, forget=True)
    assert sorted(path.name for path in folder.iterdir()) == ["iter_1000.pth", "iter_200.pth"]
    assert f"{folder} holds iter_1000.pth of an earlier run, and this one starts anew" in capsys.readouterr().out
