"""Download a file completely or not at all, with https at every redirect."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from http.client import HTTPMessage
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO
from urllib.error import URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from tqdm import tqdm

TIMEOUT = 60  # seconds without a byte


class _OnlyHttps(HTTPRedirectHandler):
    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        if not newurl.startswith("https://"):
            raise URLError(f"redirected to {newurl}, which is not https://")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def download(url: str, path: Path, is_right: Callable[[Path], bool] = Path.is_file, bar: bool = True) -> None:
    """Download to ``path``, where the file appears once it is complete and ``is_right``; raise OSError and others.

    ``bar`` shows the progress.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    request = Request(url, headers={"User-Agent": "torch.hub"})
    # in a private folder, since processes of a run may download at the same time
    with (
        TemporaryDirectory(dir=path.parent) as folder,
        build_opener(_OnlyHttps).open(request, timeout=TIMEOUT) as answer,
    ):
        part, size = Path(folder, "part"), int(answer.headers["Content-Length"] or 0)
        shown = dict(total=size or None, desc=path.name, disable=not bar)
        with part.open("wb") as file, tqdm.wrapattr(answer, "read", **shown) as body:
            shutil.copyfileobj(body, file)
        if (size and part.stat().st_size != size) or not is_right(part):
            raise URLError(f"incomplete, or wrong checksum: received {part.stat().st_size} bytes")
        part.replace(path)
