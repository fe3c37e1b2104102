"""Several tasks on one net: losses by hand, label maps on every way, what contradicts."""

import copy

import pytest
import torch
import torch.nn.functional as F
from mmengine.config import ConfigDict
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from support.builders import build_fcn
from support.refusals import refused

from fcn_plugin.models.tasks_head import TasksDecision

TASKS = dict(a=dict(num_classes=3), b=dict(num_classes=2, ignore_index=9))
DECISION = TasksDecision(sizes=(3, 2))


def build(tasks=TASKS, num_classes=5, **head):
    return build_fcn(num_classes=num_classes, head=dict(type="FCNTasksHead", tasks=tasks, **head))


def sample(label, paths=("a", "b")):
    meta = dict(img_path="photo7.jpg", seg_map_paths={name: f"{name}/photo7.png" for name in paths})
    return SegDataSample(gt_sem_seg=PixelData(data=label), metainfo=meta)


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(0)
    return build()


def test_decision():
    logits = torch.tensor([0.1, 0.9, 0.2, 3.0, 2.5])[:, None, None]
    assert DECISION.labels(logits).flatten().tolist() == [1, 0]
    assert DECISION.margin(logits).item() == pytest.approx(0.5)  # of b
    shares = DECISION.probabilities(logits)
    assert torch.allclose(shares[:3].sum(0), torch.ones(1)) and torch.allclose(shares[3:].sum(0), torch.ones(1))
    assert torch.equal(DECISION.labels_of(shares), DECISION.labels(logits))
    assert DECISION.maps(5) == (2,)
    row = DECISION.in_one_row(torch.tensor([[[1, 255]], [[1, 255]]]))
    assert row.tolist() == [[[1, 255]], [[4, 255]]]


def test_the_loss_is_the_sum_of_the_tasks_losses_without_their_void(net):
    logits = torch.randn(1, 5, 1, 3, generator=torch.Generator().manual_seed(1))
    label = torch.tensor([[[0, 2, 255]], [[9, 1, 0]]])
    losses = net.decode_head.loss_by_feat(logits, [sample(label)])
    first = F.cross_entropy(logits[:, :3], label[:1], ignore_index=255)
    second = F.cross_entropy(logits[:, 3:], label[1:], ignore_index=9)
    assert losses["a.loss_ce"].item() == pytest.approx(first.item())
    assert losses["b.loss_ce"].item() == pytest.approx(second.item())
    total, logged = net.parse_losses({f"decode.{name}": value for name, value in losses.items()})
    assert total.item() == pytest.approx((first + second).item())
    assert set(logged) == {"loss", *(f"decode.{task}.{name}" for task in "ab" for name in ("loss_ce", "acc_seg"))}


def test_a_task_has_a_loss_and_weights_of_its_own():
    own = dict(type="FCNCrossEntropyLoss", class_weight=[1.0, 3.0], reduction="sum")
    head = build(dict(a=TASKS["a"], b=dict(num_classes=2, loss_decode=own))).decode_head
    logits, label = torch.zeros(1, 5, 1, 2), torch.tensor([[[0, 0]], [[0, 1]]])
    losses = head.loss_by_feat(logits, [sample(label)])
    assert losses["b.loss_ce"].item() == pytest.approx(4 * torch.tensor(2.0).log().item())
    assert losses["a.loss_ce"].item() == pytest.approx(torch.tensor(3.0).log().item())
    with refused("class-weights", "task a", "2 class weights", "3 classes"):
        build(loss_decode=own)


def test_masks_that_do_not_fit(net):
    logits = torch.zeros(1, 5, 1, 2)
    with refused("mask-ids", "b/photo7.png", "id 2"):
        net.decode_head.loss_by_feat(logits, [sample(torch.tensor([[[0, 1]], [[2, 1]]]))])
    with refused("classes-count", "1 maps"):
        net.decode_head.loss_by_feat(logits, [sample(torch.zeros(1, 1, 2, dtype=torch.long))])
    with refused("classes-count", "(b, a)", "a, b"):
        net.decode_head.loss_by_feat(logits, [sample(torch.zeros(2, 1, 2, dtype=torch.long), ("b", "a"))])


def test_what_contradicts():
    with refused("config-value", "3 + 2", "num_classes=5"):
        build(num_classes=6)
    for tasks in (dict(a=dict(num_classes=5)), [3, 2], dict(a=3, b=2), {"a/b": TASKS["a"], "c": TASKS["b"]}):
        with refused("config-value", "decode_head.tasks"):
            build(tasks)
    with refused("config-value", "upsample.dense"):
        build(upsample=dict(learnable=True, dense=True))
    with refused("config-value", "sampler"):
        build(sampler=dict(type="OHEMPixelSampler", thresh=0.7, min_kept=1))


def test_every_way_to_the_maps_agrees(net):
    image = torch.randint(0, 256, (3, 160, 200), dtype=torch.uint8, generator=torch.Generator().manual_seed(2))

    def step(size=(160, 200), **test_cfg):
        one = copy.deepcopy(net)
        one.test_cfg = ConfigDict(dict(mode="whole") | test_cfg)
        meta = dict(ori_shape=size, img_shape=(160, 200), img_path="photo7.jpg")
        return one.test_step(dict(inputs=[image], data_samples=[SegDataSample(metainfo=meta)]))[0]

    with torch.no_grad():  # scores of one mean, so that several classes win
        logits = net(net.data_preprocessor(dict(inputs=[image]), False)["inputs"])
        net.decode_head.score_fr.bias -= logits.mean((0, 2, 3))
    with torch.inference_mode():
        full = step()
        wanted, logits = full.pred_sem_seg.data, full.seg_logits.data
        assert torch.equal(wanted, torch.stack([logits[:3].argmax(0), logits[3:].argmax(0)]))
        assert len(wanted[0].unique()) > 1 and len(wanted[1].unique()) > 1
        for options in (dict(keep_logits=False), dict(mode="tiles", tile=96)):
            assert (step(**options).pred_sem_seg.data == wanted).float().mean() > 0.9999
        resized = step((80, 100)), step((80, 100), keep_logits=False)
        assert resized[0].pred_sem_seg.data.shape == (2, 80, 100)
        assert torch.equal(*(each.pred_sem_seg.data for each in resized))
    one = copy.deepcopy(net)
    one.test_cfg.crf = dict()
    with refused("config-value", "crf"):
        one.encode_decode(torch.zeros(1, 3, 32, 32), [{}])
