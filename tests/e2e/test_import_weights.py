"""Published FCNs through the importer: written as the authors' files, imported, tested, and compared with their nets.

The oracle is ``reference_nets`` on the decoded images: BGR less the mean, scores, argmax, one count; it uses nothing of the
package. It runs in float64, with weights that leave no pixel near a tie, so float32 must give the same matrix, count for count.
"""

import pickle
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmseg.apis import init_model
from PIL import Image
from support.builders import tensors_of
from support.caffe_writer import write_caffemodel
from support.faults import Payload
from support.processes import TESTS
from support.reference_nets import caffenet_weights, run_caffenet, run_vgg16, vgg16_weights
from support.refusals import tool_refused

IMPORT = "model_converters/import_weights"
MEAN = (104.00699, 116.66877, 122.67892)  # of B, G, R
CONFIGS = {
    "32s": "fcn32s_vgg16_voc",
    "16s": "fcn16s_vgg16_voc",
    "8s": "fcn8s_vgg16_voc",
    "atonce": "fcn8s-atonce_vgg16_voc",
    "alexnet": "fcn32s_caffenet_voc",
}
FORMS = {"32s": dict(layers="v1", legacy_shape=True), "16s": dict(double=True), "alexnet": dict(packed=False)}
LEAF = """
_base_ = {base!r}
custom_imports = dict(imports=["fcn_plugin", "support.builders"], allow_failed_imports=False)
model = {model}
test_dataloader = dict(
    num_workers=0,
    persistent_workers=False,
    dataset=dict(  # the drawings have no seg11valid
        data_root={data!r},
        ann_file="ImageSets/Segmentation/val.txt",
        data_prefix=dict(seg_map_path="SegmentationClass"),
    ),
)
"""
NARROW = """dict(
    backbone=dict(type="NarrowVGG"),
    neck=dict(in_channels=(16, 32, 32), fc_channels=8),
    decode_head=dict(in_channels=dict(fr=8, pool4=32, pool3=16)),
)"""
NARROW_FC = "dict(neck=dict(fc_channels=8), decode_head=dict(in_channels=dict(fr=8)))"


@dataclass
class Published:
    """A net as its authors would publish it, and what it gives on the val images."""

    weights: dict[str, torch.Tensor]  # under Caffe's names
    source: Path  # .caffemodel
    config: Path
    logits: torch.Tensor
    confusion: np.ndarray

    @property
    def names(self):
        """What the report has to tell of: every tensor; of a stream's factor only the layer, it is no weight of a net."""
        scales = ("scale_pool4", "scale_pool3") if "atonce" in self.config.name else ()
        return *self.weights, *scales


def run(variant, weights, images):
    return run_caffenet(weights, images) if variant == "alexnet" else run_vgg16(weights, variant, images)


def in_float64(weights):
    return {name: tensor.double() for name, tensor in weights.items()}


def weights_without_ties(variant, images):
    """Weights whose best two classes differ at every pixel by more than float32 errs, and their logits in float64."""
    for seed in range(1, 20):
        alexnet = variant == "alexnet"
        weights = caffenet_weights(21, seed=seed) if alexnet else vgg16_weights(21, variant=variant, seed=seed)
        # no class wins everywhere
        weights["score_fr.bias"] -= run(variant, weights, images).mean((0, 2, 3))
        logits = run(variant, in_float64(weights), images.double())
        best, second = logits.topk(2, dim=1).values.unbind(1)
        if (best - second).min() > 4e-6 * logits.abs().max():
            return weights, logits
    raise AssertionError("ties with every seed")


def by_layer(weights):
    """``{layer: [weight, bias]}``, as Caffe's blobs."""
    layers = {}
    for name, tensor in weights.items():
        layers.setdefault(name.split(".")[0], []).append(tensor.numpy())
    return layers


def read_val(root):
    """BGR images less the mean (N, 3, H, W) and labels (N, H, W)."""
    names = (root / "ImageSets/Segmentation/val.txt").read_text().split()
    # the JPEG decoder that the pipeline uses; another may round otherwise
    images = np.stack([cv2.imread(str(root / "JPEGImages" / f"{name}.jpg")) for name in names])
    labels = np.stack([np.asarray(Image.open(root / "SegmentationClass" / f"{name}.png")) for name in names])
    return torch.from_numpy(images.astype(np.float32) - np.float32(MEAN)).permute(0, 3, 1, 2), labels


