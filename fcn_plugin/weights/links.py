"""Download weights from a URL into torch's cache, and compare them with the URL's checksum."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torchvision.models import get_model_weights

from ..checkpoints.checksum import sha256
from ..download import download
from ..errors import UserError
from .packages import installed_file

# files that torch.hub keeps under their own names, which contain a checksum
TORCHVISION = re.compile(r"https://download\.pytorch\.org/models/([\w.-]+-[0-9a-f]{8,64}\.pth)", re.ASCII)


@contextmanager
def local_file(source: str) -> Iterator[str]:
    """Yield the path of a file, or of a URL's local copy; remove a copy if it is not weights."""
    if "://" not in source:
        yield os.path.expanduser(source)
        return
    scheme, _, name = source.partition("://")
    if scheme == "package":
        yield str(installed_file(name))
        return
    path = fetch(source)
    try:
        yield path
    except UserError as error:
        Path(path).unlink(missing_ok=True)  # so that a later call downloads it again
        raise error.within(source) from error


def fetch(source: str) -> str:
    """Return the path of the local copy of an ``https://`` URL or ``torchvision://NAME``, downloaded once.

    A URL may end in ``#sha256=HEX``, or its file name may contain the first digits of the checksum, as torchvision's do
    (``vgg16-397923af.pth``); both are compared on every call.

    Raises:
        UserError: ``weights-link``; ``weights-damaged`` if the file has another checksum, and was removed.
    """
    scheme, _, name = source.partition("://")
    if scheme not in ("https", "torchvision"):
        raise UserError(
            "weights-link", f"{source}: give a file, an https:// link, torchvision://NAME or package://NAME"
        )
    url, mark, fragment = source.partition("#")
    given = re.fullmatch(r"sha256=([0-9a-fA-F]{64})", fragment)
    if mark and not given:
        raise UserError("weights-link", f"{source}: after the # give sha256= and 64 hex digits, or nothing")
    try:
        if scheme == "torchvision":
            url = get_model_weights(name).DEFAULT.url
        in_name = re.search(r"-([0-9a-f]{8,64})\.[^/]*$", url.partition("?")[0])
        sums = [match[1].lower() for match in (given, in_name) if match]
        path = _place(url)
        if _fault(path, sums):
            download(url, path)
    except Exception as error:
        tried = source if source.startswith(url) else f"{source}, {url}"
        remedy = "download the file elsewhere and give its path, --cfg-options model.pretrained=PATH"
        raise UserError("weights-link", f"can't fetch {tried} ({error}): {remedy}") from error
    if fault := _fault(path, sums):
        path.unlink()
        remedy = "Fetch it again; if this does not help, the file at the link has changed"
        raise UserError("weights-damaged", f"{source}: {fault}; {path} was removed. {remedy}")
    return str(path)


def _place(url: str) -> Path:
    """Return the path of a URL's local copy: a hash of the whole URL and its readable end."""
    known, end = TORCHVISION.fullmatch(url), url.partition("?")[0].rpartition("/")[2]
    readable = re.sub(r"[^\w.-]", "_", end, flags=re.ASCII)[-80:]
    name = known[1] if known else f"{hashlib.sha256(os.fsencode(url)).hexdigest()[:32]}-{readable}"
    return Path(torch.hub.get_dir(), "checkpoints", name)


def _fault(path: Path, sums: list[str]) -> str | None:
    """Return why a copy can't be used: it does not exist, or has another checksum."""
    if not path.is_file():
        return "not fetched"
    found = sha256(path) if sums else ""
    return next((f"the file has the SHA-256 {found}, the link says {s}" for s in sums if not found.startswith(s)), None)
