"""Cores are those that this process may use, or all where the system does not say; work is spread over them in order."""

import os
import signal

import pytest
from support.refusals import refused

from fcn_plugin.datatools.cores import CHUNK, interrupts_held, map_on_cores, on_all_cores, usable_cores


def test_those_that_the_process_is_bound_to(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {1, 5, 6}, raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    assert usable_cores() == 3


def test_all_where_processes_are_not_bound(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    assert usable_cores() == 8
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert usable_cores() == 1


def number_and_process(number):
    return number, os.getpid()


@pytest.mark.parametrize(
    "tasks, jobs, elsewhere", [(4 * CHUNK, 2, True), (4 * CHUNK, 1, False), (CHUNK, 2, False), (0, 2, False)]
)
def test_results_come_in_order(tasks, jobs, elsewhere):
    results = list(map_on_cores(number_and_process, range(tasks), jobs))
    assert [number for number, _ in results] == list(range(tasks))
    processes = {process for _, process in results}
    assert (os.getpid() not in processes and len(processes) <= jobs) if elsewhere else processes <= {os.getpid()}


def test_an_interrupt_waits_until_processes_have_started():
    steps = []
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background has none
    try:
        with pytest.raises(KeyboardInterrupt):
            with interrupts_held():
                os.kill(os.getpid(), signal.SIGINT)
                steps.append("started")
            steps.append("lost")
    finally:
        signal.signal(signal.SIGINT, before)
    assert steps == ["started"]


def end_at(number, path):
    if path == "40.mat":
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_process_that_is_killed_is_told_with_the_place():
    with refused("process-lost", "masks") as caught:
        on_all_cores(end_at, [(n, f"{n}.mat") for n in range(4 * CHUNK)], "masks", 2)
    assert any(f" {n} or" in caught.value.message for n in range(41))
