"""What the console shows: progress and results; the log file keeps everything."""

from __future__ import annotations

import logging
import sys

from mmengine.dist import is_main_process

from ..compat import LIBRARY_NOTICES, LOG_FILE_ONLY

OURS = ("classifier", "_log_lines")  # a line per tensor of the start


def _for_people(record: logging.LogRecord) -> bool:
    """False for records that only the log file needs; errors always pass."""
    if record.levelno >= logging.ERROR:
        return True
    if any(word in record.getMessage()[:120] for word in LIBRARY_NOTICES):
        return False
    return (record.module, record.funcName) not in {*LOG_FILE_ONLY, OURS}


def quiet_console(logger: logging.Logger) -> None:
    """Keep library dumps off a logger's console handlers; its file handlers get every record."""
    for handler in logger.handlers:
        if isinstance(handler, logging.StreamHandler) and not isinstance(handler, logging.FileHandler):
            handler.addFilter(_for_people)
            handler.setStream(sys.stdout)


def print_main(text: str) -> None:
    """Print once, whatever the number of processes, which have found each other."""
    if is_main_process():
        print(text, flush=True)
