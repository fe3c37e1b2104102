"""VOC's archive, tables of areas, and what all forms share."""

import csv
import io
import json
import tarfile

import numpy as np
import pytest
from PIL import Image
from support.predictions import CLASSES, PALETTE, predicted
from support.refusals import refused

from fcn_plugin import requirements
from fcn_plugin.data.palette import CLASS_NAMES, voc_palette
from fcn_plugin.prediction.forms import FORMS, make_forms


def test_voc_archive(write):
    """PNGs of ids with VOC's palette, whatever the net's is, in the folders that the server unpacks."""
    one = predicted(np.arange(21, dtype=np.uint8).reshape(3, 7), CLASS_NAMES, [(9, 9, 9)] * 21)
    with tarfile.open(write("voc", {"2008_000006": one}) / "voc.tar") as archive:
        (member,) = archive.getmembers()
        assert member.name == "results/VOC2012/Segmentation/comp6_test_cls/2008_000006.png"
        image = Image.open(io.BytesIO(archive.extractfile(member).read()))
    assert np.array_equal(image, one.labels)
    assert image.getpalette()[:63] == voc_palette()[:21].ravel().tolist()


def test_areas(write, prediction):
    empty = predicted(np.zeros((2, 2), np.uint8))
    folder = write("areas", {"a": prediction, "b": empty})
    rows = list(csv.DictReader((folder / "areas.csv").open(newline="")))
    assert [(row["image"], row["class"], int(row["pixels"])) for row in rows] == [
        ("a", "background", 495),
        ("a", "road", 204),
        ("a", "car", 21),
        ("b", "background", 4),
    ]
    assert [float(row["share"]) for row in rows] == [0.6875, round(204 / 720, 6), round(21 / 720, 6), 1]
    first, second = json.loads((folder / "areas.json").read_text())
    assert (first["width"], first["height"], first["areas"]["car"]["pixels"]) == (30, 24, 21)
    assert second["areas"] == {"background": dict(pixels=4, share=1.0)}


def test_joining_no_parts(tmp_path):
    for form in make_forms(["coco", "areas", "cvat"], tmp_path, CLASSES, PALETTE):
        form.finish()
    assert json.loads((tmp_path / "coco.json").read_text())["images"] == []
    assert json.loads((tmp_path / "areas.json").read_text()) == []


@pytest.mark.parametrize("form", FORMS)
def test_every_form_names_its_files_and_says_what_it_needs(form, tmp_path):
    classes = CLASS_NAMES if form == "voc" else CLASSES
    (writer,) = make_forms([form, form], tmp_path, classes, voc_palette()[: len(classes)])
    assert all(path.is_relative_to(tmp_path) and "a" in (path.stem, path.parent.name) for path in writer.files("a/a"))
    assert writer.needs_probabilities == (form.startswith("probabilities") or form in ("confidence", "entropy"))


def test_unknown_form(tmp_path):
    with refused("option-value", "'cocoa'", "did you mean coco?", "labelme"):
        make_forms(["masks", "cocoa"], tmp_path, CLASSES, PALETTE)


def test_a_form_without_its_package(tmp_path, monkeypatch):
    def missing(name):
        raise ModuleNotFoundError(name=name)

    monkeypatch.setattr(requirements, "import_module", missing)
    for form, package in (("coco", "pycocotools"), ("geotiff", "rasterio"), ("geojson", "rasterio")):
        with refused("requirements", package, "pip install 'fcn-plugin[forms]'"):
            make_forms([form], tmp_path, CLASSES, PALETTE)
    make_forms(["masks", "polygons", "labelme", "cvat", "areas"], tmp_path, CLASSES, PALETTE)


def test_options_and_classes_that_do_not_fit(tmp_path):
    with refused("option-value", "opacity is 2"):
        make_forms(["overlays"], tmp_path, CLASSES, PALETTE, opacity=2)
    with refused("classes-count", "3 classes"):
        make_forms(["voc"], tmp_path, CLASSES, PALETTE)
    with refused("classes-count", "300 classes"):
        make_forms(["cvat"], tmp_path, [f"class {i}" for i in range(300)], [(0, 0, 0)] * 300)
