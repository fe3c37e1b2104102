"""Every test runs on one thread from one seed, and leaves no process behind."""

import gc

# matplotlib and setuptools are what the engine imports when a run starts: once here, not in each run that a test forks
import matplotlib.backends.backend_agg
import matplotlib.figure  # noqa: F401
import numpy as np
import pytest
import setuptools  # noqa: F401
import torch
from hypothesis import settings
from support.processes import stop_workers

import fcn_plugin  # noqa: F401
from fcn_plugin.allocator import keep_freed_memory

pytest_plugins = ["support.fixtures", "support.conversions"]

torch.set_num_threads(1)
keep_freed_memory()  # as training does; else a sixth of the time of larger nets goes to page faults
# where no GPU has a generator, torch.manual_seed formats the stack for later, in 1 ms
SEED = torch.manual_seed if torch.cuda.is_available() else torch.default_generator.manual_seed
settings.register_profile("repeatable", derandomize=True, deadline=None, database=None, max_examples=50)
settings.load_profile("repeatable")


def pytest_collection_modifyitems(items):
    """Start with the whole runs, the longest tests: short ones at the end let all processes end together."""
    items.sort(key=lambda item: item.get_closest_marker("e2e") is None and "/e2e/" not in item.nodeid)


def pytest_collection_finish():
    """Leave what imports and collection made out of the garbage collections that the engine asks for in every run."""
    gc.freeze()


@pytest.fixture(autouse=True)
def seed():
    """The same random numbers for a test, whichever tests run before it."""
    SEED(0)
    np.random.seed(0)


@pytest.fixture(autouse=True)
def workers():
    """A run that failed keeps its data loaders' processes."""
    yield
    stop_workers()
