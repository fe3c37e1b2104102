"""One channel with a sigmoid for two classes: it is the softmax pair (0, z), from the loss to the label maps."""

import copy
import math

import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.structures import PixelData
from mmseg.models import SegTTAModel
from mmseg.models.losses import CrossEntropyLoss
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from support.builders import STREAMS, build_fcn, build_head, sample
from support.refusals import refused

from fcn_plugin.models.decision import SOFTMAX, Decision, as_pair, decide
from fcn_plugin.models.losses import FCNCrossEntropyLoss, FCNDiceLoss

SIGMOID = dict(out_channels=1, loss_decode=dict(type="FCNCrossEntropyLoss", use_sigmoid=True))
LOGITS = torch.tensor([[-3.0, -0.5, 0.5, 3.0]]).reshape(1, 1, 1, 4)
LABEL = torch.tensor([[[0, 1, 0, 255]]])


def softplus(z):
    return math.log1p(math.exp(z))


class TestDecision:
    def test_a_pixel_is_of_class_1_above_the_threshold(self):
        """p = 1 / (1 + exp(-z)): 0.38 for z = -0.5; at the threshold itself it is of class 0, as in mmseg."""
        assert Decision(0.3).labels(LOGITS).tolist() == [[[0, 1, 1, 1]]]
        assert Decision(0.5).labels(LOGITS).tolist() == [[[0, 0, 1, 1]]]
        assert Decision(0.5).labels(torch.zeros(1, 1, 1, 1)).item() == 0
        assert Decision(0.3).labels(LOGITS).dtype == SOFTMAX.labels(LOGITS).dtype == torch.int64

    @pytest.mark.parametrize("decision", [Decision(0.3), SOFTMAX], ids=["sigmoid", "softmax"])
    def test_probabilities_and_back(self, decision):
        logits = 3 * torch.randn(2, 1 if decision.threshold else 4, 5, 6)
        probabilities = decision.probabilities(logits)
        assert torch.allclose(probabilities.sum(1), torch.ones(2, 5, 6))
        assert torch.equal(probabilities[1], decision.probabilities(logits[1]))  # without the batch
        assert torch.equal(decision.labels_of(probabilities), decision.labels(logits))
        assert torch.allclose(decision.probabilities(decision.logits_of(probabilities)), probabilities, atol=1e-6)
        assert decision.logits_of(torch.tensor([1.0, 0.0]).reshape(1, 2, 1, 1)).isfinite().all()

    def test_probabilities_are_those_of_the_pair(self):
        assert torch.allclose(Decision(0.3).probabilities(LOGITS), as_pair(LOGITS).softmax(1))

    def test_what_a_head_asks_for(self):
        assert decide(5, None, None) == decide(5, 5, None) == SOFTMAX
        assert decide(2, 1, None) == Decision(0.3)  # mmseg's default
        assert decide(2, 1, 0.6) == Decision(0.6)
        for entries, named in [((3, 1, None), "num_classes is 3"), ((3, 2, None), "out_channels is 2")]:
            with refused("config-value", named):
                decide(*entries)
        for threshold in (0, 1, -0.1):
            with refused("config-value", f"threshold is {threshold}"):
                decide(2, 1, threshold)
        with refused("config-value", "threshold is 0.5", "out_channels=1"):
            decide(2, None, 0.5)


class TestLoss:
    def test_binary_cross_entropy_by_hand(self):
        found = FCNCrossEntropyLoss(use_sigmoid=True)(LOGITS, LABEL)
        assert found.item() == pytest.approx((softplus(-3) + softplus(0.5) + softplus(0.5)) / 3)
        weighted = FCNCrossEntropyLoss(use_sigmoid=True, class_weight=[1, 4])(LOGITS, LABEL)
        assert weighted.item() == pytest.approx((softplus(-3) + 4 * softplus(0.5) + softplus(0.5)) / 6)

    def test_mmsegs_loss_gives_the_same(self):
        label = torch.randint(0, 2, (2, 5, 6))
        label[0, :2] = 255
        logits = torch.randn(2, 1, 5, 6)
        stock = CrossEntropyLoss(use_sigmoid=True, avg_non_ignore=True)(logits, label, ignore_index=255)
        assert FCNCrossEntropyLoss(use_sigmoid=True)(logits, label).item() == pytest.approx(stock.item(), rel=1e-5)

    def test_dice_is_that_of_the_pair(self):
        logits = torch.randn(2, 1, 5, 6)
        label = torch.randint(0, 2, (2, 5, 6))
        assert torch.equal(FCNDiceLoss()(logits, label), FCNDiceLoss()(as_pair(logits), label))

    @pytest.mark.parametrize("options", [dict(thresh=0.7, min_kept=6), dict(min_kept=6)], ids=["thresh", "kept"])
    def test_hard_pixels_are_those_of_the_pair(self, options):
        sampler = dict(type="OHEMPixelSampler", **options)
        heads = build_head("32s", sampler=sampler, **SIGMOID), build_head("32s", sampler=sampler)
        logits, label = 3 * torch.randn(1, 1, 5, 6), torch.randint(0, 2, (5, 6))
        one, two = (
            head.loss_by_feat(given, [sample(label)])
            for head, given in zip(heads, (logits, as_pair(logits)), strict=True)
        )
        assert one["loss_ce"].item() == pytest.approx(two["loss_ce"].item())
        assert 0 < one["loss_ce"].item() < FCNCrossEntropyLoss()(as_pair(logits), label[None]).item()

    def test_accuracy_counts_by_the_threshold(self):
        head = build_head("32s", threshold=0.3, **SIGMOID)
        losses = head.loss_by_feat(LOGITS, [sample(LABEL[0])])
        assert losses["acc_seg"].item() == pytest.approx(200 / 3)

    @pytest.mark.parametrize(
        ("head", "named"),
        [
            (dict(out_channels=1), ["FCNCrossEntropyLoss", "use_sigmoid=True"]),
            (
                dict(out_channels=1, loss_decode=dict(type="CrossEntropyLoss", avg_non_ignore=True)),
                ["use_sigmoid=True"],
            ),
            (dict(out_channels=1, loss_decode=dict(type="DiceLoss")), ["FCNDiceLoss"]),
            (dict(loss_decode=SIGMOID["loss_decode"]), ["out_channels=1"]),
        ],
    )
    def test_losses_of_the_other_kind_are_refused(self, head, named):
        with refused("config-value", *named):
            build_head("32s", **head)


