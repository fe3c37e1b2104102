"""Fetch a release; goes on where it stopped, and checks the sum."""

from __future__ import annotations

import os
import shutil
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from torchvision.datasets.utils import calculate_md5
from tqdm import tqdm

from ...errors import UserError
from .releases import Release

TIMEOUT = 60  # seconds without a byte
RANGE_NOT_SATISFIABLE = 416


def fetch(release: Release, folder: Path) -> Path:
    """Download the archive to ``folder``, by way of ``NAME.part``, which a later call continues.

    Returns:
        The archive, which has the known checksum.

    Raises:
        UserError: no connection, it broke off, or the checksum is another one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / release.archive
    part = folder / f"{release.archive}.part"
    response = _open(release.url, part.stat().st_size if part.exists() else 0)
    if response is not None:
        with response:
            _save(response, part)
    md5 = calculate_md5(part)
    if md5 != release.md5:
        part.unlink()
        raise UserError(f"{release.url} gave a file of md5 {md5}, not {release.md5}: it was removed; run again")
    os.replace(part, target)
    return target


def _open(url: str, start: int) -> HTTPResponse | None:
    """The file from byte ``start`` on; None if the server has no byte after it."""
    try:
        return urlopen(Request(url, headers={"Range": f"bytes={start}-"} if start else {}), timeout=TIMEOUT)
    except (OSError, HTTPException) as error:
        if start and isinstance(error, HTTPError) and error.code == RANGE_NOT_SATISFIABLE:
            return None
        raise UserError(f"{url} can't be reached ({error})") from error


def _save(response: HTTPResponse, part: Path) -> None:
    """Append what the server sends, or begin anew if it does not know ranges."""
    start = part.stat().st_size if response.status == 206 else 0
    length = response.headers.get("Content-Length")
    total = start + int(length) if length else None
    desc = f"downloading {part.stem}"
    reason = None
    with (
        part.open("ab" if start else "wb") as file,
        tqdm.wrapattr(file, "write", total=total, initial=start, desc=desc) as out,
    ):
        try:
            shutil.copyfileobj(response, out, 1 << 20)
        except (HTTPException, OSError) as error:  # a fault of TLS or of the network is a plain OSError
            reason = error
    size = part.stat().st_size
    if reason or (total is not None and size < total):
        why = f" ({reason})" if reason else ""
        raise UserError(
            f"{response.url} broke off after {size} of {total} bytes{why}: run again, it goes on from there"
        ) from reason
