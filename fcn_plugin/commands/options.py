"""Options that several commands share, and what they change in a config. Imports nothing heavy: ``--help`` answers at once."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UserError

if TYPE_CHECKING:
    from mmengine.config import Config, ConfigDict

WORK_DIRS = Path("work_dirs")


def add_config(parser: argparse.ArgumentParser, nargs: str | None = None) -> None:
    """Add the config, the folder of its data, and the option that changes any of its entries."""
    parser.add_argument("config", nargs=nargs, help="config file, or the name of one in configs/")
    parser.add_argument("--data-root", help="data set folder, for every dataloader")
    add_cfg_options(parser)


def add_cfg_options(parser: argparse.ArgumentParser) -> None:
    """Add the option that changes any of a config's entries."""
    parser.add_argument(
        "--cfg-options",
        nargs="+",
        action="extend",
        default=[],
        type=_key_value,
        metavar="KEY=VALUE",
        help="override config entries, e.g. train_cfg.max_iters=1000",
    )


def _key_value(text: str) -> str:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise argparse.ArgumentTypeError(f"{text!r} is not KEY=VALUE")
    if key == "data_root":  # the dataloaders were built from the variable's old value
        raise argparse.ArgumentTypeError("data_root reaches no dataloader: use --data-root DIR")
    if value.startswith(("dict(", "{", "[dict(", "[{")):  # the engine's parser takes numbers, words and lists of these
        raise argparse.ArgumentTypeError(
            f"{value} is no plain value: give {key}.NAME=VALUE for each entry, or write a config file"
        )
    return text


def add_work_dir(parser: argparse.ArgumentParser, default: str = "work_dirs/CONFIG") -> None:
    """Add the folder of a run; ``default`` is what the help states."""
    parser.add_argument("--work-dir", help=f"where logs, checkpoints and scores go (default: {default})")


def add_speed(parser: argparse.ArgumentParser) -> None:
    """Add precision, compilation and memory layout of the net."""
    parser.add_argument(
        "--amp",
        nargs="?",
        const="bf16",
        choices=["bf16", "fp16", "auto", "off"],
        help="precision (default: the config's; --amp alone: bf16; auto: bf16 where the device computes in it)",
    )
    parser.add_argument(
        "--compile",
        action="store_true",
        help="torch.compile for backbone and neck: a minute at the start, on GPUs worth it for long runs",
    )
    parser.add_argument(
        "--channels-last",
        action=argparse.BooleanOptionalAction,
        help="layout of activations in memory (default: the config's, which is channels last)",
    )


def add_launcher(parser: argparse.ArgumentParser) -> None:
    """Add the options of commands that run in several processes."""
    parser.add_argument("--launcher", choices=["none", "pytorch", "slurm", "mpi"], default="none")
    parser.add_argument("--local_rank", "--local-rank", type=int, default=0, help=argparse.SUPPRESS)


def add_trust(parser: argparse.ArgumentParser) -> None:
    """Add the way around the refusal of checkpoints that run code on loading."""
    parser.add_argument(
        "--trust-checkpoint",
        action="store_true",
        help="load a checkpoint that was refused: any code in it runs, with your rights on your files. Only for files "
        "whose maker you trust",
    )


def add_split(parser: argparse.ArgumentParser) -> None:
    """Add the split of the data that a command reads."""
    parser.add_argument("--split", choices=["train", "val", "test"], default="train", help="(default: train)")


def add_jobs(parser: argparse.ArgumentParser) -> None:
    """Add the number of processes that read files; None stands for one per usable core."""
    parser.add_argument(
        "--jobs", type=at_least(0), help="processes that read; 0: none but this (default: all usable cores)"
    )


def at_least(lowest: int) -> Callable[[str], int]:
    """A type of argparse: a whole number that is no smaller."""

    def number(text: str) -> int:
        value = int(text)
        if value < lowest:
            raise argparse.ArgumentTypeError(f"{text} is less than {lowest}")
        return value

    return number


def load_config(args: argparse.Namespace, runs: str = ".") -> Config:
    """Read the config and apply the command line's options to it.

    Args:
        args: parsed by a parser with some of the options above.
        runs: folder in ``work_dirs`` that the work dir lies in by default.

    Raises:
        UserError: ``config-file`` where the config can't be read; as ``get_config`` and ``merge_overrides``.
    """
    from mmengine.config import DictAction

    from ..configs import config_name, get_config
    from ..preflight.overrides import merge_overrides

    os.environ.setdefault("LOCAL_RANK", str(getattr(args, "local_rank", 0)))
    try:
        cfg = get_config(args.config)
    except UserError:
        raise
    except Exception as error:  # a config is a program: anything can go wrong in it
        reason = f"{type(error).__name__}: {error}"
        raise UserError("config-file", f"{args.config} can't be read as a config: {reason}") from error
    overrides = argparse.Namespace()
    DictAction([], "pairs")(None, overrides, args.cfg_options)
    merge_overrides(cfg, overrides.pairs)
    cfg.work_dir = getattr(args, "work_dir", None) or str(WORK_DIRS / runs / config_name(cfg.filename))
    _apply(args, cfg)
    return cfg


def _apply(args: argparse.Namespace, cfg: Config) -> None:
    """Put the options that are given, of those that the command has, in their places in the config."""
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
    """Set the folder of a data set's config, or of each data set in a wrapper's.

    Overriding the variable ``data_root`` changes nothing: the dataloaders were built from its old value.
    """
    from ..data.leaves import leaf_configs

    for leaf in leaf_configs(dataset):
        if "data_root" in leaf or "data_prefix" in leaf:
            leaf.data_root = root
