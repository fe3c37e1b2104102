"""Loss on val: that of the logits in the masks' size, handed to the loop behind the predictions."""

import pytest
import torch
import torch.nn.functional as F
from mmengine.config import ConfigDict
from mmengine.runner.loops import _parse_losses, _update_losses
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from support.builders import balance_classes, build_fcn
from support.refusals import refused

from fcn_plugin.models.fcn import leave_out_logits


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(0)
    one = build_fcn(num_classes=4, head=dict(loss_decode=[dict(type="FCNCrossEntropyLoss"), dict(type="FCNDiceLoss")]))
    balance_classes(one, torch.randn(1, 3, 64, 64))
    return leave_out_logits(one)


def batch(*sizes, own=None):
    """Images, with masks of their own size or of ``own``; the left quarter is void."""
    images, samples = [], []
    for size in sizes:
        mask = torch.randint(0, 4, (1, *(own or size)))
        mask[..., : mask.shape[-1] // 4] = 255
        meta = dict(ori_shape=own or size, img_shape=size, img_path="a.jpg")
        samples.append(SegDataSample(metainfo=meta, gt_sem_seg=PixelData(data=mask)))
        images.append(torch.randint(0, 256, (3, *size), dtype=torch.uint8))
    return dict(inputs=images, data_samples=samples)


def val_step(net, data):
    with torch.no_grad():
        return _update_losses(net.val_step(data), {})


@pytest.mark.parametrize("own", [None, (60, 44)])
def test_the_mean_over_images_of_the_loss_at_the_masks_size(net, own):
    data = batch((40, 30), (40, 30), own=own)
    samples, losses = val_step(net, data)
    assert len(samples) == 2 and all("seg_logits" not in sample for sample in samples)
    logged = _parse_losses(losses, "val")
    wanted = []
    for image, sample in zip(data["inputs"], samples, strict=True):
        with torch.no_grad():
            logits = net(net.data_preprocessor(dict(inputs=[image]), False)["inputs"])
        if own:
            logits = F.interpolate(logits, own, mode="bilinear")
        assert torch.equal(sample.pred_sem_seg.data, logits.argmax(1))
        wanted.append(F.cross_entropy(logits, sample.gt_sem_seg.data, ignore_index=255))
    assert logged["loss_ce"] == pytest.approx(float(sum(wanted)) / 2, rel=1e-5)
    assert logged["val_loss"] == pytest.approx(logged["loss_ce"] + logged["loss_dice"])
    assert set(logged) == {"loss_ce", "loss_dice", "val_loss"}


def test_no_loss_where_there_is_no_mask_or_none_is_wanted(net):
    data = batch((40, 30))
    del data["data_samples"][0].gt_sem_seg
    assert [*map(type, val_step(net, data)[0])] == [SegDataSample] and val_step(net, data)[1] == {}
    before = net.test_cfg
    for options in (
        dict(val_loss=False),
        dict(mode="tiles", tile=64),
        dict(mode="slide", crop_size=(32, 32), stride=(32, 32)),
    ):
        net.test_cfg = ConfigDict({**before, **options})
        samples, losses = val_step(net, batch((40, 30)))
        assert len(samples) == 1 and losses == {}
    net.test_cfg = before


def test_an_image_that_is_all_void_counts_nothing(net):
    data = batch((40, 30))
    data["data_samples"][0].gt_sem_seg.data[:] = 255
    assert _parse_losses(val_step(net, data)[1], "val")["val_loss"] == 0


def test_an_id_that_no_class_has(net):
    data = batch((40, 30))
    data["data_samples"][0].gt_sem_seg.data[0, 0, 20] = 9
    with refused("mask-ids", "9"):
        val_step(net, data)
