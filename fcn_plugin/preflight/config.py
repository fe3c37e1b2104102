"""Look over a config before anything is built: classes agree, data is where it should be."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from mmengine.config import ConfigDict
from mmengine.device import get_device
from mmseg.registry import DATASETS, OPTIMIZERS

from ..checkpoints.read import require_checkpoint
from ..data.dataset_meta import declared_meta
from ..data.leaves import leaf_configs
from ..data.list_file import read_list
from ..errors import UserError
from .keys import check_keys
from .loss_reduction import losses_of
from .parameters import default_of
from .values import check_values

FALLBACK = (
    "or try the built-in data: python tools/dataset_converters/make_minivoc.py, then configs/fcn8s_vgg16_minivoc.py"
)


def check_config(cfg: ConfigDict, splits: Sequence[str]) -> None:
    """Check the parts of a config that the given splits will use.

    Args:
        cfg: a whole config.
        splits: of ``train``, ``val``, ``test``.

    Raises:
        UserError: what is missing or contradicts, where it was looked for, and the remedy.
    """
    check_keys(cfg)
    check_values(cfg)
    head = cfg.get("model", {}).get("decode_head")
    if not isinstance(head, dict):
        raise UserError(
            f"{cfg.filename}: model.decode_head is {head!r}: inherit one of configs/_base_/models, or give one head"
        )
    if head.get("num_classes") is None:
        head.num_classes = _mapped_classes(cfg)
    num_classes = head.num_classes
    if not isinstance(num_classes, int) or num_classes < 2:
        raise UserError(
            f"{cfg.filename}: model.decode_head.num_classes is {num_classes!r}: "
            "set it to the number of classes of the data set, background included"
        )
    _check_class_weights(cfg, num_classes)
    _check_compiler(cfg)
    if cfg.get("broken_files", "stop") not in ("stop", "skip"):
        raise UserError(f"{cfg.filename}: broken_files is {cfg.broken_files!r}: 'stop' or 'skip'")
    for split in splits:
        loader = cfg.get(f"{split}_dataloader")
        if loader is None:
            raise UserError(
                f"{cfg.filename} has no {split}_dataloader: inherit one of configs/_base_/datasets or add it"
            )
        for dataset in leaf_configs(loader.dataset):
            _check_dataset(dataset, split, num_classes, cfg)
    optimizer = cfg.get("optim_wrapper", {}).get("optimizer", {}).get("type")
    if "train" in splits and isinstance(optimizer, str) and OPTIMIZERS.get(optimizer) is None:
        raise UserError(
            f"{cfg.filename}: optim_wrapper.optimizer.type is {optimizer!r}, which is unknown: correct it in the config"
        )


def check_start(cfg: ConfigDict) -> None:
    """Check the weights that training starts from; a checkpoint to load takes the place of ``model.pretrained``.

    Raises:
        UserError: a file is missing, or a net that starts from a trained parent was given none.
    """
    if cfg.get("adapt_classes") and not cfg.get("load_from"):
        raise UserError("there is no checkpoint whose classes could be adapted: name it with --load-from PATH")
    if cfg.get("load_from"):
        require_checkpoint(cfg.load_from)
        cfg.model.pretrained = None
    elif cfg.get("parent"):
        raise UserError(
            f"{cfg.filename} goes on from a trained {cfg.parent}: tools/train_stages.py trains one after the other, or pass the "
            "parent's best checkpoint, --load-from PATH"
        )
    source = cfg.model.get("pretrained")
    if source is not None and not isinstance(source, str):
        raise UserError(
            f"{cfg.filename}: model.pretrained is {source!r}: give a path, a link or torchvision://NAME, or None"
        )
    if source and "://" not in source and not Path(source).is_file():
        how = cfg.get("weights_help") or "give the path of a classifier's weights, --cfg-options model.pretrained=PATH"
        raise UserError(f"no weights at {source}. {how}")


def make_dir(path: str, option: str) -> None:
    """Make a folder for results before the work that fills it.

    Raises:
        UserError: it can't be made or written to; names the option that gives another.
    """
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
        reason = "" if os.access(path, os.W_OK) else "no permission"
    except OSError as error:
        reason = error.strerror
    if reason:
        raise UserError(f"can't write to the folder {path} ({reason}): give another with {option}")


def _mapped_classes(cfg: ConfigDict) -> int | None:
    """The number of classes of the first class map in the config; None without one."""
    for split in ("train", "val", "test"):
        for dataset in leaf_configs((cfg.get(f"{split}_dataloader") or {}).get("dataset") or {}):
            if dataset.get("class_map") is not None:
                return len(declared_meta(dataset)["classes"])
    return None


def _check_compiler(cfg: ConfigDict) -> None:
    """Without one torch fails at the first forward, after the data set was read."""
    if cfg.model.get("compile") is not True or get_device() != "cpu":
        return
    if not any(shutil.which(name) for name in (os.environ.get("CXX") or "g++", "clang++", "cl")):
        raise UserError(
            f"{cfg.filename}: model.compile needs a C++ compiler on CPU, and there is no g++: install one or leave --compile away"
        )


def _check_class_weights(cfg: ConfigDict, num_classes: int) -> None:
    for loss in losses_of(cfg):
        weights = loss.get("class_weight")
        if isinstance(weights, (list, tuple)) and len(weights) != num_classes:
            raise UserError(
                f"{cfg.filename}: loss_decode.class_weight has {len(weights)} weights, num_classes is {num_classes}: "
                "count new ones (tools/class_weights.py), or set it to None"
            )


def _check_dataset(dataset: ConfigDict, split: str, num_classes: int, cfg: ConfigDict) -> None:
    if DATASETS.get(dataset.type) is None:
        raise UserError(
            f"{cfg.filename}: the {split} data set's type {dataset.type!r} is unknown: correct it in the config"
        )
    try:
        classes = declared_meta(dataset).get("classes")
    except UserError as error:
        raise UserError(f"{cfg.filename}, {split} data set: {error}") from error
    # mmseg also takes the name of a file of classes
    if classes is not None and not isinstance(classes, str) and len(classes) != num_classes:
        raise UserError(
            f"{cfg.filename}: model.decode_head.num_classes is {num_classes}, but the {split} data set {dataset.type} has "
            f"{len(classes)} classes: set num_classes={len(classes)}"
        )
    root = Path(dataset.get("data_root") or ".")
    prefix = dataset.get("data_prefix", {})
    if split != "test" and prefix and prefix.get("seg_map_path") is None:
        raise UserError(f"{cfg.filename}: the {split} data set names no folder of masks: add data_prefix.seg_map_path")
    wanted = [("data root", root)]
    wanted += [
        (what, root / prefix[key])
        for what, key in (("image folder", "img_path"), ("mask folder", "seg_map_path"))
        if prefix.get(key)
    ]
    for what, path in wanted:
        if not path.is_dir():
            raise UserError(_missing(split, what, path, cfg))
    if dataset.get("ann_file"):
        _check_list(root / dataset.ann_file, split, cfg, dataset.get("class_map") is not None)
    elif prefix.get("img_path"):
        suffix = dataset.get("img_suffix") or default_of(DATASETS.get(dataset.type), "img_suffix") or ""
        if not any((root / prefix["img_path"]).rglob(f"*{suffix}")):
            raise UserError(
                f"the {split} split is empty: no *{suffix} in {root / prefix['img_path']}; put images there or correct img_suffix"
            )


def _check_list(path: Path, split: str, cfg: ConfigDict, pairs: bool) -> None:
    if not path.is_file():
        raise UserError(_missing(split, "split file", path, cfg))
    if not read_list(path):
        how = "or IMAGE<tab>MASK" if pairs else "without suffix"
        raise UserError(f"the {split} split is empty: {path} names no image; write one name per line, {how}")


def _missing(split: str, what: str, path: Path, cfg: ConfigDict) -> str:
    how = cfg.get("data_help") or "pass --data-root DIR or correct data_root in the config"
    return f"the {split} {what} {path} does not exist. {how}; {FALLBACK}"
