"""Each kind of label files, from the files to predictions, by the tools as a user calls them; no source file changes."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.label_formats import SIZE, ids, write_format

from fcn_plugin.configs import get_config

NARROW = """
_base_ = "fcn8s_vgg16_{name}.py"
custom_imports = dict(imports=["fcn_plugin", "support.builders"], allow_failed_imports=False)
model = dict(
    precision="fp32",
    backbone=dict(type="NarrowVGG", norm_cfg=dict(type="BN", momentum=1.0)),
    neck=dict(in_channels=(16, 32, 32), fc_channels=8),
    decode_head=dict(in_channels=dict(_delete_=True, fr=8, pool4=32, pool3=16)),
)
train_dataloader = dict(batch_size=2, num_workers=0, persistent_workers=False)
val_dataloader = dict(num_workers=0, persistent_workers=False)
test_dataloader = dict(num_workers=0, persistent_workers=False)
train_cfg = dict(max_iters=2, val_interval=2)
default_hooks = dict(checkpoint=dict(interval=2))
"""
EVERYWHERE = ["roboflow", "coco", "labelme", "yolo"]
BY_DATUMARO = ["cvat", "label_me", "voc_segmentation", "coco_panoptic", "ade20k2020", "mapillary_vistas"]


def digests(folder):
    return {path: hashlib.sha256(path.read_bytes()).digest() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("name", EVERYWHERE + BY_DATUMARO)
def test_label_files_to_predictions(tool, tmp_path, monkeypatch, name):
    options = ()
    if name not in ("roboflow", "coco", "labelme"):
        options = ("--format", name)
    if name in BY_DATUMARO:
        pytest.importorskip("datumaro", reason="pip install 'fcn-plugin[formats]', in an environment of its own")
    monkeypatch.chdir(tmp_path)
    images, labels = write_format(name, Path("export"))
    before = digests(Path("export"))

    def run(command, *args):
        done = tool(command, *args)
        assert done.code == 0, done.out + done.err
        return done.out

    found = run(
        "new_dataset", "pets", "--images", images, "--masks", labels, "--net", "vgg16", "--from-scratch", *options
    )
    assert "split by the label files" in found or name == "labelme"
    leaf, narrow = "configs/fcn8s_vgg16_pets.py", Path("configs/narrow.py")
    run("check_dataset", leaf, "--jobs", 0)
    narrow.write_text(NARROW.format(name="pets"))
    run("train", narrow)
    (best,) = Path("work_dirs/narrow").glob("best_mIoU_iter_2.pth")
    run("test", narrow, best, "--work-dir", "tested")
    data = get_config(leaf).val_dataloader.dataset
    files = [line.split("\t")[0] for line in Path(data.ann_file).read_text().splitlines()]
    run("predict", narrow, best, images / files[0], "--out-dir", "predicted")

    pixels = {
        row: value["pixels"] for row, value in json.loads(Path("tested/metrics.json").read_text())["classes"].items()
    }
    numbers = [int(Path(file).stem.rpartition("_")[2]) for file in files]
    masks = np.stack([ids(i) for i in numbers])
    animals = [count for label, count in pixels.items() if label.endswith(("cat", "dog"))]
    assert animals == [(masks == 1).sum(), (masks == 2).sum()]
    (mask,) = Path("predicted/masks").rglob("*.png")
    assert Image.open(mask).size == SIZE
    assert digests(Path("export")) == before
