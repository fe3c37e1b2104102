"""Point refinement: which pixels change, what they become, and that all ways to a label map agree."""

import copy
import math

import pytest
import torch
import torch.nn.functional as F
from mmengine.config import ConfigDict
from mmseg.structures import SegDataSample
from support.builders import balance_classes, build_fcn, build_points, sample
from support.refusals import refused

from fcn_plugin.data.seeds import mix_seed, seed_all
from fcn_plugin.layers.coord_map import CoordMap
from fcn_plugin.models import FCNPointHead, label_maps
from fcn_plugin.models.decision import SOFTMAX
from fcn_plugin.models.points.draw import draw_points, take

GEOMETRIES = pytest.mark.parametrize("geometry", ["aligned", "reference"])


@pytest.fixture(scope="module")
def model():
    """FCN-8s with points whose classes all win somewhere on noise."""
    torch.manual_seed(0)
    net = build_points(num_classes=5, head=dict(fine=2))
    balance_classes(net, torch.randn(1, 3, 128, 128))
    return net


def before_and_after(net, image):
    head = net.decode_head
    with torch.no_grad():
        inputs = net.extract_feat(image)
        return head.upsample_scores(head.fuse_scores(inputs).float(), inputs[-1]), net(image)


def by_hand(margin=2.0):
    """A head of two classes and stride 8 whose correction adds 10 to the class that the features of stride 1 show."""
    loss = dict(type="FCNCrossEntropyLoss")
    maps = dict(in_channels=dict(fr=1), strides=dict(fr=8), out_channels=2)
    head = FCNPointHead(("fr",), **maps, num_classes=2, margin=margin, channels=2, layers=1, loss_decode=loss)
    head.check_channels([1, 2])
    head.init_weights()
    head.align([CoordMap().down(8, 8), CoordMap()], CoordMap())
    head.score_fr.weight.data[:, 0, 0, 0] = torch.tensor([1.0, -1.0])
    head.point_fc[0].weight.data = torch.tensor([[0.0, 0, 1, 0], [0, 0, 0, 1]])  # logits, features
    head.point_score.weight.data = 10 * torch.eye(2)
    return head


def test_uncertain_pixels_are_corrected_and_no_others():
    """The truth changes at column 12; the scores of stride 8 change at 15.5, and are uncertain from 13 to 18 alone."""
    truth = (torch.arange(32) >= 12).long().expand(32, 32)
    features = F.one_hot(truth, 2).permute(2, 0, 1)[None].float()
    deep = torch.tensor([4.0, 4, -4, -4]).expand(1, 1, 4, 4)
    head, plain = by_hand(), by_hand(margin=0.0)
    with torch.no_grad():
        coarse, refined = (each([deep, features, (32, 32)])[0] for each in (plain, head))
    margin = (coarse[0] - coarse[1]).abs()
    # 4 to both sides, linear between the middles of cells, 11.5 and 19.5: a pixel is 2 of margin
    chosen = margin < 2
    assert chosen[16].nonzero().flatten().tolist() == [15, 16]
    assert torch.equal(refined[:, ~chosen], coarse[:, ~chosen])
    assert (coarse.argmax(0) != truth)[chosen].any()
    assert torch.equal(refined.argmax(0)[chosen], truth[chosen])
    wide = by_hand(margin=7.5)
    with torch.no_grad():
        found = wide([deep, features, (32, 32)]).argmax(1)[0]
    assert (coarse.argmax(0) != truth).sum() == 4 * 32
    assert torch.equal(found, truth)


@GEOMETRIES
def test_only_the_chosen_change(geometry):
    net = build_points(geometry=geometry, num_classes=5)
    coarse, refined = before_and_after(net, torch.randn(2, 3, 40, 56))
    chosen = coarse.topk(2, 1).values.diff(dim=1)[:, 0].neg() < net.decode_head.margin
    assert 0 < chosen.sum() < chosen.numel()
    assert torch.equal((coarse != refined).any(1), chosen)