def photo(height, width, **meta):
    meta = {"ori_shape": (height, width), "img_shape": (height, width), "img_path": "photo7.jpg", **meta}
    return torch.randint(0, 256, (3, height, width), dtype=torch.uint8), SegDataSample(metainfo=meta)


GIVEN = photo(160, 200)


def step(model, *photos, **test_cfg):
    model = copy.deepcopy(model)
    model.test_cfg = ConfigDict({"mode": "whole", **test_cfg})
    images, samples = zip(*photos, strict=True)
    with torch.inference_mode():
        return model.test_step({"inputs": list(images), "data_samples": [one.clone() for one in samples]})


@pytest.fixture(scope="module", params=STREAMS)
def net(request):
    """FCN-32s, 16s and 8s whose logits have a mean of 0 and a deviation of 1 on ``GIVEN``."""
    torch.manual_seed(0)
    model = build_fcn(STREAMS[request.param], num_classes=2, head=dict(threshold=0.4, **SIGMOID))
    image = model.data_preprocessor({"inputs": [GIVEN[0]]}, False)["inputs"]
    with torch.no_grad():
        model.decode_head.score_fr.bias -= model(image).mean()
        deviation = model(image).std()
        for name, parameter in model.decode_head.named_parameters():
            parameter /= deviation if name.startswith("score_") else 1
    return model


def test_every_way_to_a_label_map_agrees(net):
    given = GIVEN
    (full,) = step(net, given)
    logits = full.seg_logits.data
    assert logits.shape == (1, 160, 200)  # true logits: mmseg would give probabilities
    wanted = (logits.sigmoid() > 0.4).long()
    assert 0.1 < wanted.float().mean() < 0.9
    assert not torch.equal(wanted, (logits > 0).long())  # of 0.5
    assert full.pred_sem_seg.data.dtype == torch.int64
    for options in (dict(), dict(keep_logits=False), dict(mode="tiles", tile=96)):
        found = step(net, given, **options)[0].pred_sem_seg.data
        assert (found == wanted).float().mean() > 0.9999, options
    slid = step(net, given, mode="slide", crop_size=(96, 96), stride=(64, 64))[0]
    assert (slid.pred_sem_seg.data == (slid.seg_logits.data.sigmoid() > 0.4)).all()


def test_resized_images(net):
    given = photo(70, 90, ori_shape=(140, 180))
    (full,), (lean,) = step(net, given), step(net, given, keep_logits=False)
    assert torch.equal(full.pred_sem_seg.data, (full.seg_logits.data.sigmoid() > 0.4).long())
    assert full.pred_sem_seg.data.shape == (1, 140, 180)
    assert torch.equal(full.pred_sem_seg.data, lean.pred_sem_seg.data)


def test_one_step_trains_the_channel(net):
    model = copy.deepcopy(net).train()
    images, label = torch.randn(1, 3, 40, 50), torch.randint(0, 2, (40, 50))
    model(images, [sample(label)], mode="loss")["decode.loss_ce"].backward()
    assert all(p.grad.abs().sum() > 0 for key, p in model.named_parameters() if "score_" in key)


class TestFlipsAndScales:
    def merged(self, kind, model, logits):
        views = [SegDataSample(metainfo=dict(img_path="a.jpg")) for _ in logits]
        for view, values in zip(views, logits, strict=True):
            view.seg_logits = PixelData(data=values)
        return MODELS.build(dict(type=kind, module=model)).merge_preds([views])[0]

    def test_the_mean_probability_decides(self, net):
        """0.2 and 0.7 have a mean of 0.45, above the threshold; 0.2 and 0.5 have not."""
        logits = torch.tensor([[0.2, 0.2], [0.7, 0.5]]).logit().reshape(2, 1, 1, 2)
        assert self.merged("FCNTTAModel", net, logits).pred_sem_seg.data.tolist() == [[[1, 0]]]

    def test_a_softmax_gives_what_mmsegs_model_gives(self):
        model, logits = build_fcn(num_classes=4), torch.randn(3, 4, 5, 6)
        wanted = self.merged(SegTTAModel, model, logits).pred_sem_seg.data
        found = self.merged("FCNTTAModel", model, logits)
        assert torch.equal(found.pred_sem_seg.data, wanted)
        assert found.img_path == "a.jpg"
