"""SIFT Flow from the release's files to scores of both tasks: convert, train in stages, test; scores by hand."""

import json

import numpy as np
import pytest
from PIL import Image
from support.processes import TESTS
from support.sift_flow_trees import TEST, make_release

LEAF = """
_base_ = {base!r}
custom_imports = dict(imports=["fcn_plugin", "support.builders"], allow_failed_imports=False)
model = dict(
    pretrained=None,
    backbone=dict(type="NarrowVGG"),
    neck=dict(in_channels=(16, 32, 32), fc_channels=8),
    decode_head=dict(in_channels=dict(fr=8, pool4=32, pool3=16)),
)
train_dataloader = dict(num_workers=0, persistent_workers=False)
val_dataloader = dict(num_workers=0, persistent_workers=False)
test_dataloader = val_dataloader
train_cfg = dict(max_iters=2, val_interval=2)
default_hooks = dict(logger=dict(interval=1))
{parent}
"""


def test_convert_train_and_test(tool, tmp_path):
    root, configs = make_release(tmp_path / "data" / "sift-flow"), {}
    done = tool("dataset_converters/siftflow", "--root", root, "--jobs", 1)
    assert done.code == 0, done.err
    for stride in ("32s", "16s"):
        base = TESTS.parent / f"configs/reference/fcn{stride}_vgg16_siftflow.py"
        parent = f"parent = {str(configs['32s'])!r}" if stride == "16s" else ""
        configs[stride] = tmp_path / f"narrow{stride}.py"
        configs[stride].write_text(LEAF.format(base=str(base), parent=parent))
    done = tool("train_stages", configs["16s"], "--work-dir", tmp_path / "work", "--data-root", root)
    assert done.code == 0, done.err
    # 32 x 32 pixels; a fifth, and a row of the rest, is void
    assert "decode.semantic.ce_per_pixel: 3.49" in done.out  # ln 33, at first
    assert "decode.geometric.ce_per_pixel: 1.09" in done.out  # ln 3
    assert "predicts the same as its parent" in done.out
    (net,) = (tmp_path / "work" / "16s").glob("best_semantic_mIoU_iter_*.pth")

    scores = tmp_path / "scores"
    done = tool("test", configs["16s"], net, "--out", tmp_path / "out", "--work-dir", scores, "--data-root", root)
    assert done.code == 0, done.err
    for task, left_out in (("semantic", [8, 10, 15]), ("geometric", [])):
        truth, found = (
            np.asarray(Image.open(folder / task / f"{TEST[0]}.png")).astype(int)
            for folder in (root / "labels", tmp_path / "out")
        )
        truth, found = truth[truth != 255], found[truth != 255]
        present = [c for c in {*truth, *found} if c not in left_out]
        ious = [((truth == c) & (found == c)).sum() / ((truth == c) | (found == c)).sum() for c in present]
        record = json.loads((scores / task / "metrics.json").read_text())
        assert record["mIoU"] == pytest.approx(np.mean(ious))
        assert record["aAcc"] == pytest.approx((truth == found).mean())
        names = list(record["classes"])
        assert [name for name in names if record["classes"][name]["IoU"] is None and names.index(name) in {*truth}] == (
            ["cow"] if task == "semantic" else []
        )
