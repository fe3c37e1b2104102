"""Compare FCN-8s with smp's FPN or Unet on one encoder, data set and recipe: python -m benchmarks.peers fpn --data-root DIR

The peer is trained by the FCN's config with another ``model``, from the same ImageNet weights. Only the decoder, its initialisation
and its dropout are smp's. This measures the peer's scores, and parameters and speed of both; the FCN's scores come from
``tools/train.py``. The row "fast" is the peer on this package's convolutions, which an FCN always has; since both compute the same,
this one is trained.
"""

from __future__ import annotations

import argparse
import copy
import json
from collections.abc import Mapping
from pathlib import Path
from statistics import median

import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import nn

from fcn_plugin.atomic_write import atomic_write, make_dir
from fcn_plugin.commands.options import DATA, WORK_DIRS, add_options, at_least, load_config
from fcn_plugin.commands.run import run
from fcn_plugin.commands.test import test
from fcn_plugin.commands.train import train
from fcn_plugin.engine.hooks.checkpoint import read_best
from fcn_plugin.errors import UserError

from . import clock
from .peer_net import PEERS, import_smp
from .report import markdown_table

CONFIG = "fcn8s_efficientnet-lite0_camvid"
IMAGE = (1, 360, 480)  # N, H, W of a timed forward: a frame of CamVid
BATCH = (8, 256, 256)  # of a timed training step: the config's
WARM_UPS = 2


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks.peers", description=__doc__.partition("\n")[0])
    parser.set_defaults(config=CONFIG)
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("--work-dir", help="for checkpoints, scores and metrics.json (default: work_dirs/peers/PEER)")
    add_options(parser, *DATA)
    parser.add_argument("--seed", type=at_least(0, 2**32 - 1), help="of the run (default: the config's)")
    parser.add_argument("--resume", action="store_true", help="go on from the work dir's last checkpoint")
    parser.add_argument("--rounds", type=at_least(1), default=9, help="timed forwards and steps of each (default: 9)")
    parser.add_argument("--time-only", action="store_true", help="no training: parameters and times, in times.json")
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    args.work_dir = args.work_dir or str(WORK_DIRS / "peers" / args.peer)
    import_smp()
    cfg = load_config(args)
    if args.seed is not None:
        cfg.randomness.seed = args.seed
    make_dir(cfg.work_dir, "--work-dir")
    fast = peer_config(cfg, args.peer, fast_convolutions=True)
    scores = {} if args.time_only else trained_scores(fast, args.resume)
    nets = {args.peer: peer_config(cfg, args.peer), f"{args.peer} fast": fast, "fcn8s": cfg}
    seed = None if args.time_only else cfg.randomness.seed
    result = dict(config=CONFIG, peer=args.peer, seed=seed, mIoU=scores, nets=measured(nets, args.rounds))
    print(table(result))
    name = (
        "times.json" if args.time_only else "metrics.json"
    )  # FCNMetric's records of the best checkpoint: val/ and test/
    with atomic_write(Path(cfg.work_dir, name)) as part:
        part.write_text(json.dumps(result, indent=2) + "\n")


def peer_config(cfg: Config, peer: str, **options) -> Config:
    """Return the FCN's config with the peer as its model, which keeps classes, loss, precision, preprocessing and weights."""
    cfg, model = copy.deepcopy(cfg), cfg.model
    kept = {key: model[key] for key in ("decode_head", "precision", "pretrained", "data_preprocessor")}
    cfg.model = dict(type="PeerNet", peer=peer, encoder=model.backbone.name, **kept, **options)
    return cfg


def trained_scores(cfg: Config, resume: bool) -> dict[str, float]:
    """Train, and return the mean IU, 0 .. 1, of the checkpoint that is the best on val: on val and on test."""
    train(copy.deepcopy(cfg), "auto" if resume else None)
    best = read_best(cfg.work_dir, cfg.default_hooks.checkpoint.save_best)
    if best is None:
        message = f"no best checkpoint in {cfg.work_dir}: set train_cfg.val_interval to at most max_iters"
        raise UserError("checkpoint-missing", message)
    scores = {}
    for split in ("val", "test"):
        own = copy.deepcopy(cfg)
        own.work_dir, own.experiment_name = str(Path(cfg.work_dir, split)), split
        if split == "val":
            own.test_dataloader = own.val_dataloader
        else:
            own.test_dataloader.dataset.data_prefix = dict(img_path="images/test", seg_map_path="annotations/test")
        scores[split] = test(own, str(best[0]))["mIoU"]
    return scores


def measured(cfgs: Mapping[str, Config], rounds: int) -> dict[str, dict]:
    """Measure nets with random weights in float32 on one thread of the CPU, in turn.

    Returns:
        Name -> parameters in millions, median seconds of a forward to the logits and of a training step, and both as a multiple of
        the last net's: medians over the rounds.
    """
    init_default_scope("mmseg")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    nets = {}
    for name, cfg in cfgs.items():
        nets[name] = MODELS.build({**cfg.model, "pretrained": None, "precision": "fp32"})
    works = dict(
        forward={name: _forward(net.eval()) for name, net in nets.items()},
        step={name: _step(net, cfgs[name]) for name, net in nets.items()},
    )
    rows = {name: dict(parameters_M=sum(p.numel() for p in net.parameters()) / 1e6) for name, net in nets.items()}
    for what, each in works.items():
        for net in nets.values():
            net.train(what == "step")
        clock.interleaved(each, WARM_UPS, "cpu")
        taken = clock.interleaved(each, rounds, "cpu")
        *_, base = taken.values()
        for name, seconds in taken.items():
            rows[name] |= {f"{what}_s": median(seconds), f"{what}_ratio": clock.ratio(seconds, base)}
    torch.set_num_threads(threads)
    return rows


def _forward(net: nn.Module):
    count, *size = IMAGE
    images = torch.randn(count, 3, *size)
    return torch.inference_mode()(lambda: net(images))


def _step(net: nn.Module, cfg: Config):
    count, *size = BATCH
    classes = cfg.model.decode_head.num_classes
    optim_wrapper = build_optim_wrapper(net, copy.deepcopy(cfg.optim_wrapper))
    images = [torch.randint(0, 256, (3, *size), dtype=torch.uint8) for _ in range(count)]
    labels = [PixelData(data=torch.randint(0, classes, (1, *size))) for _ in range(count)]
    samples = [SegDataSample(gt_sem_seg=label) for label in labels]
    return lambda: net.train_step(dict(inputs=images, data_samples=samples), optim_wrapper)


def table(result: dict) -> str:
    """Write a Markdown table: mean IU in percent, times as multiples of the last net's, seconds in brackets."""
    out = markdown_table(["net", "M parameters", "mean IU val", "mean IU test", "forward", "training step"])
    for name, row in result["nets"].items():
        scores = result["mIoU"] if name == result["peer"] else {}
        percents = [f"{scores[split]:.2f}" if split in scores else "-" for split in ("val", "test")]
        times = [f"{row[f'{what}_ratio']:.2f} ({row[f'{what}_s']:.3f} s)" for what in ("forward", "step")]
        out.add_row([name, f"{row['parameters_M']:.2f}", *percents, *times])
    return str(out)


if __name__ == "__main__":
    run(main)
