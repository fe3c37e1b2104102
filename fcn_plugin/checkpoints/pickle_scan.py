"""What a pickled file would look up on loading, read off its opcodes; nothing of it is loaded."""

from __future__ import annotations

import pickletools
import re
import zipfile
from collections.abc import Iterator
from typing import BinaryIO

LEGACY_PICKLES = 5  # magic number, version, machine, content, keys; then raw weights
HARMLESS = re.compile(
    r"torch\.|numpy\.|mmengine\.logging\.|collections\.(OrderedDict|Counter)$|_codecs\.encode$|builtins\.(getattr|bytes)$"
)
TEXT = ("UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "STRING", "BINSTRING", "SHORT_BINSTRING")


def refusal(path: str) -> str | None:
    """Why a file that torch refused holds more than plain values, to be put after its name; None where it seems to be just broken.

    Anything that the scan can't tell is left to torch, which has refused the file already.
    """
    protocol, names = 0, []
    try:
        for file in _pickles(path):
            for opcode, name in _lookups(file):
                if opcode.name == "PROTO":
                    protocol = max(protocol, name)
                elif name is not None:
                    names.append(name)
    except _ForeignError as error:
        return str(error)
    except Exception:  # pickletools and zipfile have no end of errors for what is neither
        pass
    foreign = [*dict.fromkeys(name for name in names if not HARMLESS.match(name))]
    if foreign:
        return f"would run code ({', '.join(foreign[:3])}) on loading"
    if names and protocol > 2:
        return f"is pickled with protocol {protocol}, which can't be looked through for code,"
    return None


class _ForeignError(Exception):
    """A kind of file that is a program."""


def _pickles(path: str) -> Iterator[BinaryIO]:
    """The open file of each pickle, at its start."""
    if not zipfile.is_zipfile(path):
        with open(path, "rb") as file:
            if _is_tar(file):
                raise _ForeignError("is an archive of torch before 0.2, which runs code on loading,")
            for _ in range(LEGACY_PICKLES):
                yield file
        return
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        if any(name.endswith("/constants.pkl") for name in names):
            raise _ForeignError("is a TorchScript archive, a program with weights,")
        for name in names:
            if name.endswith(".pkl"):
                with archive.open(name) as file:
                    yield file


def _is_tar(file: BinaryIO) -> bool:
    file.seek(257)
    magic = file.read(5)
    file.seek(0)
    return magic == b"ustar"


def _lookups(file: BinaryIO) -> Iterator[tuple[pickletools.OpcodeInfo, str | int | None]]:
    """The protocol and the names, ``module.name``, in one pickle."""
    texts: list[str] = []  # what STACK_GLOBAL takes its two names from
    memo: dict[int, str] = {}
    for opcode, argument, _ in pickletools.genops(file):
        name = opcode.name
        if name == "PROTO":
            yield opcode, argument
        elif name in ("GLOBAL", "INST"):
            yield opcode, ".".join(argument.split(" ", 1)).replace("__builtin__.", "builtins.")
        elif name == "STACK_GLOBAL":
            yield opcode, ".".join(texts[-2:])
        elif name.startswith("EXT"):
            yield opcode, f"copyreg extension {argument}"
        elif name in TEXT:
            texts.append(str(argument))
        elif name == "MEMOIZE":
            memo[len(memo)] = texts[-1] if texts else ""
        elif "PUT" in name:
            memo[int(argument)] = texts[-1] if texts else ""
        elif "GET" in name:
            texts.append(memo.get(int(argument), ""))
