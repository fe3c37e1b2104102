"""Images beyond memory: their labels are those of one pass, and the file has the source's place."""

import numpy as np
import pytest
import torch
from PIL import Image
from support.builders import balance_classes, build_fcn
from support.fake_net import CLASSES, PALETTE
from support.refusals import refused

from fcn_plugin.prediction.forms import make_forms
from fcn_plugin.prediction.loop import Loop
from fcn_plugin.prediction.net import Net
from fcn_plugin.prediction.sources.inputs import find_inputs
from fcn_plugin.prediction.sources.large import Raster
from fcn_plugin.prediction.tiles import Stopped, predict_raster

rasterio = pytest.importorskip("rasterio")
SIZE = (64, 700)  # more than a window: a tile of 64 with what FCN-8s sees on both sides
PLACE = dict(crs="EPSG:32633", transform=rasterio.Affine(2, 0, 5e5, 0, -2, 5e6))


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """(path, (H, W, 3) uint8) of a GeoTIFF of blocks."""
    blocks = np.random.default_rng(0).integers(0, 256, (3, SIZE[0] // 4, SIZE[1] // 4), dtype=np.uint8)
    image, path = np.kron(blocks, np.ones((1, 4, 4), np.uint8)), tmp_path_factory.mktemp("map") / "map.tif"
    shape = dict(count=3, height=SIZE[0], width=SIZE[1], dtype="uint8")
    with rasterio.open(path, "w", driver="GTiff", **shape, **PLACE) as file:
        file.write(image)
    return path, image.transpose(1, 2, 0)


@pytest.fixture(scope="module")
def net(source):
    torch.manual_seed(0)
    model = build_fcn()
    inputs = model.data_preprocessor(dict(inputs=[torch.from_numpy(source[1]).permute(2, 0, 1)]), False)["inputs"]
    balance_classes(model, inputs)
    return Net(model, [dict(type="PackSegInputs")], CLASSES, PALETTE)


def never():
    return False


def test_tiles_are_exact(net, source, tmp_path):
    path, image = source
    predict_raster(net, Raster("map", str(path)), tmp_path, never, tile=64)
    whole = net.predict(image).labels
    assert min(np.bincount(whole.ravel(), minlength=3)) > 100  # else equal maps would say nothing
    with rasterio.open(tmp_path / "geotiff/map.tif") as file:
        assert np.array_equal(file.read(1), whole)
        assert (file.crs, file.transform) == (PLACE["crs"], PLACE["transform"])
        assert file.colormap(1)[2] == (0, 0, 255, 255)


def test_the_loop_takes_what_no_decoder_takes(net, source, tmp_path, monkeypatch):
    path, image = source
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10_000)
    made = make_forms(["masks"], tmp_path, CLASSES, PALETTE)
    for resume, counts in ((False, (1, 0)), (True, (0, 1))):
        tally = Loop(net, made, tmp_path, resume, quiet=True).run(find_inputs([str(path)]))
        assert (tally.images, tally.skipped, tally.broken) == (*counts, [])
    with rasterio.open(tmp_path / "geotiff/map.tif") as file:
        assert np.array_equal(file.read(1), net.predict(image).labels)


def test_a_stop_leaves_no_file(net, source, tmp_path):
    with pytest.raises(Stopped):
        predict_raster(net, Raster("map", str(source[0])), tmp_path, lambda: True)
    assert not list((tmp_path / "geotiff").iterdir())


def test_what_tiles_can_t_do(net, source, tmp_path):
    exported = Net(torch.nn.Identity(), [dict(type="PackSegInputs")], CLASSES, PALETTE)
    with refused("option-value", source[0]):
        predict_raster(exported, Raster("map", str(source[0])), tmp_path, never)
    resizing = Net(net.model, [dict(type="Resize", scale=(64, 64)), dict(type="PackSegInputs")], CLASSES, PALETTE)
    with refused("config-value", source[0], "Resize"):
        predict_raster(resizing, Raster("map", str(source[0])), tmp_path, never)
    with rasterio.open(tmp_path / "deep.tif", "w", driver="GTiff", count=1, height=4, width=4, dtype="uint16", **PLACE):
        pass
    with refused("image-depth", tmp_path / "deep.tif", "uint16"):
        predict_raster(net, Raster("deep", str(tmp_path / "deep.tif")), tmp_path, never)
