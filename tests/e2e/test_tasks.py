"""Two tasks on one net, from folders of masks to scores and predictions; the second has nothing to do with the first."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from PIL import Image
from support.refusals import tool_refused

import fcn_plugin

COUNTS = {"colour": 3, "light": 2}
CELL, CELLS = 32, 4
LEAF = """
_base_ = {base!r}
custom_imports = dict(imports=["fcn_plugin", "support.builders"], allow_failed_imports=False)
model = dict(
    precision="fp32",
    backbone=dict(type="NarrowVGG", norm_cfg=dict(type="BN", momentum=1.0)),
    neck=dict(in_channels=(16, 32, 32), fc_channels=8, dropout_ratio=0.0),
    decode_head=dict(
        type="FCNTasksHead",
        in_channels=dict(_delete_=True, fr=8, pool4=32, pool3=16),
        num_classes=5,
        tasks=dict(colour=dict(num_classes=3), light=dict(num_classes=2, loss_decode=dict(type="FCNCrossEntropyLoss"))),
    ),
)
train = [
    dict(type="LoadImageFromFile"),
    dict(type="TasksLoadAnnotations"),
    dict(type="RandomFlip", prob=0.5),
    dict(type="TasksPackSegInputs"),
]
data = dict(
    _delete_=True,
    type="TasksDataset",
    tasks=dict(colour=dict(classes=("grey", "red", "green")), light=dict(classes=("dark", "bright"))),
    data_root={root!r},
    data_prefix=dict(img_path="photos", seg_map_path="masks"),
    img_suffix=".png",
    seg_map_suffix=".png",
)
train_dataloader = dict(
    batch_size=4, num_workers=0, persistent_workers=False, dataset=dict(**data, pipeline=train)
)
val_dataloader = dict(
    batch_size=2, num_workers=0, persistent_workers=False, dataset=dict(**data, pipeline=[*train[:2], train[-1]])
)
test_dataloader = val_dataloader
val_evaluator = [dict(type="FCNMetric", task="colour"), dict(type="FCNMetric", task="light")]
test_evaluator = val_evaluator
train_cfg = dict(max_iters=60, val_interval=30)
optim_wrapper = dict(optimizer=dict(_delete_=True, type="AdamW", lr=1e-2))
param_scheduler = [dict(type="PolyLR", power=0.9, begin=0, end=60, by_epoch=False)]
default_hooks = dict(logger=dict(interval=10), checkpoint=dict(interval=30, save_best="light/mIoU"))
del train, data
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Four images of squares: their colour is one task, whether they are bright the other, drawn apart; a void strip in one."""
    root, random = tmp_path_factory.mktemp("tasks"), np.random.default_rng(0)
    (root / "photos").mkdir()
    for i in range(4):
        truth = {}
        for name, count in COUNTS.items():
            cells = random.permutation(np.resize(np.arange(count), CELLS * CELLS)).reshape(CELLS, CELLS)
            truth[name] = np.kron(cells, np.ones((CELL, CELL))).astype(np.uint8)
        image = np.full((CELL * CELLS, CELL * CELLS, 3), 40.0)
        for index in (1, 2):
            image[truth["colour"] == index, index - 1] += 60
        image += 90 * truth["light"][..., None]
        truth["light"][:2] = 255 if i == 0 else truth["light"][:2]
        Image.fromarray(np.uint8(image + random.normal(0, 4, image.shape))).save(root / "photos" / f"{i}.png")
        for name, mask in truth.items():
            (root / "masks" / name).mkdir(parents=True, exist_ok=True)
            Image.fromarray(mask).save(root / "masks" / name / f"{i}.png")
    return root


@pytest.fixture(scope="module")
def config(root):
    path = root / "tasks8s.py"
    path.write_text(
        LEAF.format(base=str(Path(__file__).parents[2] / "configs" / "fcn8s_vgg16bn_minivoc.py"), root=str(root))
    )
    return path


def changed(config, target, **entries):
    cfg = Config.fromfile(config)
    cfg.merge_from_dict({name.replace("__", "."): value for name, value in entries.items()})
    cfg.dump(target)
    return target


def ids(folder, i):
    with Image.open(folder / f"{i}.png") as image:
        return np.asarray(image).astype(int)


def mean_iu(truths, predictions, count):
    """By sets of pixels, void left out."""
    truth, found = (np.concatenate([each.ravel() for each in maps]) for maps in (truths, predictions))
    found, truth = found[truth != 255], truth[truth != 255]
    return np.mean([((truth == c) & (found == c)).sum() / ((truth == c) | (found == c)).sum() for c in range(count)])


def test_both_tasks_are_learnt_scored_and_written(root, config, tool, tmp_path):
    work = tmp_path / "work"
    done = tool("train", config, "--work-dir", work)
    assert done.code == 0, done.err
    (net,) = work.glob("best_light_mIoU_iter_*.pth")
    assert "decode.colour.loss_ce" in done.out and "decode.light.loss_ce" in done.out
    assert {json.loads((work / task / "metrics.json").read_text())["mIoU"] >= 0.9 for task in COUNTS} == {True}
    # one map of labels can't: the truth of one task, taken for the other's, is far off
    colours, lights = ([ids(root / "masks" / task, i) for i in range(4)] for task in COUNTS)
    assert max(mean_iu(lights, [np.minimum(each, 1) for each in colours], 2), mean_iu(colours, lights, 3)) < 0.5

    done = tool(
        "test", config, net, "--out", tmp_path / "out", "--show-dir", tmp_path / "shown", "--work-dir", tmp_path / "s"
    )
    assert done.code == 0, done.err
    for task, count in COUNTS.items():
        truths = [ids(root / "masks" / task, i) for i in range(4)]
        wanted = mean_iu(truths, [ids(tmp_path / "out" / task, i) for i in range(4)], count)
        record = json.loads((tmp_path / "s" / task / "metrics.json").read_text())
        assert record["mIoU"] == pytest.approx(wanted)
        assert next(iter(record["classes"])) == ("grey" if task == "colour" else "dark")
        assert sum(entry["pixels"] for entry in record["classes"].values()) == sum((t != 255).sum() for t in truths)
    assert len(list((tmp_path / "shown").glob("*.png"))) == 4

    done = tool("predict", net, root / "photos", "--out-dir", tmp_path / "p", "--out", "masks", "overlays", "areas")
    assert done.code == 0, done.err
    for task in COUNTS:
        for i in range(4):
            assert np.array_equal(ids(tmp_path / "p" / task / "masks", i), ids(tmp_path / "out" / task, i))
    areas = json.loads((tmp_path / "p" / "light" / "areas.json").read_text())
    assert areas[0]["areas"]["bright"]["pixels"] == (ids(tmp_path / "out" / "light", 0) == 1).sum()
    found = fcn_plugin.load(net).predict(str(root / "photos" / "0.png"), probabilities=True)
    light = found.of_task(1, "light", [3, 2])
    assert (light.labels == light.probabilities.argmax(0)).all() and light.classes == ["dark", "bright"]

    tool_refused(
        tool("export", net, "--out", tmp_path / "net.onnx"), tmp_path / "none", "export-failed", "several tasks"
    )
    tool_refused(
        tool("test", config, net, "--tta", "--work-dir", tmp_path / "t"), tmp_path / "t", "config-value", "--tta"
    )
    tool_refused(
        tool("test", config, net, "--limits", "--work-dir", tmp_path / "t"), tmp_path / "t", "config-value", "--limits"
    )
    assert not (tmp_path / "net.onnx").exists()


def test_a_run_goes_on_as_it_would_have(config, tool, tmp_path):
    base = dict(train_cfg__max_iters=4, train_cfg__val_interval=4, default_hooks__checkpoint__interval=2)
    for name, entries in (("whole", base), ("half", {**base, "train_cfg__max_iters": 2})):
        done = tool("train", changed(config, tmp_path / f"{name}.py", **entries), "--work-dir", tmp_path / name)
        assert done.code == 0, done.err
    done = tool("train", tmp_path / "whole.py", "--work-dir", tmp_path / "half", "--resume")
    assert done.code == 0, done.err
    states = [torch.load(tmp_path / n / "iter_4.pth", weights_only=True)["state_dict"] for n in ("whole", "half")]
    assert all(torch.equal(tensor, states[1][name]) for name, tensor in states[0].items())


@pytest.mark.parametrize(
    ("entries", "code", "fragments"),
    [
        ({"model__decode_head__num_classes": 6}, "classes-count", ("6", "5 classes")),
        (
            {"model__decode_head__tasks__light__num_classes": 3, "model__decode_head__num_classes": 6},
            "classes-count",
            ("6",),
        ),
        ({"val_evaluator": [{"type": "FCNMetric"}]}, "config-value", ("light/mIoU",)),
        ({"default_hooks__checkpoint__save_best": "mIoU"}, "config-value", ("colour/mIoU",)),
        ({"model__decode_head__tasks__light": {"classes": 2}}, "config-value", ("tasks.light",)),
    ],
    ids=["sum", "task", "metric", "best", "entry"],
)
def test_what_contradicts_is_refused_before_the_run(config, tool, tmp_path, entries, code, fragments):
    path = changed(config, tmp_path / "wrong.py", **entries)
    tool_refused(tool("train", path, "--work-dir", tmp_path / "work"), tmp_path / "work", code, *fragments)


def test_an_id_of_no_class_is_named_with_its_file(root, config, tool, tmp_path):
    mask = root / "masks" / "light" / "3.png"
    before = mask.read_bytes()
    Image.fromarray(np.full((CELL * CELLS,) * 2, 2, np.uint8)).save(mask)
    try:
        done = tool("train", config, "--work-dir", tmp_path / "work")
    finally:
        mask.write_bytes(before)
    tool_refused(done, tmp_path / "work", "mask-ids", mask, "id 2")


@pytest.mark.parametrize("command", ["check_dataset", "class_weights", "browse_dataset"])
def test_commands_of_one_mask_say_so(config, tool, tmp_path, command):
    more = ("--out", tmp_path / "out") if command == "browse_dataset" else ()
    done = tool(command, config, *more)
    assert done.code == 2
    assert "[config-data]" in done.err and "several tasks" in done.err
