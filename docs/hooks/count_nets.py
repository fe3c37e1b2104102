"""Count parameters and GFLOP of all nets, on tensors without values, and write them into configs/metafile.yml.

PYTHONPATH=. python docs/hooks/count_nets.py
PYTHONPATH=. python docs/hooks/count_nets.py --time  # also CPU time, one thread; 45 minutes on a busy machine
"""

from __future__ import annotations

import argparse
import copy
import re
import time
from contextlib import nullcontext
from pathlib import Path
from unittest.mock import patch

import torch
import yaml
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from benchmarks.clock import seconds
from benchmarks.flops import gflop
from fcn_plugin import get_config

META = Path(__file__).parents[2] / "configs" / "metafile.yml"
HEIGHT, WIDTH = 360, 480
WARM_UPS, ROUNDS = 2, 5


def model_of(name: str) -> dict:
    """Return the model of a config, without weights and in float32."""
    model = get_config(name).model
    model.update(pretrained=None, precision="fp32")
    return model


def count(model: dict) -> dict[str, float | None]:
    """Return millions of parameters and GFLOP of a forward pass of one image."""
    try:
        with torch.device("meta"):
            net = MODELS.build(copy.deepcopy(model))
    except RuntimeError:  # a backbone that computes with numbers while it is built
        net = MODELS.build(copy.deepcopy(model)).to("meta")
    net.eval()
    with torch.no_grad(), patch("torch.autocast", lambda *a, **k: nullcontext()):
        image = torch.empty(1, net.preprocessing.shape[1], HEIGHT, WIDTH, device="meta")
        try:
            operations = round(gflop(lambda: net(image, mode="tensor")), 1)
        except NotImplementedError:  # point refinement: what it computes depends on the image
            operations = None
    return {"Parameters (M)": round(sum(p.numel() for p in net.parameters()) / 1e6, 1), "GFLOP": operations}


def cpu_ms(model: dict) -> int:
    """Return milliseconds of CPU time of a label map of one image: one thread, random weights, the least of five."""
    torch.manual_seed(0)
    net = MODELS.build(copy.deepcopy(model)).eval()
    net.to_inference()
    net.test_cfg.keep_logits = False
    image, taken = torch.randn(1, net.preprocessing.shape[1], HEIGHT, WIDTH), []
    for _ in range(WARM_UPS + ROUNDS):
        sample = SegDataSample(metainfo=dict(ori_shape=(HEIGHT, WIDTH), img_shape=(HEIGHT, WIDTH)))
        with torch.inference_mode():
            taken.append(seconds(lambda sample=sample: net(image, [sample], mode="predict"), "cpu", time.process_time))
    return round(1000 * min(taken[WARM_UPS:]))


def write(text: str, name: str, values: dict) -> str:
    """Return the index with values in the metadata of a net."""

    def update(found: re.Match) -> str:
        entries = {**yaml.safe_load(f"{{{found[2]}}}"), **values}
        return found[1] + ", ".join(f"{key}: {'null' if value is None else value}" for key, value in entries.items())

    entry = rf"(^- \{{Name: {re.escape(name)},.*?Metadata: \{{)([^}}]*)"
    return re.sub(entry, update, text, count=1, flags=re.DOTALL | re.MULTILINE)


def main() -> None:
    """Write the figures of all nets into the index."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--time", action="store_true", help="also measure CPU time")
    timed = parser.parse_args().time
    init_default_scope("mmseg")
    torch.set_num_threads(1)
    text, known = META.read_text(), {}
    for name in re.findall(r"^- \{Name: ([^,]+),", text, re.MULTILINE):
        model = model_of(name)
        values = count(model)
        if timed:
            key = str(model)  # several configs have the same net
            values["CPU ms"] = known[key] = known.get(key) or cpu_ms(model)
            print(name, values, flush=True)
        text = write(text, name, values)
    META.write_text(text)


if __name__ == "__main__":
    main()
