"""tools/new_dataset.py as a person calls it."""

import json

import numpy as np
import pytest
from PIL import Image
from support.refusals import tool_refused

from fcn_plugin.configs import get_config


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """Four images of 64 x 64 in ``photos``; masks of colours in ``masks``."""
    monkeypatch.chdir(tmp_path)
    for folder in ("photos", "masks"):
        (tmp_path / folder).mkdir()
    mask = np.zeros((64, 64, 3), np.uint8)
    mask[:20], mask[50:] = (128, 64, 128), (9, 9, 9)
    for i in range(4):
        Image.fromarray(np.full((64, 64, 3), 10 * i, np.uint8)).save(f"photos/{i}.jpg")
        Image.fromarray(mask).save(f"masks/{i}.png")
    return tmp_path


def test_colours_to_configs_and_again_with_names(tool, folders):
    call = ("new_dataset", "roads", "--images", "photos", "--masks", "masks", "--ignore-colors", "9,9,9", "--val", 0.25)
    call += ("--net", "vgg16")
    done = tool(*call)
    assert (done.code, done.out.splitlines()[1]) == (0, "colour masks (mode RGB): 3 colours")
    assert "writing masks: 100%" in done.err
    cfg = get_config("configs/fcn8s_vgg16_roads.py")
    assert cfg.train_dataloader.dataset.class_map == {0: "#000000", 1: "#804080"}
    assert np.unique(np.asarray(Image.open("data/roads/masks/0.png"))).tolist() == [0, 1, 255]
    assert len((folders / "data/roads/val.txt").read_text().splitlines()) == 1

    there = "configs/_base_/datasets/roads.py, configs/fcn8s_vgg16_roads.py, "
    error = tool_refused(tool(*call), folders / "data", "output-exists", there, "--force")
    assert len(error.splitlines()) == 1

    table = folders / "data/roads/classes.csv"
    table.write_text(table.read_text().replace("#000000", "land").replace("#804080", "road"))
    done = tool(*call, "--classes", table, "--force", "--from-scratch")
    assert done.code == 0
    cfg = get_config("configs/fcn8s_vgg16_roads.py")
    assert cfg.train_dataloader.dataset.class_map == {0: "land", 1: "road"}
    assert cfg.model.backbone.norm_cfg.type == "BN"


def test_the_light_net_is_not_installed(tool, folders, monkeypatch):
    monkeypatch.setattr("fcn_plugin.datatools.new.net._installed", lambda name: False)
    call = ("new_dataset", "roads", "--images", "photos", "--masks", "masks", "--net", "light")
    error = tool_refused(tool(*call), folders, "requirements", "--net light", "pip install 'fcn-plugin[lite]'")
    assert len(error.splitlines()) == 1
    assert sorted(path.name for path in folders.iterdir()) == ["masks", "photos"]


def test_a_coco_file(tool, folders):
    square = [0, 0, 32, 0, 32, 32, 0, 32]
    images = [dict(id=i, file_name=f"{i}.jpg", width=64, height=64) for i in range(3)]
    content = dict(
        images=images,
        categories=[dict(id=1, name="car")],
        annotations=[dict(id=1, image_id=0, category_id=1, segmentation=[square])],
    )
    (folders / "coco.json").write_text(json.dumps(content))
    call = ("new_dataset", "cars", "--images", "photos", "--masks", "coco.json")
    tool_refused(tool(*call), folders / "data", "image-unpaired", "1 images are not in coco.json: 3.jpg. ")
    assert not (folders / "data").exists() and not (folders / "configs").exists()
    assert tool(*call, "--allow-missing").code == 0
    assert (np.asarray(Image.open("data/cars/masks/0.png")) == 1).sum() == 32 * 32
    done = tool(*call, "--allow-missing", "--force", "--ignore-ids", 3)
    tool_refused(done, folders / "data", "option-value", "--ignore-ids", "__ignore__")


@pytest.mark.parametrize("colour", ["1,2", "1,2,256", "#12", "red"])
def test_colours_that_are_none(tool, folders, colour):
    done = tool("new_dataset", "x", "--images", "photos", "--masks", "masks", "--ignore-colors", colour)
    assert done.code == 2
    assert "argument --ignore-colors: " in done.err
    assert not (folders / "data").exists()
