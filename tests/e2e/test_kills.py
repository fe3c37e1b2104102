"""A run that is killed, stopped or fails goes on to the end that it would have had, to the bit.

Runs are forks of this process in process groups of their own, with data loaders, augmentation, dropout, batch norm, momentum,
schedules, an average of the weights and a best score; ``make soak`` has 200 kills of longer ones.
"""

import os
import shutil
import signal
import subprocess
import time
from contextlib import contextmanager

import pytest
import torch
from support.crash_runs import ALONE, CrashRun, differences, end_state, finish, killed_after, load, write_config
from support.refusals import refused
from support.soak import die_everywhere, reference_end, survive
from support.storms import SCENES, storm

from fcn_plugin.commands.run import process_lost
from fcn_plugin.commands.train import train
from fcn_plugin.signals import REQUEUE, SAME, StopRequest

pytestmark = pytest.mark.skipif(torch.cuda.is_available(), reason="processes are forked without a GPU's threads")

STEPS = 12
NOTES = ("last_checkpoint", "run_start.json", "best.json")


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    """12 steps, a save every third and a validation every sixth."""
    return write_config(tmp_path_factory.mktemp("kills"), STEPS, saves=3, validations=6)


@pytest.fixture(scope="module")
def reference(config, tmp_path_factory):
    """(end, seconds) of a run that nothing disturbs."""
    return reference_end(config, tmp_path_factory.mktemp("reference") / "work", STEPS)


def end_of(run, work_dir):
    assert run.code == 0, run.said()
    return end_state(work_dir, STEPS)


def test_random_kills(config, reference, tmp_path):
    tally = survive(config, tmp_path, kills=3, steps=STEPS, reference=reference[0], seconds=reference[1])
    assert tally.kills >= 3
    assert tally.wrong == []


def test_a_kill_between_two_operations_on_files(config, reference, tmp_path):
    """Saves, notes, a new best score, removals: some of them here, all in turn in the long loop."""
    tally = die_everywhere(config, tmp_path, STEPS, reference[0], every=23, keep=1)
    assert tally.kills > 2
    assert tally.wrong == []


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGUSR1", "SIGHUP"])
def test_a_signal_to_all_processes_leaves_a_checkpoint(config, reference, tmp_path, name):
    work_dir = tmp_path / "work"
    cfg = load(config, work_dir, custom_hooks=[dict(type="SignalGroup", step=5, name=name)])
    run = finish(cfg)
    assert run.code == REQUEUE == 99
    said = run.said()
    assert f"{name}: stopping after the next checkpoint" in said
    assert f"{name}: stopped after step 5; continue with --resume, from {work_dir / 'iter_5.pth'}" in said
    assert "Iter(train) [ 5/12]" in said
    assert "Iter(train) [ 6/12]" not in said
    assert "Traceback" not in said
    if name == "SIGTERM":
        assert differences(reference[0], end_of(finish(load(config, work_dir)), work_dir)) == []


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_signals_at_hard_moments(config, reference, tmp_path, scene):
    """Once or repeatedly, to the run and its workers; ``make soak`` has more of them."""
    ends = storm(config, tmp_path, scene, 3, reference[1], seed=1)
    assert ends.wrong == []
    assert ends.codes.total() == 3


def test_what_is_ignored_stays_ignored(config, tmp_path):
    """SIGHUP under nohup, SIGINT in the background of a script."""

    def ignore():
        for number in (signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)

    hooks = [dict(type="SignalGroup", step=2, name=name) for name in ("SIGHUP", "SIGINT")]
    run = finish(load(config, tmp_path / "work", custom_hooks=hooks, **ALONE), first=ignore)
    assert run.code == 0, run.said()


