"""Check the values of a config against one table before anything reads them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from mmengine.config import Config

from ..errors import UserError

PLAIN = (type(None), bool, int, float, str, list, tuple, dict)  # anything else is an object built in the config


class Shape(NamedTuple):
    """Attributes: ``wanted``, a description of valid values; ``fits``, the test."""

    wanted: str
    fits: Callable[[Any], bool]


def _kind(wanted: str, *kinds: type, filled: bool = False) -> Shape:
    return Shape(wanted, lambda value: isinstance(value, kinds) and not (filled and not value))


def _number(wanted: str, least: float, most: float, *kinds: type[int] | type[float]) -> Shape:
    return Shape(
        wanted, lambda value: isinstance(value, kinds) and not isinstance(value, bool) and least <= value <= most
    )


def _one_of(*names: str) -> Shape:
    return Shape(f"one of {', '.join(names)}", names.__contains__)


def _has_type(value: Any) -> bool:
    return isinstance(value, dict) and (isinstance(value.get("type"), str) or callable(value.get("type")))


def _names(value: Any) -> bool:
    return all(isinstance(each, str) for each in (value if isinstance(value, (list, tuple)) else [value]))


def _texts(value: Any) -> bool:
    return all(isinstance(each, str) for each in (value.values() if isinstance(value, dict) else [value]))


def _size(value: Any) -> bool:
    return all(map(COUNT.fits, value)) and len(value) == 2 if isinstance(value, (list, tuple)) else COUNT.fits(value)


def _interval(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and len(value) == 2 and WHOLE.fits(value[0]) and COUNT.fits(value[1])


def _counts_steps(value: Any) -> bool:
    """Return whether a file name template has one placeholder, for the step, and no folder."""
    try:
        names = {value.format(1), value.format(2)}
    except (AttributeError, LookupError, ValueError):  # of str.format
        return False
    return len(names) == 2 and all(name == Path(name).name and name.endswith(".pth") for name in names)


ENTRY = Shape("an entry with its class, dict(type='...', ...)", _has_type)
PART = Shape(ENTRY.wanted, lambda value: _has_type(value) or not isinstance(value, PLAIN))
DICT = _kind("a dict", dict)
COUNT = _number("a whole number of at least 1", 1, math.inf, int)
WHOLE = _number("a whole number, 0 for none", 0, math.inf, int)
SEVERAL = _kind("an entry or a list of them", dict, list, tuple, filled=True)
SCHEDULES = Shape(SEVERAL.wanted, lambda value: isinstance(value, (list, tuple)) or SEVERAL.fits(value))
FLAG, TEXT, NAMES = _kind("True or False", bool), _kind("a text", str), Shape("a text or a list of texts", _names)
SIZE = Shape("a whole number of at least 1, or two, (height, width)", _size)
NUMBER = _number("a number above 0", 1e-300, math.inf, int, float)
WINDOW = Shape(
    "a whole number of at least 1, 'global' or 'epoch'", lambda value: COUNT.fits(value) or value in ("global", "epoch")
)
STEPS = Shape("a name with one placeholder for the step and no folder, such as 'iter_{}.pth'", _counts_steps)
# paths -> shape: "*" is each entry of a list, "@" of a dict, "**" a data set and those inside it, "LOADER" the dataloader of each
# split; "!" is required, "?" may be None
TABLE = {
    "model! model.backbone model.neck? model.data_preprocessor model.decode_head! model.decode_head.loss_decode.* LOADER.dataset! "
    "LOADER.dataset.** optim_wrapper.optimizer! data_preprocessor? tta_model? visualizer?": ENTRY,
    "LOADER.dataset.**.pipeline.* LOADER.sampler LOADER.batch_sampler? custom_hooks.* default_hooks.@? param_scheduler.* "
    "val_evaluator.* test_evaluator.* visualizer.vis_backends.* tta_pipeline.*": PART,
    "model.decode_head.loss_decode model.auxiliary_head? val_evaluator? test_evaluator?": SEVERAL,
    "param_scheduler? visualizer.vis_backends?": SCHEDULES,
    "LOADER? LOADER.dataset.**.metainfo LOADER.dataset.**.data_prefix model.train_cfg? model.test_cfg? "
    "model.test_cfg.crf? model.decode_head.sampler? "
    "train_cfg? val_cfg? test_cfg? optim_wrapper? optim_wrapper.paramwise_cfg? auto_scale_lr? "
    "custom_imports? default_hooks? env_cfg env_cfg.mp_cfg env_cfg.dist_cfg? log_processor? model_wrapper_cfg? randomness": DICT,
    "custom_hooks? tta_pipeline?": _kind("a list", list, tuple),
    "LOADER.dataset.**.datasets LOADER.dataset.**.pipeline": _kind(
        "a list that is not empty", list, tuple, filled=True
    ),
    "activation_checkpointing? efficient_conv_bn_eval?": _kind("a dict, a list or a name", dict, list, tuple, str),
    "compile? model.compile?": _kind("True, False or a dict of options", bool, dict),
    "resume? find_unused_parameters? adapt_classes?": FLAG,
    "LOADER.dataset.**.ann_file LOADER.dataset.**.img_suffix LOADER.dataset.**.seg_map_suffix LOADER.dataset.**.data_root? "
    "LOADER.dataset.**.data_prefix.img_path LOADER.dataset.**.data_prefix.seg_map_path? work_dir? load_from? "
    "default_hooks.checkpoint.out_dir? launcher? experiment_name? sync_bn? parent? runner_type default_scope": TEXT,
    "model.pretrained?": Shape("a text, or a dict of them by trunk of an FCNFusion", _texts),
    "LOADER.dataset.**.metainfo.classes default_hooks.checkpoint.save_best? model.decode_head.streams": NAMES,
    "default_hooks.checkpoint.filename_tmpl?": STEPS,
    "log_level": _one_of("NOTSET", "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"),
    "env_cfg.mp_cfg.mp_start_method": _one_of("fork", "spawn", "forkserver"),
    "model.test_cfg.mode": _one_of("whole", "slide", "tiles"),
    "broken_files": _one_of("stop", "skip"),
    "gradient_compression?": _one_of("bf16", "fp16"),
    "auto_scale_lr.base_batch_size! log_processor.window_size LOADER.prefetch_factor? LOADER.dataset.**.times "
    "model.decode_head.channels model.neck.fc_channels? model.neck.fc6_kernel model.neck.fc6_dilation "
    "model.decode_head.out_channels? train_cfg.max_iters train_cfg.max_epochs train_cfg.val_interval": COUNT,
    "LOADER.batch_size": _number("a whole number from 1 to 65536", 1, 2**16, int),
    "log_processor.custom_cfg.*.window_size": WINDOW,
    "train_cfg.dynamic_intervals.*": Shape(
        "two whole numbers, (first step, steps from validation to validation)", _interval
    ),
    "optim_wrapper.clip_grad.max_norm optim_wrapper.clip_grad.clip_value": NUMBER,
    "LOADER.num_workers LOADER.dataset.**.max_refetch env_cfg.mp_cfg.opencv_num_threads env_cfg.resource_limit": WHOLE,
    "LOADER.dataset.**.pipeline.*.crop_size": SIZE,
    "model.decode_head.ignore_index": _number("the id of void pixels, such as 255", -math.inf, math.inf, int),
    "randomness.seed?": _number("a whole number from 0 to 2**32 - 1, or None", 0, 2**32 - 1, int),
    "model.neck.dropout_ratio model.decode_head.threshold?": _number("a number from 0 to 1", 0, 1, int, float),
    "optim_wrapper.optimizer.lr": _number("a finite number of at least 0", 0, 1e308, int, float),
}
SHAPES = {
    place.replace("LOADER", f"{split}_dataloader"): shape
    for places, shape in TABLE.items()
    for place in places.split()
    for split in ("train", "val", "test")
}
# every top-level key that something reads; other keys are the config's own variables
READ = {place.rstrip("!?"): shape for place, shape in SHAPES.items() if "." not in place}


def check_shapes(cfg: Config) -> None:
    """Check the entries of a config against the table.

    Raises:
        UserError: ``config-type``: an entry has no class; ``config-value``: a value does not match the table.
    """
    for pattern, shape in SHAPES.items():
        for path, value in _find(cfg, pattern.rstrip("?").split(".")):
            if shape.fits(value) or (value is None and pattern.endswith("?")):
                continue
            if shape.wanted == ENTRY.wanted and isinstance(value, dict):
                what = f"{path}.type is {value['type']!r}" if "type" in value else f"{path} has no type"
                raise UserError("config-type", f"{cfg.filename}: {what}: name its class, type='...'")
            raise UserError("config-value", f"{cfg.filename}: {path} is {value!r:.200}: give {shape.wanted}")


def _find(node: Any, words: Sequence[str], path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (path, value) of the entries that match the words of a pattern."""
    if not words:
        yield path, node
        return
    word, *rest = words
    dot = path and f"{path}."
    if word in ("*", "@"):
        several = isinstance(node, (list, tuple) if word == "*" else dict)
        for name, each in (enumerate(node) if word == "*" else node.items()) if several else ():
            yield from _find(each, rest, f"{dot}{name}")
    elif word == "**":
        yield from _find(node, rest, path)
        yield from _find(node, ["dataset", *words], path)
        yield from _find(node, ["datasets", "*", *words], path)
    elif isinstance(node, (dict, Config)):
        name = word.rstrip("!")
        if name in node or word != name:
            yield from _find(node.get(name), rest, f"{dot}{name}")
