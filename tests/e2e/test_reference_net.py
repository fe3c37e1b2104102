"""The reference geometry against the authors' nets: logits, loss and all gradients.

The oracle, ``reference_nets``, computes in float64, one image at a time as the authors' nets do; a batch is compared with the
images' sum. Logits and loss are those of the float32 net. Its gradients jump where rounding puts a unit on the other side of
a ReLU or gives a pooling another winner, by up to a few percent for one deep unit. So they are compared in float64 at every
size; in float32 to 1e-3 on small images that keep all units off these edges, and loosely on large ones, where among
millions of units some lie on one.
"""

import copy

import pytest
import torch
import torch.nn.functional as F
from mmcv.cnn import ConvModule
from mmseg.registry import MODELS
from support import builders
from support.builders import STREAMS, build_fcn, sample
from support.reference_nets import caffenet_weights, run_caffenet, run_vgg16, vgg16_weights
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from fcn_plugin.layers.fast_cpu import WinogradConv2d, use_fast_convolutions
from fcn_plugin.models.backbones.alexnet import AlexNet

CLASSES = 3
SHRINK = 32  # of VGG16's channels
VARIANTS = {**STREAMS, "atonce": STREAMS["8s"]}
SUM_LOSS = {"type": "FCNCrossEntropyLoss", "reduction": "sum"}
VGG16_CONVS = [f"conv{stage}_{i}" for stage, depth in enumerate([2, 2, 3, 3, 3], 1) for i in range(1, depth + 1)]
SMALL = [(64, 64), (17, 23), (1, 1)]
EACH_SIZE = pytest.mark.parametrize("size", [(500, 375), (375, 500), (366, 500), (333, 500), *SMALL], ids=str)


def build_vgg16(variant, **kwargs):
    neck = {"scales": (1, 0.01, 0.0001)} if variant == "atonce" else {}
    return build_fcn(VARIANTS[variant], geometry="reference", head={"loss_decode": SUM_LOSS}, neck=neck, **kwargs)