def test_a_terminal_that_closes(config, tmp_path):
    """Nothing can be written to it any more; the exit code is 99 all the same."""
    main, terminal = os.openpty()

    def speak_to_terminal():
        os.close(main)
        for number in (1, 2):
            os.dup2(terminal, number)

    run = CrashRun(load(config, tmp_path / "work", **ALONE), first=speak_to_terminal)
    with killed_after(run):
        os.close(terminal)
        seen = b""
        while b"Iter(train) [ 4/12]" not in seen:
            seen += os.read(main, 1000)
        os.close(main)
        run.kill(signal.SIGHUP)
        assert run.wait() == REQUEUE
    assert list((tmp_path / "work").glob("iter_*.pth"))


def test_a_killed_worker(config, reference, tmp_path):
    """One message, and no step is lost."""
    work_dir = tmp_path / "work"
    sparse = dict(default_hooks__checkpoint__interval=50)
    run = finish(load(config, work_dir, custom_hooks=[dict(type="KillWorker", step=5)], **sparse))
    assert run.code == 1
    assert "stopped after step 5: continue with --resume" in run.said()
    assert process_lost(RuntimeError(run.said().splitlines()[-1].partition(": ")[2])).code == "worker-lost"
    assert differences(reference[0], end_of(finish(load(config, work_dir, **sparse)), work_dir)) == []


def test_links_in_the_work_dir_are_not_followed(config, reference, tmp_path):
    """What they lead to is neither written nor removed."""
    work_dir, names = tmp_path / "work", ["run.lock", "narrow8s.py"]
    work_dir.mkdir()
    for name in (*NOTES, "iter_3.pth", "iter_12.pth", "best_mIoU_iter_6.pth", "metrics.json", "confusion.npy"):
        names += [name, f".{name}.part"]
    for name in names:
        (tmp_path / name).write_text("precious")
        (work_dir / name).symlink_to(tmp_path / name)
    run = CrashRun(load(config, work_dir, **ALONE), resume=None)
    run.wait()
    assert differences(reference[0]["weights"], end_of(run, work_dir)["weights"]) == []
    assert {name: (tmp_path / name).read_text() for name in names} == dict.fromkeys(names, "precious")


def test_a_run_that_hears_no_signals_ends_as_programs_do(config, tmp_path):
    run = finish(
        load(
            config, tmp_path, custom_hooks=[dict(type="SignalGroup", step=5, name="SIGTERM")], default_hooks__stop=None
        )
    )
    assert run.code == -signal.SIGTERM


def test_a_signal_in_a_validation(config, reference, tmp_path):
    """The average's weights are in the net's place then; saves are elsewhere than validations."""
    work_dir = tmp_path / "work"
    sparse = dict(default_hooks__checkpoint__interval=5)
    cfg = load(config, work_dir, custom_hooks=[dict(type="SignalGroup", step=6, name="SIGTERM", place="val")], **sparse)
    run = finish(cfg)
    assert run.code == REQUEUE
    assert f"stopped after step 6; continue with --resume, from {work_dir / 'iter_6.pth'}" in run.said()
    assert differences(reference[0], end_of(finish(load(config, work_dir, **sparse)), work_dir)) == []


def test_a_second_run_in_the_folder(config, tmp_path):
    """It is refused before it writes anything, and the first goes on."""
    work_dir = tmp_path / "work"
    first = CrashRun(load(config, work_dir))
    with killed_after(first):
        first.wait_until(lambda: "Iter(train)" in first.said())
        with refused("work-dir-locked", work_dir, f"process {first.pid}", "--work-dir"):
            train(load(config, work_dir), "auto")
        assert len(list(work_dir.glob("*/*.log"))) == 1
        assert first.wait() == 0


def test_the_clock_goes_backwards(config, reference, tmp_path):
    """Steps decide what is newest; a log that is there is added to."""
    work_dir = tmp_path / "work"
    stop = dict(custom_hooks=[dict(type="SignalGroup", step=5, name="SIGTERM")])
    assert finish(load(config, work_dir, **stop)).code == REQUEUE
    run = finish(load(config, work_dir), first=lambda: turn_back(days=1))
    assert differences(reference[0]["weights"], end_of(run, work_dir)["weights"]) == []
    assert len(list(work_dir.glob("*/*.log"))) == 2


