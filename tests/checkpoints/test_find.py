"""The checkpoint that a run goes on from: the newest whole one of the run that wrote the note, by steps and not by clocks."""

import os

import pytest
import torch

from fcn_plugin.checkpoints.checksum import seal
from fcn_plugin.checkpoints.find import earlier_checkpoint, latest_checkpoint, note_start, shared_latest
from fcn_plugin.errors import UserError


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


def test_none_that_will_do(folder):
    for step in (200, 1000):
        spoil(folder / f"iter_{step}.pth")
    with pytest.raises(
        UserError, match=r"no checkpoint in .* will do: .*iter_1000.pth is damaged.*iter_200.pth is damaged"
    ):
        latest_checkpoint(folder)


def test_weights_that_are_not_finite_are_passed_over(folder, capsys):
    note(folder, "iter_1000.pth")
    save(folder / "iter_1000.pth", float("nan"))
    assert latest_checkpoint(folder) == str(folder / "iter_200.pth")
    assert "iter_1000.pth holds weights that are not finite" in capsys.readouterr().out


def test_none_that_will_do_where_that_is_no_error(folder):
    for step in (200, 1000):
        save(folder / f"iter_{step}.pth", float("nan"))
    assert latest_checkpoint(folder, strict=False) is None


@pytest.mark.parametrize("content", [b"", b"\x80garbage", b"PK\x03\x04"])
def test_what_is_no_checkpoint_is_passed_over(folder, content):
    (folder / "iter_1000.pth").write_bytes(content)
    assert latest_checkpoint(folder) == str(folder / "iter_200.pth")


@pytest.mark.parametrize("template", ["step_{}.pth", "iter_{}_fcn8s.pth"])
def test_names_of_the_users_own(tmp_path, template):
    """``filename_tmpl``, and a save that was cut off."""
    note_start(tmp_path, None, template)
    save(tmp_path / template.format(3))
    save(tmp_path / "iter_5.pth")
    note(tmp_path, template.format(6))
    assert latest_checkpoint(tmp_path) == str(tmp_path / template.format(3))


@pytest.mark.parametrize("name", ["last_checkpoint", "run_start.json"])
@pytest.mark.parametrize("content", [b"\xff\xfe", bytes(40), b"[]", b'{"checkpoint": 1, "template": 5, "foreign": []}'])
def test_notes_that_are_damaged(folder, name, content):
    """By a power cut or by hand: steps decide."""
    note_start(folder, folder / "iter_1000.pth")
    (folder / name).write_bytes(content)
    assert latest_checkpoint(folder) == str(folder / "iter_1000.pth")


def test_files_elsewhere_are_nobodys(tmp_path, monkeypatch):
    (tmp_path / "work").mkdir()
    save(tmp_path / "iter_7.pth")
    monkeypatch.chdir(tmp_path)
    assert latest_checkpoint(tmp_path / "work") is None
    assert earlier_checkpoint(tmp_path / "work") is None


@pytest.mark.parametrize("cut_off", [False, True])
def test_a_folder_of_the_checkpoints_own(tmp_path, cut_off):
    """``out_dir`` of the hook."""
    (tmp_path / "work").mkdir()
    (tmp_path / "out").mkdir()
    for step in (3, 6):
        save(tmp_path / "out" / f"iter_{step}.pth")
    note(tmp_path / "work", str(tmp_path / "out" / f"iter_{9 if cut_off else 6}.pth"))
    assert latest_checkpoint(tmp_path / "work") == str(tmp_path / "out" / "iter_6.pth")


class TestWhereARunBegins:
    def test_anew(self, folder):
        """Killed before its first save, it begins again, and does not go on from an earlier run's files."""
        assert earlier_checkpoint(folder) == "iter_1000.pth"
        note_start(folder, None)
        assert latest_checkpoint(folder) is None
        assert shared_latest(folder, own=True) is None

    def test_anew_and_killed_in_a_save(self, folder):
        """What was there before is not its own, whatever its step; what it has written is."""
        note_start(folder, None)
        note(folder, "iter_1000.pth")  # of this run's name, and the file is the earlier run's
        assert latest_checkpoint(folder) is None
        save(folder / "iter_200.pth", 3.0)
        assert latest_checkpoint(folder) == str(folder / "iter_200.pth")

    def test_at_a_file_of_the_folder(self, folder):
        """What an abandoned future has left is no longer this run's, also when the run has come as far."""
        note_start(folder, folder / "iter_200.pth")
        assert shared_latest(folder, own=True) == str(folder / "iter_200.pth")
        note(folder, "iter_1200.pth")
        assert latest_checkpoint(folder) == str(folder / "iter_200.pth")

    def test_at_a_file_from_elsewhere(self, folder, tmp_path_factory):
        other = tmp_path_factory.mktemp("other") / "iter_500.pth"
        save(other)
        note_start(folder, other)
        assert latest_checkpoint(folder) == str(other)
        note(folder, "iter_700.pth")  # its first save was cut off
        assert latest_checkpoint(folder) == str(other)
