"""What the console shows: progress and results; the log file keeps everything."""

from __future__ import annotations

import logging
import sys

from mmengine.dist import is_main_process

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


def say(text: str) -> None:
    """Print once, whatever the number of processes, which have found each other."""
    if is_main_process():
        print(text, flush=True)
