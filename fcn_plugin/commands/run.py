"""Run a command: set its exit code, and print one line instead of a traceback for bad input."""

from __future__ import annotations

import os
import re
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

from ..errors import UserError
from ..signals import REQUEUE, caught, ignore_signals

# control and invisible characters, except line breaks, colours and the cursor moves of a progress bar
CONTROL = re.compile(
    r"\x1b(?!\[[\d;]*[mAK])|[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
CONFIG_FAULTS = (TypeError, ValueError, LookupError, AttributeError, AssertionError, ArithmeticError, ImportError)


class Console:
    """A stream that escapes terminal control characters, which untrusted names of files, classes and tensors may contain."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        """Write text with control characters escaped."""
        return self.stream.write(CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


def run(command: Callable[[], None]) -> None:
    """Call a command and exit with 2 for bad input, or with 1 if another process of the run is lost.

    Both print one line, ``error: [code] message``; bugs keep their traceback. After a stop signal, a process that loses the
    others exits with 99, since they received the signal too.
    """
    streams = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = map(Console, streams)
    try:
        command()
        _leave_group(wait=True)
        ignore_signals()
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        sys.exit(130)
    except Exception as error:
        bad_input = _bad_input(error)
        fault = bad_input or process_lost(error)
        if fault is None:
            raise
        print(f"error: {fault}", file=sys.stderr)
        request = caught()
        ignore_signals()
        sys.exit(2 if bad_input else REQUEUE if request and request.name else 1)
    finally:
        _leave_group()
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except OSError:  # the terminal is gone; else Python fails at exit with code 120
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        sys.stdout, sys.stderr = streams


def _bad_input(error: Exception) -> UserError | None:
    """Return the error that a user can correct, also one of a data loader's worker; None for a bug."""
    text = str(error)
    if isinstance(error, UserError):
        return error
    if isinstance(error, ImportError) and text.startswith("fcn_plugin needs"):
        return UserError("requirements", text)
    if isinstance(error, OSError):  # such as a missing or read-only file, or a full disk
        if "Original Traceback" in text:  # torch's text for an error in a worker
            text = text.rpartition(f"{type(error).__name__}: ")[2].rstrip()
        return UserError("file-access", text)
    if isinstance(error, ValueError) and text.startswith(
        "Expected more than 1 value per channel"
    ):  # of torch's batch norm
        found = f"batch norm needs more than one value per channel, input size {text.rpartition('input size ')[2]}"
        return UserError(
            "config-value", f"{found}: raise train_dataloader.batch_size, or the crop_size of its pipeline"
        )
    if isinstance(error, KeyError) and " registry. Please" in text:
        unknown = error.args[0].split(" registry. Please")[0]
        remedy = "correct this type in the config, or add its module to custom_imports"
        return UserError("config-type", f"{unknown} registry: {remedy}")
    return _config_fault(error)


def _config_fault(error: BaseException) -> UserError | None:
    """Return a ``config-entry`` for an error raised while mmengine builds from a config; None for any other error.

    An error in this package's own code is a bug, since its arguments are checked before.
    """
    while (inner := error.__cause__ or error.__context__) and str(inner) in str(error):  # mmengine wraps a hook's error
        error = inner
    if not isinstance(error, CONFIG_FAULTS):
        return None
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    modules = [frame.f_globals.get("__name__", "").partition(".")[0] for frame in frames]
    builders = [frame for frame in frames if frame.f_code.co_name.startswith(("build", "from_cfg", "turn_on"))]
    own = modules[-1:] == ["fcn_plugin"] and "__init__() " not in str(
        error
    )  # except for arguments that it passes on to a base class
    if "mmengine" not in modules or not builders or own:
        return None
    code, owner = frames[-1].f_code, frames[-1].f_locals.get("self")
    if isinstance(error, ImportError) and (package := re.search(r"pip install ([\w-]+)", str(error))):
        needed = f"{type(owner).__name__} needs {package[1]}, which is not installed"
        return UserError("requirements", f"{needed}: pip install {package[1]}, or remove it from the config")
    built = builders[-1].f_locals.get("obj_type", "a part of the Runner")
    what = f"can't build {getattr(built, '__name__', built)} ({Path(code.co_filename).name}, {code.co_name})"
    return UserError("config-entry", f"{what}: {type(error).__name__}: {error}. Correct this entry of the config")


def process_lost(error: Exception) -> UserError | None:
    """Return the error of a process that lost another process of its run or a data loader's worker; None for other errors.

    gloo reports a lost process at once. With NCCL, a process that waits for the GPU may not notice; torch then ends it after ten
    minutes (``env_cfg.dist_cfg.timeout``, in seconds), or the launcher does at once: torchrun, mpirun, or Slurm with
    ``srun --kill-on-bad-exit=1``.
    """
    text = str(error)
    if isinstance(error, RuntimeError) and text.startswith("DataLoader worker (pid"):
        remedy = "often because memory ran out. Lower num_workers of the dataloaders, then continue with --resume"
        return UserError("worker-lost", f"{text.split('. ')[0].strip()}, {remedy}")
    of_gloo = isinstance(error, RuntimeError) and "gloo" in text  # it has no error class of its own
    if not of_gloo and not isinstance(error, getattr(sys.modules.get("torch.distributed"), "DistError", ())):
        return None
    if "EADDRINUSE" in text:
        port = os.environ.get("MASTER_PORT")
        remedy = "set PORT of dist_train.sh, or MASTER_PORT, to a free one"
        return UserError("port-in-use", f"port {port} is in use, perhaps by another run: {remedy}")
    if not re.search("connection|broken pipe|timed out|timeout|remote ?error", text, re.IGNORECASE):
        return None
    reason = re.sub(r"^\[[^]]*\] ", "", text.splitlines()[0]).partition(". This is typically")[0].rstrip(".")
    rank, count = (os.environ.get(name, "?") for name in ("RANK", "WORLD_SIZE"))
    remedy = "See the message of that process or of its launcher, then start all again, training with --resume"
    return UserError(
        "process-lost", f"process {rank} (of {count}, from 0) can't reach another process: {reason}. {remedy}"
    )


def _leave_group(wait: bool = False) -> None:
    """Leave the process group, since a process that exits with a live group, or while others use it, may abort."""
    distributed = sys.modules.get("torch.distributed")
    if distributed is not None and distributed.is_available() and distributed.is_initialized():
        if wait:
            distributed.barrier()
        distributed.destroy_process_group()
