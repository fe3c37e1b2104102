"""COCO files read back by pycocotools: every pixel, area and box."""

import json

import numpy as np
import pytest
from support.predictions import predicted, random_labels

COCO = pytest.importorskip("pycocotools.coco").COCO


def read(path, capsys):
    coco = COCO(str(path))
    capsys.readouterr()  # it prints what it does
    return coco


def drawn(coco, image, shape):
    labels = np.zeros(shape, np.uint8)
    for annotation in coco.imgToAnns[image]:
        mask = coco.annToMask(annotation)
        rows, columns = np.nonzero(mask)
        box = [columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1]
        assert (annotation["area"], annotation["bbox"]) == (mask.sum(), box)
        labels[mask > 0] = annotation["category_id"]
    return labels


@pytest.mark.parametrize("form", ["coco", "polygons"])
def test_pixels_areas_and_boxes(write, prediction, form, capsys):
    coco = read(write(form) / f"{form}.json", capsys)
    assert coco.dataset["categories"] == [
        dict(id=1, name="road", supercategory=""),
        dict(id=2, name="car", supercategory=""),
    ]
    assert coco.imgs == {1: dict(id=1, file_name="street/a.jpg", height=24, width=30)}
    assert np.array_equal(drawn(coco, 1, (24, 30)), prediction.labels)
    assert {(each["area"], each["iscrowd"]) for each in coco.anns.values()} == {(188, 0), (16, 0), (4, 0), (1, 0)}


@pytest.mark.parametrize("form", ["coco", "polygons"])
def test_many_images_and_classes_without_background(write, form, capsys):
    """Noise: runs over the ends of columns, holes in holes, hundreds of pieces; ids go on from image to image."""
    shapes = [((9, 7), 2, 1), ((11, 13), 3, 1), ((6, 5), 3, 3), ((1, 1), 2, 1)]
    many = {
        f"{i}": predicted(random_labels(*shape), ("a", "b", "c"), [[i] * 3 for i in range(3)])
        for i, shape in enumerate(shapes)
    }
    coco = read(write(form, many) / f"{form}.json", capsys)
    assert [image["file_name"] for image in coco.dataset["images"]] == [f"{i}.jpg" for i in range(4)]
    assert [each["id"] for each in coco.dataset["annotations"]] == [*range(1, len(coco.anns) + 1)]
    for number, one in enumerate(many.values(), 1):
        assert np.array_equal(drawn(coco, number, one.labels.shape), one.labels + 1)


def test_parts_of_earlier_runs_are_joined(write, prediction, capsys):
    write("coco", {"a": prediction})
    coco = read(write("coco", {"b": prediction}) / "coco.json", capsys)
    assert [image["file_name"] for image in coco.dataset["images"]] == ["a.jpg", "b.jpg"]
    assert len(coco.getAnnIds(imgIds=[1])) == len(coco.getAnnIds(imgIds=[2])) == 5


def test_frames_of_a_video_have_no_suffix_of_it(write, prediction):
    folder = write("polygons", {"clip/000007": prediction}, source="clip.mp4", frame=7)
    assert json.loads((folder / "polygons.json").read_text())["images"][0]["file_name"] == "clip/000007"
