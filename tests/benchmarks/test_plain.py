"""The net that all ratios are taken to is the authors': against the transcription of their definitions."""

import pytest
import torch
from support.builders import STREAMS, build_fcn, build_from
from support.reference_nets import run_vgg16, vgg16_weights
from support.refusals import refused

from benchmarks.plain import PlainFCN

CLASSES, SHRINK = 3, 16


def copy_weights(plain, weights, streams):
    """Caffe's names -> the plain net's layers."""
    names = [f"conv{stage}_{i}" for stage, depth in enumerate([2, 2, 3, 3, 3], 1) for i in range(1, depth + 1)]
    layers = {**dict(zip(names, plain.convs, strict=True)), "fc6": plain.fc6, "fc7": plain.fc7}
    layers |= {f"score_{stream}": score for stream, score in zip(streams, plain.scores, strict=True)}
    for name, layer in layers.items():
        layer.load_state_dict({kind: weights[f"{name}.{kind}"] for kind in ("weight", "bias")})
    return [weights[name] for name in weights if name.startswith("upscore")]


@pytest.mark.parametrize("size", [(64, 64), (37, 50)])
@pytest.mark.parametrize("variant", [*STREAMS, "atonce"])
def test_logits(variant, size):
    streams = STREAMS.get(variant, STREAMS["8s"])
    neck = {"scales": (1, 0.01, 0.0001)} if variant == "atonce" else {}
    plain = PlainFCN(build_fcn(streams, "reference", num_classes=CLASSES, neck=neck)).eval()
    weights = vgg16_weights(CLASSES, shrink=SHRINK, variant=variant)
    for layer, kernel in zip(plain.upscores, copy_weights(plain, weights, streams), strict=True):
        assert torch.equal(layer.weight, kernel)  # dense: zeros between classes
    image = torch.randn(2, 3, *size)
    with torch.no_grad():
        torch.testing.assert_close(plain(image), run_vgg16(weights, variant, image), rtol=1e-4, atol=1e-5)


def test_it_has_the_weights_of_the_net_that_it_is_made_of():
    net = build_fcn(geometry="reference")
    image = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(PlainFCN(net).eval()(image), net(image), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    "make",
    [
        lambda: build_fcn(),
        lambda: build_fcn(geometry="reference", norm={"type": "BN"}),
        lambda: build_from("reference/fcn32s_caffenet_voc", "reference"),
    ],
    ids=["aligned", "batch norm", "AlexNet"],
)
def test_other_nets_are_refused(make):
    with refused("geometry", "VGG16"):
        PlainFCN(make())
