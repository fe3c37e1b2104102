#!/usr/bin/env python
"""What int8 on CPU costs and gains: python tools/experiments/int8.py configs/fcn8s_vgg16_minivoc.py CHECKPOINT

The net goes to ONNX, onnxruntime quantises backbone and neck, and all run on the val split in turn. An AVX2 CPU without VNNI
needs three instructions where float32 needs one for a quarter of the products: where it multiplies bytes at half the rate of
floats, as AMD's first Zen does, int8 gains nothing.
"""

import argparse
import copy
import importlib.util
import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import _common

PACKAGES = ("onnx", "onnxruntime", "onnxscript")  # no dependencies of the project: only this experiment uses them


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Quantise a trained net to int8 on CPU; compare speed and mean IU.")
    parser.add_argument("config", help="config file, or the name of one in configs/")
    parser.add_argument("checkpoint", help="checkpoint file (.pth)")
    parser.add_argument("--data-root", help="data set folder, for every dataloader")
    count = _common.positive_int
    parser.add_argument("--calibrate", type=count, default=20, help="training images for the ranges (default: 20)")
    parser.add_argument("--rounds", type=count, default=3, help="timed calls of each net on each image (default: 3)")
    parser.add_argument("--bf16", action="store_true", help="torch in bf16 too: slow on a CPU without its instructions")
    parser.add_argument("--json", metavar="FILE", help="write the figures there too")
    _common.add_cfg_options(parser)
    _common.add_trust(parser)
    return parser.parse_args()


def require_packages() -> None:
    """One line instead of an ImportError half a minute later."""
    from fcn_plugin.errors import UserError

    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise UserError(f"int8 needs {', '.join(missing)}: {sys.executable} -m pip install {' '.join(PACKAGES)}")


def load_net(cfg, checkpoint: str):
    """The trained net in float32 on the CPU, checked as tools/test.py checks it."""
    from mmengine.registry import init_default_scope
    from mmseg.registry import MODELS

    from fcn_plugin.engine import load_verified
    from fcn_plugin.engine.missing_files import check_files_there
    from fcn_plugin.engine.preflight import check_config
    from fcn_plugin.models.weights import require_checkpoint

    init_default_scope(cfg.get("default_scope", "mmseg"))
    cfg.model.update(precision="fp32", pretrained=None, compile=False)
    check_config(cfg, ("train", "val"))
    require_checkpoint(checkpoint)
    check_files_there(cfg, ("train", "val"))
    net = MODELS.build(cfg.model)
    load_verified(net, checkpoint)
    return net.eval()


