"""Load files of ``torch.save``: plain values only, and no code unless the user trusts the file."""

from __future__ import annotations

import logging
import pickletools
import re
import threading
import warnings
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import chain
from typing import Any, BinaryIO

import torch
from mmengine.logging import print_log
from torch.serialization import MAP_LOCATION

from ..errors import UserError, abbreviate
from .checksum import BROKEN
from .plain_values import ALLOWED, MOST, Budget, RefusedError, restore

LEGACY_PICKLES = 5  # of torch before 1.6: magic number, version, machine, content, keys; then raw weights
# names in pickles of dense tensors, besides ALLOWED
PLAIN = re.compile(
    r"torch\.(_utils\._rebuild_(tensor|tensor_v2|parameter)|nn\.parameter\.Parameter|(?!Untyped)\w+Storage|Size|device|"
    r"bfloat16|float(16|32|64)|u?int\d+|bool|serialization\._get_layout)$|"
    r"collections\.(OrderedDict|Counter)$|_codecs\.encode$|builtins\.set$|protocol "
)
RECORDS = {name for _, name in ALLOWED}
# names that run no code but create other tensors, or gigabytes from a few bytes
ODD = re.compile(r"torch\.((_utils|_tensor|storage|sparse|cuda)\.)?\w+$|builtins\.(bytearray|complex)$|more than ")
_alone = threading.Lock()  # torch's list of safe globals is shared by all threads
# trusted files with a warning already logged; None: no file is trusted
_warned: ContextVar[set[str] | None] = ContextVar("warned", default=None)


@contextmanager
def trusting(trusted: bool = True) -> Iterator[None]:
    """Within the context, fully unpickle checkpoints that contain more than plain values; code in them runs."""
    token = _warned.set(set() if trusted else None)
    try:
        yield
    finally:
        _warned.reset(token)


def may_run(path: str, what: str) -> bool:
    """Return whether a file may run code; log a warning once."""
    warned = _warned.get()
    if warned is not None and path not in warned:
        warned.add(path)
        message = f"{path} {what}; it is trusted, so code inside it runs"
        print_log(message, "current", logging.WARNING)
    return warned is not None


def load_pickled(path: str, map_location: MAP_LOCATION = None) -> Any:
    """Load a file with ``weights_only=True``.

    Args:
        path: the file.
        map_location: as for ``torch.load``; None: the CPU.

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
            f"{path} {why} and was refused. Ask its author to save plain tensors or .safetensors. If you trust the author, "
            "--trust-checkpoint loads it anyway: code inside it then runs with your permissions",
        )
    return _load(path, map_location, weights_only=False)


def _load(path: str, map_location: MAP_LOCATION, weights_only: bool) -> Any:
    try:
        with _only_allowed(), warnings.catch_warnings():
            # for trusted files; our own warning was logged before
            warnings.filterwarnings("ignore", message="Detected pickle protocol|.*TorchScript archive")
            return restore(torch.load(path, map_location or "cpu", weights_only=weights_only), Budget())
    except (torch.OutOfMemoryError, MemoryError, RefusedError):
        raise
    except Exception as error:  # malicious files can raise anything
        raise UserError("checkpoint-damaged", f"{path} {BROKEN}") from error


@contextmanager
def _only_allowed() -> Iterator[None]:
    """Let torch create only its own classes and our records, without other modules' additions to its list."""
    with _alone:
        others = torch.serialization.get_safe_globals()
        torch.serialization.clear_safe_globals()
        try:
            with torch.serialization.safe_globals([*ALLOWED]):
                yield
        finally:
            torch.serialization.add_safe_globals(others)


def _why(path: str) -> str | None:
    """Describe what a file contains besides plain values (text after its name), without loading it; None if nothing.

    Raises:
        UserError: checkpoint-damaged.
    """
    names: dict[str, None] = {}  # a set that keeps the order
    broken: Exception | None = None
    try:
        with open(path, "rb") as file:
            for name in _look_ups(file):
                names[name] = None
    except Exception as error:  # broken files raise many kinds of errors
        broken = error
    foreign = [name for name in names if name not in RECORDS and not PLAIN.match(name)]
    if code := [name for name in foreign if not ODD.match(name)]:
        return f"would run code ({', '.join(code[:3])}) on loading"
    if broken:
        raise UserError("checkpoint-damaged", f"{path} {BROKEN}") from broken
    if foreign:
        raise UserError(
            "checkpoint-damaged",
            f"{path} contains {abbreviate(foreign)}, not needed for dense tensors: ask its author to save plain tensors",
        )
    protocol = max((name for name in names if name.startswith("protocol ")), default="")
    return f"is pickled with {protocol}, which can't be checked for code," if protocol > "protocol 2" else None


def _look_ups(file: BinaryIO) -> Iterator[str]:
    """Yield ``protocol N`` and the names, ``module.name``, that a file's pickles would look up; load nothing."""
    pickles: Iterable[BinaryIO | bytes] = [file] * LEGACY_PICKLES
    if file.read(2) == b"PK":
        archive = zipfile.ZipFile(file)
        entries = [entry for entry in archive.infolist() if entry.filename.endswith(".pkl")]
        for entry in entries:
            del entry.CRC  # checked before, and torch has a setting to omit it
        pickles = [archive.open(entry).read() for entry in entries]
    file.seek(0)
    for step, (opcode, argument, _) in enumerate(chain.from_iterable(map(pickletools.genops, pickles))):
        if step == MOST:
            yield f"more than {MOST} values"
            return
        if opcode.name == "PROTO":
            yield f"protocol {argument}"
        elif opcode.name in ("GLOBAL", "INST"):  # protocols after 2 have other opcodes, and are refused
            yield str(argument).replace(" ", ".", 1).replace("__builtin__.", "builtins.")
