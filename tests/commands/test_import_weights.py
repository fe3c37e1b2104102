"""Classifiers and checkpoints through ``import_weights``: what is in the file it writes, and training that starts from it.

Sources carry the names of the real files, read off the other programs' own definitions, in narrow shapes and random values.
Where each tensor has to end is typed here. Whatever fails, the folder of the target stays as it was.
"""

import errno
import json
import os

import pytest
import torch
from mmpretrain.models.backbones import VGG
from mmseg.registry import MODELS
from safetensors.torch import save_file
from support.builders import build_fcn, tensors_of
from support.caffe_writer import write_caffemodel
from support.configs import own_config
from support.refusals import refused
from torchvision import models

from fcn_plugin.checkpoints.load import load_verified
from fcn_plugin.checkpoints.read import open_checkpoint, read_checkpoint
from fcn_plugin.commands.import_weights import import_weights
from fcn_plugin.weights.formats import caffe_names
from fcn_plugin.weights.preprocessing import describe

FC = 8  # channels of fc6 and fc7, 4096 in the real files
SUFFIXES = [".pth", ".safetensors"]
TORCHVISION = [[0, 1, 2], [123.675, 116.28, 103.53], [58.395, 57.12, 57.375]]
INCEPTION = [[0, 1, 2], [127.5] * 3, [127.5] * 3]
CAFFE = [[2, 1, 0], [104.00699, 116.66877, 122.67892], [1, 1, 1]]
VGG16_NAMES = [f"conv{stage}_{i}" for stage, depth in enumerate([2, 2, 3, 3, 3], 1) for i in range(1, depth + 1)]
# torchvision counts a convolution and its ReLU as two layers, mmpretrain as one
VGG16_TORCHVISION = [0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28]
VGG16_OURS = [0, 1, 3, 4, 6, 7, 8, 10, 11, 12, 14, 15, 16]
ALEXNET_TORCHVISION = [0, 3, 6, 8, 10]


# ---- sources: each writes its file and returns (the tensors in it, its layer -> ours; other layers have no place)


def shapes_of(definition):
    """Name -> shape of a program's own net, built without memory."""
    with torch.device("meta"):
        return {name: tuple(tensor.shape) for name, tensor in definition().state_dict().items()}


def narrow_vgg(shape):
    """A sixteenth of the channels of a convolution, 8 for fc6 and fc7, 5 classes."""
    narrow = {64: 4, 128: 8, 256: 16, 512: 32, 4096: FC, 25088: 32 * 49, 1000: 5}
    return tuple(narrow.get(side, side) for side in shape)


def filled(shapes):
    """Random values; counts stay whole numbers."""
    counts = {name: torch.tensor(7) for name in shapes if name.endswith("num_batches_tracked")}
    return {name: torch.randn(shape) for name, shape in shapes.items()} | counts


def to_vgg(layers, fc):
    convs = {name: f"backbone.features.{ours}.conv" for name, ours in zip(layers, VGG16_OURS, strict=True)}
    return convs | dict(zip(fc, ("neck.fc6", "neck.fc7"), strict=True))


def torchvision_vgg(path):
    state = filled({name: narrow_vgg(shape) for name, shape in shapes_of(models.vgg16).items()})
    torch.save(state, path)
    return state, to_vgg([f"features.{i}" for i in VGG16_TORCHVISION], ("classifier.0", "classifier.3"))


def mmpretrain_vgg(path):
    shapes = shapes_of(lambda: VGG(depth=16, num_classes=1000))
    state = filled({f"backbone.{name}": narrow_vgg(shape) for name, shape in shapes.items()})
    torch.save({"meta": {"epoch": 100}, "state_dict": state}, path)
    layers = [f"backbone.features.{i}.conv" for i in VGG16_OURS]
    return state, to_vgg(layers, ("backbone.classifier.0", "backbone.classifier.3"))


def write_caffe(path, state, **form):
    layers = {}
    for name, tensor in state.items():
        layers.setdefault(name.rpartition(".")[0], []).append(tensor.numpy())
    full = dict.fromkeys([name for name in layers if name.startswith("fc") or "classifier" in name], "InnerProduct")
    write_caffemodel(path, layers, full, **form)


def caffe_vgg(path):
    """In the form of the published file: old layers, four axes for everything."""
    names = [*VGG16_NAMES, "fc6", "fc7", "fc8"]
    shapes = [narrow_vgg(shape) for shape in shapes_of(models.vgg16).values()]
    state = filled(dict(zip((f"{n}.{kind}" for n in names for kind in ("weight", "bias")), shapes, strict=True)))
    write_caffe(path, state, layers="v1", legacy_shape=True)
    return state, to_vgg(VGG16_NAMES, ("fc6", "fc7"))


