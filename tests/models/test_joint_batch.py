"""Processes that share a batch take the gradient of the joint one and log its loss, however void is spread over them."""

import math

import pytest
import torch
import torch.nn.functional as F
from mmengine.model import MMDistributedDataParallel
from mmengine.optim import OptimWrapper
from support.builders import build_fcn, sample
from support.forked import values
from torch import distributed

from fcn_plugin.models.joint import joint_mean, joint_sum, sharing
from fcn_plugin.models.losses import FCNCrossEntropyLoss

pytestmark = pytest.mark.skipif(torch.cuda.is_available(), reason="gloo, and processes forked without a GPU's threads")

IMAGES, SIZE, VOID = 4, (40, 33), 255
LOSSES = {
    "mean": dict(),
    "mean, weighted": dict(class_weight=[1, 4, 0.1], loss_weight=0.5),
    "sum": dict(reduction="sum"),
    "sum, weighted": dict(reduction="sum", class_weight=[1, 4, 0.1], loss_weight=1e-2),
    "boundaries": dict(type="FCNBoundaryCrossEntropyLoss", boundary_width=2),
    "focal": dict(type="FCNFocalLoss"),
}


def batch():
    """Four images: void are one row, three quarters, nothing, everything."""
    draws = torch.Generator().manual_seed(1)
    images = torch.randint(256, (IMAGES, 3, *SIZE), generator=draws, dtype=torch.uint8)
    labels = torch.randint(3, (IMAGES, *SIZE), generator=draws)
    for label, rows in zip(labels, (1, 30, 0, 40), strict=True):
        label[:rows] = VOID
    return images, labels


def step(rank, count, loss):
    """(gradients by name, logged values) of the first step of one process of ``count``, which get equal shares of the images."""
    torch.manual_seed(0)
    head = dict(loss_decode={"type": "FCNCrossEntropyLoss", **loss})
    model = build_fcn(train_cfg=dict(), neck=dict(dropout_ratio=0.0), head=head).train()
    images, labels = (part.chunk(count)[rank] for part in batch())
    data = dict(inputs=list(images), data_samples=[sample(label) for label in labels])
    net = model if count == 1 else MMDistributedDataParallel(model, device_ids=None)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    gradients, named = {}, dict(model.named_parameters())
    optimizer.register_step_pre_hook(lambda *_: gradients.update({name: p.grad.clone() for name, p in named.items()}))
    logged = net.train_step(data, OptimWrapper(optimizer))
    return gradients, {name: value.item() for name, value in logged.items()}


def all_steps(rank, count):
    distributed.init_process_group("gloo")
    return {name: step(rank, count, loss) for name, loss in LOSSES.items()}


def norm(tensors):
    return torch.cat([tensor.flatten() for tensor in tensors.values()]).norm()


@pytest.fixture(scope="module")
def alone():
    return {name: step(0, 1, loss) for name, loss in LOSSES.items()}


@pytest.fixture(scope="module", params=[2, 4])
def shared(request):
    return values(request.param, all_steps, request.param)


@pytest.mark.parametrize("name", LOSSES)
def test_gradients_are_those_of_the_joint_batch(shared, alone, name):
    """Void is spread unevenly, and the last of four processes has nothing else."""
    expected, _ = alone[name]
    for process in shared:
        gradients, _ = process[name]
        errors = {key: gradients[key] - value for key, value in expected.items()}
        assert norm(errors) < 1e-6 * norm(expected)
        for key, value in expected.items():  # of single tensors, float32's rounding leaves up to 1e-6
            assert errors[key].norm() < 3e-6 * value.norm(), key


@pytest.mark.parametrize("name", LOSSES)
def test_logged_values_are_those_of_the_joint_batch(shared, alone, name):
    _, expected = alone[name]
    assert ("decode.ce_per_pixel" in expected) == name.startswith("sum")
    for process in shared:
        assert process[name][1] == pytest.approx(expected, rel=1e-6)


def parts(rank):
    """What two processes of a group see: a loss with a pixel sampler's weights, losses without gradients, a NaN of the second."""
    distributed.init_process_group("gloo")
    logits, label, weight = (part.chunk(2)[rank] for part in pixels())
    weighted = FCNCrossEntropyLoss()(logits, label, weight)
    each = FCNCrossEntropyLoss()(logits, label, reduction_override="none")
    with torch.no_grad():  # of the first process alone: who waited for the second would wait for ever
        alone = [FCNCrossEntropyLoss(reduction=name)(logits, label) for name in ("mean", "sum")] if rank == 0 else []
    seen = joint_mean(dict(loss=torch.tensor([1.0, float("nan")][rank]), acc=torch.tensor(rank)))
    return weighted, each, alone, {name: value.item() for name, value in seen.items()}


def pixels():
    draws = torch.Generator().manual_seed(2)
    label = torch.randint(3, (2, *SIZE), generator=draws)
    label[1, 5:] = VOID
    return torch.randn(2, 3, *SIZE, generator=draws), label, torch.rand(2, *SIZE, generator=draws)


def test_functions_of_a_group():
    logits, label, weight = pixels()
    (first, each, alone, seen), (second, _, _, seen_too) = values(2, parts)
    torch.testing.assert_close((first + second) / 2, FCNCrossEntropyLoss()(logits, label, weight))
    assert torch.equal(each, F.cross_entropy(logits[:1], label[:1], ignore_index=VOID, reduction="none"))
    for value, name in zip(alone, ("mean", "sum"), strict=True):
        assert torch.equal(value, F.cross_entropy(logits[:1], label[:1], ignore_index=VOID, reduction=name))
    assert math.isnan(seen["loss"]) and math.isnan(seen_too["loss"])  # so that all processes stop
    assert seen["acc"] == seen_too["acc"] == 0.5


def test_a_single_process_keeps_its_values():
    count, logged = torch.tensor(3), dict(loss=torch.tensor(1.0, requires_grad=True))
    assert sharing() == 1
    assert joint_sum(count) is count
    assert joint_mean(logged) is logged