def count(labels, logits):
    """(21, 21): row truth, column prediction."""
    labelled = labels != 255
    pairs = 21 * labels[labelled].astype(int) + logits.argmax(1).numpy()[labelled]
    return np.bincount(pairs, minlength=21 * 21).reshape(21, 21)


@pytest.fixture(autouse=True)
def on_the_cpu(monkeypatch):
    """Where the oracle runs: a GPU's float32 convolutions err by more (TF32)."""
    monkeypatch.setattr("mmengine.device.utils.DEVICE", "cpu")


@pytest.fixture(scope="module")
def val(data):
    return read_val(data)


@pytest.fixture(scope="module")
def published(data, val, tmp_path_factory):
    """Make each net once: ``published("8s")``."""

    @cache
    def make(variant):
        folder = tmp_path_factory.mktemp(variant)
        weights, logits = weights_without_ties(variant, val[0])
        layers = by_layer(weights)
        if variant == "atonce":  # a layer of its own, one factor per channel of the stream
            layers["scale_pool4"] = [np.full(32, 0.01, np.float32)]
            layers["scale_pool3"] = [np.full(16, 0.0001, np.float32)]
        source = write_caffemodel(folder / "net.caffemodel", layers, **FORMS.get(variant, {}))
        config = folder / f"narrow_{variant}.py"
        base = TESTS.parent / "configs" / "reference" / f"{CONFIGS[variant]}.py"
        model = NARROW_FC if variant == "alexnet" else NARROW
        config.write_text(LEAF.format(base=str(base), model=model, data=str(data)))
        return Published(weights, Path(source), config, logits, count(val[1], logits))

    return make


def imported(tool, net, target, *words, source=None):
    """The target, after an import without a complaint."""
    done = tool(IMPORT, source or net.source, target, *words)
    assert (done.code, done.err) == (0, "")
    words = {word.rstrip(":") for word in done.out.split()}
    assert words >= {*net.names}
    assert f"wrote {target}: " in done.out
    assert "BGR, mean (104.007, 116.669, 122.679), std (1, 1, 1)" in done.out
    return target


def scored(tool, config, weights, work_dir, *words):
    """The confusion matrix that tools/test.py writes."""
    done = tool("test", config, weights, "--work-dir", work_dir, *words)
    assert (done.code, done.err) == (0, "")
    return np.load(work_dir / "confusion.npy")


# ---- round trips


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize("variant", CONFIGS)
def test_an_imported_net_counts_and_computes_as_the_authors_net_does(
    tool, published, val, tmp_path, recwarn, variant, suffix
):
    net = published(variant)
    assert np.count_nonzero(net.confusion.sum(0)) >= 10  # classes predicted
    target = imported(tool, net, tmp_path / f"net{suffix}", "--to", net.config)
    assert np.array_equal(scored(tool, net.config, target, tmp_path / "work"), net.confusion)
    model = init_model(str(net.config), str(target), device="cpu")
    with torch.no_grad():
        logits = model(val[0])
    assert (logits - net.logits).abs().max() <= 1e-5 * net.logits.abs().max()
    # the file's own, else mmseg would take those of any data set of 21 classes, with a warning
    assert not [warning for warning in recwarn if "dataset_meta" in str(warning.message)]
    assert list(model.dataset_meta["classes"])[:3] == ["background", "aeroplane", "bicycle"]
    assert list(model.dataset_meta["palette"][1]) == [128, 0, 0]


def test_an_import_without_a_config_gives_the_same_weights(tool, published, tmp_path):
    net = published("atonce")
    done = tool(IMPORT, net.source, tmp_path / "plain.pth")
    assert (done.code, done.err) == (0, "")
    assert "scale_pool4 is 0.01: set the same value in neck.scales of the config" in done.out
    assert "scale_pool3 is 0.0001: " in done.out
    plain = tensors_of(tmp_path / "plain.pth")
    checked = tensors_of(imported(tool, net, tmp_path / "checked.pth", "--to", net.config))
    assert plain.keys() == checked.keys()
    assert all(torch.equal(plain[name], checked[name]) for name in plain)


