"""Reading each kind of source: values, order, what is passed over, what breaks off."""

import shutil
from http.server import BaseHTTPRequestHandler

import numpy as np
import pytest
from PIL import Image
from support.fake_net import save_image, save_video
from support.web import serving

from fcn_plugin.data.bands.readers import ImageReader
from fcn_plugin.prediction.sources import link
from fcn_plugin.prediction.sources.entry import Broken
from fcn_plugin.prediction.sources.inputs import find_inputs
from fcn_plugin.prediction.sources.read import entries, read_ahead


def read(*words, wanted=lambda name, is_frame: True):
    """(items, errors) of words."""
    items, errors = [], []
    for found in read_ahead(entries(find_inputs(list(map(str, words))), wanted, ImageReader()), 2, 3):
        if isinstance(found, Broken):
            errors.append(found.error)
        elif found:
            items.append(found[1])
    return items, errors


def red(item):
    return round(float(item.image[..., 0].mean()))


def test_images_come_in_order_as_rgb(tmp_path):
    for index in range(20):
        save_image(tmp_path / f"{index:02}.png", index)
    items, errors = read(tmp_path)
    assert ([item.name for item in items], errors) == ([f"{index:02}" for index in range(20)], [])
    assert [red(item) for item in items] == list(range(20))
    assert (items[3].source, items[3].frame, items[3].fps) == (str(tmp_path / "03.png"), None, None)


def test_frames_of_a_video(tmp_path):
    path = save_video(tmp_path / "clip.mp4", frames=12, fps=12.5)
    items, errors = read(path)
    assert errors == []
    assert [item.name for item in items] == [f"clip/{frame:06}" for frame in range(12)]
    assert [item.frame for item in items] == list(range(12))
    assert {(item.fps, item.image.shape) for item in items} == {(12.5, (32, 48, 3))}
    assert [red(item) for item in items] == pytest.approx([10 * frame for frame in range(12)], abs=4)
    left, _ = read(path, wanted=lambda name, is_frame: is_frame and name >= "clip/000009")
    assert [red(item) for item in left] == [red(item) for item in items[9:]]


def test_pages_of_a_tiff(tmp_path):
    pages = [Image.new(mode, (7, 5), value) for mode, value in (("RGB", (9, 0, 0)), ("L", 100), ("P", 0))]
    pages[0].save(tmp_path / "scan.tif", save_all=True, append_images=pages[1:])
    items, errors = read(tmp_path)
    assert errors == []
    assert [(item.name, item.frame, red(item)) for item in items] == [
        ("scan/000000", 0, 9),
        ("scan/000001", 1, 100),
        ("scan/000002", 2, 0),
    ]
    left, _ = read(tmp_path, wanted=lambda name, is_frame: name != "scan/000001")
    assert [item.frame for item in left] == [0, 2]


def test_a_deep_page_is_refused_after_the_others(tmp_path):
    deep = Image.fromarray(np.zeros((5, 7), np.uint16))
    Image.new("L", (7, 5)).save(tmp_path / "scan.tif", save_all=True, append_images=[deep])
    items, (error,) = read(tmp_path)
    assert ([item.name for item in items], error.code) == (["scan/000000"], "image-depth")
    assert f"{tmp_path / 'scan.tif'}, page 1" in error.message


def test_the_place_of_a_geotiff(tmp_path):
    rasterio = pytest.importorskip("rasterio")
    place = dict(crs="EPSG:32633", transform=rasterio.transform.from_origin(5e5, 5e6, 2, 2))
    with rasterio.open(
        tmp_path / "a.tif", "w", driver="GTiff", width=6, height=4, count=3, dtype="uint8", **place
    ) as file:
        file.write(np.full((3, 4, 6), [[[9]], [[0]], [[0]]], np.uint8))
    save_image(tmp_path / "b.tif", 0)
    (item, plain), errors = read(tmp_path)
    assert (red(item), item.georeference, plain.georeference, errors) == (9, place, None, [])


def test_broken_inputs_do_not_stop_the_others(tmp_path):
    for name in ("a.png", "b.mp4", "c.tif", "e.txt"):
        (tmp_path / name).write_text("not what it seems")
    save_image(tmp_path / "d.png", 0)
    cut = save_video(tmp_path / "cut.avi", frames=400)
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 2])
    words = [tmp_path / name for name in ("a.png", "b.mp4", "c.tif", "d.png", "cut.avi", "e.txt")]
    items, errors = read(*words)
    assert items[0].name == "d"
    codes = ["image-unreadable", "video-unreadable", "image-unreadable", "video-unreadable", "image-unreadable"]
    assert [error.code for error in errors] == codes
    broken = [words[0], words[1], words[2], words[4], words[5]]
    assert all(str(path) in error.message for path, error in zip(broken, errors, strict=True))
    assert f"ended after {len(items) - 1} of " in errors[3].message


def test_links_are_fetched_and_not_kept(tmp_path, monkeypatch):
    image, places = save_image(tmp_path / "a.png", 7), []

    def download(url, path, bar):
        places.append(path.parent)
        if "gone" in url:
            raise OSError("404: Not Found")
        shutil.copyfile(image if "good" in url else __file__, path)

    monkeypatch.setattr(link, "download", download)
    items, errors = read("https://me:secret@host/good.png?size=3", "https://host/text.png", "https://host/gone.png")
    assert [(item.name, red(item), item.source) for item in items] == [("good", 7, "https://host/good.png?size=3")]
    assert [error.code for error in errors] == ["image-unreadable", "download"]
    assert errors[0].message.startswith("https://host/text.png: can't be read")
    assert "https://host/gone.png" in errors[1].message
    assert not any(place.exists() for place in places)


class Camera(BaseHTTPRequestHandler):
    """Sends the first bytes of a motion JPEG stream, then nothing more."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        for jpeg in self.server.frames:
            self.wfile.write(
                b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(jpeg) + jpeg + b"\r\n"
            )

    def log_message(self, *args):
        pass


def test_a_stream_that_ends(tmp_path):
    path = save_image(tmp_path / "a.jpg", 200, size=(64, 48))
    with serving(Camera) as server:
        server.frames = [path.read_bytes()] * 30
        url = f"http://127.0.0.1:{server.server_port}/live"
        items, (error,) = read(url)
    assert len(items) >= 25
    assert {(item.image.shape, red(item)) for item in items} == {((48, 64, 3), 200)}
    assert (error.code, f"{url} ended after {len(items)} frames" in error.message) == ("video-unreadable", True)
    assert items[0].name == f"127_0_0_1_{server.server_port}_live/000000"


def test_no_such_camera():
    items, (error,) = read("camera:99")
    assert (items, error.code, "camera:99" in error.message) == ([], "video-unreadable", True)


def test_a_fault_of_the_program_is_raised():
    def faulty():
        raise RuntimeError("a fault")
        yield

    with pytest.raises(RuntimeError, match="a fault"):
        list(read_ahead(faulty(), 1, 1))
