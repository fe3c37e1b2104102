"""Annotated videos: what happens to them when the disk fills or a codec is missing; the loop's tests hold the rest."""

import shutil
from collections import namedtuple

import cv2
import numpy as np
import pytest
from support.fake_net import CLASSES, PALETTE, FakeNet, reds_of
from support.refusals import refused

from fcn_plugin.prediction.forms import make_forms, video
from fcn_plugin.prediction.item import Item

SIZE = (33, 47)  # odd


def write(form, frames, begin=0):
    for frame in range(begin, begin + frames):
        image = np.full((*SIZE, 3), (250, 0, 0), np.uint8)
        (prediction,) = FakeNet().predict([image])
        form.write(Item(f"clip/{frame:06}", image, "clip.mov", frame, 29.97), prediction)


@pytest.fixture
def form(tmp_path):
    (made,) = make_forms(["video"], tmp_path, CLASSES, PALETTE, opacity=1)
    return made


def test_classes_over_frames_at_their_rate(form, tmp_path):
    write(form, 5)
    assert not (tmp_path / "video/clip.mp4").exists()
    form.close(whole=True)
    fps, reds = reds_of(tmp_path / "video/clip.mp4")
    assert fps == pytest.approx(29.97, abs=0.001)
    assert reds == pytest.approx([0] * 5, abs=5)  # label 2 is blue
    assert form.files("clip/000003") == [tmp_path / "video/clip.mp4"]
    capture = cv2.VideoCapture(str(tmp_path / "video/clip.mp4"))
    assert capture.read()[1].shape == (32, 46, 3)


def test_a_disk_that_fills(form, tmp_path, monkeypatch):
    write(form, 5)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: namedtuple("Usage", "free")(1000))
    incomplete = tmp_path / "video/clip.incomplete.mp4"
    with refused("disk-write", incomplete, "first 5 frames", "--resume"):
        write(form, 1, begin=5)
    assert len(reds_of(incomplete)[1]) == 5
    assert [path.name for path in incomplete.parent.iterdir()] == ["clip.incomplete.mp4"]


def test_frames_that_opencv_lost(form, tmp_path):
    """It does not tell of a frame that could not be written."""
    write(form, 5)
    form.frames += 1
    with refused("disk-write", "5 of 6 frames"):
        form.close(whole=True)
    assert len(reds_of(tmp_path / "video/clip.incomplete.mp4")[1]) == 5


def test_a_codec_that_is_missing(form, tmp_path, monkeypatch):
    monkeypatch.setattr(video, "CODEC", "none")
    with refused("video-codec", "none", "47 x 33"):
        write(form, 1)
    assert not list((tmp_path / "video").iterdir())