TORCHFCN = {
    "bare": lambda state: state,
    "trained": lambda state: {
        "epoch": 1,
        "iteration": 100,
        "arch": "FCN8s",
        "optim_state_dict": {"state": {}, "param_groups": [{"lr": 1e-14, "params": [0]}]},
        "model_state_dict": state,
        "best_mean_iu": np.float64(0.65),
    },
    "in parallel": lambda state: {f"module.{name}": tensor for name, tensor in state.items()},
}


@pytest.mark.parametrize("case", TORCHFCN)
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_torchfcn_files_give_the_tensors_of_the_caffemodel(tool, published, tmp_path, case, suffix):
    net = published("8s")
    torch.save(TORCHFCN[case](net.weights), tmp_path / "torchfcn.pth")
    ours = tensors_of(
        imported(tool, net, tmp_path / f"a{suffix}", "--to", net.config, source=tmp_path / "torchfcn.pth")
    )
    theirs = tensors_of(imported(tool, net, tmp_path / f"b{suffix}", "--to", net.config))
    assert ours.keys() == theirs.keys()
    assert len(ours) == 2 * (13 + 2 + 3) + 1  # convolutions, fc6 and fc7, scores; the record of preprocessing
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


# ---- learned upsampling


@pytest.fixture(scope="module")
def learned(published, val, tmp_path_factory):
    """FCN-8s whose last upsampling mixes classes."""
    net = published("8s")
    rng = torch.Generator().manual_seed(0)
    kernel = net.weights["upscore8.weight"]
    weights = net.weights | {"upscore8.weight": kernel + 0.01 * torch.randn(kernel.shape, generator=rng)}
    source = write_caffemodel(tmp_path_factory.mktemp("learned") / "net.caffemodel", by_layer(weights))
    logits = run("8s", in_float64(weights), val[0].double())
    return Published(weights, Path(source), net.config, logits, count(val[1], logits))


DENSE = ("--cfg-options", "model.decode_head.upsample.dense=True")


def test_learned_kernels_need_a_net_that_has_them(tool, published, learned, tmp_path):
    message = refused(tool, learned.source, tmp_path, "weights-fit", "--to", learned.config)
    assert "upscore8.weight" in message
    assert DENSE[1] in message
    assert (learned.confusion != published("8s").confusion).any()
    target = imported(tool, learned, tmp_path / "net.pth", "--to", learned.config, *DENSE)
    counts = scored(tool, learned.config, target, tmp_path / "work", *DENSE)
    assert np.array_equal(counts, learned.confusion)


# ---- what is refused


def refused(tool, source, folder, code, *words):
    """The message, after checking that a new target does not appear and an old one stays as it was."""
    messages = []
    for suffix, old in ((".pth", b"mine"), (".safetensors", None)):
        place = folder / f"refused{suffix}"
        place.mkdir()
        target = place / f"net{suffix}"
        if old:
            target.write_bytes(old)
        done = tool(IMPORT, source, target, *words)
        assert (done.code, done.out) == (2, "")
        assert done.err.startswith(f"error: [{code}] ")
        assert done.err.count("\n") == 1
        # no .part either
        assert [(path, path.read_bytes()) for path in place.iterdir()] == ([(target, old)] if old else [])
        messages.append(done.err)
    return messages[0]


def caffemodel_with_nan(net, path):
    weights = by_layer({name: tensor.clone() for name, tensor in net.weights.items()})
    weights["conv3_2"][0][0, 0, 0, 0] = np.nan
    write_caffemodel(path, weights)


def with_code(path):
    return Payload(path.with_name("ran"))