def turn_back(days):
    """For this process."""
    now = time.time
    time.time = lambda: now() - days * 86400


def test_a_second_ctrl_c_stops_at_once():
    request = StopRequest()
    request.has_steps = True
    request(signal.SIGINT, None)
    request(signal.SIGINT, None)  # the same, forwarded by a launcher
    request.when -= SAME
    request(signal.SIGTERM, None)  # schedulers repeat it
    with pytest.raises(KeyboardInterrupt):
        request(signal.SIGINT, None)
    assert request.name == "SIGINT"


def test_no_other_seed_would_do(config, reference, tmp_path):
    """The comparison can fail: without seeds of steps, a resumed run draws other dropout."""
    work_dir = tmp_path / "work"
    plain = dict(default_hooks__step_seed=None)
    cfg = load(config, work_dir, custom_hooks=[dict(type="SignalGroup", step=5, name="SIGTERM")], **plain)
    assert finish(cfg).code == REQUEUE
    found = differences(reference[0], end_of(finish(load(config, work_dir, **plain)), work_dir))
    assert any(name.startswith("/weights/") for name in found)


def test_the_number_of_workers_changes_nothing(config, reference, tmp_path):
    run = finish(load(config, tmp_path / "work", **ALONE))
    assert differences(reference[0], end_of(run, tmp_path / "work")) == []


def test_files_of_the_data_set_vanish(config, reference, tmp_path):
    """The run names one, keeps what it has done, and goes on when they are back."""
    own = tmp_path / "own"
    own.mkdir()
    own_config = write_config(own, STEPS, saves=50, validations=6)
    images = own / "VOC2012" / "JPEGImages"
    work_dir = tmp_path / "work"
    removal = [dict(type="RemoveFolder", step=4, path=str(images))]
    run = finish(load(own_config, work_dir, custom_hooks=removal, **ALONE))
    assert run.code == 2
    assert f"stopped after step 4: continue with --resume, from {work_dir / 'iter_4.pth'}" in run.said()
    assert f"error: [image-unreadable] {images}" in run.said()
    os.rename(images.with_suffix(".away"), images)
    assert differences(reference[0], end_of(finish(load(own_config, work_dir, **ALONE)), work_dir)) == []


class TestFullDisk:
    def test_a_save_that_fails_costs_the_steps_since_the_last(self, config, reference, tmp_path):
        work_dir = tmp_path / "work"
        run = finish(load(config, work_dir, custom_hooks=[dict(type="LimitFileSize", step=8, size=400_000)]))
        assert run.code == 2
        assert f"error: [disk-write] can't write {work_dir / 'iter_9.pth'}: File too large" in run.said()
        assert not list(work_dir.glob(".*.part"))
        again = finish(load(config, work_dir))
        assert f"resuming from {work_dir / 'iter_6.pth'}" in again.said()
        assert f"skipped: {work_dir / 'iter_9.pth'} is missing" in again.said()
        assert differences(reference[0], end_of(again, work_dir)) == []

    def test_a_small_disk(self, config, tmp_path):
        work_dir = tmp_path / "disk" / "work"
        with mounted(tmp_path / "disk", "size=1500k"):
            run = finish(load(config, work_dir))
            assert run.code == 2
            assert "No space left on device" in run.said()
            assert not list(work_dir.glob(".*.part"))

    def test_a_work_dir_that_is_read_only(self, config, tmp_path):
        work_dir = tmp_path / "disk" / "work"
        with mounted(tmp_path / "disk", "ro"), refused("output-path", work_dir, "Read-only file system"):
            train(load(config, work_dir))


@contextmanager
def mounted(folder, options):
    """A disk in memory; skips where mounting is not allowed."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting a file system is not allowed here")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)
