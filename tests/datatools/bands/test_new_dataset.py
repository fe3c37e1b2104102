"""Folders of other images than 8-bit RGB, from new_dataset through check and pictures; bands and statistics counted by hand."""

import numpy as np
import pytest
import rasterio
from mmengine.config import Config
from mmseg.registry import DATASETS, MODELS
from PIL import Image
from rasterio.transform import from_origin
from support.refusals import refused

from fcn_plugin.commands.browse_dataset import browse_dataset
from fcn_plugin.commands.check_dataset import check_dataset, check_folders
from fcn_plugin.datatools.new.build import new_dataset
from fcn_plugin.datatools.new.options import Options
from fcn_plugin.prediction.net import Net
from fcn_plugin.prediction.sources.inputs import find_inputs
from fcn_plugin.prediction.sources.read import entries
from fcn_plugin.preflight.prepare import prepare

PLACE = dict(crs="EPSG:32633", transform=from_origin(500000, 5000000, 10, 10))
RANDOM = np.random.default_rng(0)


def write_tiff(path, bands, **options):
    count, height, width = bands.shape
    kind = dict(driver="GTiff", dtype=bands.dtype.name, count=count, height=height, width=width)
    with rasterio.open(path, "w", **{**kind, **PLACE, **options}) as file:
        file.write(bands)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Ten uint16 images of four bands, of which the first two validate."""
    monkeypatch.chdir(tmp_path)
    for name in ("images", "masks"):
        (tmp_path / name).mkdir()
    for i in range(10):
        bands = RANDOM.integers(1, 9000, (4, 40, 48)).astype(np.uint16)
        write_tiff(tmp_path / f"images/{i}.tif", bands)
        Image.fromarray(RANDOM.integers(0, 2, (40, 48)).astype(np.uint8)).save(tmp_path / f"masks/{i}.png")
    (tmp_path / "val.txt").write_text("0\n1\n")
    return tmp_path


def made(folder, net="vgg16", **options):
    options = dict(from_scratch=True, val_list="val.txt") | options
    report = new_dataset(Options("sat", "images", "masks", net=net, **options))
    (path,) = (folder / "configs").glob("*.py")
    return report, Config.fromfile(path)


def test_from_a_folder_to_pictures_and_predictions(folder):
    report, cfg = made(folder, rgb=(3, 2, 1))
    assert "4 bands of uint16" in report
    train = np.stack([rasterio.open(f"images/{i}.tif").read() for i in range(2, 10)]).astype(np.float64)
    entry = cfg.model.data_preprocessor
    assert (entry.type, tuple(entry.rgb)) == ("FCNBandsPreProcessor", (3, 2, 1))
    assert np.allclose(entry.mean, train.mean((0, 2, 3)), rtol=1e-4)
    assert np.allclose(entry.std, train.std((0, 2, 3)), rtol=1e-4)
    for split, augmented in (("train", True), ("val", False)):
        steps = [step.type for step in cfg[f"{split}_dataloader"].dataset.pipeline]
        assert steps[0] == "FCNLoadBands" and ("RandomCrop" in steps) == augmented
        assert "PhotoMetricDistortion" not in steps

    checked = check_dataset(Config.fromfile(cfg.filename), "sheet.png")
    assert checked.findings.count("error") == 0
    found = checked.as_dict()["splits"]["train"]["bands"]
    assert found == dict(count=4, type="uint16", mean=list(entry.mean), std=list(entry.std))
    assert f"mean={list(entry.mean)}, std={list(entry.std)}" in checked.text("train")
    assert browse_dataset(Config.fromfile(cfg.filename), "train", "browse.png", 2) == []

    prepare(cfg, ("val",))
    sample = DATASETS.build(cfg.val_dataloader.dataset)[0]["inputs"]
    assert np.array_equal(sample.numpy(), rasterio.open("images/0.tif").read())
    cfg.model.backbone.depth, cfg.model.neck.fc_channels, cfg.model.decode_head.in_channels.fr = 11, 8, 8
    model = MODELS.build({**cfg.model, "pretrained": None, "precision": "fp32"}).eval()
    net = Net(model, cfg.test_dataloader.dataset.pipeline, ["a", "b"], [[0, 0, 0], [9, 9, 9]])
    (entry,) = entries(find_inputs(["images/0.tif"]), lambda name, video: True, net.reader)
    item = entry.read()
    assert item.georeference == dict(crs=rasterio.crs.CRS.from_string(PLACE["crs"]), transform=PLACE["transform"])
    of_file, of_array = net.predict(["images/0.tif", item.image])
    assert np.array_equal(of_file.labels, of_array.labels) and of_file.labels.shape == (40, 48)
    assert of_file.image.shape == (40, 48, 3) and of_file.image.dtype == np.uint8
    with refused("image-bands", "3 bands", "for 4"):
        net.predict(item.image[..., :3])


@pytest.mark.parametrize("kind", ["count", "type"])
def test_images_of_other_bands(folder, kind):
    _, cfg = made(folder)
    bands = RANDOM.integers(1, 255, (4, 40, 48)).astype(np.uint8)
    write_tiff(folder / "images/5.tif", bands.astype(np.uint16)[:3] if kind == "count" else bands)
    part = "3 bands of uint16" if kind == "count" else "4 bands of uint8"
    with refused("image-bands", "images/5.tif", part, "images/0.tif"):
        made(folder, force=True)
    found = {code: files for code, _, files in check_dataset(cfg, "sheet.png").findings}
    assert [(problem.path, problem.found[: len(part)]) for problem in found["image-bands"]] == [("images/5.tif", part)]


def test_a_band_for_pictures_that_there_is_not(folder):
    with refused("option-value", "--rgb 5 2 1", "4 bands"):
        made(folder, rgb=(5, 2, 1))


def test_arrays_and_the_light_net(folder):
    pytest.importorskip("timm")
    for path in (folder / "images").iterdir():
        np.save(path.with_suffix(".npy"), rasterio.open(path).read()[:2].transpose(1, 2, 0).astype(np.float32))
        path.unlink()
    report, cfg = made(folder, net="light")
    assert "2 bands of float32" in report
    assert (len(cfg.model.data_preprocessor.mean), cfg.model.data_preprocessor.rgb) == (2, None)
    assert check_folders("images", "masks", None, None, "sheet.png").tallies[0].bands.bands == 2


@pytest.mark.parametrize("bands", [False, True])
def test_tiffs_with_alpha(folder, bands):
    files = {}
    for i in range(10):
        files[i] = RANDOM.integers(0, 256, (40, 48, 4), np.uint8)
        Image.fromarray(files[i]).save(folder / f"images/{i}.tif")
    report, cfg = made(folder, bands=bands)
    assert ("--bands" in report) == (not bands)
    prepare(cfg, ("val",))
    assert check_dataset(Config.fromfile(cfg.filename), "sheet.png").findings.count("error") == 0
    sample = DATASETS.build(cfg.val_dataloader.dataset)[0]["inputs"].numpy().transpose(1, 2, 0)
    assert np.array_equal(sample if bands else sample[..., ::-1], files[0] if bands else files[0][..., :3])


def test_deep_images_among_others_are_named(folder):
    for i in range(10):
        pixels = RANDOM.integers(0, 256, (40, 48), np.uint8)
        Image.fromarray(pixels.astype(np.uint16) if i else pixels).save(folder / f"images/{i}.tif")
    with refused("image-depth", "images/1.tif", "FCNLoadBands"):
        made(folder)
    Image.fromarray(pixels.astype(np.uint16)).save(folder / "images/0.tif")
    assert made(folder)[1].model.data_preprocessor.type == "FCNBandsPreProcessor"