def torchvision_alexnet(path):
    shapes = shapes_of(models.alexnet).items()
    state = filled({n: narrow_vgg(shape) if n.startswith("classifier") else shape for n, shape in shapes})
    torch.save(state, path)
    goes = {f"features.{i}": f"backbone.conv{number}" for number, i in enumerate(ALEXNET_TORCHVISION, 1)}
    return state, goes | {"classifier.1": "neck.fc6", "classifier.4": "neck.fc7"}


def caffenet(path):
    layers = dict(conv1=(96, 3, 11, 11), conv2=(256, 48, 5, 5), conv3=(384, 256, 3, 3), conv4=(384, 192, 3, 3))
    layers |= dict(conv5=(256, 192, 3, 3), fc6=(FC, 256 * 36), fc7=(FC, FC), fc8=(5, FC))
    state = {}
    for name, shape in layers.items():
        state |= filled({f"{name}.weight": shape, f"{name}.bias": shape[:1]})
    write_caffe(path, state)
    return state, {f"conv{i}": f"backbone.conv{i}" for i in range(1, 6)} | {"fc6": "neck.fc6", "fc7": "neck.fc7"}


def torchvision_googlenet(path, definition=lambda: models.googlenet(init_weights=False, aux_logits=True)):
    state = filled(shapes_of(definition))
    torch.save(state, path)
    layers = {name.rpartition(".")[0] for name in state}
    return state, {name: f"backbone.{name}" for name in layers if not name.startswith(("aux", "fc"))}


def caffe_googlenet(path):
    backbone = MODELS.build(config_of(caffe_googlenet).model).backbone
    shapes = {name: tensor.shape for name, tensor in backbone.state_dict().items()}
    state = {}
    for name, ours in caffe_names().items():
        state |= filled({f"{name}.{kind}": shapes[f"{ours}.{kind}"] for kind in ("weight", "bias")})
    state |= filled({"loss1/conv.weight": (128, 512, 1, 1), "loss1/conv.bias": (128,)})
    state |= filled({"loss3/classifier.weight": (5, 1024), "loss3/classifier.bias": (5,)})
    write_caffe(path, state)
    return state, {name: f"backbone.{ours}" for name, ours in caffe_names().items()}


def torchvision_resnet(path):
    return torchvision_googlenet(path, models.resnet18)


NARROW_FC = {"neck.fc_channels": FC, "decode_head.in_channels.fr": FC}
NARROW = NARROW_FC | {
    "backbone.type": "NarrowVGG",
    "neck.in_channels": (16, 32, 32),
    "decode_head.in_channels.pool4": 32,
    "decode_head.in_channels.pool3": 16,
}
RESNET18 = {
    "backbone.depth": 18,
    "neck.in_channels": (128, 256, 512),
    "decode_head.in_channels": dict(fr=512, layer3=256, layer2=128),
}
SOURCES = {  # source: config, what makes it narrow, preprocessing
    torchvision_vgg: ("fcn8s_vgg16_voc", NARROW, TORCHVISION),
    mmpretrain_vgg: ("fcn16s_vgg16_voc", NARROW, TORCHVISION),
    caffe_vgg: ("reference/fcn8s-atonce_vgg16_voc", NARROW, CAFFE),
    torchvision_alexnet: ("fcn32s_alexnet_voc", NARROW_FC, TORCHVISION),
    caffenet: ("reference/fcn32s_caffenet_voc", NARROW_FC, CAFFE),
    torchvision_googlenet: ("fcn32s_googlenet_voc", {}, INCEPTION),
    caffe_googlenet: ("reference/fcn32s_googlenet_voc", {}, CAFFE),
    torchvision_resnet: ("fcn8s_r50_voc", RESNET18, TORCHVISION),
}


def config_of(source, **changes):
    name, narrow, _ = SOURCES[source]
    cfg = own_config(name)
    cfg.merge_from_dict({f"model.{key}": value for key, value in {"pretrained": None, **narrow, **changes}.items()})
    return cfg


def started(source, path):
    """The config's net after it has started from a file."""
    model = MODELS.build(config_of(source, pretrained=str(path)).model)
    model.init_weights()
    return model


def taken_of(state, goes):
    """Our names -> the source's tensors."""
    parts = {name: name.rpartition(".") for name in state}
    return {f"{goes[layer]}.{kind}": state[name] for name, (layer, _, kind) in parts.items() if layer in goes}


