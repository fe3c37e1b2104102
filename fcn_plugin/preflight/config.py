"""Check a config's own settings before anything is built, and the files that a run starts from or writes to."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from mmengine.config import ConfigDict
from mmengine.device import get_device
from mmseg.registry import OPTIMIZERS

from ..engine.start import Fresh, Start
from ..errors import UserError
from .keys import check_values
from .loss_reduction import losses_of

WEIGHTS = {
    "VGG_ILSVRC_16_layers.caffemodel": "http://www.robots.ox.ac.uk/~vgg/research/very_deep/",
    "bvlc_reference_caffenet.caffemodel": "http://dl.caffe.berkeleyvision.org/",
    "bvlc_googlenet.caffemodel": "http://dl.caffe.berkeleyvision.org/",
}


def check_config(cfg: ConfigDict, splits: Sequence[str]) -> None:
    """Check the settings of a config that the given splits will use.

    Args:
        cfg: a whole config, with ``num_classes`` filled in.
        splits: of ``train``, ``val``, ``test``.

    Raises:
        UserError: config-value, config-type, classes-count or class-weights: the entry, its value and the remedy.
    """
    check_values(cfg)
    head = cfg.get("model", {}).get("decode_head")
    if not isinstance(head, dict):
        message = f"model.decode_head is {head!r}: inherit one of configs/_base_/models, or give one head"
        raise UserError("config-value", f"{cfg.filename}: {message}")
    if not isinstance(head.get("num_classes"), int) or head.num_classes < 2:
        message = (
            f"model.decode_head.num_classes is {head.get('num_classes')!r}: set it to the data set's number of classes"
        )
        raise UserError("classes-count", f"{cfg.filename}: {message}, background included")
    for loss in losses_of(cfg):
        weights = loss.get("class_weight")
        if isinstance(weights, (list, tuple)) and len(weights) != head.num_classes:
            message = f"loss_decode.class_weight has {len(weights)} weights, num_classes is {head.num_classes}"
            remedy = "count new ones (tools/class_weights.py), or set it to None"
            raise UserError("class-weights", f"{cfg.filename}: {message}: {remedy}")
    if cfg.get("broken_files", "stop") not in ("stop", "skip"):
        raise UserError("config-value", f"{cfg.filename}: broken_files is {cfg.broken_files!r}: 'stop' or 'skip'")
    optimizer = cfg.get("optim_wrapper", {}).get("optimizer", {}).get("type")
    if "train" in splits and isinstance(optimizer, str) and OPTIMIZERS.get(optimizer) is None:
        message = f"optim_wrapper.optimizer.type is {optimizer!r}, which is unknown: correct it in the config"
        raise UserError("config-type", f"{cfg.filename}: {message}")
    compilers = (os.environ.get("CXX") or "g++", "clang++", "cl")
    if cfg.model.get("compile") is True and get_device() == "cpu" and not any(map(shutil.which, compilers)):
        # without one torch fails at the first forward, after the data set was read
        message = "model.compile needs a C++ compiler on CPU, and there is no g++: install one or drop --compile"
        raise UserError("config-value", f"{cfg.filename}: {message}")


def check_start(cfg: ConfigDict, start: Start) -> None:
    """Check the pretrained weights that training starts from where it starts from no checkpoint.

    Raises:
        UserError: weights-missing, config-value; checkpoint-missing: a net that continues a trained parent was given none.
    """
    if not isinstance(start, Fresh):
        return
    if cfg.get("parent"):
        message = f"{cfg.filename} continues a trained {cfg.parent}: tools/train_stages.py trains one after the other, or pass"
        raise UserError("checkpoint-missing", f"{message} the parent's best checkpoint, --load-from PATH")
    source = cfg.model.get("pretrained")
    if source is not None and not isinstance(source, str):
        message = f"model.pretrained is {source!r}: give a path, a link or torchvision://NAME, or None"
        raise UserError("config-value", f"{cfg.filename}: {message}")
    if source and "://" not in source and not Path(source).is_file():
        name = Path(source).name
        how = f"Download {name} ({WEIGHTS[name]}) to {Path(source).parent}/, or give" if name in WEIGHTS else "Give"
        message = (
            f"no weights at {source}. {how} the path of a classifier's weights, --cfg-options model.pretrained=PATH"
        )
        raise UserError("weights-missing", message)


def make_dir(path: str, option: str) -> None:
    """Make a folder for results before the work that fills it.

    Raises:
        UserError: output-path: it can't be made or written to; names the option that gives another.
    """
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
        reason = "" if os.access(path, os.W_OK) else "no permission"
    except OSError as error:
        reason = error.strerror
    if reason:
        raise UserError("output-path", f"can't write to the folder {path} ({reason}): give another with {option}")
