"""The authors' nets for PASCAL-Context, 60 classes, through the importer; the oracle is ``reference_nets`` in float64."""

import pytest
import torch
from mmseg.apis import init_model
from support.caffe_writer import write_caffemodel
from support.processes import TESTS
from support.reference_nets import run_vgg16, vgg16_weights

LEAF = """
_base_ = {base!r}
custom_imports = dict(imports=["fcn_plugin", "support.builders"], allow_failed_imports=False)
model = dict(
    pretrained=None,
    backbone=dict(type="NarrowVGG"),
    neck=dict(in_channels=(16, 32, 32), fc_channels=8),
    decode_head=dict(in_channels=dict(fr=8, pool4=32, pool3=16)),
)
"""


@pytest.mark.parametrize("variant", ["32s", "16s", "8s"])
def test_logits_are_the_authors(tool, tmp_path, variant):
    weights = vgg16_weights(60, variant=variant, seed=1)
    layers = {}
    for name, tensor in weights.items():
        layers.setdefault(name.split(".")[0], []).append(tensor.numpy())
    source = write_caffemodel(tmp_path / f"pascalcontext-fcn{variant}-heavy.caffemodel", layers)
    config = tmp_path / "narrow.py"
    config.write_text(LEAF.format(base=str(TESTS.parent / f"configs/reference/fcn{variant}_vgg16_context.py")))
    target = tmp_path / "net.safetensors"
    done = tool("model_converters/import_weights", source, target, "--to", config)
    assert (done.code, done.err) == (0, "")
    model = init_model(str(config), str(target), device="cpu")
    assert list(model.dataset_meta["classes"])[20:22] == ["tvmonitor", "bag"]
    for size in ((64, 64), (37, 50), (1, 1)):
        image = 60 * torch.randn(1, 3, *size, generator=torch.Generator().manual_seed(0))
        wanted = run_vgg16({name: tensor.double() for name, tensor in weights.items()}, variant, image.double())
        with torch.no_grad():
            assert (model(image) - wanted).abs().max() <= 1e-4 * wanted.abs().max()
    voc = tool(
        "model_converters/import_weights", source, tmp_path / "voc.pth", "--to", f"reference/fcn{variant}_vgg16_voc"
    )
    assert voc.code == 2
    assert "[weights-fit]" in voc.err