@GEOMETRIES
def test_a_new_net_is_the_net_without_points(geometry):
    """Its own layers may be missing in a file."""
    net = build_points(geometry=geometry)
    plain = build_fcn(geometry=geometry, neck=dict(dropout_ratio=0.0)).state_dict()
    missing, unexpected = net.load_state_dict(plain, strict=False)
    assert not unexpected
    assert {key for key in missing if FCNPointHead.may_be_new(key)} == set(missing) != set()
    net.decode_head.point_score.weight.data.zero_()
    coarse, refined = before_and_after(net, torch.randn(1, 3, 40, 40))
    assert torch.equal(coarse, refined)


def test_layers_that_depend_on_the_number_of_classes():
    three, five = (build_points(num_classes=n).state_dict() for n in (3, 5))
    changed = {key for key in three if three[key].shape != five[key].shape}
    assert {key for key in three if FCNPointHead.class_dependent(key)} == changed
    assert [FCNPointHead.count_classes(state) for state in (three, five)] == [3, 5]


def photo(height, width):
    meta = {"ori_shape": (height, width), "img_shape": (height, width), "img_path": "photo7.jpg"}
    return torch.randint(0, 256, (3, height, width), dtype=torch.uint8), SegDataSample(metainfo=meta)


def labels(net, photos, **test_cfg):
    net.test_cfg = ConfigDict({"mode": "whole", **test_cfg})
    images, samples = zip(*photos, strict=True)
    with torch.inference_mode():
        done = net.test_step({"inputs": list(images), "data_samples": [each.clone() for each in samples]})
    return torch.stack([each.pred_sem_seg.data.long()[0] for each in done])


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_all_ways_to_a_label_map_agree(model, precision, monkeypatch):
    net, photos = copy.deepcopy(model), [photo(90, 110), photo(90, 110)]
    net.precision = precision
    net.to_inference()
    whole = labels(net, photos)
    margin, net.decode_head.margin = net.decode_head.margin, 0.0
    assert (labels(net, photos) != whole).float().mean() > 0.01  # refinement shows
    net.decode_head.margin = margin
    for bytes_at_a_time in (4 << 20, 20_000):
        monkeypatch.setitem(label_maps.STRIP_BYTES, "cpu", bytes_at_a_time)
        assert (labels(net, photos, keep_logits=False) == whole).float().mean() > 0.9999
    with monkeypatch.context() as patch:
        patch.setattr("fcn_plugin.models.points.head.AT_A_TIME", 1000)
        assert (labels(net, photos) == whole).float().mean() > 0.9999


def test_tiles_give_the_label_map_of_the_whole(model):
    """With a quarter of the context it shows where they meet, with points as without: the test can tell."""
    net, photos = copy.deepcopy(model), [photo(40, 520)]
    whole = labels(net, photos)
    assert (labels(net, photos, mode="tiles", tile=64) == whole).float().mean() > 0.9999
    net.decode_head.reach //= 8
    assert (labels(net, photos, mode="tiles", tile=64) == whole).float().mean() < 0.9999


def test_images_that_are_resized_back(model):
    image, one = photo(70, 90)
    one.set_metainfo({"ori_shape": (140, 180)})
    net = copy.deepcopy(model)
    full = labels(net, [(image, one)])
    assert full.shape == (1, 140, 180)
    assert (labels(net, [(image, one)], keep_logits=False) == full).all()


def batch(void=None):
    torch.manual_seed(3)
    masks = torch.randint(0, 5, (2, 33, 65))
    if void is not None:
        masks[void] = 255
    return torch.randn(2, 3, 33, 65), masks


def losses(net, images, masks):
    seed_all(mix_seed(7, 120, 0))  # as before step 120 of a run, resumed or not
    return net(images, [sample(mask) for mask in masks], "loss")


def test_the_points_of_a_step_depend_on_its_seed_alone(model):
    net, (images, masks) = copy.deepcopy(model).train(), batch()
    first = losses(net, images, masks)["decode.point_loss_ce"]
    torch.rand(5)
    assert losses(net, images, masks)["decode.point_loss_ce"] == first
    seed_all(8)
    assert net(images, [sample(mask) for mask in masks], "loss")["decode.point_loss_ce"] != first


