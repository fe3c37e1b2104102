"""Evaluation in any number of processes counts each pixel of each image once, as one process does."""

import matplotlib.figure  # noqa: F401 (of the engine's visualizer: here once, instead of in each process)
import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.registry import init_default_scope
from PIL import Image
from support.builders import build_fcn
from support.forked import values

from fcn_plugin.configs import get_config
from fcn_plugin.datatools.minivoc.writer import make_minivoc
from fcn_plugin.engine.runner import FCNRunner

pytestmark = pytest.mark.skipif(torch.cuda.is_available(), reason="gloo, and processes forked without a GPU's threads")

SIZES = [(64, 64), (48, 64), (64, 64), (64, 64), (48, 64), (64, 40), (64, 64)]
COUNTS = (1, 2, 3, 5, 7)  # images: shares are unequal, and some processes have none
SAMPLERS = {
    "default": dict(batch_size=1),
    "same_size": dict(batch_size=2, batch_sampler=dict(type="SameSizeBatchSampler")),
}


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    """A narrow FCN-8s with random scores, and seven images of three sizes."""
    folder = tmp_path_factory.mktemp("evaluation")
    make_minivoc(folder / "data", train=1, val=len(SIZES), size=(64, 64))
    names = (folder / "data/ImageSets/Segmentation/val.txt").read_text().split()
    for name, (width, height) in zip(names, SIZES, strict=True):
        for path in (folder / f"data/JPEGImages/{name}.jpg", folder / f"data/SegmentationClass/{name}.png"):
            with Image.open(path) as image:
                image.crop((0, 0, width, height)).save(path)
    torch.manual_seed(0)
    torch.save(build_fcn(num_classes=21, norm=dict(type="BN")).state_dict(), folder / "random.pth")
    loader = dict(num_workers=0, persistent_workers=False, dataset=dict(data_root=str(folder / "data")))
    cfg = get_config("fcn8s_vgg16bn_minivoc")
    cfg.merge_from_dict(
        dict(
            model=dict(
                precision="fp32",
                backbone=dict(type="NarrowVGG"),
                neck=dict(in_channels=(16, 32, 32), fc_channels=8),
                decode_head=dict(in_channels=dict(fr=8, pool4=32, pool3=16)),
            ),
            visualizer=dict(vis_backends=[]),
            val_dataloader=loader,
            test_dataloader=loader,
            load_from=str(folder / "random.pth"),
            work_dir=str(folder),
        )
    )
    return cfg


def evaluate(rank, cfg, processes):
    """{(sampler, images): (scores, confusion matrix as the first process writes it)}; one runner for all, which saves seconds."""
    init_default_scope("mmseg")
    own = cfg.copy()
    own.launcher = "pytorch" if processes > 1 else "none"
    own.work_dir = f"{cfg.work_dir}/{processes}"
    runner = FCNRunner.from_cfg(own)
    found = {}
    for sampler, entries in SAMPLERS.items():
        for images in COUNTS:
            loader = ConfigDict(cfg.test_dataloader, **entries)
            loader.dataset = dict(loader.dataset, indices=images, serialize_data=False)
            runner._test_dataloader, runner._test_loop = loader, cfg.test_cfg
            scores = runner.test()
            found[sampler, images] = scores, np.load(f"{own.work_dir}/confusion.npy") if rank == 0 else None
    return found


@pytest.fixture(scope="module")
def alone(config):
    (found,) = values(1, evaluate, config, 1)
    return found


@pytest.mark.parametrize("processes", [2, 3, 4])
def test_evaluation_counts_what_one_process_counts(config, alone, processes):
    """Also where there are fewer images than processes."""
    shared = values(processes, evaluate, config, processes)
    for key, (scores, matrix) in alone.items():
        assert np.array_equal(shared[0][key][1], matrix), key
        assert [found[key][0] for found in shared] == [scores] * processes, key
    assert alone["default", 7][1].sum() > alone["default", 5][1].sum() > 0
    assert (alone["default", 7][1].sum(0) > 0).sum() > 3  # classes predicted
