"""TIFFs with alpha: training, check and prediction get the colours that the file holds; mmcv's loader multiplies them."""

import numpy as np
import pytest
import tifffile
from mmcv.transforms import LoadImageFromFile
from PIL import Image
from support.refusals import refused

from fcn_plugin.data.bands.load_image import FCNLoadImageFromFile
from fcn_plugin.data.bands.readers import reader_of
from fcn_plugin.data.broken_files import CheckedPipeline
from fcn_plugin.data.images import read_image
from fcn_plugin.prediction.inputs import to_bgr

RGBA = np.random.default_rng(0).integers(0, 256, (6, 5, 4), np.uint8)
ALPHAS = {"unassociated": 2, "associated": 1, "unspecified": 0}


@pytest.fixture(params=ALPHAS)
def path(request, tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", RGBA, photometric="rgb", extrasamples=[ALPHAS[request.param]])
    return str(tmp_path / "a.tif")


def test_every_reader_gives_the_colours_of_the_file(path):
    loaded = CheckedPipeline([FCNLoadImageFromFile()])(dict(img_path=path))
    for bgr in (loaded["img"], read_image(path)[1], to_bgr(path)):
        assert np.array_equal(bgr[..., ::-1], RGBA[..., :3])
    assert loaded["img_shape"] == loaded["ori_shape"] == (6, 5)


def test_compressed_and_as_float(tmp_path):
    path = str(tmp_path / "a.tif")
    Image.fromarray(RGBA).save(path, compression="tiff_lzw")
    image = FCNLoadImageFromFile(to_float32=True).transform(dict(img_path=path))["img"]
    assert image.dtype == np.float32
    assert np.array_equal(image[..., ::-1], RGBA[..., :3])


def test_the_stock_loader_is_refused_for_such_a_file_alone(tmp_path):
    pipeline = CheckedPipeline([LoadImageFromFile()])
    for suffix in ("png", "webp"):
        Image.fromarray(RGBA).save(tmp_path / f"a.{suffix}", lossless=True, exact=True)
        image = pipeline(dict(img_path=str(tmp_path / f"a.{suffix}")))["img"]
        assert np.array_equal(image[..., ::-1], RGBA[..., :3])
    Image.fromarray(RGBA).save(tmp_path / "a.tif")
    with refused("image-multiplied", tmp_path / "a.tif", "FCNLoadImageFromFile"):
        pipeline(dict(img_path=str(tmp_path / "a.tif")))
    header, _ = read_image(str(tmp_path / "a.tif"))
    codes = [[problem.code for problem in reader_of([dict(type=name)]).problems(header)] for name in LOADERS]
    assert codes == [["image-multiplied"], ["image-alpha"]]


LOADERS = ("LoadImageFromFile", "FCNLoadImageFromFile")
