"""Time a net's label maps in torch, onnxruntime and OpenVINO: python -m benchmarks.engines fcn8s_vgg16_voc --size 375x500

The weights are random, the runtimes have torch's number of threads, and all are timed in turn. bf16 rows appear where the CPU has
instructions for it, OpenVINO's int8 where NNCF is installed.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from statistics import median

import numpy as np
import torch
from mmengine.registry import init_default_scope
from mmseg.structures import SegDataSample
from prettytable import PrettyTable, TableStyle

from fcn_plugin.atomic_write import atomic_write, make_dir
from fcn_plugin.commands.options import at_least
from fcn_plugin.commands.run import run
from fcn_plugin.export.formats import write
from fcn_plugin.export.graph import ExportGraph
from fcn_plugin.export.lowered import lower
from fcn_plugin.export.metadata import metadata_of
from fcn_plugin.export.runtimes import open_file
from fcn_plugin.export.suffixes import SUFFIXES
from fcn_plugin.models.fcn import FCN
from fcn_plugin.models.precision import resolve_precision

from . import clock
from .__main__ import size_of
from .nets import build
from .variants import Variant

KINDS = {"onnxruntime": "onnx", "openvino": "openvino"}
WARM_UPS = 2


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks.engines", description=__doc__.partition("\n")[0])
    parser.add_argument("config", nargs="?", default="fcn8s_efficientnet-lite0_camvid")
    parser.add_argument("--size", type=size_of, default=(360, 480), help="HEIGHTxWIDTH in pixels (default: 360x480)")
    parser.add_argument("--classes", type=at_least(1), default=21)
    parser.add_argument("--threads", type=at_least(1), help="of each engine (default: torch's)")
    parser.add_argument("--rounds", type=at_least(1), default=7, help="timed calls of each (default: 7)")
    parser.add_argument("--json", metavar="FILE", help="write all figures there too")
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    if args.json:
        make_dir(str(Path(args.json).parent), "--json")
    if args.threads:
        torch.set_num_threads(args.threads)
    result = measured(args.config, args.size, args.classes, args.rounds)
    print(table(result))
    if args.json:
        with atomic_write(Path(args.json)) as part:
            part.write_text(json.dumps(result, indent=2) + "\n")


def measured(config: str, size: tuple[int, int], classes: int, rounds: int) -> dict:
    """Seconds of a label map of one image in each engine, and times as fast as torch in float32."""
    init_default_scope("mmseg")
    image = torch.from_numpy(np.random.default_rng(0).normal(size=(1, 3, *size)).astype(np.float32))
    precisions = ["fp32", "bf16"] if resolve_precision("auto", "cpu") == "bf16" else ["fp32"]
    works = {}
    nets = {precision: build(Variant(config, dtype=precision, classes=classes), "cpu") for precision in precisions}
    for precision, net in nets.items():
        works[f"torch {precision}"] = _torch_work(net.to_inference(), image)
    with tempfile.TemporaryDirectory() as folder:
        graph = ExportGraph(nets["fp32"], "labels")
        meta = metadata_of(nets["fp32"], [""] * classes, [[0, 0, 0]] * classes, "labels", False, config)
        for name, kind in KINDS.items():
            path = Path(folder, f"net{SUFFIXES[kind]}")
            write(graph, kind, path, meta, None, lambda part, weights: None)
            for precision in precisions if kind == "openvino" else ["fp32"]:
                opened = open_file(path, kind, precision=precision)
                works[f"{name} {precision}"] = lambda opened=opened: opened.run(image.numpy())
            if kind == "openvino" and find_spec("nncf") is None:
                continue
            int8 = path.with_suffix(f".int8{path.suffix}")
            lower(path, int8, "int8", [image.numpy()])
            opened_int8 = open_file(int8, kind)
            works[f"{name} int8"] = lambda opened=opened_int8: opened.run(image.numpy())
        wanted = works["torch fp32"]()
        same = {}
        for name, work in works.items():
            for _ in range(WARM_UPS):
                same[name] = float((np.asarray(work()) == wanted).mean())
        taken = clock.interleaved(works, rounds, "cpu")
    rows = [
        dict(
            engine=name,
            seconds=median(each),
            ratio=clock.ratio(taken["torch fp32"], each),
            same=same[name],
            all_seconds=each,
        )
        for name, each in taken.items()
    ]
    vectors, threads = torch.backends.cpu.get_cpu_capability(), torch.get_num_threads()
    return dict(
        config=config, size=list(size), classes=classes, rounds=rounds, vectors=vectors, threads=threads, rows=rows
    )


def _torch_work(net: FCN, image: torch.Tensor) -> Callable[[], np.ndarray]:
    net.test_cfg.keep_logits = False
    size = tuple(image.shape[-2:])

    def work() -> np.ndarray:
        sample = SegDataSample(metainfo=dict(ori_shape=size, img_shape=size))
        with torch.inference_mode():
            return net(image, [sample], mode="predict")[0].pred_sem_seg.data.numpy()

    return work


def table(result: dict) -> str:
    """A Markdown table with a line about the run above."""
    height, width = result["size"]
    head = (
        f"{result['config']}, label map of one image of {height} x {width}, {result['classes']} classes, random weights; "
        f"{result['vectors']}, {result['threads']} threads; median of {result['rounds']} rounds"
    )
    out = PrettyTable(["engine", "s", "images/s", "times faster", "same labels"])
    out.set_style(TableStyle.MARKDOWN)
    for row in result["rows"]:
        rate, same = f"{1 / row['seconds']:.2f}", f"{100 * row['same']:.3f} %"
        out.add_row([row["engine"], f"{row['seconds']:.3f}", rate, f"{row['ratio']:.2f}", same])
    return f"{head}\n\n{out}"


if __name__ == "__main__":
    run(main)
