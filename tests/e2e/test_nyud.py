"""NYUDv2 from its ``.mat`` files to scores: converted, two steps of colour, HHA and both fused, tested; scores are counted here."""

import re

import numpy as np
import pytest
from PIL import Image
from support.nyud_trees import make_release
from support.processes import TESTS

LEAF = """
_base_ = {base!r}
custom_imports = dict(imports=["fcn_plugin", "support.builders"], allow_failed_imports=False)
model = dict(
    {start}
    backbone=dict(type="NarrowVGG"),
    neck=dict(in_channels=(16, 32, 32), fc_channels=8),
    decode_head=dict(in_channels=dict(fr=8, pool4=32, pool3=16)),
)
loader = dict(num_workers=0, persistent_workers=False, dataset=dict(data_root={data!r}))
train_dataloader = loader
val_dataloader = loader
test_dataloader = loader
optim_wrapper = dict(optimizer=dict(lr=1e-7))  # more than two steps of the authors' would show
train_cfg = dict(max_iters=2, val_interval=2)
default_hooks = dict(logger=dict(interval=1), checkpoint=dict(interval=2))
"""


@pytest.mark.e2e
def test_from_mat_files_to_scores(tool, tmp_path):
    data = make_release(tmp_path / "nyud")
    done = tool("dataset_converters/nyud", "--data-dir", data, "--hha", "--jobs", "1")
    assert (done.code, "Traceback" in done.err) == (0, False)
    assert "fcn32s_vgg16_nyud_color.py" in done.out

    def train(images, start="", *options):
        config, work = tmp_path / f"{images}.py", tmp_path / images
        base = TESTS.parent / f"configs/reference/fcn32s_vgg16_nyud_{images}.py"
        config.write_text(LEAF.format(base=str(base), data=str(data), start=start))
        done = tool("train", config, "--work-dir", work, *options)
        assert (done.code, done.err) == (0, "")
        return config, work

    slow = ("--cfg-options", "optim_wrapper.optimizer.lr=1e-12")  # the last two steps decide the classes
    parents = {name: train(name, "pretrained=None,", *slow)[1] / "iter_2.pth" for name in ("color", "hha")}
    starts = [f"model.pretrained.{name}={path}" for name, path in parents.items()]
    config, work = train("colorhha", "", "--cfg-options", *starts)
    out = tmp_path / "out"
    done = tool("test", config, work / "iter_2.pth", "--work-dir", tmp_path / "test", "--out", out)
    assert (done.code, done.err) == (0, "")
    with Image.open(data / "labels/img_5002.png") as image:
        truth = np.asarray(image).astype(int) - 1  # 0 is void
    with Image.open(next(out.rglob("*img_5002.png"))) as image:
        found = np.asarray(image).astype(int)
    counts = np.zeros((40, 40), int)
    np.add.at(counts, (truth[truth >= 0], found[truth >= 0]), 1)
    right, true, guessed = np.diag(counts), counts.sum(1), counts.sum(0)
    seen = true + guessed > 0
    wanted = {
        "aAcc": right.sum() / true.sum(),
        "mAcc": (right / np.maximum(true, 1))[true > 0].mean(),
        "mIoU": (right / np.maximum(true + guessed - right, 1))[seen].mean(),
        "fwIoU": (true * right / np.maximum(true + guessed - right, 1)).sum() / true.sum(),
    }
    assert len(np.unique(found)) > 1
    line = done.out[done.out.rindex("aAcc:") :]
    scores = {name: float(value) for name, value in re.findall(r"(\w+): ([\d.]+)", line)}
    for name, value in wanted.items():
        assert scores[name] == pytest.approx(100 * value, abs=1e-4)
