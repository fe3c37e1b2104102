"""Freed memory stays with the process: filling a large tensor again costs no page faults."""

import subprocess
import sys

import pytest

from fcn_plugin.engine import allocator

FAULTS = """
import resource, runpy, torch
kept = runpy.run_path({file!r})["keep_freed_memory"]() if {keep} else True
for _ in range(3):
    torch.ones(8 << 20)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(4):
    torch.ones(8 << 20)
print(kept, resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(keep):
    done = subprocess.run(
        [sys.executable, "-c", FAULTS.format(keep=keep, file=allocator.__file__)],
        capture_output=True,
        text=True,
        check=True,
    )
    kept, count = done.stdout.split()[-2:]
    if kept != "True":
        pytest.skip("this libc has no mallopt")
    return int(count)


def test_a_step_does_not_fault_its_memory_in_again():
    thrown_away, kept = faults(keep=False), faults(keep=True)
    assert kept < thrown_away / 4
