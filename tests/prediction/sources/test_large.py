"""Images beyond Pillow's limit are read in windows, with the pixels that training reads; damaged and turned ones are named."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.refusals import refused

from fcn_plugin.data.bands.readers import PLAIN
from fcn_plugin.data.headers import large_header
from fcn_plugin.data.images import read_image
from fcn_plugin.prediction.sources.inputs import find_inputs
from fcn_plugin.prediction.sources.large import Raster, is_large, open_raster, rgb_windows
from fcn_plugin.prediction.sources.read import entries, read_ahead

pytest.importorskip("rasterio")
PIXELS = np.kron(np.random.default_rng(0).integers(0, 256, (6, 10, 3), np.uint8), np.ones((4, 4, 1), np.uint8))
KINDS = ["RGB.png", "P.png", "1.png", "L.png", "LA.png", "RGBA.png", "L.jpg", "RGB.bmp", "P.tif", "1.tif"]


def written(folder, name, **options):
    path = folder / name
    Image.fromarray(PIXELS).convert(path.stem).save(path, **options)
    return str(path)


@pytest.mark.parametrize("name", KINDS)
def test_windows_hold_what_training_reads(tmp_path, name):
    path = written(tmp_path, name)
    header = large_header(path, verify=True)
    with open_raster(path, header.format) as raster:
        window = rgb_windows(raster, header)(((4, 20), (3, 33)))
    assert np.array_equal(window, read_image(path)[1][4:20, 3:33, ::-1])


def test_turned_deep_and_damaged_ones_are_refused(tmp_path):
    tags = Image.Exif()
    tags[0x0112] = 6
    for name, code, options in (("RGB.jpg", "image-turned", dict(exif=tags)), ("I;16.png", "image-depth", {})):
        path = str(tmp_path / name)
        array = PIXELS if name == "RGB.jpg" else PIXELS[..., 0].astype(np.uint16)
        Image.fromarray(array).save(path, **options)
        header = large_header(path)
        with refused(code, path), open_raster(path, header.format) as raster:
            rgb_windows(raster, header)
    path = written(tmp_path, "RGB.png")
    content = Path(path).read_bytes()
    (tmp_path / "cut.png").write_bytes(content[: len(content) // 2])
    assert large_header(str(tmp_path / "cut.png"), verify=True) is None


def test_what_is_large(tmp_path, monkeypatch):
    paths = [written(tmp_path, name) for name in ("RGB.png", "RGB.webp")]
    assert not is_large(paths[0])
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", PIXELS.shape[0] * PIXELS.shape[1] // 2 - 1)
    assert [is_large(path) for path in paths] == [True, False]
    assert not is_large(str(tmp_path / "missing.png"))


def test_a_large_image_among_others(tmp_path, monkeypatch):
    """It comes in its place as a raster, and the others as they do without it."""
    Image.new("RGB", (4, 4)).save(tmp_path / "A.png")
    path = written(tmp_path, "RGB.png")
    Image.new("RGB", (4, 4)).save(tmp_path / "Z.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    found = read_ahead(entries(find_inputs([str(tmp_path)]), lambda name, frame: True, PLAIN), 1, 2)
    items = [read[1] for read in found if read]
    assert [item.name for item in items] == ["A", "RGB", "Z"]
    assert items[1] == Raster("RGB", path)
