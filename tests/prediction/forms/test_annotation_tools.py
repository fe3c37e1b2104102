"""labelme and CVAT: the files that they read, taken apart by hand."""

import base64
import io
import json
import zipfile

import numpy as np
from PIL import Image
from support.predictions import predicted

from fcn_plugin.data.images import read_header
from fcn_plugin.datatools.new.files import ImageFile
from fcn_plugin.datatools.new.shapes.labelme import read_labelme
from fcn_plugin.prediction.forms import make_forms
from fcn_plugin.prediction.item import Item


def labelme_file(prediction, folder, source, **item):
    (form,) = make_forms(["labelme"], folder / "out", prediction.classes, prediction.palette)
    form.write(Item("street/a", prediction.image, str(source), **item), prediction)
    (path,) = form.files("street/a")
    return path, json.loads(path.read_text())


def test_labelme_gives_the_label_map_again(prediction, tmp_path):
    """Read by ``fcn new_dataset``; keys and types are those that labelme's LabelFile asserts."""
    Image.fromarray(prediction.image).save(tmp_path / "a.png")
    path, content = labelme_file(prediction, tmp_path, tmp_path / "a.png")
    keys = {"version", "imageData", "imagePath", "shapes", "flags", "imageHeight", "imageWidth"}
    assert set(content) == keys
    assert (content["imageHeight"], content["imageWidth"], content["imageData"]) == (24, 30, None)
    assert (path.parent / content["imagePath"]).samefile(tmp_path / "a.png")
    kinds = [(shape["label"], shape["shape_type"]) for shape in content["shapes"]]
    assert sorted(kinds) == [("car", "polygon")] * 3 + [("road", "mask"), ("road", "polygon")]
    source = read_labelme([ImageFile(read_header(str(tmp_path / "a.png")), b"")], [path])
    by_alphabet = np.array([0, 2, 1])  # background, car, road
    assert np.array_equal(source.draw[0](), by_alphabet[prediction.labels])


def test_labelme_masks_fill_their_box(prediction, tmp_path):
    """labelme puts the bitmap at rows y1 .. y2 and columns x1 .. x2, both included."""
    _, content = labelme_file(prediction, tmp_path, "gone.png")
    (shape,) = [shape for shape in content["shapes"] if shape["shape_type"] == "mask"]
    (x1, y1), (x2, y2) = shape["points"]
    mask = np.asarray(Image.open(io.BytesIO(base64.b64decode(shape["mask"])))).astype(bool)
    assert mask.shape == (y2 - y1 + 1, x2 - x1 + 1)
    assert np.array_equal(mask, prediction.labels[y1 : y2 + 1, x1 : x2 + 1] == 1)


def test_labelme_of_a_frame_holds_the_image(prediction, tmp_path):
    (tmp_path / "clip.mp4").touch()
    _, content = labelme_file(prediction, tmp_path, tmp_path / "clip.mp4", frame=3)
    assert content["imagePath"] == "a.png"
    assert np.array_equal(Image.open(io.BytesIO(base64.b64decode(content["imageData"]))), prediction.image)


def read_cvat(path):
    """Label maps of names from a zip, as the Pascal VOC reader of CVAT's library does: colours looked up in labelmap.txt."""
    with zipfile.ZipFile(path) as file:
        lines = [line for line in file.read("labelmap.txt").decode().splitlines() if not line.startswith("#")]
        colours = {tuple(map(int, line.split(":")[1].split(","))): line.split(":")[0] for line in lines}
        assert len(colours) == len(lines)
        assert all(line.count(":") == 3 for line in lines)
        names = file.read("ImageSets/Segmentation/default.txt").decode().split()
        masks = [name for name in file.namelist() if name.endswith(".png")]
        assert masks == [f"SegmentationClass/{name}.png" for name in names]
        images = {name: Image.open(io.BytesIO(file.read(f"SegmentationClass/{name}.png"))) for name in names}
        assert all(image.mode == "RGB" for image in images.values())
        pixels = {name: np.asarray(image).reshape(-1, 3).tolist() for name, image in images.items()}
    return {name: [colours[tuple(colour)] for colour in found] for name, found in pixels.items()}


def test_cvat(write, prediction):
    found = read_cvat(write("cvat", {"a": prediction, "street/b": prediction}) / "cvat.zip")
    assert list(found) == ["a", "street/b"]
    assert found["a"] == [prediction.classes[label] for label in prediction.labels.ravel()]


def test_cvat_of_classes_that_share_a_colour_and_have_no_background(write):
    one = predicted(np.arange(3, dtype=np.uint8)[None], ("sky", "road", "tree"), [(0, 0, 0)] * 3)
    folder = write("cvat", {"a": one})
    assert read_cvat(folder / "cvat.zip") == {"a": ["sky", "road", "tree"]}
    assert "background:0,0,0::" in zipfile.ZipFile(folder / "cvat.zip").read("labelmap.txt").decode()
