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
    "module, function, message",
    [
        ("runner", "_log_env", "System environment:"),
        ("runner", "__init__", "Hooks will be executed in the following order"),
        ("runner", "wrap_model", "Distributed training is not used"),
        ("base_module", "_dump_init_info", "backbone.weight - torch.Size"),
        (fit.__name__.rpartition(".")[2], fit._log_lines.__name__, "one by one:"),
        ("checkpoint_hook", "before_train", "Checkpoints will be saved to"),
        ("logger_hook", "before_run", "Exp name: net_2026"),
        ("fileio", "dump", "HardDiskBackend is the backend"),
    ],
)
def test_dumps_go_to_the_file_alone(handle, module, function, message):
    console, file = handle(message, module, function)
    assert console == ""
    assert file == f"{message}\n"


@pytest.mark.parametrize(
    "module, function, message",
    [
        ("logger_hook", "after_train_iter", "Iter(train) [20/400]  lr: 1e-3"),
        ("metric", "evaluate", "pixel acc 90.00"),
        ("runner", "load_checkpoint", "Loaded best.pth"),
        ("loops", "__init__", "the same function name in another module"),
    ],
)
def test_progress_goes_to_both(handle, module, function, message):
    assert handle(message, module, function) == (f"{message}\n", f"{message}\n")


def test_errors_always_pass(handle):
    console, file = handle("FileClient is gone", "runner", "_log_env", logging.ERROR)
    assert console == file == "FileClient is gone\n"


def test_one_process_speaks_for_all(monkeypatch, capsys):
    for first in (True, False):
        monkeypatch.setattr("fcn_plugin.engine.logging.is_main_process", lambda first=first: first)
        print_main(f"here is {first}")
    assert capsys.readouterr().out == "here is True\n"