def assert_holds(found, taken):
    """The tensors are there under our names; a matrix and its kernel hold the same values in the same order."""
    for name, tensor in taken.items():
        assert found[name].dtype == tensor.dtype, name
        assert torch.equal(found[name].flatten(), tensor.flatten()), name


@pytest.fixture(scope="module", params=SOURCES, ids=lambda source: source.__name__)
def case(request, tmp_path_factory):
    """(source, its state, its tensors by our names, {target: report}): each source imported as both kinds of file."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("case")
    state, goes = request.param(folder / "source")
    targets = [folder / f"net{suffix}" for suffix in SUFFIXES]
    reports = {path: import_weights(str(folder / "source"), str(path), config_of(request.param)) for path in targets}
    return request.param, state, taken_of(state, goes), reports


def test_the_report_tells_of_every_tensor(case):
    _, state, taken, reports = case
    for path, (first, *lines, last) in reports.items():
        assert first.startswith(f"{path.with_name('source')}: ")
        assert last.startswith(f"wrote {path}: {len(taken)} tensors for images as ")
        assert last.endswith("start from it with model.pretrained")
        words = [line.split() for line in lines]
        for name in state:
            assert sum(name in line or f"{name}:" in line for line in words) == 1, name
        for name in taken:
            assert sum(line[-2:] == ["->", name] for line in words) == 1, name
        assert sum(line[0] == "dropped" for line in words) == len(state) - len(taken)
        # the scores of three streams at most, and fc6, fc7 never
        new = [line[-1] for line in words if line[:2] == ["newly", "initialised"]]
        assert new
        assert all(name.startswith("decode_head.score_") for name in new)


def test_the_file_holds_the_tensors_and_what_images_they_expect_and_training_starts_from_it(case):
    source, _, taken, reports = case
    for path in reports:
        found = tensors_of(path)
        assert torch.allclose(found.pop("preprocessing"), torch.tensor(SOURCES[source][2], dtype=torch.float32))
        assert found.keys() == taken.keys()
        assert_holds(found, taken)
        own = started(source, path).state_dict()
        assert_holds(own, taken)
        rest = own.keys() - taken.keys() - {"preprocessing"}
        assert all(name.startswith("decode_head.score_") for name in rest)
        assert not any(own[name].any() for name in rest)  # scores start from zero


def test_a_narrower_start(tmp_path):
    """fc6 and fc7 of 15 channels to 8: every second one."""
    state, _ = torchvision_vgg(tmp_path / "source.pth")
    wide = {"classifier.0": (15, 32 * 49), "classifier.3": (15, 15), "classifier.6": (5, 15)}
    for layer, shape in wide.items():
        state |= {f"{layer}.weight": torch.randn(shape), f"{layer}.bias": torch.randn(shape[0])}
    torch.save(state, tmp_path / "source.pth")
    source, target = str(tmp_path / "source.pth"), str(tmp_path / "net.safetensors")
    with refused("weights-fit", source, "classifier.0.weight", "'subsample'"):
        import_weights(source, target, config_of(torchvision_vgg))
    assert not (tmp_path / "net.safetensors").exists()
    report = import_weights(source, target, config_of(torchvision_vgg, fc="subsample"))
    assert any("subsampled" in line and "classifier.3.weight" in line for line in report)
    model = started(torchvision_vgg, target)
    assert torch.equal(model.neck.fc6.weight, state["classifier.0.weight"][::2].view(FC, 32, 7, 7))
    assert torch.equal(model.neck.fc7.weight[..., 0, 0], state["classifier.3.weight"][::2, ::2])
    assert torch.equal(model.neck.fc7.bias, state["classifier.3.bias"][::2])


def test_names_of_one_program_and_images_of_another(tmp_path):
    """Caffe's VGG16 under torchvision's names: the names say RGB, the weights want BGR."""
    state, goes = torchvision_vgg(tmp_path / "source.pth")
    source, target = str(tmp_path / "source.pth"), tmp_path / "net.pth"
    cfg = config_of(caffe_vgg)
    with refused("weights-preprocessing", source, "expect RGB", "gives BGR"):
        import_weights(source, str(target), cfg)
    assert not target.exists()
    import_weights(source, str(target), cfg, images="caffe")
    found = tensors_of(target)
    assert torch.allclose(found.pop("preprocessing"), torch.tensor(CAFFE, dtype=torch.float32))
    assert_holds(found, taken_of(state, goes))


NYUD = [116.19, 97.203, 92.318]  # B, G, R


@pytest.mark.parametrize(
    "images, expected",
    [
        (None, CAFFE),
        ("BGR:116.19,97.203,92.318", [[2, 1, 0], NYUD, [1, 1, 1]]),
        ("RGB:132.431,94.076,118.477", [[0, 1, 2], [132.431, 94.076, 118.477], [1, 1, 1]]),  # HHA, in the file's order
        ("BGRX:1,2,3,4:5,6,7,8", [[2, 1, 0, -1], [1, 2, 3, 4], [5, 6, 7, 8]]),
    ],
)
def test_the_images_of_a_trained_net_are_stated_or_said_to_be_assumed(tmp_path, images, expected):
    state, _ = caffe_vgg(tmp_path / "classifier.caffemodel")
    state |= filled({"score_fr.weight": (40, FC, 1, 1), "score_fr.bias": (40,)})
    write_caffe(tmp_path / "net.caffemodel", {name: state[name] for name in state if not name.startswith("fc8")})
    report = import_weights(str(tmp_path / "net.caffemodel"), str(tmp_path / "net.pth"), images=images)
    found = tensors_of(tmp_path / "net.pth")["preprocessing"]
    assert torch.equal(found, torch.tensor(expected, dtype=torch.float32))
    assumed = [line for line in report if line.startswith("assumed: ")]
    assert len(assumed) == (images is None)
    assert all("mean (104.007, 116.669, 122.679)" in line and "--images" in line for line in assumed)


@pytest.mark.parametrize(
    "images", ["NYUD", "BGR", "BGR:1,2", "BGR:1,2,x", "BGR:1,2,3:0,1,1", "BGB:1,2,3", "BGR:1,2,3:1,1,1:1", ""]
)
def test_images_that_are_none(tmp_path, images):
    caffe_vgg(tmp_path / "net.caffemodel")
    with refused("option-value", repr(images), "caffe, torchvision, inception", "BGR:104.007,116.669,122.679"):
        import_weights(str(tmp_path / "net.caffemodel"), str(tmp_path / "net.pth"), images=images)
    assert not (tmp_path / "net.pth").exists()


def test_a_classifier_for_a_net_of_another_mean(tmp_path):
    """As the authors start their NYUDv2 nets: ImageNet's VGG16, the data's own mean; HHA's channels take B, G, R's kernels."""
    state, goes = caffe_vgg(tmp_path / "vgg.caffemodel")
    source, target = str(tmp_path / "vgg.caffemodel"), tmp_path / "net.pth"
    cfg = config_of(caffe_vgg)
    cfg.model.data_preprocessor.update(mean=[132.431, 94.076, 118.477], bgr_to_rgb=True)
    with refused("weights-preprocessing", "expect BGR", "gives RGB", "model.other_images=True"):
        import_weights(source, str(target), cfg)
    cfg.model.other_images = True
    report = import_weights(source, str(target), cfg)
    assert report[0].endswith(f"trained on images as {describe(torch.tensor(CAFFE))}")
    found = tensors_of(target)
    assert found.pop("preprocessing")[1].tolist() == pytest.approx([132.431, 94.076, 118.477])
    assert_holds(found, taken_of(state, goes))
    model = MODELS.build({**cfg.model, "pretrained": source})
    model.init_weights()
    assert torch.equal(model.backbone.features[0].conv.weight, state["conv1_1.weight"])
    cfg.model.data_preprocessor.std = [57.0] * 3
    with refused("weights-preprocessing", "std (57, 57, 57)"):
        import_weights(source, str(target), cfg)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_checkpoint_of_this_package(tmp_path, suffix):
    net = build_fcn(norm={"type": "BN"}, num_classes=21)
    state = net.state_dict()
    torch.save({"state_dict": state, "meta": {"iter": 9}}, tmp_path / "source.pth")
    cfg = config_of(torchvision_vgg, **{"backbone.norm_cfg": {"type": "BN"}})
    target = tmp_path / f"net{suffix}"
    report = import_weights(str(tmp_path / "source.pth"), str(target), cfg)
    assert all(any(f" {name} ->" in line for line in report) for name in state if name != "preprocessing")
    assert report[-1].endswith("tools/test.py or init_model")
    other = MODELS.build(cfg.model)
    meta = load_verified(other, open_checkpoint(str(target)))["meta"]["dataset_meta"]
    assert all(torch.equal(other.state_dict()[name], tensor) for name, tensor in state.items())
    assert meta["classes"][20] == "tvmonitor"


# ---- files of all kinds


def test_safetensors_of_every_header_length(tmp_path):
    """The file begins with this length; those of 128 mod 256 begin with the byte that a pickle begins with."""
    path, first = tmp_path / "a.safetensors", set()
    for extra in range(0, 256, 8):
        labels = {"classes": ["x" * extra]}
        save_file({"a": torch.ones(2)}, path, {"dataset_meta": json.dumps(labels)})
        first.add(path.read_bytes()[0])
        content = read_checkpoint(str(path))
        assert content["meta"] == {"dataset_meta": labels}
        assert content["state_dict"]["a"].tolist() == [1, 1]
    assert first == {*range(0, 256, 8)}


@pytest.mark.parametrize("meta", [None, {"format": "pt", "source": "torchvision, 2014"}], ids=["no notes", "notes"])
def test_safetensors_of_other_programs(tmp_path, meta):
    state, goes = torchvision_vgg(tmp_path / "source.pth")
    save_file(state, tmp_path / "source.safetensors", meta)
    import_weights(str(tmp_path / "source.safetensors"), str(tmp_path / "net.pth"), config_of(torchvision_vgg))
    assert_holds(tensors_of(tmp_path / "net.pth"), taken_of(state, goes))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_tensors_that_share_memory(tmp_path, suffix):
    """Two names of one tensor, and parts of a large one, one of them with channels last: each is written by itself."""
    state, goes = torchvision_vgg(tmp_path / "source.pth")
    shared, large = torch.randn(FC), torch.randn(1 << 20)
    state |= {"classifier.0.bias": shared, "classifier.3.bias": shared, "features.0.bias": large[100:104]}
    state["features.2.weight"] = large[200:344].view(4, 3, 3, 4).permute(0, 3, 1, 2)
    torch.save(state, tmp_path / "source.pth")
    target = tmp_path / f"net{suffix}"
    import_weights(str(tmp_path / "source.pth"), str(target), config_of(torchvision_vgg))
    found = tensors_of(target)
    assert_holds(found, taken_of(state, goes))
    assert target.stat().st_size < sum(tensor.nbytes for tensor in found.values()) + (1 << 16)


# ---- what fails leaves the folder as it was


@pytest.fixture(scope="module")
def vgg_source(tmp_path_factory):
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("vgg") / "vgg.pth"
    torchvision_vgg(path)
    return str(path)


@pytest.fixture(params=SUFFIXES)
def target(request, tmp_path):
    """A file that is there already."""
    path = tmp_path / f"net{request.param}"
    path.write_bytes(b"mine")
    return path


def assert_untouched(target):
    assert target.read_bytes() == b"mine"
    assert [*target.parent.iterdir()] == [target]


@pytest.mark.parametrize("room", [0, 1 << 10, 1 << 18])
def test_no_room_for_the_file(vgg_source, target, room):
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, limits[1]))  # a real failure, as of a full disk
    try:
        with refused("output-path", target) as caught:
            import_weights(vgg_source, str(target))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "\n" not in caught.value.message
    assert_untouched(target)


FULL, TORCHS = OSError(errno.ENOSPC, "No space left on device"), RuntimeError("PytorchStreamWriter failed writing file")


@pytest.mark.parametrize("failure", [FULL, TORCHS], ids=["full disk", "torch's own"])
@pytest.mark.parametrize("when", ["while it is written", "when it is put in place"])
def test_a_write_that_fails(vgg_source, target, monkeypatch, failure, when):
    fail_once_begun(monkeypatch, failure, when)
    with refused("output-path", target, failure):
        import_weights(vgg_source, str(target))
    assert_untouched(target)


def test_a_write_that_is_interrupted(vgg_source, target, monkeypatch):
    fail_once_begun(monkeypatch, KeyboardInterrupt(), "while it is written")
    with pytest.raises(KeyboardInterrupt):
        import_weights(vgg_source, str(target))
    assert_untouched(target)


def fail_once_begun(monkeypatch, failure, when):
    """Make the writers, or the renaming behind them, fail with a piece of the file on the disk."""

    def write(content, path, *args):
        path.write_bytes(b"a piece")
        raise failure

    def replace(part, path):
        assert part.parent == path.parent  # else it could not be put in place in one go
        assert part.stat().st_size > 1000
        raise failure

    if when == "while it is written":
        monkeypatch.setattr(torch, "save", write)
        monkeypatch.setattr("safetensors.torch.save_file", write)
    else:
        monkeypatch.setattr(os, "replace", replace)


def test_a_target_is_replaced_as_a_whole(vgg_source, target):
    import_weights(vgg_source, str(target))
    assert len(tensors_of(target)) == 2 * (13 + 2) + 1
    assert [*target.parent.iterdir()] == [target]
