"""Evaluate a checkpoint, or an exported net, on the config's test split."""

from __future__ import annotations

import argparse
import warnings
from typing import TYPE_CHECKING, Any

from ..errors import UserError
from ..invocation import command
from .options import RUN, add_options, load_config

if TYPE_CHECKING:
    from mmengine.config import Config

    from ..engine.runner import FCNRunner


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the config, the checkpoint and the outputs."""
    add_options(parser, "config", "checkpoint", *RUN)
    parser.add_argument("--out", metavar="DIR", help="write predicted masks as palette PNGs")
    parser.add_argument("--show-dir", metavar="DIR", help="write panels: image | truth | prediction")
    parser.add_argument("--limits", action="store_true", help="measure boundaries, thin parts and holes (limits.json)")
    parser.add_argument("--tta", action="store_true", help="average over flips and scales")


def main(args: argparse.Namespace) -> None:
    """Evaluate."""
    cfg = load_config(args)
    test(cfg, args.checkpoint, masks=args.out, pictures=args.show_dir, tta=args.tta, limits=args.limits)


def test(cfg: Config, checkpoint: str, **options: Any) -> dict[str, float]:
    """Evaluate a net on the test split and return the scores, empty without masks. For the options see :func:`test_runner`."""
    return test_runner(cfg, checkpoint, **options).test()


def test_runner(
    cfg: Config,
    checkpoint: str,
    masks: str | None = None,
    pictures: str | None = None,
    tta: bool = False,
    limits: bool = False,
) -> FCNRunner:
    """Build a Runner whose ``test()`` evaluates a net on the test split.

    Args:
        cfg: config with ``work_dir``.
        checkpoint: checkpoint file, or an exported ``.onnx`` or ``.xml``, which runs on the CPU in its own runtime.
        masks: folder for predicted masks as palette PNGs.
        pictures: folder for panels of image, truth and prediction.
        tta: average over the flips and scales of ``cfg.tta_pipeline``.
        limits: add ``FCNLimits`` to the metrics.

    Raises:
        UserError: ``config-*``, ``checkpoint-*``, ``dataset-*``; ``export-file`` and ``requirements`` for exported nets.
    """
    from ..atomic_write import make_dir
    from ..checkpoints.read import require_checkpoint
    from ..compat import TTA_NOTICE
    from ..engine.build import build_runner
    from ..engine.start import Fresh, Weights
    from ..export.suffixes import is_exported
    from ..preflight.datasets import names_masks
    from ..preflight.limits import add_limits
    from ..preflight.prepare import prepare

    exported = is_exported(checkpoint)
    require_checkpoint(checkpoint)
    if exported and tta:
        raise UserError("option-value", f"--tta needs a checkpoint, and {checkpoint} is an exported net")
    hooks = [dict(type="PredictionHook", mask_dir=masks, picture_dir=pictures)] if masks or pictures else []
    scores = not cfg.get("test_dataloader") or names_masks(cfg)
    if not scores and (limits or not hooks):
        what = f"{cfg.filename}: the test data set has no folder of masks to score against"
        raise UserError(
            "config-data",
            f"{what}: add data_prefix.seg_map_path, or write predictions with {command('test')} --out DIR",
        )
    if limits:
        add_limits(cfg)
    prepared = prepare(cfg, ("test",), look_for_files=True, tta=tta, hooks=hooks, scores=scores)
    for folder, option in ((cfg.work_dir, "--work-dir"), (masks, "--out"), (pictures, "--show-dir")):
        if folder:
            make_dir(folder, option)
    if tta:
        warnings.filterwarnings("ignore", message=TTA_NOTICE)
    if exported:
        model = _exported_model(cfg, checkpoint, prepared.precision)
        runner = build_runner(cfg, Fresh(), model=model)
    else:
        runner = build_runner(cfg, Weights(checkpoint))
    for warning in prepared.warnings:
        runner.logger.warning(warning)
    return runner


def _exported_model(cfg: Config, path: str, precision: str) -> dict[str, Any]:
    """Return the entry that replaces ``cfg.model``; UserError: ``checkpoint-classes`` if the numbers of classes differ."""
    from ..export.engine import open_exported

    found, wanted = open_exported(path).num_classes, cfg.model.decode_head.num_classes
    if found != wanted:
        remedy = "use the config that it was exported with"
        raise UserError("checkpoint-classes", f"{path} has {found} classes, the config has {wanted}: {remedy}")
    return dict(type="ExportedNet", path=path, precision=precision)
