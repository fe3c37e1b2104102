"""Evaluate a checkpoint on the config's test split."""

from __future__ import annotations

import argparse
import warnings
from typing import TYPE_CHECKING

from ..errors import UserError
from .options import add_config, add_launcher, add_speed, add_trust, add_work_dir, load_config

if TYPE_CHECKING:
    from mmengine.config import Config


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the config, the checkpoint and what to write."""
    add_config(parser)
    add_work_dir(parser)
    add_speed(parser)
    parser.add_argument("checkpoint", help="checkpoint file (.pth)")
    add_launcher(parser)
    parser.add_argument("--out", metavar="DIR", help="write predicted masks as palette PNGs")
    parser.add_argument("--show-dir", metavar="DIR", help="write panels: image | truth | prediction")
    parser.add_argument("--tta", action="store_true", help="average over flips and scales")
    add_trust(parser)


def main(args: argparse.Namespace) -> None:
    """Evaluate."""
    from ..checkpoints.trust import trusting

    cfg = load_config(args)
    with trusting(args.trust_checkpoint):
        test(cfg, args.checkpoint, masks=args.out, pictures=args.show_dir, tta=args.tta)


def test(
    cfg: Config, checkpoint: str, masks: str | None = None, pictures: str | None = None, tta: bool = False
) -> dict[str, float]:
    """Evaluate a checkpoint on the test split.

    Args:
        cfg: a whole config with ``work_dir``.
        checkpoint: file of the weights.
        masks: folder for predicted palette PNGs.
        pictures: folder for panels of image, truth and prediction.
        tta: average over the flips and scales of ``cfg.tta_pipeline``.

    Returns:
        The scores.

    Raises:
        UserError: the config, its data or the checkpoint can't be used.
    """
    from mmengine.registry import init_default_scope

    from ..checkpoints.read import require_checkpoint
    from ..compat import TTA_NOTICE
    from ..engine.distributed import join_processes
    from ..preflight.config import check_config, make_dir
    from ..preflight.missing_files import check_files_there

    init_default_scope(cfg.get("default_scope", "mmseg"))
    join_processes(cfg)
    check_config(cfg, ("test",))
    require_checkpoint(checkpoint)
    check_files_there(cfg, ("test",))
    cfg.load_from = checkpoint
    for folder, option in ((masks, "--out"), (pictures, "--show-dir")):
        if folder:
            make_dir(folder, option)
    if masks or pictures:
        hook = dict(type="PredictionHook", mask_dir=masks, picture_dir=pictures)
        cfg.custom_hooks = [*cfg.get("custom_hooks", []), hook]
    if tta:
        if "tta_pipeline" not in cfg or "tta_model" not in cfg:
            raise UserError(
                f"{cfg.filename} has no tta_pipeline and tta_model: inherit one of configs/_base_/datasets, or leave --tta away"
            )
        warnings.filterwarnings("ignore", message=TTA_NOTICE)
        cfg.test_dataloader.dataset.pipeline = cfg.tta_pipeline
        cfg.model.setdefault("test_cfg", dict())["keep_logits"] = True  # what is averaged
        cfg.model = dict(**cfg.tta_model, module=cfg.model)
    runner = build_runner(cfg)
    warn_of_emulation(runner)
    return runner.test()


def warn_of_emulation(runner) -> None:
    """Say so where the net computes in bf16 and the CPU can't."""
    from mmengine.device import get_device

    from ..models.precision import is_emulated

    net = runner.cfg.model.get("module", runner.cfg.model)  # of a model for test-time augmentation
    if is_emulated(net.get("precision", "fp32"), get_device()):
        runner.logger.warning(
            "this CPU has no instructions for bf16, which is emulated and slower than fp32: take --amp auto"
        )


def build_runner(cfg: Config):
    """The Runner that a config names, with its work dir made."""
    from mmengine.registry import RUNNERS

    from ..preflight.config import make_dir

    make_dir(cfg.work_dir, "--work-dir")
    return RUNNERS.build(cfg) if "runner_type" in cfg else RUNNERS.get("FCNRunner").from_cfg(cfg)
