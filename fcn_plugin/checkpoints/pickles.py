"""Load what ``torch.save`` wrote: plain values, and no code unless the user trusts the file."""

from __future__ import annotations

import logging
import pickletools
import re
import threading
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any, BinaryIO

import torch
from mmengine.logging import print_log

from ..errors import UserError
from .checksum import BROKEN
from .plain_values import ALLOWED, RefusedError, restore

LEGACY_PICKLES = 5  # of torch before 1.6: magic number, version, machine, content, keys; then raw weights
HARMLESS = re.compile(
    r"torch\.|numpy\.|mmengine\.logging\.|collections\.(OrderedDict|Counter)$|_codecs\.encode$|builtins\.(getattr|bytes)$|"
    r"protocol \d$"
)
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
    for weights_only in (True, False):
        try:
            with _only_allowed(), warnings.catch_warnings():
                # before torch refuses them; the error says the same
                warnings.filterwarnings("ignore", message="Detected pickle protocol|.*TorchScript archive")
                return restore(torch.load(path, map_location or "cpu", weights_only=weights_only))
        except (torch.OutOfMemoryError, MemoryError):
            raise
        except Exception as error:  # of any kind: hostile files, and code that ran
            why = _why(path, error) if weights_only else None
            if why is None:
                raise UserError("checkpoint-damaged", f"{path} {BROKEN}") from error
            if not may_run(path, why):
                raise UserError(
                    "checkpoint-code",
                    f"{path} {why} and was refused: have it saved again as plain tensors or as .safetensors. If you trust whoever "
                    "made it, --trust-checkpoint loads it all the same: any code in it then runs with your rights, on your files",
                ) from error


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


def _why(path: str, error: Exception) -> str | None:
    """Say what a file that torch refused holds besides plain values, to go after its name; None where it is just broken."""
    if "TorchScript archives" in str(error):
        return "is a TorchScript archive, a program with weights,"
    found: list[str] = []
    with suppress(Exception), open(path, "rb") as file:  # pickletools and zipfile raise errors of many kinds
        if file.read(262).endswith(b"ustar"):
            return "is an archive of torch before 0.2, which runs code on loading,"
        for item in _look_ups(file):
            found.append(item)
    foreign = [*dict.fromkeys(item for item in found if not HARMLESS.match(item))]
    foreign = [str(error)] if isinstance(error, RefusedError) else foreign or re.findall(r"GLOBAL (\S+)", str(error))
    if foreign:
        return f"would run code ({', '.join(foreign[:3])}) on loading"
    protocol = max((item for item in found if item.startswith("protocol ")), default="")
    return f"is pickled with {protocol}, which can't be looked through for code," if protocol > "protocol 2" else None


def _look_ups(file: BinaryIO) -> Iterator[str]:
    """Yield ``protocol N`` and the names, ``module.name``, that a file's pickles look up on loading; nothing is loaded."""
    pickles = [file] * LEGACY_PICKLES
    if zipfile.is_zipfile(file):
        archive = zipfile.ZipFile(file)
        pickles = [archive.open(name) for name in archive.namelist() if name.endswith(".pkl")]
    file.seek(0)
    for pickle in pickles:
        texts, memo = [], {}  # texts: what STACK_GLOBAL takes its two names from
        for opcode, argument, _ in pickletools.genops(pickle):
            if opcode.name == "PROTO":
                yield f"protocol {argument}"
            elif opcode.name in ("GLOBAL", "INST"):
                yield argument.replace(" ", ".", 1).replace("__builtin__.", "builtins.")
            elif opcode.name == "STACK_GLOBAL":
                yield ".".join(texts[-2:])
            elif opcode.name == "MEMOIZE" or "PUT" in opcode.name:
                memo[len(memo) if argument is None else argument] = texts[-1:]
            elif "GET" in opcode.name:
                texts += memo.get(argument, [])
            elif isinstance(argument, str):
                texts.append(argument)
