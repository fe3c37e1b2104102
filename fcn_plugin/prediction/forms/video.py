"""Write ``video/NAME.mp4``: frames with the classes' colours over them, at the source's frame rate."""

from __future__ import annotations

import os
import shutil
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple

import cv2

from ...atomic_write import atomic_write, make_inside
from ...errors import UserError
from ..item import Item
from ..prediction import Prediction
from .base import Form

CODEC = "mp4v"  # MPEG-4; OpenCV's wheels can always write it, but not H.264
RESERVE = 2**25  # bytes of disk space to keep free, since an mp4's index is written last


class _Opened(NamedTuple):
    """The video that is being written, and the context of its temporary file."""

    path: Path
    pending: AbstractContextManager[Path]
    writer: cv2.VideoWriter


class Video(Form):
    """Write one mp4 per input video; MPEG-4 drops the last row or column of an odd size.

    If a signal or a full disk interrupts a video, it is kept as ``NAME.incomplete.mp4``.

    Args:
        opacity: opacity of the classes' colours, 0 (image) .. 1 (classes).
    """

    frames_alone = True

    def __init__(self, *args: Any, opacity: float = 0.5) -> None:
        super().__init__(*args)
        self.opacity = opacity
        self.opened: _Opened | None = None
        self.frames = 0

    def files(self, name: str) -> list[Path]:
        """Return the video that a frame belongs to."""
        return [self.out_dir / "video" / f"{os.path.dirname(name)}.mp4"]

    def write(self, item: Item, prediction: Prediction) -> None:
        """Add a frame.

        Raises:
            UserError: video-codec: OpenCV can't write such a file; disk-write: the disk is nearly full.
        """
        (path,) = self.files(item.name)
        if self.opened is None or path != self.opened.path:
            self.close(whole=True)
            self.opened, self.frames = self._open(path, item), 0
        if shutil.disk_usage(path.parent).free < RESERVE:
            frames = self.frames
            self.close(whole=False)
            kept = f"{_incomplete(path)} has the first {frames} frames. Free disk space, then continue with --resume"
            raise UserError("disk-write", f"less than {RESERVE >> 20} MiB free for {path}: {kept}")
        self.opened.writer.write(prediction.overlay(self.opacity)[..., ::-1].copy())
        self.frames += 1

    def _open(self, path: Path, item: Item) -> _Opened:
        make_inside(self.out_dir, path.parent)
        pending = atomic_write(path, ending=".part.mp4")
        part, (height, width) = pending.__enter__(), item.image.shape[:2]
        writer = cv2.VideoWriter(str(part), cv2.VideoWriter.fourcc(*CODEC), item.fps or 0.0, (width, height))
        if not writer.isOpened():
            part.unlink(missing_ok=True)
            found = f"can't write {path}: OpenCV lacks the codec {CODEC}, or does not support {width} x {height} pixels"
            raise UserError(
                "video-codec", f"{found}: pip install --force-reinstall opencv-python, or remove --out video"
            )
        return _Opened(path, pending, writer)

    def close(self, whole: bool) -> None:
        """Close the video; UserError: disk-write if frames are missing in the file, which OpenCV does not report."""
        if self.opened is None:
            return
        (path, pending, writer), frames = self.opened, self.frames
        self.opened = None
        writer.release()
        pending.__exit__(None, None, None)
        found = cv2.VideoCapture(str(path))
        held = int(found.get(cv2.CAP_PROP_FRAME_COUNT)) if found.isOpened() else 0
        found.release()
        if not whole or held != frames:
            os.replace(path, _incomplete(path))
        elif whole:
            _incomplete(path).unlink(missing_ok=True)
        if held != frames:
            message = f"{_incomplete(path)} has only {held} of {frames} frames; the disk may be full"
            raise UserError("disk-write", f"{message}: free disk space, then continue with --resume")


def _incomplete(path: Path) -> Path:
    return path.with_name(f"{path.stem}.incomplete.mp4")