def test_the_loss_of_points_by_hand(model):
    """It is the cross entropy of the corrected logits of the drawn pixels; that of all pixels is of the others."""
    net, (images, masks) = copy.deepcopy(model), batch(void=(slice(None), slice(0, 12)))
    found = losses(net, images, masks)
    coarse, _ = before_and_after(net, images)
    net.decode_head.margin = math.inf
    _, corrected = before_and_after(net, images)
    seed_all(mix_seed(7, 120, 0))
    points = draw_points(coarse, masks[:, None], 64, net.decision, 255)
    logits, truth = take(corrected, points), take(masks[:, None], points)[:, 0]
    wanted = F.cross_entropy(logits, truth, ignore_index=255)
    torch.testing.assert_close(found["decode.point_loss_ce"], wanted, rtol=1e-4, atol=1e-5)
    right = (logits.argmax(1) == truth).sum() / (truth != 255).sum()
    assert found["decode.point_acc_seg"].item() == pytest.approx(100 * right.item(), abs=1e-3)
    torch.testing.assert_close(found["decode.loss_ce"], F.cross_entropy(coarse, masks, ignore_index=255))


def test_void_counts_nowhere(model):
    net, (images, masks) = copy.deepcopy(model).train(), batch(void=...)
    found = losses(net, images, masks)
    assert found["decode.point_loss_ce"] == found["decode.loss_ce"] == 0
    sum(value for name, value in found.items() if "loss" in name).backward()
    assert all(p.grad is None or not p.grad.any() for p in net.decode_head.parameters())


def test_drawn_points_are_the_uncertain_and_some_others():
    """Void is uncertain too: it is drawn where nothing else is left, and among the quarter that nobody looks at."""
    torch.manual_seed(0)
    logits = torch.zeros(2, 3, 40, 50)
    logits[:, 0] = torch.arange(50) * 1.0  # the margin is the column
    label = torch.zeros(2, 1, 40, 50, dtype=torch.long)
    label[..., :10] = 255
    x, y = draw_points(logits, label, 400, SOFTMAX, 255).unbind(-1)
    assert x.shape == (2, 1, 400)
    assert y.unique().numel() == 40
    assert (x[..., :300] >= 10).all()
    assert x[..., :300].max() < 30  # of 1,200 points 960 are labelled; 300 of them end near column 10 + 40 * 300 / 960
    assert (x[..., 300:] < 10).any()
    assert (x[..., 300:] > 40).any()
    single = draw_points(torch.zeros(1, 2, 1, 1), torch.zeros(1, 1, 1, 1), 8, SOFTMAX, 255)
    assert single.shape == (1, 1, 8, 2)


@pytest.mark.parametrize(
    "head",
    [dict(out_channels=1, threshold=0.4, num_classes=2), dict(multilabel=True)],
    ids=["one channel", "several labels"],
)
def test_sigmoids(head):
    """The distance from the threshold is the margin."""
    loss = dict(type="FCNCrossEntropyLoss", use_sigmoid=True)
    net = build_points(head=dict(loss_decode=loss, **head))
    coarse, refined = before_and_after(net, torch.randn(1, 3, 40, 40))
    chosen = ((coarse - net.decision.limit).abs() < net.decode_head.margin).any(1)
    assert torch.equal((coarse != refined).any(1), chosen)
    assert chosen.any()
    mask = torch.randint(0, 2, (net.num_classes if net.decision.multilabel else 1, 40, 40))
    mask[:, :9] = 255
    one = sample(mask[0])
    one.gt_sem_seg.data = mask
    found = net.train()(torch.randn(1, 3, 40, 40), [one], "loss")
    assert found["decode.point_loss_ce"].isfinite() and found["decode.point_loss_ce"] > 0


def test_what_does_not_fit_is_refused():
    for name in ("fine", "points", "channels", "layers"):
        with refused("config-value", f"decode_head.{name} is 0"):
            build_points(head={name: 0})
    with refused("config-value", "decode_head.fine is 5, the neck returns 4 maps"):
        build_points(head=dict(fine=5))
    with refused("config-value", "loss_decode has FCNDiceLoss", "FCNCrossEntropyLoss"):
        build_points(head=dict(loss_decode=dict(_delete_=True, type="FCNDiceLoss")))
