"""A process that ends in mid-training ends the others, with a message that says where to look."""

import os
import signal
import time

import matplotlib.figure  # noqa: F401 (of the engine's visualizer: here once, instead of in each process)
import pytest
import torch
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from support.forked import run_forked, tool, values
from torch import distributed

from fcn_plugin.commands.run import process_lost, run
from fcn_plugin.errors import UserError
from fcn_plugin.signals import StopRequest

pytestmark = pytest.mark.skipif(torch.cuda.is_available(), reason="gloo, and processes forked without a GPU's threads")

BAD_INPUT = UserError("image-unreadable", "photo.jpg: can't be read")


@HOOKS.register_module()
class EndHook(Hook):
    """After the second step, the process ``rank`` comes to an end of the given kind."""

    def __init__(self, rank, how):
        self.rank, self.how = rank, how

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        if runner.iter != 1 or get_rank() != self.rank:
            return
        if self.how == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        raise {"bad input": BAD_INPUT, "defect": RuntimeError("a defect")}[self.how]


@pytest.fixture
def config(leaf, tmp_path):
    """Endless training of the narrow net."""

    def write(rank, how):
        path = tmp_path / "ending.py"
        path.write_text(
            f"_base_ = {str(leaf)!r}\n"
            f"custom_hooks = [dict(type='EndHook', rank={rank}, how={how!r})]\n"
            "train_cfg = dict(max_iters=10**6, val_interval=10**6)\n"
            "default_hooks = dict(checkpoint=dict(interval=10**6))\n"
            "visualizer = dict(vis_backends=[])\n"
        )
        return path

    return write


def assert_left_alone(ended, rank, count):
    """A process of those that go on learns of the end of another."""
    assert ended.code == 1, ended.err
    assert ended.err.startswith(
        f"error: [process-lost] process {rank} (of {count}, from 0) can't reach another process: "
    )
    assert ended.err.endswith("then start all again, training with --resume\n")


@pytest.mark.parametrize(
    "how, code, victim, count",
    [("killed", -9, 0, 2), ("killed", -9, 2, 4), ("bad input", 2, 1, 2), ("defect", 1, 0, 2)],
)
def test_others_end(config, tmp_path, how, code, victim, count):
    """At once, not after gloo's half an hour."""
    ended = run_forked(count, tool, "train", config(victim, how), "--work-dir", tmp_path / "work")
    for rank, process in enumerate(ended):
        if rank == victim:
            assert process.code == code, process.err
            assert (process.err == f"error: {BAD_INPUT}\n") == (how == "bad input")
        else:
            assert_left_alone(process, rank, count)
            assert process.seconds < ended[victim].seconds + 10


def fails_before_the_first_step(rank, config, work_dir):
    """A checkpoint that one machine lacks."""
    start = ("--load-from", "missing.pth") if rank == 1 else ()
    tool(rank, "train", config, "--work-dir", work_dir, *start)


def test_others_hear_of_a_start_that_failed(leaf, tmp_path):
    """They would wait half an hour for it where processes meet only after the checks."""
    ended = run_forked(2, fails_before_the_first_step, leaf, tmp_path / "work")
    assert ended[1].code == 2
    assert ended[1].err.startswith("error: [checkpoint-missing] no checkpoint at missing.pth")
    assert_left_alone(ended[0], 0, 2)


def end_of_a_tool(rank, seconds):
    """The first process has done its work when the second one finds bad input."""

    def main():
        distributed.init_process_group("gloo")
        if rank == 1:
            time.sleep(seconds)
            raise BAD_INPUT

    run(main)


@pytest.mark.parametrize("seconds", [0, 0.5])
def test_nobody_waits_at_the_exit(seconds):
    first, second = run_forked(2, end_of_a_tool, seconds)
    assert (second.code, second.err) == (2, f"error: {BAD_INPUT}\n")
    assert_left_alone(first, 0, 2)
    assert first.seconds < second.seconds + 10


def signalled_and_left_alone(rank):
    """The others of the run got the signal too, and have left."""

    def main():
        request = StopRequest()
        request.catch()
        request.has_steps = True
        os.kill(os.getpid(), signal.SIGTERM)
        raise RuntimeError(PIPE)

    run(main)


def test_who_is_left_alone_after_a_signal_asks_to_be_queued_again():
    (ended,) = run_forked(1, signalled_and_left_alone)
    assert ended.code == 99
    assert ended.err.startswith("error: [process-lost] process 0")


def message(rank, error):
    return process_lost(error).message if process_lost(error) else None


REMOTE = (
    "NCCL error in: ProcessGroupNCCL.cpp:1, remote process exited or there was a network error\nncclRemoteError: ..."
)
PIPE = "[/x/gloo/transport/tcp/pair.cc:5] writev [1.2.3.4]:5: Broken pipe"


@pytest.mark.parametrize(
    "error, expected",
    [
        (
            RuntimeError("DataLoader worker (pid 5) is killed by signal: Killed. "),
            "(pid 5) is killed by signal: Killed, ",
        ),
        (RuntimeError("DataLoader worker (pid(s) 5, 6) exited unexpectedly"), "(pid(s) 5, 6) exited unexpectedly, "),
        (RuntimeError(PIPE), ": writev [1.2.3.4]:5: Broken pipe. "),
        (RuntimeError("[/x/gloo/buffer.cc:8] Timed out waiting 9ms for recv"), ": Timed out waiting 9ms for recv. "),
        (distributed.DistBackendError(REMOTE), "remote process exited or there was a network error. "),
        (distributed.DistStoreError("Timed out after 9 seconds. 1/2 clients joined."), "1/2 clients joined. "),
        (distributed.DistNetworkError("failed to listen. port: 29, name: EADDRINUSE"), "set PORT of dist_train.sh"),
    ],
)
def test_errors_of_the_network_are_one_line(error, expected):
    (found,) = values(1, message, error)
    assert expected in found
    assert "\n" not in found


@pytest.mark.parametrize(
    "error",
    [RuntimeError("connection reset"), distributed.DistBackendError("Duplicate GPU"), ValueError("gloo: timed out")],
)
def test_other_errors_keep_their_traceback(error):
    assert values(1, message, error) == [None]