OTHER_NET = {"encoder.weight": torch.zeros(3), "decoder.weight": torch.zeros(3)}
UNREADABLE = {  # how the source comes about, its code, what the message must say
    "cut": (lambda n, path: path.write_bytes(n.source.read_bytes()[:-1000]), "weights-damaged", "download it again"),
    "cut early": (
        lambda n, path: path.write_bytes(n.source.read_bytes()[:100]),
        "weights-damaged",
        "download it again",
    ),
    "jpeg": (lambda n, path: Image.new("RGB", (16, 16)).save(path, format="JPEG"), "weights-damaged", ".caffemodel"),
    "empty": (lambda n, path: path.write_bytes(b""), "checkpoint-damaged"),
    "missing": (lambda n, path: None, "checkpoint-missing"),
    "folder": (lambda n, path: path.mkdir(), "checkpoint-missing"),
    "broken value": (caffemodel_with_nan, "checkpoint-nan", "conv3_2.weight"),
    "other net": (lambda n, path: torch.save(OTHER_NET, path), "weights-format", *OTHER_NET, "Caffe or torchfcn VGG16"),
    "no weights": (lambda n, path: torch.save({"state_dict": None}, path), "checkpoint-damaged", "NoneType"),
    "torchfcn's none": (lambda n, path: torch.save({"model_state_dict": [1]}, path), "checkpoint-damaged", "list"),
    "numbers": (lambda n, path: torch.save(dict(enumerate(n.weights.values())), path), "weights-format"),
    "zip with code": (
        lambda n, path: torch.save({"state_dict": n.weights, "meta": with_code(path)}, path),
        "checkpoint-code",
        "mkdir",
    ),
    "pickle": (lambda n, path: path.write_bytes(pickle.dumps(with_code(path), 2)), "checkpoint-code", "mkdir"),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_sources_that_can_not_be_read(tool, published, tmp_path, case):
    path, (spoil, code, *fragments) = tmp_path / "source", UNREADABLE[case]
    spoil(published("8s"), path)
    message = refused(tool, path, tmp_path, code)
    assert all(fragment in message for fragment in (str(path), *fragments)), message
    assert not (tmp_path / "ran").exists()


def option(text):
    return "--cfg-options", f"model.{text}"


UNFITTING = {  # source, config, further words, what the message must say
    "RGB": ("8s", "8s", option("data_preprocessor.bgr_to_rgb=True"), "BGR, mean (104.007, ", "bgr_to_rgb=False"),
    "scaled": ("8s", "8s", option("data_preprocessor.std=[58,57,57]"), "std (1, 1, 1)", "std (58, 57, 57)"),
    "said to be RGB": ("8s", "8s", ("--images", "torchvision"), "expect RGB", "gives BGR"),
    "classes": ("8s", "8s", option("decode_head.num_classes=5"), "(21, 8, 1, 1) score_fr.weight", "(5, 8, 1, 1)"),
    "finer": ("8s", "32s", (), "score_pool4.weight", "the net has no such layer"),
    "coarser": ("32s", "8s", (), "nothing for decode_head.score_pool4.weight (21, 32, 1, 1)"),
    "at once": ("atonce", "8s", (), "scale_pool4 is 0.01, but the net's neck.scales has 1"),
    "not at once": ("8s", "atonce", (), "no scale_pool4, but the net's neck.scales has 0.01"),
    "AlexNet": ("alexnet", "32s", (), "Caffe CaffeNet", "conv1.weight", "the net has no such layer"),
}
OTHER_IMAGES = ("RGB", "scaled", "said to be RGB")


@pytest.mark.parametrize("case", UNFITTING)
def test_nets_that_the_source_does_not_fit(tool, published, tmp_path, case):
    source, config, words, *fragments = UNFITTING[case]
    path = published(source).source
    code = "weights-preprocessing" if case in OTHER_IMAGES else "weights-fit"
    message = refused(tool, path, tmp_path, code, "--to", published(config).config, *words)
    assert all(fragment in message for fragment in (str(path), *fragments)), message


@pytest.mark.parametrize("name", ["net.pt", "net", "net.caffemodel", "new/net.pth"])
def test_a_target_of_another_kind_or_in_a_missing_folder(tool, published, tmp_path, name):
    named = (tmp_path / "new", "net.pth") if "/" in name else (tmp_path / name, ".safetensors or .pth")
    done = tool(IMPORT, published("8s").source, tmp_path / name)
    tool_refused(done, tmp_path, "output-path", *named)
    assert (done.out, list(tmp_path.iterdir())) == ("", [])


@pytest.mark.parametrize("through", ["its name", "a link"])
def test_a_target_that_is_the_source(tool, published, tmp_path, through):
    source = target = tmp_path / "net.pth"
    torch.save(published("8s").weights, source)
    content = source.read_bytes()
    if through == "a link":
        target = tmp_path / "link.pth"
        target.symlink_to(source)
    done = tool(IMPORT, source, target)
    assert (done.code, done.out) == (2, "")
    assert done.err == f"error: [output-path] {target} is the source itself: give another name\n"
    assert source.read_bytes() == content
    assert {path.name for path in tmp_path.iterdir()} == {source.name, target.name}
