"""Several labels at once, from folders of masks to predicted masks: train, test, export and predict agree."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.refusals import tool_refused

pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")

CLASSES = ("red", "bright")
DOCS = Path(__file__).parents[2] / "docs" / "own_data.md"
LEAF = """
_base_ = {base!r}
custom_imports = dict(imports=["fcn_plugin", "support.builders"], allow_failed_imports=False)
model = dict(
    precision="fp32",
    backbone=dict(type="NarrowVGG", norm_cfg=dict(type="BN", momentum=1.0)),
    neck=dict(in_channels=(16, 32, 32), fc_channels=8),
    decode_head=dict(
        in_channels=dict(_delete_=True, fr=8, pool4=32, pool3=16),
        num_classes=2,
        multilabel=True,
        threshold=0.5,
        loss_decode=[dict(type="FCNCrossEntropyLoss", use_sigmoid=True), dict(type="FCNDiceLoss")],
    ),
)
classes = ("red", "bright")
train = [
    dict(type="LoadImageFromFile"),
    dict(type="MultilabelLoadAnnotations", classes=classes),
    dict(type="RandomResize", scale=(64, 64), ratio_range=(0.8, 1.2), keep_ratio=True),
    dict(type="RandomCrop", crop_size=(64, 64)),
    dict(type="RandomFlip", prob=0.5),
    dict(type="MultilabelPackSegInputs"),
]
data = dict(
    _delete_=True,
    type="ClassMapDataset",
    class_map=dict(enumerate(classes)),
    palette=[[255, 0, 0], [0, 0, 255]],
    data_root={root!r},
    data_prefix=dict(img_path="photos", seg_map_path="masks"),
    img_suffix=".png",
    seg_map_suffix="",
    pipeline=[train[0], train[1], train[-1]],
)
train_dataloader = dict(batch_size=2, num_workers=0, persistent_workers=False, dataset={{**data, "pipeline": train}})
val_dataloader = dict(batch_size=2, num_workers=0, persistent_workers=False, dataset=data)
test_dataloader = val_dataloader
val_evaluator = dict(type="MultilabelMetric")
test_evaluator = val_evaluator
train_cfg = dict(max_iters=20, val_interval=20)
optim_wrapper = dict(optimizer=dict(_delete_=True, type="AdamW", lr=1e-2))
param_scheduler = [dict(type="ConstantLR", factor=1.0, by_epoch=False)]
default_hooks = dict(logger=dict(interval=10), checkpoint=dict(interval=20))
del train, data
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Four images with a red and a bright rectangle that overlap; an image without a label has no file for it."""
    root = tmp_path_factory.mktemp("labels")
    (root / "photos").mkdir()
    random = np.random.default_rng(0)
    for i in range(4):
        red, bright = np.zeros((2, 64, 64), bool)
        red[8 + i : 44, 6:40] = True
        bright[24:60, 20 + 4 * i : 60] = i < 3
        image = random.integers(0, 60, (64, 64, 3), dtype=np.uint8)
        image[red, 0] += 100
        image[bright] += 90
        Image.fromarray(image).save(root / "photos" / f"{i}.png")
        (root / "masks" / str(i)).mkdir(parents=True)
        for name, mask in zip(CLASSES, (red, bright), strict=True):
            if mask.any():
                Image.fromarray(255 * np.uint8(mask)).save(root / "masks" / str(i) / f"{name}.png")
    return root


@pytest.fixture(scope="module")
def config(root):
    base = Path(__file__).parents[2] / "configs" / "fcn8s_vgg16bn_minivoc.py"
    path = root / "labels8s.py"
    path.write_text(LEAF.format(base=str(base), root=str(root)))
    return path


def maps_of(folder):
    """(C, H, W), 0 or 1, of the pictures of a folder."""
    return np.stack([np.asarray(Image.open(folder / f"{name}.png")) // 255 for name in CLASSES])


def test_from_folders_to_masks(root, config, tool, tmp_path, monkeypatch):
    monkeypatch.setattr("fcn_plugin.export.compare.SIZES", ((1, 1), (17, 23), (64, 64)))
    done = tool("train", config, "--work-dir", tmp_path / "work")
    assert done.code == 0, done.err
    (net,) = (tmp_path / "work").glob("best_mIoU_*.pth")
    record = json.loads((tmp_path / "work/metrics.json").read_text())
    assert record["mIoU"] > 0.5
    assert set(record["classes"]["red"]) == {"accuracy", "Dice", "IoU", "pixels"}
    assert record["classes"]["red"]["pixels"] == sum(34 * (36 - i) for i in range(4))

    args = ("--out", tmp_path / "tested", "--show-dir", tmp_path / "shown", "--work-dir", tmp_path / "scores")
    done = tool("test", config, net, *args)
    assert done.code == 0, done.err
    assert len(list((tmp_path / "shown").glob("*.png"))) == 4
    done = tool("export", net, "--out", tmp_path / "net.onnx")
    assert done.code == 0, done.err
    assert done.out.count("equal labels 100.0000 %") == 3
    done = tool("test", config, tmp_path / "net.onnx", "--work-dir", tmp_path / "exported")
    assert done.code == 0, done.err
    matrices = [np.load(tmp_path / name / "confusion.npy") for name in ("work", "scores", "exported")]
    assert matrices[0].shape == (2, 2, 2) and (matrices[0].sum((1, 2)) == 4 * 64 * 64).all()
    assert np.array_equal(matrices[0], matrices[1]) and np.array_equal(matrices[0], matrices[2])

    forms = ("per-class", "overlays", "probabilities", "areas")
    for source, out in ((net, "of_net"), (tmp_path / "net.onnx", "of_file")):
        wanted = forms if source is net else forms[:2]
        done = tool("predict", source, root / "photos", "--out-dir", tmp_path / out, "--out", *wanted)
        assert done.code == 0, done.err
        for i in range(4):
            assert np.array_equal(maps_of(tmp_path / out / f"per-class/{i}"), maps_of(tmp_path / f"tested/{i}"))
    hits = sum((maps_of(tmp_path / f"of_net/per-class/{i}")[0] * _truth(root, i)).sum() for i in range(4))
    assert hits == matrices[0][0, 1, 1]
    shares = np.load(tmp_path / "of_net/probabilities/0.npz")["probabilities"]
    assert np.array_equal(shares > 0.5, maps_of(tmp_path / "of_net/per-class/0")) or abs(shares - 0.5).min() < 1e-3
    areas = json.loads((tmp_path / "of_net/areas.json").read_text())
    assert areas[0]["areas"]["red"]["pixels"] == maps_of(tmp_path / "of_net/per-class/0")[0].sum()

    refused = tool("predict", net, root / "photos", "--out-dir", tmp_path / "ids", "--out", "masks")
    tool_refused(refused, tmp_path / "ids", "option-value", "per-class")


def _truth(root, i):
    return np.asarray(Image.open(root / f"masks/{i}/red.png")) // 255


@pytest.mark.parametrize("name", ["check_dataset", "browse_dataset"])
def test_tools_that_read_one_mask_say_so(config, tool, tmp_path, name, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = tool(name, config)
    assert done.code == 2 and "config-data" in done.err and "several labels" in done.err


def test_what_does_not_fit_is_refused(root, config, tool, tmp_path):
    """Transforms and a metric of one mask, and a head of other classes."""
    changes = {
        "train_dataloader.dataset.pipeline.3.cat_max_ratio=0.75": "remove cat_max_ratio",
        "train_dataloader.dataset.pipeline.3.type=FCNBalancedCrop": "use RandomCrop",
        "val_dataloader.dataset.pipeline.2.type=PackSegInputs": "MultilabelPackSegInputs",
        "val_evaluator.type=FCNMetric": "MultilabelMetric",
        "model.decode_head.num_classes=3": "num_classes=2",
    }
    for change, named in changes.items():
        done = tool("train", config, "--work-dir", tmp_path / "work", "--cfg-options", change, "train_cfg.max_iters=1")
        code = "classes-count" if "Metric" in named or "num_classes" in named else "config-value"
        assert done.code == 2 and code in done.err and named in done.err, done.err
