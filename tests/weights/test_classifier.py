"""Starting from an ImageNet classifier, with files in torchvision's format that the tests write."""

import pytest
import torch
from support.builders import build_fcn
from support.refusals import refused
from support.torchvision_nets import narrow, on_meta, randomised

from fcn_plugin.weights.fit import load_classifier

FC = 8  # channels of fc6 and fc7, 4096 in the real files
BN = {"type": "BN"}


def classifier(norm=False, fc=FC):
    """torchvision's vgg16 or vgg16_bn with random values, fc instead of 4096 channels."""
    return randomised(narrow(on_meta("vgg16_bn" if norm else "vgg16"), fc))


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "BN"])
def norm(request):
    return request.param


@pytest.fixture(scope="module")
def net(norm):
    return build_fcn(narrow=False, fc_channels=FC, norm=BN if norm else None)


def written(state, path):
    torch.save(state, path)
    return str(path)


def refuse(model, path, *fragments, code="weights-fit"):
    """Expect that a file is refused, and that the net stays as it was."""
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with refused(code, path, *fragments):
        load_classifier(model, path)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def test_a_loaded_net_computes_what_the_classifier_computes(net, norm, tmp_path):
    vgg = classifier(norm)
    report = load_classifier(net, written(vgg.state_dict(), tmp_path / "vgg.pth"))

    image = torch.randn(1, 3, 224, 224)
    with torch.no_grad():
        pool3, pool4, pool5 = net.backbone(image)
        expected = vgg.classifier[:-1](vgg.features(image).flatten(1))
        # pool5 is 7 x 7: in its middle the padded fc6 sees all of it, as the linear layer does
        found = net.neck((pool3, pool4, pool5))[0][..., 3, 3]
    assert expected.std() > 0
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3 * expected.abs().max().item())

    assert f"reshaped ({FC}, 25088) -> ({FC}, 512, 7, 7) classifier.0.weight -> neck.fc6.weight" in report
    assert f"reshaped ({FC}, {FC}) -> ({FC}, {FC}, 1, 1) classifier.3.weight -> neck.fc7.weight" in report
    assert "copied (64, 3, 3, 3) features.0.weight -> backbone.features.0.conv.weight" in report
    assert [line for line in report if line.startswith("dropped")] == [
        f"dropped (1000, {FC}) classifier.6.weight: an FCN has no use for it",
        "dropped (1000,) classifier.6.bias: an FCN has no use for it",
    ]
    new = [line for line in report if line.startswith("newly initialised")]
    assert len(new) == 3 * 2
    assert "newly initialised (3, 512, 1, 1) decode_head.score_pool4.weight" in new
    # 13 convolutions and 2 fully connected layers of 2 tensors, 13 norms of 5, 2 dropped, 3 score layers of 2
    assert len(report) == 13 * 2 + 2 * 2 + (13 * 5 if norm else 0) + 2 + 3 * 2


def test_training_checkpoints_of_the_classifier_and_the_pretrained_option(net, norm, tmp_path):
    state = classifier(norm).state_dict()
    load_classifier(net, written({"state_dict": state, "meta": {"epoch": 3}}, tmp_path / "vgg.pth"))
    assert torch.equal(net.neck.fc6.weight, state["classifier.0.weight"].view(FC, 512, 7, 7))
    state = classifier().state_dict()
    model = build_fcn(narrow=False, fc_channels=FC, pretrained=written(state, tmp_path / "vgg.pth"))
    assert torch.equal(model.backbone.features[0].conv.weight, state["features.0.weight"])
    assert torch.equal(model.neck.fc7.bias, state["classifier.3.bias"])


def test_a_file_of_the_other_kind_is_refused(net, norm, tmp_path):
    path = written(classifier(not norm).state_dict(), tmp_path / "vgg.pth")
    layer = "backbone.features.0.bn.weight"
    fault = f"nothing for {layer}" if norm else f"features.1.weight -> {layer}: the net has no such layer"
    refuse(net, path, f"{path} (torchvision VGG16{'' if norm else '_BN'})", fault)


def test_a_missing_layer_is_refused(net, norm, tmp_path):
    state = classifier(norm).state_dict()
    del state["classifier.3.bias"]
    refuse(net, written(state, tmp_path / "vgg.pth"), f"nothing for neck.fc7.bias ({FC},)", "model.fc='random'")


def test_another_width_is_refused(net, norm, tmp_path):
    path = written(classifier(norm, fc=4).state_dict(), tmp_path / "vgg.pth")
    fault = f"(4, 25088) classifier.0.weight -> neck.fc6.weight: the net needs ({FC}, 512, 7, 7)"
    refuse(net, path, fault, "model.fc='random'", "'subsample'")


@pytest.mark.parametrize(
    ("key", "change", "code"),
    [
        ("classifier.0.weight", lambda t: t.T.contiguous(), "weights-format"),
        ("features.28.weight", lambda t: t.reshape(256, 1024, 3, 3), "weights-fit"),
    ],
)
def test_as_many_values_in_another_shape_are_refused(tmp_path, key, change, code):
    net, state = build_fcn(narrow=False, fc_channels=FC), classifier().state_dict()
    state[key] = change(state[key])
    refuse(net, written(state, tmp_path / "vgg.pth"), key, code=code)
