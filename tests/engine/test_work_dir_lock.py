"""One run in a work dir: the second one is refused; a lock ends with its process, however that ends."""

import multiprocessing
import os
import signal
import socket
from pathlib import Path

import pytest
from support.refusals import refused

from fcn_plugin.engine.work_dir_lock import LOCK, work_dir_lock


def hold(folder, held, leave):
    with work_dir_lock(folder):
        held.set()
        leave.wait(60)


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the folder's lock."""
    fork = multiprocessing.get_context("fork")
    held, leave = fork.Event(), fork.Event()
    process = fork.Process(target=hold, args=(str(tmp_path), held, leave))
    process.start()
    assert held.wait(60)
    process.leave = leave
    yield process
    process.kill()
    process.join()


def test_the_second_is_refused_and_the_owner_named(holder, tmp_path):
    with refused("work-dir-locked", tmp_path) as caught, work_dir_lock(str(tmp_path)):
        pass
    owner = (tmp_path / LOCK).read_text()
    assert owner.startswith(f"process {holder.pid} on host {socket.gethostname()}, since ")
    remedy = "wait for it, stop it, or choose another --work-dir"
    assert caught.value.message == f"{tmp_path} is in use by {owner}: {remedy}"


def test_it_is_free_after_the_first(holder, tmp_path):
    holder.leave.set()
    holder.join()
    assert not (tmp_path / LOCK).exists()
    with work_dir_lock(str(tmp_path)):
        assert (tmp_path / LOCK).read_text().startswith(f"process {os.getpid()} ")


def test_what_a_killed_run_left_is_taken_over(holder, tmp_path, capsys):
    os.kill(holder.pid, signal.SIGKILL)
    holder.join()
    assert (tmp_path / LOCK).exists()
    with work_dir_lock(str(tmp_path)):
        assert (tmp_path / LOCK).read_text().startswith(f"process {os.getpid()} ")
    said = capsys.readouterr().out
    assert f"{tmp_path / LOCK}: stale lock of process {holder.pid} on host {socket.gethostname()}" in said


def test_data_loaders_do_not_keep_it(tmp_path):
    """A fork has the open file, and not the lock: the next run need not wait for orphans."""
    fork = multiprocessing.get_context("fork")
    leave = fork.Event()
    with work_dir_lock(str(tmp_path)):
        orphan = fork.Process(target=leave.wait, args=(60,))
        orphan.start()
    other = fork.Process(target=hold, args=(str(tmp_path), fork.Event(), leave))
    leave.set()
    other.start()
    other.join()
    orphan.join()
    assert other.exitcode == 0


def test_again_in_the_same_process(tmp_path):
    with work_dir_lock(str(tmp_path)), work_dir_lock(str(tmp_path)):
        pass
    assert not (tmp_path / LOCK).exists()


@pytest.mark.parametrize("plant", [Path.symlink_to, Path.hardlink_to, lambda place, victim: os.mkfifo(place)])
def test_what_was_planted_is_replaced(tmp_path, plant):
    """What it leads to is neither written nor removed."""
    victim = tmp_path / "victim"
    victim.write_text("precious")
    plant(tmp_path / LOCK, victim)
    with work_dir_lock(str(tmp_path)):
        assert (tmp_path / LOCK).read_text().startswith(f"process {os.getpid()} ")
    assert [path.name for path in tmp_path.iterdir()] == ["victim"]
    assert victim.read_text() == "precious"


def test_other_processes_of_a_run_follow_the_first(holder, tmp_path, monkeypatch):
    monkeypatch.setattr("fcn_plugin.engine.work_dir_lock.is_main_process", lambda: False)
    with work_dir_lock(str(tmp_path)):
        pass
