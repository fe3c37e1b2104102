"""Freed memory stays with the process: filling large tensors again costs no page faults."""

import subprocess
import sys

import pytest

from fcn_plugin import allocator

COUNT = """
import resource, runpy, sys, torch
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(8):
        torch.ones(8 << 20)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
given_back = faults()
kept = runpy.run_path(sys.argv[1])["keep_freed_memory"]()
print(kept, given_back, min(faults() for _ in range(3)))
"""


def test_a_step_does_not_fault_its_memory_in_again():
    program = [sys.executable, "-c", COUNT, allocator.__file__]
    kept, given_back, after = subprocess.run(program, capture_output=True, text=True, check=True).stdout.split()
    if kept != "True":
        pytest.skip("this libc has no mallopt")
    assert int(after) < int(given_back) / 8
