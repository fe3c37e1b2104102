"""MMSegmentation's own tools, as the installed package carries them, run on this package's config and checkpoint.

mmseg 1.4's ``visualization_cam.py`` passes ``use_cuda``, which grad-cam has no longer; ``analyze_logs.py`` needs seaborn.
"""

import json
import runpy
import sys
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import mmseg
import numpy as np
import pytest
import torch
from mmseg.datasets import PascalVOCDataset
from PIL import Image
from support.forked import run_forked

TOOLS = Path(mmseg.__file__).parent / ".mim" / "tools"
PALETTE = np.array(PascalVOCDataset.METAINFO["palette"], np.uint8)

pytestmark = pytest.mark.skipif(torch.cuda.is_available(), reason="processes are forked without a GPU's threads")


def _main(rank, tool, words):
    matplotlib.use("Agg")
    sys.argv = [str(TOOLS / tool), *words]
    runpy.run_path(sys.argv[0], run_name="__main__")


def stock(tool, *words):
    """What the tool printed; it has to end well."""
    (ended,) = run_forked(1, _main, f"{tool}.py", [str(word) for word in words], timeout=300)
    assert ended.code == 0, ended.err
    return ended.out + ended.err


@pytest.fixture(scope="module")
def config(leaf, tmp_path_factory):
    """The narrow net's, whose loaders keep no workers: torch refuses that without any, and FCNRunner alone leaves it out."""
    path = tmp_path_factory.mktemp("config") / "narrow8s.py"
    alone = [f"{split}_dataloader = dict(persistent_workers=False)" for split in ("train", "val", "test")]
    path.write_text("\n".join([f"_base_ = {str(leaf)!r}", *alone]))
    return path


def test_train(config, tmp_path):
    stock("train", config, "--work-dir", tmp_path)
    assert (tmp_path / "iter_2.pth").is_file()


@pytest.fixture(scope="module")
def tested(config, trained, tmp_path_factory):
    """A folder with masks and pictures of a test by mmseg's tool, and its log."""
    folder = tmp_path_factory.mktemp("stock")
    options = ["--out", folder / "masks", "--show-dir", folder / "shown", "--work-dir", folder / "work"]
    return folder, stock("test", config, trained.best, *options)


def test_test_writes_masks_and_pictures(tested, trained):
    folder, said = tested
    score = json.loads((trained.work_dir / "metrics.json").read_text())["mIoU"]
    assert f"mIoU: {100 * score:.4f}" in said
    masks = sorted((folder / "masks").iterdir())
    assert len(masks) == 3
    for path in masks:
        (picture,) = folder.rglob(f"vis_image/{path.stem}_0.png")
        prediction = np.array(Image.open(picture))[16::4, -256::4]  # the last tile of the panel, enlarged four times
        assert np.array_equal(prediction, PALETTE[np.array(Image.open(path))])


def test_confusion_matrix(tested, config, monkeypatch):
    folder, _ = tested
    subplots = plt.subplots  # at the tool's 300 dots per inch the picture has 127 million pixels
    monkeypatch.setattr(plt, "subplots", lambda **options: subplots(**options | {"dpi": 10}))
    stock("analysis_tools/confusion_matrix", config, folder / "masks", folder / "matrix")
    assert (folder / "matrix" / "confusion_matrix.png").stat().st_size > 1000


def test_test_with_augmentation(config, trained, tmp_path):
    said = stock("test", config, trained.best, "--tta", "--work-dir", tmp_path)
    assert "mIoU: " in said


def test_browse_dataset(config, tmp_path):
    stock("analysis_tools/browse_dataset", config, "--output-dir", tmp_path, "--not-show")
    assert len(list(tmp_path.glob("*.jpg"))) == 4


def test_speed_and_size(config, trained, tmp_path):
    assert "Params: " in stock("analysis_tools/get_flops", config, "--shape", "64", "64")
    stock("analysis_tools/benchmark", config, trained.best, "--repeat-times", "1", "--work-dir", tmp_path)
