"""What evaluation costs beyond the net: the test loop of ``tools/test.py`` against bare forwards of the same images."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from statistics import median

import torch
from mmengine.config import Config

from fcn_plugin.configs import get_config
from fcn_plugin.data.leaves import leaf_datasets
from fcn_plugin.engine.runner import FCNRunner
from fcn_plugin.errors import UserError
from fcn_plugin.preflight.prepare import prepare

from . import clock


def evaluation(configs: Sequence[str], data_root: str | None, images: int, rounds: int, dtype: str) -> dict:
    """Seconds per image of both, in turn, for the first config; weights are random, as time does not depend on them.

    Args:
        configs: name or file of the config; one.
        data_root: folder of its data set; the config's own by default.
        images: of the test split, at most.
        rounds: passes over them.
        dtype: precision of the net.

    Raises:
        UserError: several configs, or data that is not there.
    """
    if len(configs) != 1:
        raise UserError("option-value", f"--eval takes one config, not {len(configs)}")
    cfg = get_config(configs[0])
    for leaf in leaf_datasets(cfg.test_dataloader.dataset):
        leaf.indices = images
        if data_root:
            leaf.data_root = data_root
    cfg.model.update(precision=dtype, pretrained=None)
    with tempfile.TemporaryDirectory() as folder:
        cfg.work_dir, cfg.log_level = folder, "WARNING"
        cfg.visualizer.vis_backends = []
        prepare(cfg, ("test",))
        return dict(config=configs[0], dtype=dtype, rounds=rounds, **_measured(cfg, rounds))


def _measured(cfg: Config, rounds: int) -> dict:
    runner = FCNRunner.from_cfg(cfg)
    net = runner.model.to_inference()
    loop = runner.test_loop
    runner.call_hook("before_run")  # the hooks that log want it, as in Runner.test
    batches = [net.data_preprocessor(batch, False)["inputs"] for batch in loop.dataloader]

    def forwards() -> None:
        with torch.inference_mode():
            for inputs in batches:
                net(inputs)

    works = {"evaluation": loop.run, "forward": forwards}
    for work in works.values():
        work()
    device = batches[0].device.type
    count = sum(len(inputs) for inputs in batches)
    taken = clock.interleaved(works, rounds, device)
    return dict(
        images=count,
        size=list(batches[0].shape[-2:]),
        seconds={name: median(each) / count for name, each in taken.items()},
        ratio=clock.ratio(taken["evaluation"], taken["forward"]),
    )


def evaluation_text(result: dict) -> str:
    """Two lines for people."""
    both = result["seconds"]
    height, width = result["size"]
    return (
        f"{result['config']}, {result['images']} images of {height} x {width}, {result['dtype']}, "
        f"median of {result['rounds']} rounds\n"
        f"evaluation {both['evaluation']:.3f} s an image, bare forward {both['forward']:.3f} s: {result['ratio']:.3f} times"
    )
