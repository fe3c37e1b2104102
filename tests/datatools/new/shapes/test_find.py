"""Which label files a folder holds, and what becomes of them: COCO with a file for each split, labelme, YOLO."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.label_formats import WIDTH, coco_content, ids, photo, save, write, write_format
from support.refusals import refused

from fcn_plugin.datatools.new.build import new_dataset
from fcn_plugin.datatools.new.options import Options


def written(images, masks, *more, **options):
    """The report, and the masks that were written, by the number of their scene."""
    report = new_dataset(Options("x", str(images), str(masks), net="vgg16", more_masks=[*map(str, more)], **options))
    files = Path("data/x/masks").rglob("*.png")
    return report.splitlines(), {int(path.stem.rpartition("_")[2]): np.asarray(Image.open(path)) for path in files}


def lists():
    return {path.stem: len(path.read_text().splitlines()) for path in Path("data/x").glob("*.txt")}


@pytest.mark.parametrize("name", ["roboflow", "coco", "labelme", "yolo"])
def test_a_format_pixel_for_pixel(here, name):
    images, labels = write_format(name, Path("export"))
    report, masks = written(images, labels, format="yolo" if name == "yolo" else None)
    assert len(masks) == 8
    for i, mask in masks.items():
        assert np.array_equal(mask, ids(i)), i
    assert lists() == dict(train=4, val=2, test=2)
    captions = [line for line in report if "captions_val2017.json" in line]
    assert len(captions) == (name == "coco")


def test_several_coco_files(here, tool):
    images, labels = write_format("coco", Path("export"))
    files = [labels / f"instances_{split}2017.json" for split in ("val", "train", "test")]
    done = tool(
        "new_dataset", "--net", "vgg16", "--images", images, *(x for file in files for x in ("--masks", file)), "x"
    )
    assert done.code == 0, done.err
    for i in range(8):
        (path,) = Path("data/x/masks").rglob(f"*_{i}.png")
        assert np.array_equal(np.asarray(Image.open(path)), ids(i))
    assert lists() == dict(train=4, val=2, test=2)


def test_files_of_no_split_leave_it_to_the_folders_of_the_images(here):
    images, labels = write_format("coco", Path("export"))
    new = [labels / f"part{k}.json" for k in range(3)]
    for split, path in zip(("train", "val", "test"), new, strict=True):
        (labels / f"instances_{split}2017.json").rename(path)
    report, _ = written(images, *new)
    assert any("split by the folders of the images (" in line for line in report)
    assert sum(lists().values()) == 8
    assert all(line.startswith("val2017") for line in Path("data/x/val.txt").read_text().splitlines())


def test_file_names_that_several_splits_have(here):
    """A file of COCO means the images beside it, or in the folder of its split."""
    for k, split in enumerate(("train", "valid")):
        for i in (1, 2):
            photo(here / f"beside/{split}/s_{i}.png", i + 2 * k)
            photo(here / f"apart/images/{split}/s_{i}.png", i + 2 * k)
        content = coco_content([(1, "s_1"), (2, "s_2")])
        content["annotations"] = content["annotations"][2 * k :]
        write(here / f"beside/{split}/_annotations.coco.json", content)
        write(here / f"apart/labels/{'val' if k else split}.json", content)
    for images, labels in (("beside", "beside"), ("apart/images", "apart/labels")):
        new_dataset(Options(labels[:3], images, labels, net="vgg16"))
        masks = Path("data", labels[:3], "masks")
        assert np.array_equal(np.asarray(Image.open(masks / "train/s_1.png")), ids(1))
        assert not np.asarray(Image.open(masks / "valid/s_1.png")).any()
        assert np.array_equal(np.asarray(Image.open(masks / "valid/s_2.png")), ids(2))


def test_an_image_of_two_splits(here):
    images, labels = write_format("roboflow", Path("export"))
    content = json.loads((labels / "valid/_annotations.coco.json").read_text())
    content["images"][0]["file_name"] = "../train/train_0.png"
    (labels / "valid/_annotations.coco.json").write_text(json.dumps(content))
    with refused("annotation-file", "train/train_0.png", "train/_annotations", "valid/_annotations"):
        written(images, labels, allow_missing=True)
    assert not Path("data").exists()


def test_coco_files_beside_masks(here):
    """The files are read, and that is said; JSON files of other kinds do not count."""
    for i in range(3):
        photo(here / f"photos/s_{i}.png", i)
        save(here / f"masks/s_{i}.png", ids(i))
    (here / "masks/notes.json").write_text("{ broken")
    new_dataset(Options("y", "photos", "masks", net="vgg16"))
    assert not Path("data/y/masks").exists()
    write(here / "masks/coco.json", coco_content([(i, f"s_{i}") for i in range(3)]))
    with refused("annotation-file", "notes.json"):
        written("photos", "masks")
    (here / "masks/notes.json").unlink()
    report, masks = written("photos", "masks")
    assert len(masks) == 3
    assert "ignored 3 image files in masks, since it has COCO files" in report


def test_options_that_do_not_fit(here):
    images, labels = write_format("labelme", Path("export"))
    with refused("option-value", "--masks"):
        written(images, labels, labels)
    with refused("option-value", "--ignore-ids", "__ignore__"):
        written(images, labels, ignore_ids=[3])
    with refused("option-value", "--format", "'json'", "yolo"):
        written(images, labels, format="json")


def test_images_inside_of_labelme_files_alone(here):
    write(here / "export/a.json", dict(shapes=[], imageData="x"))
    with refused("dataset-empty", "export", "labelme_export_json"):
        written("export", "export")


def test_the_options_reach_the_files(here):
    """Boxes by COCO, lines by labelme."""
    content = coco_content([(i, f"s_{i}") for i in range(3)])
    for annotation in content["annotations"]:
        annotation.update(segmentation=[], bbox=[0, 0, 2, 1])
    for i in range(3):
        photo(here / f"photos/s_{i}.png", i)
        line = dict(label="way", shape_type="line", points=[[0, 9.5], [WIDTH, 9.5]])
        write(here / f"lines/s_{i}.json", dict(shapes=[line]))
    write(here / "coco.json", content)
    assert written("photos", "coco.json", boxes=True)[1][0].sum() == 2 * 2  # the dog's box over the cat's
    new_dataset(Options("lines", "photos", "lines", net="vgg16", line_width=1.0))
    assert np.flatnonzero(np.asarray(Image.open("data/lines/masks/s_0.png")).any(1)).tolist() == [9]
