"""The CamVid config on the real frames, where they are at hand."""

from pathlib import Path

import pytest
import torch
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmseg.registry import DATASETS, MODELS

from fcn_plugin.configs import get_config

FRAMES = Path(__file__).parents[3] / "shared" / "datasets" / "camvid"
pytestmark = pytest.mark.skipif(not FRAMES.is_dir(), reason="no CamVid at ../shared/datasets/camvid")


@pytest.fixture(scope="module")
def cfg():
    init_default_scope("mmseg")
    cfg = get_config("fcn8s_vgg16bn_camvid")
    for split in ("train", "val", "test"):
        loader = cfg[f"{split}_dataloader"]
        loader.dataset.data_root = str(FRAMES)
        loader.update(num_workers=0, persistent_workers=False)
    return cfg


def test_splits_have_their_published_sizes(cfg):
    train, val = (DATASETS.build(cfg[f"{split}_dataloader"].dataset) for split in ("train", "val"))
    test = dict(cfg.val_dataloader.dataset, data_prefix=dict(img_path="images/test", seg_map_path="annotations/test"))
    assert (len(train), len(val), len(DATASETS.build(test))) == (367, 101, 233)


def test_unlabelled_pixels_are_void(cfg):
    sample = DATASETS.build(cfg.val_dataloader.dataset)[0]["data_samples"]
    ids = set(sample.gt_sem_seg.data.unique().tolist())
    assert 255 in ids
    assert ids - {255} <= set(range(11))


def test_steps_on_one_real_batch_lower_its_loss(cfg):
    torch.manual_seed(0)
    narrow = dict(neck=dict(fc_channels=8), decode_head=dict(in_channels=dict(fr=8)))
    cfg.merge_from_dict({"model": narrow})
    cfg.train_dataloader.batch_size = 2
    for step in cfg.train_dataloader.dataset.pipeline:
        if step.type == "RandomCrop":
            step.crop_size = (96, 96)
    loader = Runner.build_dataloader(cfg.train_dataloader, seed=0)
    model = MODELS.build(cfg.model)
    model.init_weights()
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    batch = model.data_preprocessor(next(iter(loader)), training=True)
    losses = []
    for _ in range(6):
        loss = model(**batch, mode="loss")["decode.loss_ce"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    # zero scores: the first loss is ln 11 whatever the image
    assert losses[0] == pytest.approx(2.3979, abs=1e-3)
    assert losses[-1] < 0.8 * losses[0]
