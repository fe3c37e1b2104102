"""What the console shows: progress and results; the log file keeps everything."""

from __future__ import annotations

import logging
import os
import sys

# (module, function) of records that belong in the log file only: environment and config dumps
# (about 310 lines), the list of hooks, notices about how the engine stores files
FILE_ONLY = {
    ("runner", "_log_env"),
    ("runner", "__init__"),
    ("runner", "wrap_model"),
    ("runner", "_init_model_weights"),
    ("base_module", "init_weights"),
    ("base_module", "_dump_init_info"),
    ("checkpoint_hook", "before_train"),
    ("classifier", "_log_lines"),  # a line per tensor of the start
}
# "paramwise_options": a line per bias with a rate of its own
LIBRARY_NOTICES = ("paramwise_options -- ", "FileClient", "HardDiskBackend", "initialize ", "Exp name")

# where torchrun, slurm and Open MPI leave a process's number
RANKS = ("RANK", "SLURM_PROCID", "OMPI_COMM_WORLD_RANK")


def _for_people(record: logging.LogRecord) -> bool:
    """False for records that only the log file needs; errors always pass."""
    if record.levelno >= logging.ERROR:
        return True
    if any(word in record.getMessage()[:120] for word in LIBRARY_NOTICES):
        return False
    return (record.module, record.funcName) not in FILE_ONLY


def quiet_console(logger: logging.Logger) -> None:
    """Keep library dumps off a logger's console handlers; its file handlers get every record."""
    for handler in logger.handlers:
        if isinstance(handler, logging.StreamHandler) and not isinstance(handler, logging.FileHandler):
            handler.addFilter(_for_people)
            handler.setStream(sys.stdout)


def is_first_process() -> bool:
    """Whether this is a run's only or first process, whatever the launcher and before it has joined the processes."""
    return next((os.environ[name] for name in RANKS if name in os.environ), "0") == "0"


def say(text: str) -> None:
    """Print once."""
    if is_first_process():
        print(text, flush=True)
