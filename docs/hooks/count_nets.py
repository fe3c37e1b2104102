"""Count parameters and GFLOP of all nets, on tensors without values, and write them into configs/metafile.yml.

PYTHONPATH=. python docs/hooks/count_nets.py
"""

from __future__ import annotations

import copy
import re
from contextlib import nullcontext
from pathlib import Path
from unittest.mock import patch

import torch
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS

from benchmarks.flops import gflop
from fcn_plugin import get_config

META = Path(__file__).parents[2] / "configs" / "metafile.yml"
HEIGHT, WIDTH = 360, 480


def count(name: str) -> tuple[str, str]:
    """Return millions of parameters and GFLOP of a forward pass of one image, as texts."""
    init_default_scope("mmseg")
    model = get_config(name).model
    model.update(pretrained=None, precision="fp32")
    try:
        with torch.device("meta"):
            net = MODELS.build(copy.deepcopy(model))
    except RuntimeError:  # a backbone that computes with numbers while it is built
        net = MODELS.build(model).to("meta")
    net.eval()
    with torch.no_grad(), patch("torch.autocast", lambda *a, **k: nullcontext()):
        image = torch.empty(1, net.preprocessing.shape[1], HEIGHT, WIDTH, device="meta")
        try:
            operations = f"{gflop(lambda: net(image, mode='tensor')):.1f}"
        except NotImplementedError:  # point refinement: what it computes depends on the image
            operations = "null"
    return f"{sum(p.numel() for p in net.parameters()) / 1e6:.1f}", operations


def main() -> None:
    """Write the counts of all nets into the index."""
    text = META.read_text()
    for name in re.findall(r"^- \{Name: ([^,]+),", text, re.MULTILINE):
        parameters, operations = count(name)
        entry = rf"(^- \{{Name: {re.escape(name)},.*?Training Data: [^,}}]+)[^}}]*\}}"
        text = re.sub(
            entry,
            rf"\1, Parameters (M): {parameters}, GFLOP: {operations}}}",
            text,
            count=1,
            flags=re.DOTALL | re.MULTILINE,
        )
    META.write_text(text)


if __name__ == "__main__":
    main()
