"""The checkpoint that a run goes on from: the newest whole one of the run that wrote the note, by steps and not by clocks."""

import json
import os
import shutil

import pytest
import torch
from support.refusals import refused

from fcn_plugin.checkpoints import checksum, pickles, read
from fcn_plugin.checkpoints.checksum import seal
from fcn_plugin.checkpoints.find import (
    TEMPLATES,
    best_template,
    earlier_checkpoint,
    find_latest,
    has_saved,
    note_start,
    own_files,
    step_of,
)
from fcn_plugin.checkpoints.notes import write_note
from fcn_plugin.engine.hooks.checkpoint import read_best
from fcn_plugin.engine.start import Asked, Resume, find_resume, resolve_start


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


def latest(folder):
    """Path of the checkpoint that a run in the folder would resume from."""
    found = find_latest(folder).checkpoint
    return found and found.path


def passed_over(folder):
    """Files that are newer and not usable, each with its reason behind it."""
    return [problem.split(" ")[0] for problem in find_latest(folder).passed_over]


def spoil(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("place", ["", "/elsewhere/"])
def test_the_noted_file_wherever_the_folder_was(folder, place):
    note(folder, f"{place}iter_200.pth")
    assert latest(folder) == str(folder / "iter_200.pth")


@pytest.mark.parametrize("text", [None, ""])
def test_most_steps_without_a_note_that_helps(folder, text):
    if text is not None:
        note(folder, text)
    assert latest(folder) == str(folder / "iter_1000.pth")


def test_a_file_of_another_name(folder):
    save(folder / "mine.pth")
    note(folder, "mine.pth")
    assert latest(folder) == str(folder / "mine.pth")


def test_none_before_the_first(tmp_path):
    assert latest(tmp_path) is None
    assert latest(tmp_path / "none") is None
    note(tmp_path, "iter_10.pth")  # its save was the first, and was cut off
    assert latest(tmp_path) is None


def test_a_save_that_was_cut_off(folder):
    """The note is there and the file is not; what an earlier, longer run left is not this run's."""
    note(folder, "iter_400.pth")
    assert latest(folder) == str(folder / "iter_200.pth")
    assert passed_over(folder) == [str(folder / "iter_400.pth")]


def test_a_damaged_file(folder):
    note(folder, "iter_1000.pth")
    spoil(folder / "iter_1000.pth")
    assert latest(folder) == str(folder / "iter_200.pth")
    assert passed_over(folder) == [str(folder / "iter_1000.pth")]


def test_no_usable_one(folder):
    for step in (200, 1000):
        spoil(folder / f"iter_{step}.pth")
    with refused("checkpoint-resume", folder, folder / "iter_1000.pth", folder / "iter_200.pth"):
        find_latest(folder)


def test_weights_that_are_not_finite_are_passed_over(folder):
    note(folder, "iter_1000.pth")
    save(folder / "iter_1000.pth", float("nan"))
    assert latest(folder) == str(folder / "iter_200.pth")
    assert passed_over(folder) == [str(folder / "iter_1000.pth")]


def test_no_usable_one_where_that_is_no_error(folder):
    for step in (200, 1000):
        save(folder / f"iter_{step}.pth", float("nan"))
    assert find_latest(folder, strict=False).checkpoint is None


@pytest.mark.parametrize("content", [b"", b"\x80garbage", b"PK\x03\x04"])
def test_what_is_no_checkpoint_is_passed_over(folder, content):
    (folder / "iter_1000.pth").write_bytes(content)
    assert latest(folder) == str(folder / "iter_200.pth")


@pytest.mark.parametrize("template", ["step_{}.pth", "iter_{}_fcn8s.pth"])
def test_names_of_the_users_own(tmp_path, template):
    """``filename_tmpl``, and a save that was cut off."""
    note_start(tmp_path, None, template)
    save(tmp_path / template.format(3))
    save(tmp_path / "iter_5.pth")
    note(tmp_path, template.format(6))
    assert latest(tmp_path) == str(tmp_path / template.format(3))


@pytest.mark.parametrize("name", ["last_checkpoint", "run_start.json"])
@pytest.mark.parametrize("content", [b"\xff\xfe", bytes(40), b"[]", b'{"checkpoint": 1, "template": 5, "foreign": []}'])
def test_notes_that_are_damaged(folder, name, content):
    """By a power cut or by hand: steps decide."""
    note_start(folder, folder / "iter_1000.pth")
    (folder / name).write_bytes(content)
    assert latest(folder) == str(folder / "iter_1000.pth")


def test_files_elsewhere_are_nobodys(tmp_path, monkeypatch):
    (tmp_path / "work").mkdir()
    save(tmp_path / "iter_7.pth")
    monkeypatch.chdir(tmp_path)
    assert latest(tmp_path / "work") is None
    assert earlier_checkpoint(tmp_path / "work") is None


@pytest.mark.parametrize("cut_off", [False, True])
def test_a_folder_of_the_checkpoints_own(tmp_path, cut_off):
    """``out_dir`` of the hook."""
    (tmp_path / "work").mkdir()
    (tmp_path / "out").mkdir()
    for step in (3, 6):
        save(tmp_path / "out" / f"iter_{step}.pth")
    note(tmp_path / "work", str(tmp_path / "out" / f"iter_{9 if cut_off else 6}.pth"))
    assert latest(tmp_path / "work") == str(tmp_path / "out" / "iter_6.pth")


def other_kind(path, kind):
    """Something at a path that is no file; a pipe would be waited for."""
    {
        "folder": path.mkdir,
        "pipe": lambda: os.mkfifo(path),
        "link": lambda: path.symlink_to("nowhere"),
        "device": lambda: path.symlink_to("/dev/zero"),
    }[kind]()


@pytest.mark.parametrize("kind", ["folder", "pipe", "link", "device"])
def test_what_is_no_file_is_passed_over(folder, kind):
    for name in ("iter_1200.pth", "other.pth", "best_mIoU_iter_200.pth"):
        other_kind(folder / name, kind)
    assert latest(folder) == str(folder / "iter_1000.pth")
    assert str(folder / "iter_1200.pth") in find_latest(folder).passed_over[0]
    note_start(folder, str(folder / "iter_1000.pth"))
    assert latest(folder) == str(folder / "iter_1000.pth")
    assert own_files(folder, folder, "best_mIoU_iter_{}.pth") == {}
    with refused("checkpoint-missing", folder / "iter_1200.pth"):
        resolve_start(str(folder), Asked(str(folder / "iter_1200.pth")))


def test_a_copy_goes_on_from_its_own_files(folder, tmp_path_factory):
    """Its notes name the original, which has come further."""
    copy = tmp_path_factory.mktemp("copies") / "copy"
    note_start(folder, str(folder / "iter_1000.pth"))
    note(folder, str(folder / "iter_1200.pth"))
    shutil.copytree(folder, copy)
    save(folder / "iter_1200.pth")
    assert latest(folder) == str(folder / "iter_1200.pth")
    assert latest(copy) == str(copy / "iter_1000.pth")


def test_what_a_run_may_remove(folder):
    """Its own files alone: not those of an earlier run, of another name or folder, no links and no folders."""
    template = "best_mIoU_iter_{}.pth"
    save(folder / template.format(1), 1.0)
    note_start(folder, None)
    assert own_files(folder, folder, template) == own_files(folder, folder, "iter_{}.pth") == {}
    for step in (3, 2):
        save(folder / template.format(step))
    save(folder / "best_aAcc_iter_2.pth")
    (folder / template.format(4)).mkdir()
    (folder / template.format(5)).symlink_to(folder / "iter_200.pth")
    assert own_files(folder, folder, template) == {step: folder / template.format(step) for step in (2, 3)}
    save(folder / "iter_2.pth")
    note_start(folder, str(folder / "iter_2.pth"))  # what came after it is an abandoned future's
    assert own_files(folder, folder, template) == {2: folder / template.format(2)}
    note_start(folder, None)
    assert own_files(folder, folder, template) == {}


def test_a_note_of_version_1(folder):
    note(folder, "started anew, nothing saved yet")
    assert latest(folder) is None
    assert not has_saved(folder)


class TestWhereARunBegins:
    def test_at_the_start(self, folder):
        """Killed before its first save, it begins again, and does not go on from an earlier run's files."""
        assert earlier_checkpoint(folder) == "iter_1000.pth"
        note_start(folder, None)
        assert latest(folder) is None
        assert not has_saved(folder)

    def test_at_the_start_and_killed_in_a_save(self, folder):
        """What was there before is not its own, whatever its step; what it has written is."""
        note_start(folder, None)
        note(folder, "iter_1000.pth")  # of this run's name, and the file is the earlier run's
        assert latest(folder) is None
        save(folder / "iter_200.pth", 3.0)
        assert latest(folder) == str(folder / "iter_200.pth")

    def test_at_a_file_of_the_folder(self, folder):
        """What an abandoned future has left is no longer this run's, also when the run has come as far."""
        note_start(folder, folder / "iter_200.pth")
        assert has_saved(folder)
        assert latest(folder) == str(folder / "iter_200.pth")
        note(folder, "iter_1200.pth")
        assert latest(folder) == str(folder / "iter_200.pth")

    def test_at_a_file_from_elsewhere(self, folder, tmp_path_factory):
        other = tmp_path_factory.mktemp("other") / "iter_500.pth"
        save(other)
        note_start(folder, other)
        assert latest(folder) == str(other)
        note(folder, "iter_700.pth")  # its first save was cut off
        assert latest(folder) == str(other)


def test_each_file_is_hashed_once_and_read_once(folder, monkeypatch):
    """Verifying, judging the weights and resuming share one pass over a file."""
    spoil(folder / "iter_1000.pth")
    hashed, loaded = [], []
    digest, load = checksum._digest, pickles.load_pickled
    monkeypatch.setattr(checksum, "_digest", lambda file, place: hashed.append(file.name) or digest(file, place))
    monkeypatch.setattr(read, "load_pickled", lambda path, *args: loaded.append(path) or load(path, *args))
    resume = find_resume(str(folder))
    assert resume.take().state_dict["weight"].sum() == 0
    assert sorted(hashed) == sorted(map(str, (folder / "iter_1000.pth", folder / "iter_200.pth")))
    assert loaded == [str(folder / "iter_200.pth")]


def test_a_resumed_run_needs_no_other_weights(folder):
    start = resolve_start(str(folder), Asked("auto", adapt_classes=True))
    assert (type(start), start.path) == (Resume, str(folder / "iter_1000.pth"))


def plant(path, content):
    """Something else at the place of a note: a pipe, a large file, or bytes."""
    if content == "pipe":
        os.mkfifo(path)
    elif isinstance(content, int):
        with open(path, "wb") as file:
            file.truncate(content)
    else:
        path.write_bytes(content)


@pytest.mark.parametrize(
    "content", ["pipe", 3 * 2**30, b"[" * 200_000, b"[]", b"\xff", b"/" + b"a" * 5000, b"/a\0b/iter_9.pth"]
)
@pytest.mark.parametrize("name", ["run_start.json", "last_checkpoint", "best.json"])
def test_what_lies_in_the_place_of_a_note(folder, name, content):
    plant(folder / name, content)
    assert latest(folder) in (str(folder / "iter_1000.pth"), None if name == "last_checkpoint" else "")
    assert read_best(folder, "mIoU") is None
    (folder / name).unlink()
    assert has_saved(folder) is False


@pytest.mark.parametrize("start", ["/a\0b", "a" * 5000, "/\ud800"])
def test_a_beginning_that_no_file_has(folder, start):
    (folder / "run_start.json").write_text(json.dumps(dict(checkpoint=start, template="iter_{}.pth", foreign={})))
    assert latest(folder) == str(folder / "iter_1000.pth")


@pytest.mark.parametrize("template", ["iter_4.pth", "{}" * 12 + "Q", "*" * 12 + "Q"])
def test_a_template_without_a_place(folder, template):
    (folder / ("1" * 240 + ".pth")).touch()
    (folder / "run_start.json").write_text(json.dumps(dict(checkpoint=None, template=template, foreign={})))
    assert latest(folder) == str(folder / "iter_1000.pth")


def test_the_step_in_a_name():
    assert step_of("iter_12.pth", TEMPLATES) == 12
    assert step_of("best_mIoU_iter_7.pth", [best_template("*", "iter_{}.pth")]) == 7
    assert step_of("best_a_iter_b_iter_7.pth", [best_template("*", "iter_{}.pth")]) == 7
    for name in ("best__iter_7.pth", "best_iter_7.pth", "iter_7.pth", "best_mIoU_iter_.pth", "best_mIoU_iter_7x.pth"):
        assert step_of(name, [best_template("*", "iter_{}.pth")]) is None, name
    assert step_of("*" * 200, ["*" * 100 + "{}"]) is None


def test_a_folder_whose_name_is_no_utf8(tmp_path):
    folder = tmp_path / os.fsdecode(b"w\xff")
    folder.mkdir()
    save(folder / "iter_5.pth")
    note_start(folder, None)
    write_note(folder / "last_checkpoint", str(folder / "iter_6.pth"))
    save(folder / "iter_6.pth")
    assert latest(folder) == str(folder / "iter_6.pth")
