"""The authors' nets for SIFT Flow, two tasks, through the importer: logits and gradients; the oracle is float64.

A net of two heads on shared streams is run as two nets of ``reference_nets``, one for each head's layers, as the published
definitions have them: ``score_fr_sem``, ``upscore2_sem``, ..., ``score_fr_geo``, ``upscore2_geo``, ...
"""

import pytest
import torch
import torch.nn.functional as F
from mmengine.structures import PixelData
from mmseg.apis import init_model
from mmseg.structures import SegDataSample
from support.caffe_writer import write_caffemodel
from support.processes import TESTS
from support.reference_nets import run_vgg16, vgg16_weights

CLASSES = {"sem": 33, "geo": 3}
SIZES = ((64, 64), (37, 50), (1, 1))
LEAF = """
_base_ = {base!r}
custom_imports = dict(imports=["fcn_plugin", "support.builders"], allow_failed_imports=False)
model = dict(
    pretrained=None,
    backbone=dict(type="NarrowVGG"),
    neck=dict(in_channels=(16, 32, 32), fc_channels=8, dropout_ratio=0.0),
    decode_head=dict(in_channels=dict(fr=8, pool4=32, pool3=16)),
)
"""


def published(variant):
    """Weights by the layers' published names."""
    whole = {}
    for seed, (task, count) in enumerate(CLASSES.items()):
        for name, tensor in vgg16_weights(count, variant=variant, seed=seed).items():
            layer, kind = name.split(".")
            if layer.startswith(("score", "upscore")):
                whole[f"{layer}_{task}.{kind}"] = tensor
            elif task == "sem":
                whole[name] = tensor
    return whole


def run(weights, variant, image):
    """Logits of both heads, by task."""
    shared = {name: tensor for name, tensor in weights.items() if "score" not in name}
    return {
        task: run_vgg16(
            shared | {n.replace(f"_{task}.", "."): t for n, t in weights.items() if f"_{task}." in n}, variant, image
        )
        for task in CLASSES
    }


def write(path, weights):
    layers = {}
    for name, tensor in weights.items():
        layers.setdefault(name.split(".")[0], []).append(tensor.numpy())
    return write_caffemodel(path, layers)


@pytest.mark.parametrize("variant", ["32s", "16s", "8s"])
def test_logits_and_gradients_are_the_authors(tool, tmp_path, variant):
    weights = published(variant)
    source, target = write(tmp_path / "siftflow.caffemodel", weights), tmp_path / "net.safetensors"
    config = tmp_path / "narrow.py"
    config.write_text(LEAF.format(base=str(TESTS.parent / f"configs/reference/fcn{variant}_vgg16_siftflow.py")))
    images = ("--images", "BGR:114.578,115.294,108.353")
    done = tool("model_converters/import_weights", source, target, "--to", config, *images)
    assert (done.code, done.err) == (0, "")
    assert "joined (33, 8, 1, 1) score_fr_sem.weight and (3, 8, 1, 1) score_fr_geo.weight" in done.out
    model = init_model(str(config), str(target), device="cpu")
    exact = {name: tensor.double().requires_grad_() for name, tensor in weights.items()}
    for size in SIZES:
        draw = torch.Generator().manual_seed(0)
        image = 60 * torch.randn(1, 3, *size, generator=draw)
        label = torch.stack([torch.randint(0, count, size, generator=draw) for count in CLASSES.values()])
        label[:, :1, :1] = 255 if size != (1, 1) else label[:, :1, :1]
        wanted = run(exact, variant, image.double())
        logits = model(image)
        for found, task in zip(logits.split((33, 3), 1), CLASSES, strict=True):
            assert (found - wanted[task]).abs().max() <= 1e-4 * wanted[task].abs().max()

        total = sum(
            F.cross_entropy(wanted[task], label[i][None], ignore_index=255, reduction="sum")
            for i, task in enumerate(CLASSES)
        )
        slopes = dict(zip(exact, torch.autograd.grad(total, list(exact.values()), allow_unused=True), strict=True))
        model.zero_grad()
        sample = SegDataSample(gt_sem_seg=PixelData(data=label))
        loss, logged = model.parse_losses(model.loss(image, [sample]))
        assert loss.item() == pytest.approx(total.item(), rel=1e-4)
        assert {"decode.semantic.loss_ce", "decode.geometric.loss_ce"} <= logged.keys()
        loss.backward()
        pairs = [
            (model.backbone.features[0].conv.weight, slopes["conv1_1.weight"]),
            (model.neck.fc7.weight, slopes["fc7.weight"]),
        ]
        for stream in model.decode_head.streams:
            for kind in ("weight", "bias"):
                both = torch.cat([slopes[f"score_{stream}_{task}.{kind}"] for task in CLASSES])
                pairs.append((getattr(getattr(model.decode_head, f"score_{stream}"), kind), both))
        for parameter, slope in pairs:
            assert (parameter.grad - slope).abs().max() <= 1e-3 * max(slope.abs().max(), 1e-6)


def test_files_and_nets_that_do_not_belong_together(tool, tmp_path):
    weights = published("32s")
    source, target = write(tmp_path / "siftflow.caffemodel", weights), tmp_path / "net.pth"
    done = tool("model_converters/import_weights", source, target, "--to", "reference/fcn32s_vgg16_voc")
    assert done.code == 2
    assert "[weights-fit]" in done.err and "sem and geo, the net one task" in done.err
    mean = tool("model_converters/import_weights", source, target, "--to", "reference/fcn32s_vgg16_siftflow")
    assert mean.code == 2
    assert "[weights-preprocessing]" in mean.err and "--images" in mean.err
    del weights["score_fr_geo.bias"]
    done = tool("model_converters/import_weights", write(tmp_path / "cut.caffemodel", weights), target)
    assert done.code == 2
    assert "lacks decode_head.score_fr_geo.bias" in done.err
    assert not target.exists()
