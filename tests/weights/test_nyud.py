"""The authors' NYUDv2 files through the importer: logits, gradients and images; the oracle is ``nyud_nets`` in float64."""

import copy

import pytest
import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from support.builders import init_default_scope, sample, tensors_of
from support.caffe_writer import write_caffemodel
from support.configs import own_config
from support.nyud_nets import BANDS, nyud_weights, run_nyud
from support.refusals import refused

from fcn_plugin.commands.import_weights import import_weights

IMAGES = {"color": "nyud-color", "hha": "nyud-hha", "depth": None, "colorhha": None}
COLOR, HHA = [116.190, 97.203, 92.318], [132.431, 94.076, 118.477]
RECORDS = {
    "color": [[2, 1, 0], COLOR],
    "hha": [[-1] * 3, HHA],
    "depth": [[2, 1, 0, -1], [*COLOR, 7.844]],
    "colorhha": [[2, 1, 0, -1, -1, -1], COLOR + HHA],
}


# a pooling counts as a layer, a convolution with its ReLU as one
VGG16 = dict(
    zip(
        [f"conv{stage}_{i}" for stage, depth in enumerate((2, 2, 3, 3, 3), 1) for i in range(1, depth + 1)],
        (0, 1, 3, 4, 6, 7, 8, 10, 11, 12, 14, 15, 16),
        strict=True,
    )
)


def narrow(kind):
    """The config with a sixteenth of VGG16's channels, without dropout."""
    cfg = own_config(f"reference/fcn32s_vgg16_nyud_{kind}")
    cfg.merge_from_dict(
        {
            "model.pretrained": None,
            "model.backbone.type": "NarrowVGG",
            "model.neck": dict(in_channels=(16, 32, 32), fc_channels=8, dropout_ratio=0.0),
            "model.decode_head.in_channels": dict(fr=8, pool4=32, pool3=16),
        }
    )
    init_default_scope("mmseg")
    return cfg


def write(path, weights):
    layers = {}
    for name, tensor in weights.items():
        layers.setdefault(name.split(".")[0], []).append(tensor.numpy())
    return write_caffemodel(path, layers)


@pytest.fixture(scope="module", params=BANDS)
def imported(request, tmp_path_factory):
    """(kind, weights of the file, imported tensors, net in float32, report)."""
    kind, folder = request.param, tmp_path_factory.mktemp("nyud")
    weights, cfg = nyud_weights(kind), narrow(request.param)
    source, target = write(folder / f"nyud-fcn32s-{kind}-heavy.caffemodel", weights), folder / "net.safetensors"
    report = import_weights(source, str(target), cfg, IMAGES[kind])
    net = MODELS.build(cfg.model).eval()
    tensors = tensors_of(target)
    net.load_state_dict(tensors)
    return kind, weights, tensors, net, report


def test_the_record_says_what_images_the_file_expects(imported):
    kind, _, tensors, _, report = imported
    wanted = torch.tensor([*RECORDS[kind], [1] * BANDS[kind]], dtype=torch.float32)
    torch.testing.assert_close(tensors["preprocessing"], wanted)
    assert not any(line.startswith("assumed") for line in report)
    assert any(line.startswith("checked") and "upscore" in line for line in report)


def own_name(name):
    """The parameter of our nets for one of the authors'."""
    layer, kind = name.split(".")
    trunk = next((trunk for trunk in ("color", "hha") if layer.endswith(trunk)), "")
    layer, dot = layer.removesuffix(trunk).removesuffix("_bgrd"), f".{trunk}" if trunk else ""
    if layer in VGG16:
        return f"backbone{dot}.features.{VGG16[layer]}.conv.{kind}"
    return f"neck{dot}.{layer}.{kind}" if layer.startswith("fc") else f"decode_head.{layer}{dot}.{kind}"


@pytest.mark.parametrize("size", [(64, 64), (37, 50), (1, 1)], ids=str)
def test_logits_and_gradients_are_the_authors(imported, size):
    """Gradients in float64: in float32 rounding puts single units on the other side of a ReLU."""
    kind, weights, _, net, _ = imported
    rng = torch.Generator().manual_seed(0)
    image = 60 * torch.randn(1, BANDS[kind], *size, generator=rng)
    label = torch.randint(0, 40, size, generator=rng)
    label[: size[0] // 3] = 255
    plain = {name: tensor.double().requires_grad_(name != "upscore.weight") for name, tensor in weights.items()}
    logits = run_nyud(plain, kind, image.double())
    assert logits.shape == (1, 40, *size)
    with torch.no_grad():
        assert (net(image) - logits).abs().max() <= 1e-4 * logits.abs().max()
    loss = F.cross_entropy(logits, label[None], reduction="sum", ignore_index=255)
    ours = copy.deepcopy(net).double()
    found = ours(image.double(), [sample(label)], mode="loss")["decode.loss_ce"]
    assert found.item() == pytest.approx(loss.item(), rel=1e-5)
    names, parameters = [name for name in plain if name != "upscore.weight"], dict(ours.named_parameters())
    assert {own_name(name) for name in names} == set(parameters)
    wanted = torch.autograd.grad(loss, [plain[name] for name in names])
    gradients = torch.autograd.grad(found, [parameters[own_name(name)] for name in names])
    for name, own, theirs in zip(names, gradients, wanted, strict=True):
        assert theirs.norm() > 0, name
        assert (own - theirs).norm() <= 1e-3 * theirs.norm(), name


def test_a_file_of_vgg16s_names_is_not_taken_for_one_of_other_means(tmp_path):
    """The names are those of VOC's nets: without --images the file is one of ImageNet's mean, and the config refuses it."""
    source = write(tmp_path / "hha.caffemodel", nyud_weights("hha"))
    with refused("weights-preprocessing", "mean (104.007, 116.669, 122.679)", "--images"):
        import_weights(source, str(tmp_path / "net.pth"), narrow("hha"))
    assumed = [line for line in import_weights(source, str(tmp_path / "net.pth")) if line.startswith("assumed")]
    assert len(assumed) == 1 and "nyud-hha" in assumed[0]


def test_a_late_fusion_fits_no_other_net(tmp_path):
    source = write(tmp_path / "both.caffemodel", nyud_weights("colorhha"))
    with refused("weights-preprocessing", "BGRXXX"):
        import_weights(source, str(tmp_path / "net.pth"), narrow("color"))
    weights = nyud_weights("colorhha")
    del weights["fc6hha.weight"], weights["fc6hha.bias"]
    with refused("weights-fit", "nothing for neck.hha.fc6.weight"):
        import_weights(write(tmp_path / "less.caffemodel", weights), str(tmp_path / "net.pth"), narrow("colorhha"))


def test_early_fusion_starts_from_vgg16_as_it_is_and_the_mean_for_depth(tmp_path):
    classifier = {name: tensor for name, tensor in nyud_weights("color").items() if "score" not in name}
    source = write(tmp_path / "vgg.caffemodel", classifier)
    for kind in ("depth", "hha"):
        cfg = narrow(kind)
        cfg.model.pretrained = source
        net = MODELS.build(cfg.model)
        net.init_weights()
        kernels, rgb = net.backbone.features[0].conv.weight.data, classifier["conv1_1.weight"]
        torch.testing.assert_close(kernels[:, :3], rgb, rtol=0, atol=0)
        if kind == "depth":
            torch.testing.assert_close(kernels[:, 3], rgb.mean(1))
        torch.testing.assert_close(net.neck.fc6.weight.data, classifier["fc6.weight"])
