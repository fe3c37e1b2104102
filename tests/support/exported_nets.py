"""Compare every family of configs/ at its real size, with random weights, in stock runtimes; minutes for each.

PYTHONPATH=tests python -m support.exported_nets [CONFIG ...] [--to onnx openvino torchscript torch-export]
"""

import argparse
import logging
import tempfile
from pathlib import Path

import cv2
import torch
from mmseg.registry import MODELS
from support.builders import balance_classes, wake_scores

from fcn_plugin.configs import get_config
from fcn_plugin.export.compare import SIZES, compare, drawn_image
from fcn_plugin.export.formats import write
from fcn_plugin.export.graph import ExportGraph
from fcn_plugin.export.metadata import metadata_of
from fcn_plugin.export.runtimes import open_file
from fcn_plugin.export.suffixes import SUFFIXES

LIGHT = [f"fcn{n}s_efficientnet-lite0_camvid" for n in (8, 16, 32)]
OTHERS = ["fcn32s_alexnet_voc", "fcn32s_googlenet_voc", "fcn8s_r50_voc", "fcn8s_vgg16bn_camvid"]
VGG = ["fcn8s_vgg16_voc", "fcn16s_vgg16_voc", "fcn32s_vgg16_voc", "fcn8s-atonce_vgg16_voc"]
REFERENCE = ["fcn32s_caffenet_voc", "fcn32s_googlenet_voc", *VGG]
CONFIGS = [*LIGHT, *OTHERS, *VGG, *(f"reference/{name}" for name in REFERENCE)]


def random_net(config):
    """The net of a config at full width, in float32, whose classes all win somewhere."""
    torch.manual_seed(0)
    cfg = get_config(config)
    cfg.model.update(pretrained=None, precision="fp32")
    net = MODELS.build(cfg.model)
    net.init_weights()
    wake_scores(net.decode_head)
    small = torch.from_numpy(cv2.resize(drawn_image(), (131, 97)).transpose(2, 0, 1).copy())
    balance_classes(net.eval(), net.data_preprocessor(dict(inputs=[small]), False)["inputs"])
    return net


class Remembering(torch.nn.Module):
    """A net that computes the logits of each size once."""

    def __init__(self, net):
        super().__init__()
        self.net, self.data_preprocessor, self.decision, self.known = net, net.data_preprocessor, net.decision, {}

    def forward(self, inputs):
        if inputs.shape not in self.known:
            self.known[inputs.shape] = self.net(inputs)
        return self.known[inputs.shape]


def main():
    parser = argparse.ArgumentParser("python -m support.exported_nets", description=__doc__.partition("\n")[0])
    parser.add_argument("configs", nargs="*", default=CONFIGS)
    parser.add_argument("--to", nargs="+", choices=SUFFIXES, default=["onnx", "openvino"])
    args = parser.parse_args()
    logging.disable(logging.INFO)
    sizes = [" x ".join(map(str, size)) for size in SIZES]
    print(f"| config | format | classes seen | {' | '.join(sizes)} |\n|{' --- |' * (3 + len(sizes))}", flush=True)
    for config in args.configs:
        net = random_net(config)
        graph, count, image = ExportGraph(net, "labels"), net.num_classes, drawn_image()
        meta = metadata_of(net, [""] * count, [[0, 0, 0]] * count, "labels", False, config)
        once = Remembering(net)
        for kind in args.to:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder, f"net{SUFFIXES[kind]}")
                write(graph, kind, path, meta, None, lambda part, weights: None)
                rows = compare(once, open_file(path, kind).run, "labels", False, [image])
            seen = len(list(once.known.values())[-1].argmax(1).unique())
            cells = [f"{100 * row.same:.4f} % ({row.difference:.0e})" for row in rows]
            print(f"| {config} | {kind} | {seen} of {count} | {' | '.join(cells)} |", flush=True)
        del net, graph, once


if __name__ == "__main__":
    main()
