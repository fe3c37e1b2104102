"""Read frames of video files, cameras and network streams with OpenCV, in order."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial

import cv2
import numpy as np

from ...data.bands.readers import Reader
from ...errors import UserError
from ..item import Item
from .entry import Entry, Wanted
from .inputs import CAMERA, Input, without_password

FPS = 25.0  # frames per second of sources that don't state it
WAIT = 10_000  # milliseconds without a frame after which a stream is dead
WHOLE = 0.95  # required share of the frames in the header, which some programs estimate from the duration


def entries(source: Input, wanted: Wanted, reader: Reader) -> Iterator[Entry]:
    """Yield the decoded frames, named ``NAME/000000``; unwanted frames are skipped without decoding.

    Raises:
        UserError: video-unreadable: the video can't be opened, or ended early.
    """
    capture, shown = _open(source), without_password(source.address)
    try:
        fps = capture.get(cv2.CAP_PROP_FPS)
        fps = fps if 0 < fps < 1000 else FPS
        count = max(0, int(capture.get(cv2.CAP_PROP_FRAME_COUNT)))
        frame = 0
        while capture.grab():
            name = f"{source.name}/{frame:06d}"
            if wanted(name, True):
                good, image = capture.retrieve()
                if not good:
                    break
                pixels = np.ascontiguousarray(image[..., ::-1])
                yield Entry(name, shown, partial(Item, name, pixels, shown, frame, fps), count)
            frame += 1
    finally:
        capture.release()
    if source.kind != "video" and not count:
        raise UserError("video-unreadable", f"{shown} ended after {frame} frames; their results are kept")
    if frame < WHOLE * count:
        raise UserError("video-unreadable", f"{shown} ended after {frame} of {count} frames; their results are kept")


def _open(source: Input) -> cv2.VideoCapture:
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # its messages don't name the file
    level = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        if source.kind == "camera":
            capture = cv2.VideoCapture(int(source.path.removeprefix(CAMERA)))
        else:
            waits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, WAIT, cv2.CAP_PROP_READ_TIMEOUT_MSEC, WAIT]
            capture = cv2.VideoCapture(source.address, cv2.CAP_FFMPEG, waits)
    finally:
        cv2.utils.logging.setLogLevel(level)
    if not capture.isOpened():
        shown = without_password(source.address)
        reason = {"camera": "no such camera, or it is in use", "stream": f"no answer in {WAIT // 1000} s, or no video"}
        why = reason.get(
            source.kind, "damaged, or a codec that OpenCV lacks; convert it: ffmpeg -i IN -c:v libx264 OUT.mp4"
        )
        raise UserError("video-unreadable", f"can't open video {shown} ({why})")
    return capture
