"""Load what ``torch.save`` wrote: plain values, and no code unless the user trusts the file."""

from __future__ import annotations

import logging
import pickletools
import re
import threading
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import chain
from typing import Any, BinaryIO

import torch
from mmengine.logging import print_log

from ..errors import UserError, abbreviate
from .checksum import BROKEN
from .plain_values import ALLOWED, MOST, Budget, RefusedError, restore

LEGACY_PICKLES = 5  # of torch before 1.6: magic number, version, machine, content, keys; then raw weights
# what dense tensors are made of, beside ALLOWED
PLAIN = re.compile(
    r"torch\.(_utils\._rebuild_(tensor|tensor_v2|parameter)|nn\.parameter\.Parameter|(?!Untyped)\w+Storage|Size|device|"
    r"bfloat16|float(16|32|64)|u?int\d+|bool|serialization\._get_layout)$|"
    r"collections\.(OrderedDict|Counter)$|_codecs\.encode$|builtins\.set$|protocol "
)
RECORDS = {name for _, name in ALLOWED}
# what runs no code, and makes other tensors, or gigabytes of a few bytes
ODD = re.compile(r"torch\.((_utils|_tensor|storage|sparse|cuda)\.)?\w+$|builtins\.(bytearray|complex)$|more than ")
_alone = threading.Lock()  # all threads share torch's list
# trusted files that were warned of; None: no file is trusted
_warned: ContextVar[set[str] | None] = ContextVar("warned", default=None)


@contextmanager
def trusting(trusted: bool = True) -> Iterator[None]:
    """Within the context, unpickle in full checkpoints that hold more than plain values: code in them runs."""
    token = _warned.set(set() if trusted else None)
    try:
        yield
    finally:
        _warned.reset(token)


def may_run(path: str, what: str) -> bool:
    """Tell whether a file may run what it asks for; warn of it once."""
    warned = _warned.get()
    if warned is not None and path not in warned:
        warned.add(path)
        message = f"{path} {what}, and is trusted: it runs whatever its author wrote into it"
        print_log(message, "current", logging.WARNING)
    return warned is not None


def load_pickled(path: str, map_location=None) -> Any:
    """Load a file with ``weights_only=True``.

    Args:
        path: the file.
        map_location: as ``torch.load`` takes it; None is the CPU.

    Raises:
        UserError: checkpoint-damaged; checkpoint-code, unless :func:`trusting` lets it run code.
    """
    why = _why(path)
    if why is None:
        try:
            return _load(path, map_location, weights_only=True)
        except RefusedError as error:
            why = f"would run code ({error}) on loading"
    if not may_run(path, why):
        raise UserError(
            "checkpoint-code",
            f"{path} {why} and was refused: have it saved again as plain tensors or as .safetensors. If you trust whoever "
            "made it, --trust-checkpoint loads it all the same: any code in it then runs with your rights, on your files",
        )
    return _load(path, map_location, weights_only=False)


def _load(path: str, map_location, weights_only: bool) -> Any:
    try:
        with _only_allowed(), warnings.catch_warnings():
            # a file that is trusted; the warning before says the same
            warnings.filterwarnings("ignore", message="Detected pickle protocol|.*TorchScript archive")
            return restore(torch.load(path, map_location or "cpu", weights_only=weights_only), Budget())
    except (torch.OutOfMemoryError, MemoryError, RefusedError):
        raise
    except Exception as error:  # of any kind: hostile files, and code that ran
        raise UserError("checkpoint-damaged", f"{path} {BROKEN}") from error


@contextmanager
def _only_allowed() -> Iterator[None]:
    """Let torch make its own classes and our records, whatever other modules have added to its list."""
    with _alone:
        others = torch.serialization.get_safe_globals()
        torch.serialization.clear_safe_globals()
        try:
            with torch.serialization.safe_globals(ALLOWED):
                yield
        finally:
            torch.serialization.add_safe_globals(others)


def _why(path: str) -> str | None:
    """Say what a file holds besides plain values, to go after its name, before torch makes anything of it.

    Raises:
        UserError: checkpoint-damaged.
    """
    names, broken = {}, None
    try:
        with open(path, "rb") as file:
            for name in _look_ups(file):
                names[name] = None
    except Exception as error:  # of many kinds for broken files
        broken = error
    foreign = [name for name in names if name not in RECORDS and not PLAIN.match(name)]
    if code := [name for name in foreign if not ODD.match(name)]:
        return f"would run code ({', '.join(code[:3])}) on loading"
    if broken:
        raise UserError("checkpoint-damaged", f"{path} {BROKEN}") from broken
    if foreign:
        raise UserError(
            "checkpoint-damaged",
            f"{path} holds {abbreviate(foreign)}, which dense tensors do not need: have it saved again as plain tensors",
        )
    protocol = max((name for name in names if name.startswith("protocol ")), default="")
    return f"is pickled with {protocol}, which can't be looked through for code," if protocol > "protocol 2" else None


def _look_ups(file: BinaryIO) -> Iterator[str]:
    """Yield ``protocol N`` and the names, ``module.name``, that a file's pickles look up on loading; nothing is loaded."""
    pickles = [file] * LEGACY_PICKLES
    if file.read(2) == b"PK":
        archive = zipfile.ZipFile(file)
        entries = [entry for entry in archive.infolist() if entry.filename.endswith(".pkl")]
        for entry in entries:
            del entry.CRC  # compared before, and a setting of torch leaves it out
        pickles = [archive.open(entry).read() for entry in entries]
    file.seek(0)
    for step, (opcode, argument, _) in enumerate(chain.from_iterable(map(pickletools.genops, pickles))):
        if step == MOST:
            yield f"more than {MOST} values"
            return
        if opcode.name == "PROTO":
            yield f"protocol {argument}"
        elif opcode.name in ("GLOBAL", "INST"):  # protocols after 2 have others, and are refused
            yield argument.replace(" ", ".", 1).replace("__builtin__.", "builtins.")
