"""Show only progress and results on the console; the log file gets everything."""

from __future__ import annotations

import logging
import sys
from typing import Any

from mmengine.dist import get_world_size, is_main_process
from mmengine.registry import LOG_PROCESSORS
from mmengine.runner import LogProcessor, Runner

from ..compat import LIBRARY_NOTICES, LOG_FILE_ONLY

OURS = ("fit", "_log_lines")  # a line per tensor that was loaded


def _for_people(record: logging.LogRecord) -> bool:
    """Return False for records that only the log file needs; errors always pass."""
    notice = any(word in record.getMessage()[:120] for word in LIBRARY_NOTICES)
    dump = (record.module, record.funcName) in {*LOG_FILE_ONLY, OURS}
    return record.levelno >= logging.ERROR or not (notice or dump)


def quiet_console(logger: logging.Logger) -> None:
    """Keep library dumps off a logger's console handlers; its file handlers get every record."""
    for handler in logger.handlers:
        if isinstance(handler, logging.StreamHandler) and not isinstance(handler, logging.FileHandler):
            handler.addFilter(_for_people)
            handler.setStream(sys.stdout)


def print_main(text: str) -> None:
    """Print on the main process only."""
    if is_main_process():
        print(text, flush=True)


@LOG_PROCESSORS.register_module()
class FCNLogProcessor(LogProcessor):
    """Add the throughput of all processes to mmengine's log line.

    Args:
        mean_pattern: values to average over the last steps; mmengine's default excludes the loss per pixel.
        kwargs: those of mmengine's ``LogProcessor``.
    """

    def __init__(self, mean_pattern: str = r".*(loss|per_pixel|time|data_time|grad_norm).*", **kwargs: Any) -> None:
        super().__init__(mean_pattern=mean_pattern, **kwargs)

    def get_log_after_iter(self, runner: Runner, batch_idx: int, mode: str) -> tuple[dict[str, Any], str]:
        tag, line = super().get_log_after_iter(runner, batch_idx, mode)
        if mode == "train" and tag.get("time"):
            batch = runner.train_dataloader.batch_size or 1
            tag["images_per_s"] = batch * get_world_size() / tag["time"]
            line += f"  images/s: {tag['images_per_s']:.1f}"
        return tag, line
