"""GeoTIFF and GeoJSON keep the coordinate system and place of their source; rasterio reads them back."""

import json
import warnings

import numpy as np
import pytest

rasterio = pytest.importorskip("rasterio")
from rasterio.features import rasterize  # noqa: E402
from rasterio.warp import transform_bounds  # noqa: E402

UTM = dict(crs="EPSG:32633", transform=rasterio.Affine(0.5, 0, 500000, 0, -0.5, 5800000))


def test_geotiff(write, prediction):
    with rasterio.open(write("geotiff", georeference=UTM) / "geotiff/street/a.tif") as file:
        assert (file.crs.to_epsg(), file.transform) == (32633, UTM["transform"])
        assert np.array_equal(file.read(1), prediction.labels)
        assert (file.dtypes, file.colormap(1)[1][:3]) == (("uint8",), (128, 64, 0))
        west, south, _, _ = transform_bounds(file.crs, "EPSG:4326", *file.bounds)
    assert (round(west, 4), round(south, 3)) == (15.0, 52.350)


def test_a_source_without_a_place(write, prediction):
    """No warning: whoever asks for TIFFs of photos knows."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        folder = write("geotiff")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with rasterio.open(folder / "geotiff/street/a.tif") as file:
            assert file.crs is None
            assert np.array_equal(file.read(1), prediction.labels)


def burnt(content, transform, shape):
    """Label map of a GeoJSON file."""
    shapes = [(feature["geometry"], feature["properties"]["class_id"]) for feature in content["features"]]
    return rasterize(shapes, shape, transform=transform, dtype="uint8")


@pytest.mark.parametrize(
    "place, name",
    [(UTM, "urn:ogc:def:crs:EPSG::32633"), (UTM | dict(crs=rasterio.CRS.from_epsg(4326)), None), (None, None)],
    ids=["utm", "degrees", "pixels"],
)
def test_geojson(write, prediction, place, name):
    content = json.loads((write("geojson", georeference=place) / "geojson/street/a.geojson").read_text())
    transform = place["transform"] if place else rasterio.Affine.identity()
    assert np.array_equal(burnt(content, transform, prediction.labels.shape), prediction.labels)
    assert content.get("crs", {"properties": {"name": None}})["properties"]["name"] == name
    classes = [feature["properties"]["class"] for feature in content["features"]]
    assert sorted(classes) == ["car"] * 3 + ["road"] * 2


def test_gdal_reads_the_coordinate_system(write):
    """As QGIS does; rasterio's wheel has no vector part, so by the name that stands in the file."""
    content = json.loads((write("geojson", georeference=UTM) / "geojson/street/a.geojson").read_text())
    assert rasterio.CRS.from_user_input(content["crs"]["properties"]["name"]) == rasterio.CRS.from_epsg(32633)
    corner = content["features"][0]["geometry"]["coordinates"][0][0]
    assert 500000 <= corner[0] <= 500015
    assert 5800000 - 12 <= corner[1] <= 5800000