@MODELS.register_module()
class NarrowCaffeNet(AlexNet):
    """CaffeNet layer for layer, with an eighth of the channels."""

    def __init__(self):
        super().__init__(style="caffenet")
        for name, conv in list(self.named_children()):
            if isinstance(conv, nn.Conv2d):
                channels = max(3, conv.in_channels // 8), conv.out_channels // 8
                narrow = nn.Conv2d(*channels, conv.kernel_size, conv.stride, conv.padding, groups=conv.groups)
                setattr(self, name, narrow)


def build_caffenet(backbone, channels):
    neck = dict(type="FCNSkipNeck", in_channels=(channels,), fc6_kernel=6, fc_channels=8, scales=(1,))
    score = dict(streams=("fr",), in_channels=dict(fr=8), strides=dict(fr=32), num_classes=CLASSES)
    model = dict(
        type="FCN",
        geometry="reference",
        input_pad=98,  # conv1 pads 2 itself
        data_preprocessor=dict(type="SegDataPreProcessor", size_divisor=1),
        backbone=backbone,
        neck=neck,
        decode_head=dict(type="FCNSkipHead", loss_decode=SUM_LOSS, **score),
    )
    return MODELS.build(model).eval()


def parameters_by_caffe_name(model):
    """``conv1_1.weight``, ... -> parameter; none may be left over."""
    if hasattr(model.backbone, "features"):
        convs = [layer.conv for layer in model.backbone.features if isinstance(layer, ConvModule)]
        layers = dict(zip(VGG16_CONVS, convs, strict=True))
    else:
        layers = {f"conv{i}": getattr(model.backbone, f"conv{i}") for i in range(1, 6)}
    layers |= {"fc6": model.neck.fc6, "fc7": model.neck.fc7}
    layers |= {f"score_{name}": getattr(model.decode_head, f"score_{name}") for name in model.decode_head.streams}
    found = {f"{name}.{kind}": getattr(layer, kind) for name, layer in layers.items() for kind in ("weight", "bias")}
    assert {id(parameter) for parameter in found.values()} == {id(parameter) for parameter in model.parameters()}
    return found


def load(model, weights):
    """Take over all weights but the bilinear kernels, which the net makes itself."""
    parameters = parameters_by_caffe_name(model)
    assert set(parameters) == {name for name in weights if not name.startswith("upscore")}
    for name, parameter in parameters.items():
        assert parameter.shape == weights[name].shape, name
        parameter.data.copy_(weights[name])
    return model


def random_case(size, pixel=1.0):
    """Two images, and labels that are void (255) in a rectangle and on scattered pixels, but not in the corner."""
    torch.manual_seed(2)  # no unit of a small image on an edge
    image = pixel * torch.randn(2, 3, *size)
    label = torch.randint(0, CLASSES, (2, *size))
    label[torch.rand(label.shape) < 0.1] = 255
    label[:, size[0] // 2 :, size[1] // 3 :] = 255
    label[:, 0, 0] = torch.arange(2)
    return image, label


def loss_and_gradients(model, image, label):
    """The package's own loss, and its gradients by Caffe name."""
    parameters = parameters_by_caffe_name(model)
    loss = model(image, [sample(one) for one in label], mode="loss")["decode.loss_ce"]
    return loss.item(), dict(zip(parameters, torch.autograd.grad(loss, list(parameters.values())), strict=True))


def oracle(run, weights, image, label):
    """(logits, summed loss, gradients by Caffe name) of one image (1, 3, H, W)."""
    weights = {name: tensor.double() for name, tensor in weights.items()}
    learned = {name: w.requires_grad_() for name, w in weights.items() if not name.startswith("upscore")}
    logits = run(weights, image.double())
    loss = F.cross_entropy(logits, label, reduction="sum", ignore_index=255)
    return logits.detach(), loss.item(), dict(zip(learned, torch.autograd.grad(loss, learned.values()), strict=True))


def assert_close(gradients, expected, tolerance):
    assert gradients.keys() == expected.keys()
    for name, plain in expected.items():
        assert plain.norm() > 0, name
        assert (gradients[name] - plain).norm() <= tolerance * plain.norm(), name


def compare(nets, weights, run, image, label):
    """Batches of one and of two images: logits to 1e-4 of the largest, loss to 1e-5, gradients in norm."""
    net, net64 = nets
    results = [oracle(run, weights, image[i : i + 1], label[i : i + 1]) for i in range(2)]
    for batch in (1, 2):
        logits, losses, gradients = zip(*results[:batch], strict=True)
        logits, loss = torch.cat(logits), sum(losses)
        gradients = {name: sum(each[name] for each in gradients) for name in gradients[0]}
        with torch.no_grad():
            ours = net(image[:batch])
        assert ours.shape == logits.shape == (batch, CLASSES, *image.shape[2:])
        assert 0.01 < logits.abs().max() < 50
        assert (ours - logits).abs().max() <= 1e-4 * logits.abs().max()
        small = tuple(image.shape[2:]) in SMALL
        for model, dtype, tolerance in ((net, torch.float32, 1e-3 if small else 0.05), (net64, torch.float64, 1e-5)):
            our_loss, our_gradients = loss_and_gradients(model, image[:batch].to(dtype), label[:batch])
            assert our_loss == pytest.approx(loss, rel=1e-5)
            assert_close(our_gradients, gradients, tolerance)


@pytest.fixture(scope="module", params=VARIANTS)
def vgg16(request):
    """(the net in float32 and in float64, weights, the oracle) of one variant."""
    weights = vgg16_weights(CLASSES, SHRINK, variant=request.param)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(builders, "SHRINK", SHRINK)
        net = load(build_vgg16(request.param, num_classes=CLASSES), weights)
    return (net, copy.deepcopy(net).double()), weights, lambda w, image: run_vgg16(w, request.param, image)


@pytest.fixture(scope="module")
def narrow_caffenet():
    """As :func:`vgg16`, for FCN-AlexNet."""
    weights = caffenet_weights(CLASSES, shrink=8)
    net = load(build_caffenet(dict(type="NarrowCaffeNet"), channels=32), weights)
    return (net, copy.deepcopy(net).double()), weights, run_caffenet


@EACH_SIZE
def test_vgg16_nets(vgg16, size):
    compare(*vgg16, *random_case(size))


@pytest.mark.parametrize("size", [(366, 500), *SMALL], ids=str)
def test_winograd_keeps_to_the_same_bounds(size, monkeypatch):
    """Every 3 x 3 convolution of FCN-8s, wide enough or not; batch, gradients and all."""
    monkeypatch.setattr(builders, "SHRINK", SHRINK)
    weights = vgg16_weights(CLASSES, SHRINK)
    net = by_winograd(load(build_vgg16("8s", num_classes=CLASSES), weights))
    compare((net, copy.deepcopy(net).double()), weights, lambda w, image: run_vgg16(w, "8s", image), *random_case(size))


def by_winograd(net):
    use_fast_convolutions(net, "winograd")
    assert len([layer for layer in net.modules() if isinstance(layer, WinogradConv2d)]) == len(VGG16_CONVS)
    return net


@EACH_SIZE
def test_fcn_alexnet(narrow_caffenet, size):
    compare(*narrow_caffenet, *random_case(size, pixel=64.0))


def test_fcn_alexnet_with_all_channels():
    weights = caffenet_weights(CLASSES)
    net = load(build_caffenet(dict(type="AlexNet", style="caffenet"), channels=256), weights)
    assert net.decode_head.crops == {"score": 18}
    assert net.decode_head.upscore.kernel_size == (63, 63)
    for size in SMALL:
        compare((net, copy.deepcopy(net).double()), weights, run_caffenet, *random_case(size, pixel=64.0))


class _NoRandomStart(TorchFunctionMode):
    """Leaves out random values for 134 million weights, which are all replaced."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        return args[0] if func in (Tensor.normal_, Tensor.uniform_) else func(*args, **(kwargs or {}))


def test_fcn8s_at_full_width():
    weights = vgg16_weights(21, shrink=1, fc=4096)
    # VGG16 has 138,357,544 parameters, 4,097,000 of them in fc8
    assert sum(w.numel() for name, w in weights.items() if "score" not in name) == 134_260_544
    with _NoRandomStart():
        net = build_vgg16("8s", narrow=False, fc_channels=4096, num_classes=21)
    load(net, weights)
    image = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        plain = run_vgg16(weights, "8s", image)
        assert plain.shape == (1, 21, 64, 64)
        assert plain.abs().max() > 0.1
        for model in (net, by_winograd(net)):
            assert (model(image) - plain).abs().max() <= 1e-4 * plain.abs().max()
