"""Several labels at once: losses, label maps and the head by hand."""

import copy
import math

import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.structures import PixelData
from mmseg.models.losses import CrossEntropyLoss
from mmseg.structures import SegDataSample
from support.builders import build_fcn, build_head
from support.refusals import refused

from fcn_plugin.models.decision import Decision, decide
from fcn_plugin.models.losses import FCNCrossEntropyLoss, FCNDiceLoss

LABELS = dict(multilabel=True, loss_decode=dict(type="FCNCrossEntropyLoss", use_sigmoid=True))
LOGITS = torch.tensor([[0.5, -1.0, 2.0], [-0.5, 3.0, 0.1]]).reshape(1, 2, 1, 3)
LABEL = torch.tensor([[1, 0, 255], [1, 1, 0]], dtype=torch.uint8).reshape(1, 2, 1, 3)
FIRST = [math.log1p(math.exp(z)) for z in (-0.5, -1.0)]
SECOND = [math.log1p(math.exp(z)) for z in (0.5, -3.0, 0.1)]


def maps(label):

    return SegDataSample(gt_sem_seg=PixelData(data=label), metainfo=dict(img_path="photo7.jpg"))


def test_decision():
    decision = Decision(0.4, multilabel=True)
    assert decide(3, None, 0.4, True) == decide(3, 3, 0.4, True) == decision
    assert decision.labels(LOGITS).tolist() == [[[[1, 0, 1]], [[0, 1, 1]]]]
    probabilities = decision.probabilities(LOGITS)
    assert torch.allclose(probabilities, LOGITS.sigmoid())
    assert torch.equal(decision.labels_of(probabilities), decision.labels(LOGITS))
    assert torch.allclose(decision.logits_of(probabilities), LOGITS, atol=1e-5)
    with refused("config-value", "out_channels is 1"):
        decide(3, 1, None, True)


class TestLosses:
    def test_cross_entropy_is_the_mean_over_pixels_and_labels(self):
        found = FCNCrossEntropyLoss(use_sigmoid=True)(LOGITS, LABEL)
        assert found.item() == pytest.approx(sum(FIRST + SECOND) / 5)
        weighted = FCNCrossEntropyLoss(use_sigmoid=True, class_weight=[1, 3])(LOGITS, LABEL)
        assert weighted.item() == pytest.approx((sum(FIRST) + 3 * sum(SECOND)) / 11)
        summed = FCNCrossEntropyLoss(use_sigmoid=True, reduction="sum", loss_weight=2)(LOGITS, LABEL)
        assert summed.item() == pytest.approx(2 * sum(FIRST + SECOND))

    def test_mmsegs_loss_gives_the_same(self):
        stock = CrossEntropyLoss(use_sigmoid=True, avg_non_ignore=True)(LOGITS, LABEL.long(), ignore_index=255)
        assert stock.item() == pytest.approx(sum(FIRST + SECOND) / 5)

    def test_dice_is_the_mean_over_labels_that_occur(self):
        p, q = LOGITS[0, 0, 0].sigmoid().tolist(), LOGITS[0, 1, 0].sigmoid().tolist()
        first = 2 * p[0] / (p[0] ** 2 + p[1] ** 2 + 1)
        second = 2 * (q[0] + q[1]) / (sum(x**2 for x in q) + 2)
        assert FCNDiceLoss(eps=0)(LOGITS, LABEL).item() == pytest.approx(1 - (first + second) / 2)

    @pytest.mark.parametrize("loss", [FCNCrossEntropyLoss(use_sigmoid=True), FCNDiceLoss()], ids=["ce", "dice"])
    def test_void_gets_no_gradient(self, loss):
        for label in (LABEL, torch.full_like(LABEL, 255)):
            logits = LOGITS.clone().requires_grad_()
            value = loss(logits, label)
            value.backward()
            assert (logits.grad[label == 255] == 0).all()
            assert (label == 255).all() == (value.item() == 0)

    def test_the_head_logs_the_share_of_right_answers(self):
        losses = build_head("32s", threshold=0.5, **LABELS).loss_by_feat(LOGITS, [maps(LABEL[0])])
        assert losses["loss_ce"].item() == pytest.approx(sum(FIRST + SECOND) / 5)
        assert losses["acc_seg"].item() == pytest.approx(60)


def test_what_does_not_fit_is_refused():
    with refused("classes-count", "photo7.jpg have 2 maps, but the net needs 1"):
        build_head("32s").loss_by_feat(LOGITS, [maps(LABEL[0])])
    with refused("classes-count", "photo7.jpg have 1 maps, but the net needs 2"):
        build_head("32s", **LABELS).loss_by_feat(LOGITS, [maps(LABEL[0, :1])])
    with refused("mask-ids", "id 2 (2 px)"):
        build_head("32s", **LABELS).loss_by_feat(LOGITS, [maps(LABEL[0] + torch.tensor([1, 0, 0], dtype=torch.uint8))])
    with refused("config-value", "sampler"):
        build_head("32s", sampler=dict(type="OHEMPixelSampler"), **LABELS)
    with refused("config-value", "use_sigmoid=True"):
        build_head("32s", multilabel=True)


def test_every_way_to_the_maps_agrees():
    torch.manual_seed(0)
    model = build_fcn(num_classes=3, head=dict(threshold=0.4, **LABELS))
    image = torch.randint(0, 256, (3, 160, 200), dtype=torch.uint8)
    with torch.no_grad():
        logits = model(model.data_preprocessor(dict(inputs=[image]), False)["inputs"])
        model.decode_head.score_fr.bias -= logits.mean((0, 2, 3))

    def step(size=(160, 200), **test_cfg):
        one = copy.deepcopy(model)
        one.test_cfg = ConfigDict(dict(mode="whole") | test_cfg)
        meta = dict(ori_shape=size, img_shape=(160, 200), img_path="photo7.jpg")
        return one.test_step(dict(inputs=[image], data_samples=[SegDataSample(metainfo=meta)]))[0]

    with torch.inference_mode():
        full = step()
        wanted = full.pred_sem_seg.data
        assert wanted.shape == (3, 160, 200)
        assert torch.equal(wanted.bool(), full.seg_logits.data.sigmoid() > 0.4)
        assert ((wanted.float().mean((1, 2)) - 0.5).abs() < 0.45).all() and wanted.sum(0).max() > 1
        for options in (dict(keep_logits=False), dict(mode="tiles", tile=96)):
            assert (step(**options).pred_sem_seg.data == wanted).float().mean() > 0.9999
        resized = step((80, 100)), step((80, 100), keep_logits=False)
        assert resized[0].pred_sem_seg.data.shape == (3, 80, 100)
        assert torch.equal(*(sample.pred_sem_seg.data for sample in resized))
