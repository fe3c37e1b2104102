"""Fill in config values that depend on the device, the start and the options: the last change before a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmengine.config import ConfigDict
from mmengine.device import get_device
from mmengine.dist import sync_random_seed

from ..data.leaves import leaf_datasets
from ..engine.start import Fresh, Resume, Start
from ..errors import UserError
from ..invocation import command
from ..models.precision import is_emulated, resolve_precision
from .loss_reduction import reduction_warning

WEIGHTS = {
    "VGG_ILSVRC_16_layers.caffemodel": "http://www.robots.ox.ac.uk/~vgg/research/very_deep/",
    "bvlc_reference_caffenet.caffemodel": "http://dl.caffe.berkeleyvision.org/",
    "bvlc_googlenet.caffemodel": "http://dl.caffe.berkeleyvision.org/",
}


@dataclass
class Prepared:
    """What a run needs in addition to its config."""

    precision: str  # of convolutions: fp32, bf16 or fp16
    start: Start = field(default_factory=Fresh)  # of training
    warnings: list[str] = field(default_factory=list)  # lines for the run's log


def fill_in(cfg: ConfigDict, tta: bool = False, hooks: Sequence[dict[str, Any]] = (), scores: bool = True) -> Prepared:
    """Fill in config values that depend on the device and the options."""
    device, precision = get_device(), cfg.model.get("precision", "fp32")
    prepared = Prepared(resolve_precision(precision, device))
    if is_emulated(precision, device):
        prepared.warnings.append("this CPU emulates bf16, which is slower than fp32: give --amp auto")
    cfg.custom_hooks = [*(cfg.get("custom_hooks") or []), *hooks]
    if tta:
        if cfg.model.decode_head.get("tasks"):
            raise UserError("config-value", f"{cfg.filename}: --tta is for nets of one task: leave it out")
        if not cfg.get("tta_pipeline") or not cfg.get("tta_model"):
            remedy = "inherit configs/_base_/default_runtime.py, or remove --tta"
            raise UserError("config-value", f"{cfg.filename} has no tta_pipeline and tta_model: {remedy}")
        for leaf in leaf_datasets(cfg.test_dataloader.dataset):
            first = leaf.pipeline[0]
            loader = first if str(first.get("type")).startswith("FCNLoad") else cfg.tta_pipeline[0]
            leaf.pipeline = [loader, *cfg.tta_pipeline[1:]]
        cfg.model = dict(**cfg.tta_model, module=cfg.model)
    if not scores:
        cfg.test_evaluator = []
        for leaf in leaf_datasets(cfg.test_dataloader.dataset):  # mmseg's loader needs a mask
            leaf.pipeline = [step for step in leaf.get("pipeline", ()) if step["type"] != "LoadAnnotations"]
        where = "test_dataloader.dataset.data_prefix has no seg_map_path"
        prepared.warnings.append(f"no scores, only predictions: the test split has no masks ({where})")
    return prepared


def fill_in_training(cfg: ConfigDict, start: Start, hooks: Sequence[dict[str, Any]] = ()) -> Prepared:
    """Like :func:`fill_in`; also fill in values that depend on where training starts.

    Raises:
        UserError: weights-missing, checkpoint-missing, config-value: nothing to start from; option-value: fp16 without a GPU.
    """
    _check_start(cfg, start)
    prepared = fill_in(cfg, hooks=hooks)
    prepared.start = start
    if not isinstance(start, Fresh):
        cfg.model.pretrained = None  # replaced by the checkpoint
    given = cfg.get("randomness") or {}
    if given.get("seed") is None:  # a resumed run keeps its seed
        seed = start.seed if isinstance(start, Resume) else None
        cfg.randomness = {**given, "seed": sync_random_seed() if seed is None else seed}
    if prepared.precision == "fp16":
        if get_device() == "cpu":
            message = "training in fp16 needs a GPU: give --amp bf16 or --amp off"
            raise UserError("option-value", message)
        cfg.optim_wrapper.update(type="AmpOptimWrapper", dtype="float16")
    if warning := reduction_warning(cfg):
        prepared.warnings.append(warning)
    if ((cfg.get("default_hooks") or {}).get("checkpoint") or {}).get("type") == "CheckpointHook":
        warning = "default_hooks.checkpoint is mmengine's CheckpointHook, which saves nothing at a signal or an error"
        prepared.warnings.append(f"{warning}: use FCNCheckpointHook")
    return prepared


def _check_start(cfg: ConfigDict, start: Start) -> None:
    """Check the pretrained weights of a run that starts from no checkpoint."""
    if not isinstance(start, Fresh):
        return
    if cfg.get("parent"):
        message = f"{cfg.filename} starts from a trained {cfg.parent}: train both with {command('train_stages')}"
        raise UserError("checkpoint-missing", f"{message}, or give the parent's best checkpoint, --load-from PATH")
    given = cfg.model.get("pretrained")
    by_trunk = {f".{name}": source for name, source in given.items()} if isinstance(given, dict) else {"": given}
    for trunk, source in by_trunk.items():
        if source and "://" not in source and not Path(source).is_file():
            name = Path(source).name
            how = f"Download {name} ({WEIGHTS[name]}) to {Path(source).parent}/, or give" if name in WEIGHTS else "Give"
            what = (
                f"the trained net of trunk {trunk[1:]}, or of a classifier's weights"
                if trunk
                else "a classifier's weights"
            )
            remedy = f"{how} the path of {what}, --cfg-options model.pretrained{trunk}=PATH"
            raise UserError("weights-missing", f"no weights at {source}. {remedy}")
