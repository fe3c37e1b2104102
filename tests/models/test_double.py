"""``model.double()``: forward, losses and gradients in float64 throughout, as numeric checks of gradients need it."""

import pytest
import torch
from mmengine.structures import PixelData
from support.builders import build_fcn, sample

LOSSES = {
    "softmax": {},
    "class weights": {"loss_decode": {"type": "FCNCrossEntropyLoss", "class_weight": [1.0, 2.0, 3.0]}},
    "boundaries": {"loss_decode": {"type": "FCNBoundaryCrossEntropyLoss"}},
    "focal": {"loss_decode": {"type": "FCNFocalLoss"}},
    "Dice": {"loss_decode": {"type": "FCNDiceLoss"}},
    "one channel": {"out_channels": 1, "loss_decode": {"type": "FCNCrossEntropyLoss", "use_sigmoid": True}},
    "several labels": {"multilabel": True, "loss_decode": {"type": "FCNCrossEntropyLoss", "use_sigmoid": True}},
}


def net(geometry, head):
    torch.manual_seed(0)
    return build_fcn(geometry=geometry, head=head, num_classes=2 if "out_channels" in head else 3)


def masks(head):
    label = torch.randint(0, 2, (40, 36))
    label[:5] = 255
    truth = sample(label)
    if "multilabel" in head:
        truth.gt_sem_seg = PixelData(data=torch.stack([label, label, label]))
    return truth


@pytest.mark.parametrize("geometry", ["aligned", "reference"])
def test_forward_is_that_of_float32_with_more_digits(geometry):
    model, image = net(geometry, {}), torch.randn(1, 3, 40, 36) * 50
    with torch.no_grad():
        single = model(image)
        logits = model.double()(image.double())
        labels = [one.pred_sem_seg.data for one in model(image.double(), None, mode="predict")]
    assert logits.dtype == torch.float64
    torch.testing.assert_close(logits.float(), single, rtol=1e-4, atol=1e-5 * single.abs().max().item())
    assert not torch.equal(logits, logits.float().double())  # nothing on the way was rounded to float32
    assert torch.equal(labels[0][0], logits[0].argmax(0))


@pytest.mark.parametrize("head", LOSSES.values(), ids=LOSSES)
def test_gradients_are_the_slopes_of_the_loss(head):
    """Central differences of 1e-6 agree to six digits, which float32 has not."""
    model, image = net("aligned", head).double(), torch.randn(1, 3, 40, 36).double()
    truth = masks(head)

    def loss():
        losses = model(image, [truth], mode="loss")
        return next(value for name, value in losses.items() if "loss" in name)

    value = loss()
    assert value.dtype == torch.float64
    value.backward()
    for name in ("decode_head.score_pool4.bias", "neck.fc6.bias"):
        parameter = model.get_parameter(name)
        with torch.no_grad():
            parameter[0] += 1e-6
            above = loss()
            parameter[0] -= 2e-6
            below = loss()
            parameter[0] += 1e-6
        assert ((above - below) / 2e-6).item() == pytest.approx(parameter.grad[0].item(), rel=1e-5, abs=1e-8)


def test_a_step_of_training_takes_images_as_a_loader_gives_them():
    model = net("aligned", {}).double()
    data = dict(inputs=[torch.randint(256, (3, 40, 36), dtype=torch.uint8)], data_samples=[masks({})])
    batch = model.data_preprocessor(data, True)
    assert model(batch["inputs"], batch["data_samples"], mode="loss")["decode.loss_ce"].dtype == torch.float64
