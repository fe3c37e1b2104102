"""Starting from an ImageNet classifier, with files in torchvision's format that the tests write."""

import pytest
import torch
import torch.nn.functional as F
from support.builders import build_fcn
from support.refusals import refused

from fcn_plugin.weights.fit import load_classifier

FC = 8  # channels of fc6 and fc7, 4096 in the real files
WIDTHS = (64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512, "M")
BN = {"type": "BN"}


def classifier_state(norm=False, fc=FC):
    """Random state dict with the keys and shapes of torchvision's vgg16 or vgg16_bn, fc instead of 4096 channels."""
    state, index, channels = {}, 0, 3
    for width in WIDTHS:
        if width == "M":
            index += 1
            continue
        state[f"features.{index}.weight"] = torch.randn(width, channels, 3, 3) * (2 / channels / 9) ** 0.5
        state[f"features.{index}.bias"] = torch.randn(width)
        if norm:
            index += 1
            for kind in ("weight", "bias", "running_mean"):
                state[f"features.{index}.{kind}"] = torch.randn(width)
            state[f"features.{index}.running_var"] = torch.rand(width) + 0.5
            state[f"features.{index}.num_batches_tracked"] = torch.tensor(0)
        index, channels = index + 2, width
    for i, shape in ((0, (fc, 512 * 7 * 7)), (3, (fc, fc)), (6, (1000, fc))):
        state[f"classifier.{i}.weight"] = torch.randn(shape) / shape[1] ** 0.5
        state[f"classifier.{i}.bias"] = torch.randn(shape[0])
    return state


def run_classifier(state, x):
    """torchvision's VGG as functions: image 224 x 224 -> fc7's activations."""
    index = 0
    for width in WIDTHS:
        if width == "M":
            x, index = F.max_pool2d(x, 2), index + 1
            continue
        x = F.conv2d(x, state[f"features.{index}.weight"], state[f"features.{index}.bias"], padding=1)
        if f"features.{index + 1}.running_mean" in state:
            index += 1
            kinds = ("running_mean", "running_var", "weight", "bias")
            x = F.batch_norm(x, *(state[f"features.{index}.{kind}"] for kind in kinds))
        x, index = F.relu(x), index + 2
    x = x.flatten(1)
    for i in (0, 3):
        x = F.relu(F.linear(x, state[f"classifier.{i}.weight"], state[f"classifier.{i}.bias"]))
    return x


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
    state = classifier_state(norm)
    report = load_classifier(net, written(state, tmp_path / "vgg.pth"))

    image = torch.randn(1, 3, 224, 224)
    with torch.no_grad():
        pool3, pool4, pool5 = net.backbone(image)
        expected = run_classifier(state, image)
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


def test_a_training_checkpoint_of_the_classifier_fits_as_well(net, norm, tmp_path):
    state = classifier_state(norm)
    load_classifier(net, written({"state_dict": state, "meta": {"epoch": 3}}, tmp_path / "vgg.pth"))
    assert torch.equal(net.neck.fc6.weight, state["classifier.0.weight"].view(FC, 512, 7, 7))


def test_the_pretrained_option_loads_and_leaves_the_scores_zero(tmp_path):
    state = classifier_state()
    model = build_fcn(narrow=False, fc_channels=FC, pretrained=written(state, tmp_path / "vgg.pth"))
    assert torch.equal(model.backbone.features[0].conv.weight, state["features.0.weight"])
    assert torch.equal(model.neck.fc7.bias, state["classifier.3.bias"])


def test_a_file_of_the_other_kind_is_refused(net, norm, tmp_path):
    path = written(classifier_state(not norm), tmp_path / "vgg.pth")
    layer = "backbone.features.0.bn.weight"
    fault = f"nothing for {layer}" if norm else f"features.1.weight -> {layer}: the net has no such layer"
    refuse(net, path, f"{path} (torchvision VGG16{'' if norm else '_BN'})", fault)


def test_a_missing_layer_is_refused(net, norm, tmp_path):
    state = classifier_state(norm)
    del state["classifier.3.bias"]
    refuse(net, written(state, tmp_path / "vgg.pth"), f"nothing for neck.fc7.bias ({FC},)", "model.fc='random'")


def test_another_width_is_refused(net, norm, tmp_path):
    path = written(classifier_state(norm, fc=4), tmp_path / "vgg.pth")
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
    net, state = build_fcn(narrow=False, fc_channels=FC), classifier_state()
    state[key] = change(state[key])
    refuse(net, written(state, tmp_path / "vgg.pth"), key, code=code)
