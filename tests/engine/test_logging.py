"""quiet_console: dumps go to the log file alone, progress and errors to both, and the console is stdout."""

import logging
import sys

import pytest

from fcn_plugin.engine.logging import print_main, quiet_console
from fcn_plugin.weights import fit


@pytest.fixture
def handle(tmp_path, capsys):
    """Log one record as if a library function had; returns (console text, file text)."""

    def call(message, module="loops", function="run", level=logging.INFO):
        logger = logging.Logger("engine")
        logger.addHandler(logging.StreamHandler(sys.stderr))
        logger.addHandler(logging.FileHandler(tmp_path / "run.log"))
        quiet_console(logger)
        logger.handle(logging.LogRecord("engine", level, f"/lib/{module}.py", 1, message, (), None, function))
        logger.handlers[1].close()
        out, err = capsys.readouterr()
        assert err == ""
        return out, (tmp_path / "run.log").read_text()

    return call


@pytest.mark.parametrize(
    "module, function, message, shown",
    [
        ("runner", "_log_env", "System environment:", False),
        ("runner", "__init__", "Hooks will be executed in the following order", False),
        ("runner", "wrap_model", "Distributed training is not used", False),
        ("base_module", "_dump_init_info", "backbone.weight - torch.Size", False),
        (fit.__name__.rpartition(".")[2], fit._log_lines.__name__, "one by one:", False),
        ("checkpoint_hook", "before_train", "Checkpoints will be saved to", False),
        ("logger_hook", "before_run", "Exp name: net_2026", False),
        ("fileio", "dump", "HardDiskBackend is the backend", False),
        ("logger_hook", "after_train_iter", "Iter(train) [20/400]  lr: 1e-3", True),
        ("metric", "evaluate", "pixel acc 90.00", True),
        ("runner", "load_checkpoint", "Loaded best.pth", True),
        ("loops", "__init__", "the same function name in another module", True),
    ],
)
def test_dumps_go_to_the_file_alone_and_progress_to_both(handle, module, function, message, shown):
    assert handle(message, module, function) == (f"{message}\n" if shown else "", f"{message}\n")


def test_errors_always_pass(handle):
    console, file = handle("FileClient is gone", "runner", "_log_env", logging.ERROR)
    assert console == file == "FileClient is gone\n"


def test_one_process_speaks_for_all(monkeypatch, capsys):
    for first in (True, False):
        monkeypatch.setattr("fcn_plugin.engine.logging.is_main_process", lambda first=first: first)
        print_main(f"here is {first}")
    assert capsys.readouterr().out == "here is True\n"
