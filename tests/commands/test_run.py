"""How commands end: one line and exit code 2 for what a user can correct, a traceback for the rest."""

import os
import subprocess
import sys

import pytest
import torch
from mmengine.registry import Registry
from mmengine.runner.activation_checkpointing import turn_on_activation_checkpointing
from torch._utils import ExceptionWrapper
from torch.nn import BatchNorm2d, Module

from fcn_plugin.commands.run import run
from fcn_plugin.engine.logging import FCNLogProcessor
from fcn_plugin.errors import UserError, printable

THINGS = Registry("thing", scope="fcn", locations=["fcn_plugin.errors"])


@THINGS.register_module()
class Thing:
    def __init__(self, size):
        self.size = range(0, 10, size)


@THINGS.register_module()
class WantsBackend:
    def __init__(self):
        raise ImportError('Please run "pip install wandb" to install wandb')


def failing(error):
    def command():
        raise error

    return command


def from_a_worker(error):
    def command():
        try:
            raise error
        except Exception:
            wrapped = ExceptionWrapper(where="in DataLoader worker process 0")
        wrapped.reraise()

    return command


@pytest.mark.parametrize(
    "command, code, fragment",
    [
        (failing(UserError("mask-ids", "a.png: 77")), "mask-ids", "a.png: 77"),
        (failing(FileNotFoundError(2, "No such file", "a.png")), "file-access", "[Errno 2] No such file: 'a.png'"),
        (from_a_worker(UserError("mask-ids", "a.png: 77")), "mask-ids", "a.png: 77"),
        (from_a_worker(UserError("mask-ids", "first line", ["second"])), "mask-ids", "first line\nsecond"),
        (from_a_worker(FileNotFoundError("first line\nsecond")), "file-access", "first line\\nsecond"),
        (failing(ImportError("fcn_plugin needs torch >= 2.11: ...")), "requirements", "fcn_plugin needs torch >= 2.11"),
        (
            lambda: THINGS.build(dict(type="Thin")),
            "config-type",
            "Thin is not in the fcn::thing registry: correct this type",
        ),
        (
            lambda: BatchNorm2d(2)(torch.zeros(1, 2, 1, 1)),
            "config-value",
            "one value per channel, input size torch.Size([1, 2, 1, 1]): raise train_dataloader.batch_size",
        ),
        (
            lambda: THINGS.build(dict(type="WantsBackend")),
            "requirements",
            "WantsBackend needs wandb, which is not installed: pip",
        ),
        (lambda: THINGS.build(dict(type="Thing", sise=1)), "config-entry", "unexpected keyword argument 'sise'"),
        (
            lambda: THINGS.build(dict(type="Thing", size=0)),
            "config-entry",
            "can't build Thing (test_run.py, __init__): ValueError",
        ),
        (lambda: THINGS.build(dict(type=None)), "config-entry", "type must be a str"),
        (lambda: turn_on_activation_checkpointing(Module(), ["nope"]), "config-entry", "no attribute 'nope'"),
        (lambda: THINGS.build(dict(type=FCNLogProcessor, foo=1)), "config-entry", "unexpected keyword argument 'foo'"),
    ],
)
def test_bad_input_is_one_message(capsys, command, code, fragment):
    with pytest.raises(SystemExit) as stop:
        run(command)
    assert stop.value.code == 2
    message = capsys.readouterr().err
    assert message.startswith(f"error: [{code}] ")
    assert fragment in message
    assert "Traceback" not in message
    assert message.count("\n") == 1 + fragment.count("\n")


@pytest.mark.parametrize("error", [RuntimeError("a defect"), ImportError("no module"), KeyError("key"), TypeError("x")])
def test_a_fault_of_the_program_keeps_its_traceback(error):
    with pytest.raises(type(error)) as caught:
        run(failing(error))
    assert caught.value is error


def test_an_error_in_the_packages_own_code_keeps_its_traceback():
    """Though it is raised while an entry is built."""
    with pytest.raises(TypeError):
        run(lambda: THINGS.build(dict(type=printable, text=3)))


def test_an_interrupt(capsys):
    with pytest.raises(SystemExit) as stop:
        run(failing(KeyboardInterrupt()))
    assert (stop.value.code, capsys.readouterr().err) == (130, "stopped\n")


ENDS = """
import sys
from importlib.util import find_spec, module_from_spec
sys.modules["fcn_plugin"] = module_from_spec(find_spec("fcn_plugin"))  # as fcn_cli does
from fcn_plugin.commands.run import run

def command():
    print("nobody reads this")
    sys.exit(99)

run(command)
"""


def test_the_exit_code_outlives_the_terminal():
    """Python ends with 120 where its last words can't be written."""
    read, write = os.pipe()
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    process = subprocess.Popen([sys.executable, "-c", ENDS], stdout=write, env=buffered)
    os.close(read)
    os.close(write)
    assert process.wait(60) == 99


def test_names_of_strangers_are_shown_and_not_obeyed(capsys):
    """A terminal obeys ESC; colours and the moves of progress bars pass."""
    shown = "a\x1b]0;owned\x07 b\udcff \u202egnp \x1b[31mred\x1b[0m\x1b[A\r 日本\n"
    before = sys.stdout
    run(lambda: (print(shown, end=""), print(shown, end="", file=sys.stderr)))
    found = capsys.readouterr()
    assert found.out == found.err == "a\\x1b]0;owned\\x07 b\\udcff \\u202egnp \x1b[31mred\x1b[0m\x1b[A\r 日本\n"
    assert sys.stdout is before
