"""Data loader workers end by SIGTERM of their parent or with it, and by nobody else's signal."""

import multiprocessing
import os
import signal
import time

import pytest

from fcn_plugin.engine.workers import start_worker
from fcn_plugin.signals import SIGNALS

fork = multiprocessing.get_context("fork")


def work(ready):
    start_worker(None, 0)
    ready.set()
    time.sleep(60)


@pytest.fixture
def blocked():
    """As :class:`CalmLoader` starts them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    yield
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


def test_a_worker_hears_its_parent_alone(blocked):
    ready = fork.Event()
    worker = fork.Process(target=work, args=(ready,))
    worker.start()
    assert ready.wait(30)
    for number in SIGNALS:
        stranger = fork.Process(target=os.kill, args=(worker.pid, number))
        stranger.start()
        stranger.join()
    worker.join(0.3)
    assert worker.is_alive()
    worker.terminate()
    worker.join(30)
    assert worker.exitcode == 0


def test_a_worker_whose_parent_ends_while_it_starts(blocked):
    """Nobody could end it: signals are blocked, and torch takes the system's first process for its parent."""
    read, write = os.pipe()

    def parent():
        fork.Process(target=orphan).start()
        os._exit(0)

    def orphan():
        os.close(read)
        while os.getppid() == pid.value:
            time.sleep(0.01)
        work(fork.Event())  # its end of the pipe is closed when it ends

    pid = fork.Value("i", 0)
    process = fork.Process(target=parent)
    process.start()
    pid.value = process.pid
    process.join()
    os.close(write)
    assert os.read(read, 1) == b""
    os.close(read)
