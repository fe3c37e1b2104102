"""What the entries of a config must be: one table, checked before anything reads them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from mmengine.config import Config

from ..errors import UserError

PLAIN = (type(None), bool, int, float, str, list, tuple, dict)  # anything else is an object that a config has built


class Shape(NamedTuple):
    """Attributes: ``wanted``, what to give; ``fits``, whether a value is that."""

    wanted: str
    fits: Callable[[Any], bool]


def _either(*kinds: type) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, kinds)


def _number(least: float, most: float = math.inf, kinds: type | tuple = (int, float)) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, kinds) and not isinstance(value, bool) and least <= value <= most


def _has_type(value: Any) -> bool:
    return isinstance(value, dict) and (isinstance(value.get("type"), str) or callable(value.get("type")))


def _names(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, (list, tuple)) and all(isinstance(each, str) for each in value))


def _counts_steps(value: Any) -> bool:
    """Whether a template of file names has one place, for a step, and no folder."""
    try:
        names = {value.format(1), value.format(2)}
    except (AttributeError, LookupError, ValueError):  # of str.format
        return False
    return len(names) == 2 and all(name == Path(name).name and name.endswith(".pth") for name in names)


ENTRY = Shape("an entry with its class, dict(type='...', ...)", _has_type)
PART = Shape(ENTRY.wanted, lambda value: _has_type(value) or not isinstance(value, PLAIN))
DICT = Shape("a dict", _either(dict))
LIST = Shape("a list", _either(list, tuple))
FULL = Shape("a list that is not empty", lambda value: LIST.fits(value) and len(value) > 0)
ENTRIES = Shape("an entry or a list of them", lambda value: isinstance(value, (dict, list, tuple)) and len(value) > 0)
SCHEDULES = Shape(ENTRIES.wanted, lambda value: isinstance(value, (list, tuple)) or ENTRIES.fits(value))
OPTIONS = Shape("a dict, a list or a name", _either(dict, list, tuple, str))
FLAG, TEXT = Shape("True or False", _either(bool)), Shape("a text", _either(str))
NAMES = Shape("a text or a list of texts", _names)
SWITCH = Shape("True, False or a dict of options", _either(bool, dict))
COUNT = Shape("a whole number of at least 1", _number(1, kinds=int))
WHOLE = Shape("a whole number, 0 for none", _number(0, kinds=int))
RATE = Shape("a finite number of at least 0", _number(0, most=1e308))
SEED = Shape("a whole number from 0 to 2**32 - 1, or None", _number(0, 2**32 - 1, int))
STEPS = Shape("a name with one place for the step and no folder, such as 'iter_{}.pth'", _counts_steps)
STARTS = ("fork", "spawn", "forkserver")
LOG_LEVELS = ("NOTSET", "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")

LOADER = {
    "?": DICT,
    ".dataset!": ENTRY,
    ".dataset.**": ENTRY,
    ".dataset.**.datasets": FULL,
    ".dataset.**.pipeline": FULL,
    ".dataset.**.pipeline.*": PART,
    ".dataset.**.metainfo?": DICT,
    ".dataset.**.metainfo.classes": NAMES,
    ".dataset.**.data_prefix": DICT,
    ".dataset.**.data_prefix.seg_map_path?": TEXT,
    **{f".dataset.**.{name}": TEXT for name in ("ann_file", "img_suffix", "seg_map_suffix", "data_prefix.img_path")},
    ".dataset.**.data_root?": TEXT,
    ".dataset.**.times": COUNT,
    ".sampler": PART,
    ".batch_sampler?": PART,
    ".batch_size": COUNT,
    ".num_workers": WHOLE,
    ".prefetch_factor?": COUNT,
}
# path -> shape: "*" is each place of a list, "@" of a dict, "**" a data set and those inside it; "!" must be there, "?" may be
# None
SHAPES: dict[str, Shape] = {
    "model!": ENTRY,
    **{f"model.{part}": ENTRY for part in ("backbone", "neck?", "data_preprocessor")},
    "model.decode_head!": ENTRY,
    "model.decode_head.loss_decode": ENTRIES,
    "model.decode_head.loss_decode.*": ENTRY,
    "model.auxiliary_head?": ENTRIES,
    **{f"model.{name}?": DICT for name in ("train_cfg", "test_cfg", "decode_head.sampler")},
    "model.decode_head.ignore_index": Shape("the id of void pixels, such as 255", _number(-math.inf, kinds=int)),
    "model.neck.fc_channels?": COUNT,
    **{f"model.neck.{name}": COUNT for name in ("fc6_kernel", "fc6_dilation")},
    "model.neck.dropout_ratio": Shape("a number from 0 to 1", _number(0, 1)),
    "model.compile?": SWITCH,
    "model.pretrained?": Shape("a path, a link or torchvision://NAME, or None", _either(str)),
    **{f"{split}_dataloader{key}": shape for split in ("train", "val", "test") for key, shape in LOADER.items()},
    **{f"{name}?": DICT for name in ("train_cfg", "val_cfg", "test_cfg", "auto_scale_lr", "custom_imports")},
    **{f"{name}?": DICT for name in ("log_processor", "model_wrapper_cfg", "default_hooks")},
    **dict.fromkeys(("data_preprocessor?", "tta_model?", "visualizer?"), ENTRY),
    **dict.fromkeys(("train_cfg.max_iters", "train_cfg.max_epochs", "train_cfg.val_interval"), COUNT),
    "optim_wrapper?": DICT,
    "optim_wrapper.optimizer!": ENTRY,
    "optim_wrapper.optimizer.lr": RATE,
    "optim_wrapper.paramwise_cfg?": DICT,
    "param_scheduler?": SCHEDULES,
    "param_scheduler.*": PART,
    **dict.fromkeys(("val_evaluator?", "test_evaluator?"), ENTRIES),
    **dict.fromkeys(("val_evaluator.*", "test_evaluator.*"), PART),
    "default_hooks.@?": Shape(
        ENTRY.wanted + ", or None", lambda value: isinstance(value, dict) or not isinstance(value, PLAIN)
    ),
    "default_hooks.checkpoint.save_best?": NAMES,
    "default_hooks.checkpoint.filename_tmpl?": STEPS,
    "custom_hooks?": LIST,
    "custom_hooks.*": PART,
    "env_cfg": DICT,
    "env_cfg.mp_cfg": DICT,
    "env_cfg.mp_cfg.mp_start_method": Shape(f"one of {', '.join(STARTS)}", STARTS.__contains__),
    **dict.fromkeys(("env_cfg.mp_cfg.opencv_num_threads", "env_cfg.resource_limit"), WHOLE),
    "env_cfg.dist_cfg?": DICT,
    "auto_scale_lr.base_batch_size": COUNT,
    "randomness?": DICT,
    "randomness.seed?": SEED,
    "visualizer.vis_backends?": ENTRIES,
    "visualizer.vis_backends.*": PART,
    "tta_pipeline?": LIST,
    "tta_pipeline.*": PART,
    **dict.fromkeys(("activation_checkpointing?", "efficient_conv_bn_eval?"), OPTIONS),
    **{f"{name}?": TEXT for name in ("work_dir", "load_from", "launcher", "experiment_name")},
    **{f"{name}?": TEXT for name in ("sync_bn", "parent")},
    **dict.fromkeys(("runner_type", "default_scope"), TEXT),
    "log_level": Shape(f"one of {', '.join(LOG_LEVELS)}", LOG_LEVELS.__contains__),
    "gradient_compression?": Shape("'bf16', 'fp16' or None", ("bf16", "fp16").__contains__),
    "broken_files": Shape("'stop' or 'skip'", ("stop", "skip").__contains__),
    **{f"{name}?": FLAG for name in ("resume", "find_unused_parameters", "adapt_classes")},
    "compile?": SWITCH,
}
# every top-level key that something reads; a config may define variables of its own besides
READ = {key.rstrip("!?"): shape for key, shape in SHAPES.items() if "." not in key}


def check_shapes(cfg: Config) -> None:
    """Check the entries of a config against the table.

    Raises:
        UserError: ``config-type``: an entry names no class; ``config-value``: another value than the table says.
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
    """Yield (path, value) of the places that the words of a pattern lead to."""
    word, *rest = *words, None
    dot = path and f"{path}."
    if word is None:
        yield path, node
    elif word in ("*", "@"):
        several = isinstance(node, (list, tuple) if word == "*" else dict)
        for name, each in (enumerate(node) if word == "*" else node.items()) if several else ():
            yield from _find(each, rest[:-1], f"{dot}{name}")
    elif word == "**":
        yield from _find(node, rest[:-1], path)
        yield from _find(node, ["dataset", *words], path)
        yield from _find(node, ["datasets", "*", *words], path)
    elif isinstance(node, (dict, Config)):
        name = word.rstrip("!")
        if name in node or word != name:
            yield from _find(node.get(name), rest[:-1], f"{dot}{name}")