def load_images(cfg, net, calibrate: int) -> tuple[list, list]:
    """Normalised (1, 3, H, W) training images, and the val split's (image, label (H, W)).

    Training images come through the val pipeline: ranges are to be those of images as they are.

    Raises:
        UserError: images of several sizes, as the exported net takes one.
    """
    from mmseg.registry import DATASETS

    from fcn_plugin.datasets.leaves import leaf_configs
    from fcn_plugin.errors import UserError

    train = copy.deepcopy(next(leaf_configs(cfg.train_dataloader.dataset)))
    train.pipeline = next(leaf_configs(cfg.val_dataloader.dataset)).pipeline
    train, val = DATASETS.build(train), DATASETS.build(cfg.val_dataloader.dataset)

    def pair(packed: dict) -> tuple:
        batch = dict(inputs=[packed["inputs"]], data_samples=[packed["data_samples"]])
        return net.data_preprocessor(batch, False)["inputs"], packed["data_samples"].gt_sem_seg.data[0]

    step = max(1, len(train) // calibrate)
    ranges = [pair(train[i])[0] for i in range(0, len(train), step)[:calibrate]]
    pairs = [pair(val[i]) for i in range(len(val))]
    sizes = {tuple(image.shape[-2:]) for image in [*ranges, *(image for image, _ in pairs)]}
    if len(sizes) > 1:
        raise UserError(f"images of sizes (H, W) {sorted(sizes)[:2]}: this experiment takes a data set of one size")
    return ranges, pairs


def export(net, image, folder: Path) -> Path:
    """The float32 forward to logits as ONNX of the image's size, batch norm folded into convolutions."""
    import torch
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Logits(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = net

        def forward(self, inputs):
            return self.net(inputs, None, mode="tensor")

    names = dict(input_names=["image"], output_names=["logits"])
    raw, whole = folder / "raw.onnx", folder / "fp32.onnx"
    torch.onnx.export(Logits().eval(), (image,), raw, dynamo=True, external_data=False, verbose=False, **names)
    quant_pre_process(raw, whole)
    return whole


def head_nodes(path: Path) -> list[str]:
    """Names of the head's nodes: those that use its parameters, and all that follow them."""
    import onnx

    graph = onnx.load(path).graph
    of_head = {weight.name for weight in graph.initializer if "decode_head." in weight.name}
    names = []
    for node in graph.node:  # in topological order
        if of_head.intersection(node.input):
            names.append(node.name)
            of_head.update(node.output)
    return names


def quantise(path: Path, ranges: list) -> Path:
    """Backbone and neck in int8; the head, 0.1 % of the multiplications, stays float32: that keeps more labels as they were."""
    import torch
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    class Reader(CalibrationDataReader):
        images = iter(ranges)

        def get_next(self) -> dict | None:
            return next(({"image": image.numpy()} for image in self.images), None)

    target = path.with_name("int8.onnx")
    quantize_static(
        path,
        target,
        Reader(),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        activation_type=QuantType.QUInt8,  # vpmaddubsw wants uint8 times int8; int8 activations would be shifted first
        weight_type=QuantType.QInt8,
        # without VNNI two products are summed in 16 bits, which saturate: 255 * 127 * 2 > 32767; weights of 7 bits fit
        reduce_range=not torch.cpu._is_vnni_supported(),
        nodes_to_exclude=head_nodes(path),
    )
    return target


def torch_logits(net):
    """Image -> logits by torch."""
    import torch

    def logits(image):
        with torch.inference_mode():
            return net(image, None, mode="tensor")

    return logits


def onnx_logits(path: Path):
    """The same by onnxruntime, with torch's number of threads."""
    import onnxruntime
    import torch

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.add_session_config_entry("session.force_spinning_stop", "1")  # idle threads would slow the next net down
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return lambda image: torch.from_numpy(session.run(None, {"image": image.numpy()})[0])


def measure(nets: dict, pairs: list, rounds: int, num_classes: int, ignore_index: int) -> list[dict]:
    """Nets take turns on each image; the first is what the others are compared with."""
    from functools import partial
    from statistics import median

    from fcn_plugin.benchmark import clock
    from fcn_plugin.evaluation import confusion_matrix, scores

    first = next(iter(nets))
    seconds, same, matrices = {name: [] for name in nets}, dict.fromkeys(nets, 0), dict.fromkeys(nets, 0)
    for image, label in pairs:
        maps = {name: net(image).argmax(1)[0] for name, net in nets.items()}  # warms up too
        for name, found in maps.items():
            matrices[name] = matrices[name] + confusion_matrix(label, found, num_classes, ignore_index)
            same[name] += int((found == maps[first]).sum())
        taken = clock.interleaved({name: partial(net, image) for name, net in nets.items()}, rounds, "cpu")
        for name, each in taken.items():
            seconds[name] += each
    pixels = sum(label.numel() for _, label in pairs)
    return [
        dict(
            net=name,
            seconds=median(seconds[name]),
            ratio=clock.ratio(seconds[first], seconds[name]),
            mean_iu=scores(matrices[name].numpy())["mIoU"],
            agreement=same[name] / pixels,
        )
        for name in nets
    ]


def table(rows: list[dict]) -> str:
    """Markdown for people."""
    lines = ["| net | s an image | times faster | mean IU % | same labels % |", "| --- | ---: | ---: | ---: | ---: |"]
    lines += [
        f"| {row['net']} | {row['seconds']:.3f} | {row['ratio']:.2f} | {100 * row['mean_iu']:.2f} | {100 * row['agreement']:.2f} |"
        for row in rows
    ]
    return "\n".join(lines)


def main() -> None:
    args = parse_args()
    require_packages()
    cfg = _common.load_config(args)

    import torch

    from fcn_plugin.models.weights import trusting
    from fcn_plugin.whole_file import whole

    with trusting(args.trust_checkpoint):
        net = load_net(cfg, args.checkpoint)
    ranges, pairs = load_images(cfg, net, args.calibrate)
    nets = {"torch fp32": torch_logits(net)}
    if args.bf16:
        low = copy.deepcopy(net)
        low.precision = "bf16"
        nets["torch bf16"] = torch_logits(low.to_inference())
    with tempfile.TemporaryDirectory() as folder:
        exported = export(net, ranges[0], Path(folder))
        nets["onnxruntime fp32"] = onnx_logits(exported)
        nets["onnxruntime int8"] = onnx_logits(quantise(exported, ranges))
    head = net.decode_head
    rows = measure(nets, pairs, args.rounds, head.num_classes, head.ignore_index)
    height, width = ranges[0].shape[-2:]
    run = dict(config=args.config, checkpoint=args.checkpoint, images=len(pairs), size=[height, width])
    run |= dict(calibrate=len(ranges), rounds=args.rounds, threads=torch.get_num_threads())
    run["vectors"] = torch.backends.cpu.get_cpu_capability()
    print("{images} images of {size[0]} x {size[1]}, {calibrate} for ranges, threads: {threads}".format(**run))
    print(f"\n{table(rows)}")
    if args.json:
        with whole(Path(args.json)) as part:
            part.write_text(json.dumps({**run, "rows": rows}, indent=2) + "\n")


if __name__ == "__main__":
    _common.run(main)
