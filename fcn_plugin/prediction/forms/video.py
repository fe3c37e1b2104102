"""``video/NAME.mp4``: frames with the classes' colours over them, at the frame rate of their source."""

from __future__ import annotations

import os
import shutil
from contextlib import AbstractContextManager
from pathlib import Path

import cv2

from ...atomic_write import atomic_write, make_inside
from ...errors import UserError
from ..item import Item
from ..prediction import Prediction
from .base import Form

CODEC = "mp4v"  # MPEG-4, which OpenCV's wheels always hold; H.264 they can read but not write
RESERVE = 2**25  # bytes of the disk that are left free: an mp4's index is written at its end


class Video(Form):
    """Write one mp4 for each video among the inputs; of an odd side the last row or column is left out, as MPEG-4 does.

    Where frames of a video are left, after a signal or on a full disk, it is kept as ``NAME.incomplete.mp4``.

    Args:
        opacity: of the classes' colours, 0 (image) .. 1 (classes).
    """

    frames_alone = True

    def __init__(self, *args, opacity: float = 0.5) -> None:
        super().__init__(*args)
        self.opacity = opacity
        self.path: Path | None = None
        self.door: AbstractContextManager[Path] | None = None
        self.writer: cv2.VideoWriter | None = None
        self.frames = 0

    def files(self, name: str) -> list[Path]:
        """Return the video that a frame is part of."""
        return [self.out_dir / "video" / f"{os.path.dirname(name)}.mp4"]

    def write(self, item: Item, prediction: Prediction) -> None:
        """Add a frame.

        Raises:
            UserError: video-codec: OpenCV can't write such a file; disk-write: the disk is nearly full.
        """
        (path,) = self.files(item.name)
        if path != self.path:
            self.close(whole=True)
            self._open(path, item)
        if shutil.disk_usage(path.parent).free < RESERVE:
            frames = self.frames
            self.close(whole=False)
            kept = f"{_incomplete(path)} holds the first {frames} frames. Make room, then go on with --resume"
            raise UserError("disk-write", f"less than {RESERVE >> 20} MiB are free for {path}: {kept}")
        self.writer.write(prediction.overlay(self.opacity)[..., ::-1].copy())
        self.frames += 1

    def _open(self, path: Path, item: Item) -> None:
        make_inside(self.out_dir, path.parent)
        door = atomic_write(path, ending=".part.mp4")
        part, (height, width) = door.__enter__(), item.image.shape[:2]
        writer = cv2.VideoWriter(str(part), cv2.VideoWriter_fourcc(*CODEC), item.fps, (width, height))
        if not writer.isOpened():
            part.unlink(missing_ok=True)
            found = f"{path} can't be written: OpenCV lacks the codec {CODEC}, or takes no {width} x {height} pixels"
            raise UserError(
                "video-codec", f"{found}: pip install --force-reinstall opencv-python, or leave out --out video"
            )
        self.path, self.door, self.writer, self.frames = path, door, writer, 0

    def close(self, whole: bool) -> None:
        """End the video; UserError: disk-write where frames are missing in the file, which OpenCV does not tell."""
        if self.writer is None:
            return
        path, door, writer, frames = self.path, self.door, self.writer, self.frames
        self.path = self.door = self.writer = None
        writer.release()
        door.__exit__(None, None, None)
        found = cv2.VideoCapture(str(path))
        held = int(found.get(cv2.CAP_PROP_FRAME_COUNT)) if found.isOpened() else 0
        found.release()
        if not whole or held != frames:
            os.replace(path, _incomplete(path))
        elif whole:
            _incomplete(path).unlink(missing_ok=True)
        if held != frames:
            message = f"{_incomplete(path)} holds {held} of {frames} frames, perhaps as the disk is full"
            raise UserError("disk-write", f"{message}: make room, then go on with --resume")


def _incomplete(path: Path) -> Path:
    return path.with_name(f"{path.stem}.incomplete.mp4")
