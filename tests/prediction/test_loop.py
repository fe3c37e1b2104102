"""The loop around the net: results, resume, signals, kills, full disks."""

import errno
import os
import signal

import numpy as np
import pytest
from PIL import Image
from support.fake_net import CLASSES, PALETTE, FakeNet, reds_of, save_image, save_video
from support.forked import run_forked
from support.refusals import refused

from fcn_plugin.prediction.forms import make_forms
from fcn_plugin.prediction.forms.masks import Masks
from fcn_plugin.prediction.loop import Loop
from fcn_plugin.prediction.sources.inputs import find_inputs


def run(out, *words, net=None, forms=("masks",), resume=False):
    """Segment words; returns the tally."""
    net = net or FakeNet()
    made = make_forms(forms, out, CLASSES, PALETTE) if isinstance(forms[0], str) else forms
    return Loop(net, made, out, resume, quiet=True).run(find_inputs(list(map(str, words))))


@pytest.fixture
def photos(tmp_path):
    for index in range(30):
        save_image(tmp_path / f"photos/{index:02}.png", 100 * (index % 3))
    return tmp_path / "photos"


def label(path):
    (found,) = np.unique(np.asarray(Image.open(path)))
    return int(found)


def masks(out):
    return {path.stem: label(path) for path in (out / "masks").glob("*.png")}


ALL = {f"{index:02}": index % 3 for index in range(30)}


def test_every_image_gets_its_results(photos, tmp_path):
    net = FakeNet()
    tally = run(tmp_path / "out", photos, net=net, forms=("masks", "overlays"))
    assert (tally.images, tally.skipped, tally.broken) == (30, 0, [])
    assert [count for count, _ in net.sizes] == [4] * 7 + [2]
    assert masks(tmp_path / "out") == ALL
    assert len(list((tmp_path / "out/overlays").iterdir())) == 30
    assert 0 < tally.net_seconds < tally.seconds


def test_resume_does_what_is_left(photos, tmp_path):
    run(tmp_path / "out", photos, forms=("masks", "overlays"))
    for name in ("masks/03.png", "overlays/07.png"):
        (tmp_path / "out" / name).unlink()
    kept = (tmp_path / "out/masks/07.png").stat().st_mtime_ns
    net = FakeNet()
    tally = run(tmp_path / "out", photos, net=net, forms=("masks", "overlays"), resume=True)
    assert (tally.images, tally.skipped, net.sizes) == (2, 28, [(2, {(6, 8, 3)})])
    assert (tmp_path / "out/masks/07.png").stat().st_mtime_ns == kept
    assert len(list((tmp_path / "out/overlays").iterdir())) == 30
    assert run(tmp_path / "out", photos, resume=False).images == 30


def test_a_signal_stops_after_the_images_in_work(photos, tmp_path, capfd):
    def before(count):
        if count == 2:
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(SystemExit) as stop:
        run(tmp_path / "out", photos, net=FakeNet(before))
    done = masks(tmp_path / "out")
    assert stop.value.code == 99
    assert 12 <= len(done) < 30
    said = capfd.readouterr().out
    assert f"SIGTERM: stopped after {len(done)} images; continue with --resume" in said
    assert "checkpoint" not in said
    tally = run(tmp_path / "out", photos, resume=True)
    assert (tally.images, tally.skipped, masks(tmp_path / "out")) == (30 - len(done), len(done), ALL)


def killed(rank, out, photos):
    run(out, photos, net=FakeNet(lambda count: count == 3 and os.kill(os.getpid(), signal.SIGKILL)))


def test_a_kill_leaves_whole_files_alone(photos, tmp_path):
    (ended,) = run_forked(1, killed, tmp_path / "out", photos)
    assert ended.code == -signal.SIGKILL
    done = masks(tmp_path / "out")
    assert done.items() <= ALL.items()
    tally = run(tmp_path / "out", photos, resume=True)
    assert (tally.images, masks(tmp_path / "out")) == (30 - len(done), ALL)


class FullDisk(Masks):
    def write(self, item, prediction):
        if item.name == "10":
            raise OSError(errno.ENOSPC, "No space left on device", "10.png")
        super().write(item, prediction)


def test_a_full_disk_stops_and_keeps_what_is_written(photos, tmp_path):
    net = FakeNet(batch_size=1)
    with refused("disk-write", "10.png", "--resume"):
        run(tmp_path / "out", photos, net=net, forms=[FullDisk(tmp_path / "out", CLASSES, PALETTE)])
    done = masks(tmp_path / "out")
    assert {f"{index:02}" for index in range(10)} <= set(done) < set(ALL)
    assert len(net.sizes) < 30


def test_broken_images_are_listed_at_the_end(photos, tmp_path):
    (photos / "05.png").write_text("no image")
    tally = run(tmp_path / "out", photos)
    assert (tally.images, [error.code for error in tally.broken]) == (29, ["image-unreadable"])
    assert str(photos / "05.png") in tally.broken[0].message
    assert masks(tmp_path / "out") == {name: value for name, value in ALL.items() if name != "05"}


def test_videos_beside_images(photos, tmp_path):
    first, second = (
        save_video(tmp_path / f"{name}.mp4", frames, fps) for name, frames, fps in (("a", 10, 12.5), ("b", 7, 30))
    )
    forms = make_forms(("masks", "video"), tmp_path / "out", CLASSES, PALETTE, opacity=0)
    tally = run(tmp_path / "out", first, photos, second, forms=forms)
    assert (tally.images, tally.broken) == (47, [])
    assert len(masks(tmp_path / "out")) == 30
    assert len(list((tmp_path / "out/masks/a").iterdir())) == 10
    for name, source in (("a", first), ("b", second)):
        (fps, reds), (wanted, drawn) = reds_of(tmp_path / f"out/video/{name}.mp4"), reds_of(source)
        assert fps == wanted
        assert reds == pytest.approx(drawn, abs=5)


def test_a_video_that_was_stopped_is_done_again_from_its_start(tmp_path):
    path = save_video(tmp_path / "clip.mp4", frames=20)
    net = FakeNet(lambda count: count == 2 and os.kill(os.getpid(), signal.SIGTERM))
    with pytest.raises(SystemExit):
        run(tmp_path / "out", path, net=net, forms=("masks", "video"))
    left = reds_of(tmp_path / "out/video/clip.incomplete.mp4")[1]
    assert 12 <= len(left) < 20
    assert not (tmp_path / "out/video/clip.mp4").exists()
    assert run(tmp_path / "out", path, forms=("masks", "video"), resume=True).images == 20
    assert [file.name for file in (tmp_path / "out/video").iterdir()] == ["clip.mp4"]
    assert len(reds_of(tmp_path / "out/video/clip.mp4")[1]) == 20
    (tmp_path / "out/masks/clip/000013.png").unlink()
    assert run(tmp_path / "out", path, forms=("masks", "video"), resume=True).images == 1
    assert len(reds_of(tmp_path / "out/video/clip.mp4")[1]) == 20
