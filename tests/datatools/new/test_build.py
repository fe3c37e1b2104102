"""From folders to a data set, and again."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image
from support.refusals import refused

from fcn_plugin.datatools import cores
from fcn_plugin.datatools.new import outputs
from fcn_plugin.datatools.new.build import new_dataset
from fcn_plugin.datatools.new.options import Options
from fcn_plugin.errors import UserError

RED, BLUE = (255, 0, 0), (0, 0, 255)
WRITTEN = {
    "configs/_base_/datasets/roads.py",
    "configs/fcn8s_vgg16_roads.py",
    "data/roads/classes.csv",
    "data/roads/train.txt",
    "data/roads/val.txt",
}
ROADS = Options("roads", "photos", "masks", net="vgg16")


@pytest.fixture
def ids(photos, save, blocks):
    """Five images, masks of ids 0 and 1 with a tail."""
    files = [f"{i}.jpg" for i in range(4)] + ["sub/x.png"]
    photos(*files)
    for file in files:
        save(f"masks/{file[:-4]}_gt.png", blocks(0, 1))


def test_masks_in_place(ids, here, hashes):
    before = hashes()
    report = new_dataset(ROADS)
    after = hashes()
    assert set(after) - set(before) == WRITTEN
    assert before.items() <= after.items()
    lines = [line for split in ("train", "val") for line in (here / f"data/roads/{split}.txt").read_text().splitlines()]
    assert sorted(lines) == [*(f"{i}.jpg\t{i}_gt.png" for i in range(4)), "sub/x.png\tsub/x_gt.png"]
    assert (here / "data/roads/classes.csv").read_text() == "id,name,red,green,blue\n0,class0,0,0,0\n1,class1,128,0,0\n"
    assert 'seg_map_path="masks"' in (here / "configs/_base_/datasets/roads.py").read_text()
    first = ["5 images with masks", "masks are named IMAGE_gt", "index masks (mode L): ids 0, 1"]
    assert report.splitlines()[:3] == first
    assert "|  1 | class1 | 128,0,0 |            4 |          1 |" in report
    assert "4 train, 1 val: split at random, seed 0" in report
    leaf = "configs/fcn8s_vgg16_roads.py"
    assert report.endswith(f"next:\n  python tools/check_dataset.py {leaf}\n  python tools/train.py {leaf}")


def test_converted_masks(colours, here, hashes, blocks):
    before = hashes()
    new_dataset(ROADS)
    after = hashes()
    masks = {f"data/roads/masks/{i}.png" for i in range(5)}
    assert set(after) - set(before) == WRITTEN | masks
    assert before.items() <= after.items()
    with Image.open(here / "data/roads/masks/0.png") as mask:
        assert mask.mode == "P"
        assert np.array_equal(np.asarray(mask), blocks(2, 1, 0))
        assert mask.getpalette()[:9] == [0, 0, 9, *BLUE, *RED]
        assert mask.getpalette()[3 * 255 :] == [224, 224, 192]  # void
    text = (here / "configs/_base_/datasets/roads.py").read_text()
    assert 'class_map = {\n    0: "#000009",\n    1: "#0000ff",\n    2: "#ff0000",\n}\nignore_ids = [255]' in text
    assert 'seg_map_path="data/roads/masks"' in text


def test_the_seed_and_the_share(ids, here):
    def val(**options):
        new_dataset(ROADS._replace(force=True, **options))
        return (here / "data/roads/val.txt").read_text().split("\n")[:-1]

    assert val() == val()
    assert len({tuple(val(seed=seed)) for seed in range(8)}) > 1
    assert len(val(val=0.4)) == 2
    (here / "list.txt").write_text("sub/x\n2\n")
    assert val(val_list="list.txt") == ["2.jpg\t2_gt.png", "sub/x.png\tsub/x_gt.png"]
    for share in (0, 1, -1):
        with refused("option-value", f"--val is {share}"):
            val(val=share)


def test_folders_train_val_and_test(photos, save, blocks, here):
    files = ["train/a.png", "train/b.png", "val/c.png", "test/d.png"]
    photos(*files)
    for file in files:
        save(f"masks/{file}", blocks(0, 1))
    assert "2 train, 1 val, 1 test: split by the folders of the images" in new_dataset(ROADS)
    assert (here / "data/roads/test.txt").read_text() == "test/d.png\ttest/d.png\n"
    report = new_dataset(ROADS._replace(force=True, val=0.5))
    assert "1 train, 2 val, 1 test: split at random" in report
    assert (here / "data/roads/test.txt").read_text() == "test/d.png\ttest/d.png\n"


def test_nothing_is_replaced_unasked(ids, here, hashes):
    new_dataset(ROADS)
    before = hashes()
    with refused("output-exists", "configs/_base_/datasets/roads.py, ", "val.txt exist", "--force"):
        new_dataset(ROADS._replace(seed=1))
    assert hashes() == before
    (here / "data/roads/classes.csv").write_text("id,name\n0,land\n1,road\n")
    before = hashes()
    with refused("output-exists", "data/roads/classes.csv has other entries", "--classes data/roads/classes.csv"):
        new_dataset(ROADS._replace(force=True))
    assert hashes() == before
    report = new_dataset(ROADS._replace(force=True, classes="data/roads/classes.csv"))
    assert "|  1 | road  |" in report
    assert (here / "data/roads/classes.csv").read_text() == "id,name\n0,land\n1,road\n"
    assert '    1: "road",' in (here / "configs/_base_/datasets/roads.py").read_text()


def test_masks_that_are_there(colours, here, save, blocks, hashes):
    new_dataset(ROADS)
    (here / "masks/4.png").unlink()
    (here / "photos/4.png").unlink()
    new_dataset(ROADS._replace(force=True))
    assert sorted(path.name for path in (here / "data/roads/masks").iterdir()) == [f"{i}.png" for i in range(4)]
    save("data/roads/masks/mine.png", blocks(0))
    before = hashes()
    with refused("output-exists", "data/roads/masks has other files: mine.png"):
        new_dataset(ROADS._replace(force=True))
    assert hashes() == before


def test_source_files_in_the_output_folder(colours, here, hashes):
    """Where masks of colours already lie in data/NAME/masks."""
    (here / "data/roads").mkdir(parents=True)
    (here / "masks").rename(here / "data/roads/masks")
    before = hashes()
    new_dataset(ROADS._replace(masks="data/roads/masks"))
    after = hashes()
    assert before.items() <= after.items()
    assert {f"data/roads/index_masks/{i}.png" for i in range(5)} <= set(after)


def test_one_tree_that_holds_the_results_too(colours, save, blocks, here, hashes):
    """Called in the folder of the data; the second call does not take its own masks for source files."""
    before = hashes()
    for force in (False, True):
        new_dataset(ROADS._replace(images=".", masks=".", force=force))
        assert before.items() <= hashes().items()
        masks = {path.relative_to(here).as_posix() for path in (here / "data/roads/masks").rglob("*.png")}
        assert masks == {f"data/roads/masks/photos/{i}.png" for i in range(5)}


def test_a_failure_leaves_nothing(colours, monkeypatch, hashes):
    before = hashes()

    def fail(*task):
        raise OSError("disk full")

    monkeypatch.setattr(outputs, "_save", fail)
    with pytest.raises(OSError):
        new_dataset(ROADS)
    assert hashes() == before


def test_one_folder_of_images_and_masks(photos, save, blocks, here):
    photos("a.jpg", "b.jpg")
    for name in "ab":
        save(f"photos/{name}_mask.png", blocks(0, 1))
    new_dataset(ROADS._replace(masks="photos"))
    lists = [(here / f"data/roads/{split}.txt").read_text() for split in ("train", "val")]
    assert "a.jpg\ta_mask.png\n" in "".join(lists)


def test_configs_elsewhere(ids, here):
    report = new_dataset(ROADS._replace(configs_dir="mine/cfg", out_dir="lists"))
    assert {path.name for path in (here / "lists").iterdir()} == {"train.txt", "val.txt", "classes.csv"}
    assert "tools/train.py mine/cfg/fcn8s_vgg16_roads.py" in report
    assert (here / "mine/cfg/_base_/datasets/roads.py").is_file()


@pytest.mark.parametrize("name", ["", "a b", "../x", "ö"])
def test_names(name):
    with refused("option-value", repr(name)):
        new_dataset(ROADS._replace(name=name))


def test_images_that_can_not_be_loaded(ids, here, save):
    save("photos/0.jpg", np.zeros((40, 48), np.uint16), format="PNG")
    (here / "photos/1.jpg").write_bytes(b"")
    with refused("dataset-files", "2 of 5 files are faulty:") as error:
        new_dataset(ROADS)
    _, deep, broken = error.value.message.splitlines()
    assert deep.startswith("photos/0.jpg: 16 bits a channel; ")
    assert broken.startswith("photos/1.jpg: can't be read (")


@pytest.mark.parametrize(
    ("options", "code", "found"),
    [
        (dict(images="none"), "dataset-missing", "no folder none"),
        (dict(masks="none"), "dataset-missing", "no folder none"),
        (dict(images="empty"), "dataset-empty", "no images in empty"),
        (dict(masks="empty"), "dataset-empty", "no masks in empty"),
        (dict(masks="some.json"), "annotation-file", "some.json"),
        (dict(masks="some.json", ignore_ids=[3]), "annotation-file", "some.json"),
    ],
)
def test_folders_that_are_not_there(ids, here, options, code, found):
    (here / "empty").mkdir()
    (here / "some.json").write_text("{")
    with refused(code, found):
        new_dataset(ROADS._replace(**options))


def _square(number):
    if number % 10 == 7:
        raise UserError("option-value", f"{number} ends with 7")
    return number**2


def test_many_files_on_several_cores(monkeypatch):
    monkeypatch.setattr(cores, "usable_cores", lambda: 2)
    numbers = [(i,) for i in range(100) if i % 10 != 7]
    assert cores.on_all_cores(_square, numbers, "x") == [i**2 for (i,) in numbers]
    with refused("option-value", "12 of 120 files are faulty:\n7 ends with 7\n", "97 ends with 7\nand 2 more"):
        cores.on_all_cores(_square, [(i,) for i in range(120)], "x")


@pytest.mark.parametrize("options", [dict(threshold=128.0), dict(nearest_colors=True), dict(ignore_ids=[3])])
def test_options_of_masks_are_refused_for_shapes(photos, here, options):
    photos("a.jpg", "b.jpg")
    pictures = [dict(id=i, file_name=f"{name}.jpg", width=48, height=40) for i, name in enumerate("ab")]
    (here / "coco.json").write_text(json.dumps(dict(images=pictures, annotations=[], categories=[])))
    with refused("option-value", "--threshold"):
        new_dataset(ROADS._replace(masks="coco.json", **options))


def test_labelme_files_beside_copies_of_the_photos(photos, here):
    photos("a.jpg", "b.jpg", "c.jpg")
    shutil.copytree(here / "photos", here / "masks")
    for name in "abc":
        square = dict(label="road", points=[[0, 0], [20, 0], [20, 20], [0, 20]], shape_type="polygon")
        entry = dict(imagePath=f"{name}.jpg", imageWidth=48, imageHeight=40, shapes=[square])
        (here / "masks" / f"{name}.json").write_text(json.dumps(entry))
    assert "_background_" in new_dataset(ROADS)
    assert np.array(Image.open(here / "data/roads/masks/a.png")).sum() == 20 * 20
