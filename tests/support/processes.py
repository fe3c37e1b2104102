"""Running the tools: as programs, or in this process without what earlier runs left behind."""

import gc
import multiprocessing
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from mmengine.logging import MessageHub, MMLogger
from mmengine.registry import DefaultScope
from mmengine.visualization import Visualizer
from mmseg.visualization import SegLocalVisualizer
from torch.utils.data.dataloader import _MultiProcessingDataLoaderIter

from fcn_plugin.visualization import FCNVisualizer

TESTS = Path(__file__).parents[1]
TOOLS = TESTS.parent / "tools"


@dataclass
class Outcome:
    """What a tool left on the console."""

    code: int
    out: str
    err: str


@dataclass
class Run(Outcome):
    """A training run and its folder."""

    work_dir: Path
    config: Path

    @property
    def best(self) -> Path:
        (path,) = self.work_dir.glob("best_mIoU_iter_*.pth")
        return path


def run_process(*command, timeout=300, **variables) -> Outcome:
    """Run a program as a user does, with the interpreter and the launchers of this environment."""
    env = os.environ | {"PYTHONPATH": f"{TESTS}{os.pathsep}{TESTS.parent}", "OMP_NUM_THREADS": "1"} | variables
    env["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{env['PATH']}"
    done = subprocess.run([str(part) for part in command], env=env, capture_output=True, text=True, timeout=timeout)
    return Outcome(done.returncode, done.stdout, done.stderr)


def stop_workers() -> None:
    """Stop the processes of loaders that hang on a run which has ended.

    Where the garbage collector comes upon such a loader, its queue is closed first, and torch waits 5 s for a worker that hears
    of nothing.
    """
    if multiprocessing.active_children():
        for item in gc.get_objects():
            if type(item) is _MultiProcessingDataLoaderIter:
                item._shutdown_workers()


def forget_runs() -> None:
    """The engine keeps loggers and visualizers by name for the life of a process, a run's stdout among them."""
    stop_workers()
    for logger in MMLogger._instance_dict.values():
        for handler in logger.handlers:
            handler.close()
    for keeper in (MMLogger, MessageHub, Visualizer, SegLocalVisualizer, FCNVisualizer):
        keeper._instance_dict.clear()
    for name in [name for name in DefaultScope._instance_dict if name != "mmseg"]:
        del DefaultScope._instance_dict[name]
