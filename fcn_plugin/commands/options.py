"""Options that several commands share, and how they change a config. No heavy imports, so that ``--help`` is fast."""

from __future__ import annotations

import argparse
import ast
import math
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import UserError

if TYPE_CHECKING:
    from mmengine.config import Config, ConfigDict

WORK_DIRS = Path("work_dirs")


def at_least(lowest: int, highest: float = math.inf) -> Callable[[str], int]:
    """Return an argparse type for whole numbers from ``lowest`` to ``highest``."""

    def number(text: str) -> int:
        value = int(text)
        if not lowest <= value <= highest:
            bound = f"less than {lowest}" if value < lowest else f"more than {highest}"
            raise argparse.ArgumentTypeError(f"{text} is {bound}")
        return value

    return number


def _key_value(text: str) -> str:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise argparse.ArgumentTypeError(f"{text!r} is not KEY=VALUE")
    if key == "data_root":  # the config has already copied the variable's value into the dataloaders
        raise argparse.ArgumentTypeError("data_root has no effect on the dataloaders: use --data-root DIR")
    # mmengine's parser takes numbers, words and lists of these
    if value.startswith(("dict(", "{", "[dict(", "[{")) and not _nested(text):
        remedy = f"Give {key}.NAME=VALUE for each entry, or write a config file"
        raise argparse.ArgumentTypeError(f"not a plain value: {value}. {remedy}")
    return text


def _nested(text: str) -> dict[str, Any]:
    """Split ``KEY=dict(A=1, B=dict(C=2))`` into entries ``KEY.A`` and ``KEY.B.C``; empty unless all values are literals."""
    key, _, value = text.partition("=")
    try:
        return dict(_leaves(key, ast.parse(value, mode="eval").body)) if value.startswith("dict(") else {}
    except (SyntaxError, ValueError):
        return {}


def _leaves(key: str, node: ast.expr) -> Iterator[tuple[str, Any]]:
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "dict" and not node.args:
        for entry in node.keywords:
            yield from _leaves(f"{key}.{entry.arg}", entry.value)
    else:
        yield key, ast.literal_eval(node)


WORK_DIR = "folder of logs, checkpoints and scores (default: work_dirs/CONFIG; stages: work_dirs/stages/CONFIG)"
OVERRIDE = "override config entries, e.g. train_cfg.max_iters=1000"
PRECISION = "precision (default: the config's; --amp alone: bf16; auto: bf16 if the device supports it)"
CHANNELS_LAST = "channels-last memory layout (default: the config's, which uses it)"
COMPILE = "torch.compile backbone and neck; takes a minute at the start, pays off in long runs on GPUs"
TRUST = "load a refused checkpoint; code inside it runs with your permissions, so use this only if you trust its author"
OPTIONS: dict[str, dict[str, Any]] = {
    "config": dict(help="config file, or a name in configs/"),
    "checkpoint": dict(help="checkpoint file (.pth)"),
    "--data-root": dict(help="data set folder of all dataloaders"),
    "--cfg-options": dict(nargs="+", action="extend", default=[], type=_key_value, metavar="KEY=VALUE", help=OVERRIDE),
    "--work-dir": dict(help=WORK_DIR),
    "--amp": dict(nargs="?", const="bf16", choices=["bf16", "fp16", "auto", "off"], help=PRECISION),
    "--compile": dict(action="store_true", help=COMPILE),
    "--channels-last": dict(action=argparse.BooleanOptionalAction, help=CHANNELS_LAST),
    "--launcher": dict(choices=["none", "pytorch", "slurm", "mpi"], default="none"),
    "--local_rank --local-rank": dict(type=int, default=0, help=argparse.SUPPRESS),
    "--trust-checkpoint": dict(action="store_true", help=TRUST),
    "--split": dict(choices=["train", "val", "test"], default="train", help="(default: train)"),
    "--jobs": dict(type=at_least(0), help="reader processes; 0: only this one (default: all usable cores)"),
}
DATA = ("--data-root", "--cfg-options")
SPEED = ("--amp", "--compile", "--channels-last")
RUN = ("--work-dir", *DATA, *SPEED, "--launcher", "--local_rank --local-rank", "--trust-checkpoint")


def add_options(parser: argparse.ArgumentParser, *names: str) -> None:
    """Add the named shared options in this order."""
    for name in names:
        parser.add_argument(*name.split(), **OPTIONS[name])


def load_config(args: argparse.Namespace, runs: str = ".", cfg: Config | None = None) -> Config:
    """Read the config and apply the command line's options to it.

    Args:
        runs: subfolder of ``work_dirs`` for the default work dir.
        cfg: a config that is already loaded, such as the one inside a checkpoint.

    Raises:
        UserError: ``config-*``: the config can't be read, has a wrong entry, or an option matches nothing in it.
    """
    from mmengine.config import DictAction

    from ..configs import config_name, get_config
    from ..preflight.overrides import merge_overrides
    from ..preflight.shapes import check_shapes

    for name in ("LOCAL_RANK", "TORCHELASTIC_RESTART_COUNT"):
        if not (value := os.environ.get(name, "0")).isdecimal():
            raise UserError(
                "option-value", f"environment variable {name} is {value!r}: unset it, or set a whole number"
            )
    os.environ.setdefault("LOCAL_RANK", str(getattr(args, "local_rank", 0)))
    cfg = get_config(args.config) if cfg is None else cfg
    overrides = argparse.Namespace()
    nested = {text: _nested(text) for text in args.cfg_options}
    try:
        DictAction([], "pairs")(None, overrides, [text for text, entries in nested.items() if not entries])
        merge_overrides(cfg, {key: value for d in (overrides.pairs, *nested.values()) for key, value in d.items()})
    except (AssertionError, AttributeError, TypeError) as error:  # unbalanced brackets, or contradicting options
        given = " ".join(args.cfg_options)
        raise UserError("config-override", f"can't merge --cfg-options {given}: {error}. Correct them") from error
    check_shapes(cfg)
    cfg.work_dir = getattr(args, "work_dir", None) or str(WORK_DIRS / runs / config_name(cfg.filename))
    _apply(args, cfg)
    return cfg


def _apply(args: argparse.Namespace, cfg: Config) -> None:
    """Write the given options into the config; commands have different subsets of them."""
    cfg.launcher = getattr(args, "launcher", "none")
    if getattr(args, "data_root", None):
        for split in ("train", "val", "test"):
            if cfg.get(f"{split}_dataloader"):
                set_data_root(cfg[f"{split}_dataloader"].dataset, args.data_root)
    if getattr(args, "amp", None):
        cfg.model.precision = "fp32" if args.amp == "off" else args.amp
    if getattr(args, "compile", False):
        cfg.model.compile = True
    if getattr(args, "channels_last", None) is not None:
        cfg.model.channels_last = args.channels_last


def set_data_root(dataset: ConfigDict, root: str) -> None:
    """Set the root folder of a data set's config, or of each data set inside a wrapper."""
    from ..data.leaves import leaf_datasets

    for leaf in leaf_datasets(dataset):
        if "data_root" in leaf or "data_prefix" in leaf:
            leaf.data_root = root


def prepare_sheet(path: str | Path, option: str = "--sheet") -> None:
    """Make the folder of a picture; UserError: ``output-path`` if that fails or the file is not a PNG."""
    from ..atomic_write import make_dir

    if Path(path).suffix.lower() != ".png":
        raise UserError("output-path", f"{option} is {path}: the picture is a PNG, give a name that ends in .png")
    make_dir(str(Path(path).parent), option)
