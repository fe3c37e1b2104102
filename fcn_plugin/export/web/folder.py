"""Write the folder: the page, the nets as ONNX files that include the preprocessing, and their metadata."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ...atomic_write import atomic_folder, make_dir
from ...errors import UserError
from ..metadata import Metadata
from . import runtime

PAGE = Path(__file__).with_name("page")
STARTED = re.compile(r"_\d{8}_\d{6}$")  # time stamp in a run's name
CONNECT = "{{connect}}"  # placeholder in the page for the origins it may load from


class Nets:
    """Collect the nets of a folder that is being written."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.entries = folder, list[dict[str, Any]]()

    def next_path(self) -> Path:
        """Return the path of the next net's ONNX file."""
        return self.folder / f"net{len(self.entries) + 1}.onnx"

    def add(self, metadata: Metadata) -> None:
        """Add the net written to :meth:`next_path`; UserError: ``export-web`` if the page can't show it."""
        _require_shown(metadata)
        path = self.next_path()
        name = STARTED.sub("", metadata.config)
        self.entries.append(dict(name=name, file=path.name, bytes=path.stat().st_size, **asdict(metadata)))


@contextmanager
def web_folder(out: Path, offline: bool) -> Iterator[Nets]:
    """Yield a collector for nets; at the end the complete folder appears, after an error nothing is left.

    Args:
        out: folder to write, new or empty.
        offline: copy onnxruntime-web into it; by default the page loads it from a CDN.

    Raises:
        UserError: ``output-exists`` if the folder is not empty, ``output-path``; those of :func:`.runtime.fetch`.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError("output-exists", f"{out} exists already: remove it, or choose another folder with --out")
    make_dir(str(out.parent), "--out")
    copied = runtime.fetch() if offline else {}
    with atomic_folder(out) as folder:
        nets = Nets(folder)
        yield nets
        for path in PAGE.iterdir():
            text = path.read_text(encoding="utf-8").replace(CONNECT, "'self'" if offline else f"'self' {runtime.CDN}")
            (folder / path.name).write_text(text, encoding="utf-8")
        known = dict(runtime=runtime.described(offline), nets=nets.entries)
        (folder / "nets.json").write_text(json.dumps(known, indent=1), encoding="utf-8")
        for name, content in copied.items():
            (folder / runtime.FOLDER).mkdir(exist_ok=True)
            (folder / runtime.FOLDER / name).write_bytes(content)


def _require_shown(metadata: Metadata) -> None:
    reason = ""
    if metadata.bands:
        reason = f"it needs images of {len(metadata.mean)} bands, but a browser reads RGB"
    elif metadata.multilabel:
        reason = "it predicts several labels per pixel, but the page shows one"
    elif len(metadata.classes) > 256:
        reason = f"it has {len(metadata.classes)} classes, but a PNG label map holds 256"
    if reason:
        raise UserError(
            "export-web", f"{metadata.config or 'the net'} can't be shown in a page: {reason}. Use --to onnx"
        )
