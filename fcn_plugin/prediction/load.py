"""Load a :class:`.Net` from a checkpoint, with the config inside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS

from ..allocator import keep_freed_memory
from ..checkpoints.load import load_verified
from ..checkpoints.read import Checkpoint, open_checkpoint
from ..configs import get_config
from ..data.leaves import dataset_meta, leaf_datasets
from ..data.palette import voc_palette
from ..errors import UserError
from ..export.engine import open_exported
from ..export.suffixes import is_exported
from ..models.fcn import leave_out_logits
from ..preflight.prepare import prepare
from .net import Net


def load(
    path: str | Path | Checkpoint,
    cfg: Config | str | Path | None = None,
    device: str | torch.device | None = None,
    batch_size: int | None = None,
) -> Net:
    """Load a trained net; see :func:`fcn_plugin.load`. ``path`` may be an opened checkpoint."""
    if not isinstance(path, Checkpoint) and is_exported(path):
        return _load_exported(path, cfg, batch_size)
    checkpoint = path if isinstance(path, Checkpoint) else open_checkpoint(str(path))
    if isinstance(cfg, Config):
        config = cfg
    else:
        config = get_config(cfg) if cfg else config_inside(checkpoint)
        prepare(config, ())
    pipeline = _test_pipeline(config)
    model = MODELS.build({**config.model, "pretrained": None, "train_cfg": None})
    leave_out_logits(model)
    meta = load_verified(model, checkpoint)["meta"].get("dataset_meta") or dataset_meta(config)
    classes, palette = classes_and_colours(meta, model.num_classes)
    try:
        model.to(device or get_device())
    except (AssertionError, RuntimeError) as error:  # torch's errors for an unknown or missing device
        message = f"can't use device {device} ({str(error).splitlines()[0]}): give another, or none"
        raise UserError("option-value", message) from error
    keep_freed_memory()
    return Net(model.to_inference(), pipeline, classes, palette, batch_size)


def _load_exported(path: str | Path, cfg: Config | str | Path | None, batch_size: int | None) -> Net:
    """Open a file written by ``fcn export``; a config's test pipeline replaces the resizing in the file's metadata."""
    init_default_scope("mmseg")
    cfg = get_config(cfg) if isinstance(cfg, (str, Path)) else cfg
    model = open_exported(path)
    resizes = [dict(type="Resize", **model.meta.resize)] if model.meta.resize else []
    loader = dict(type="FCNLoadBands" if model.meta.bands else "FCNLoadImageFromFile")
    alone = [loader, *resizes, dict(type="PackSegInputs")]
    pipeline = _test_pipeline(cfg) if cfg else alone
    return Net(model, pipeline, model.classes, model.palette, batch_size)


def _test_pipeline(cfg: Config) -> list[dict[str, Any]]:
    """Return the pipeline of a config's test images; UserError: ``config-data``."""
    leaf = next(leaf_datasets(cfg.test_dataloader.dataset)) if cfg.get("test_dataloader") else None
    if leaf is None or not leaf.get("pipeline"):
        what = f"{cfg.filename} has no test_dataloader with a pipeline, which prepares images"
        raise UserError("config-data", f"{what}: inherit one of configs/_base_/datasets or add it")
    return leaf.pipeline


def config_inside(checkpoint: Checkpoint) -> Config:
    """Read the config stored in a checkpoint; UserError: ``checkpoint-config``."""
    text = checkpoint.meta.get("cfg")
    try:
        alone = 'launcher = "none"'  # without the run's other processes
        cfg = Config.fromstring(f"{text}\n{alone}\n", ".py") if isinstance(text, str) else None
    except Exception as error:  # a trusted file's config is a program and can raise anything
        raise UserError("checkpoint-config", f"can't read {checkpoint.path}'s config ({error}): {_REMEDY}") from error
    if cfg is None or not cfg.get("model") or not cfg.get("test_dataloader"):
        raise UserError("checkpoint-config", f"{checkpoint.path} contains no config with a test_dataloader: {_REMEDY}")
    return cfg


_REMEDY = "give the config that it was trained with, by file or name: fcn_plugin.load(PATH, cfg='fcn8s_vgg16_voc')"


def classes_and_colours(meta: dict[str, Any], count: int) -> tuple[list[str], list[Any]]:
    """Return ``count`` names and colours: those of a data set's ``meta`` if their number fits, else ids and VOC's colours."""
    classes, palette = meta.get("classes") or (), meta.get("palette") or ()
    if len(classes) != count:
        classes = [f"class {index}" for index in range(count)]
    if len(palette) != count:  # VOC's colours differ for every id
        palette = voc_palette()[:count].tolist()
    return list(classes), list(palette)
