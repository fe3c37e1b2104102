"""What every tool shares: argument groups, errors with exit code 2, overrides of a config.

Imports nothing heavy: ``--help`` answers at once.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

WORK_DIRS = Path("work_dirs")


def add_config(parser: argparse.ArgumentParser) -> None:
    """Options of tools that run a config on its data."""
    parser.add_argument("config", help="config file, or the name of one in configs/")
    parser.add_argument("--work-dir", help="where logs, checkpoints and scores go (default: work_dirs/CONFIG)")
    parser.add_argument("--data-root", help="data set folder, for every dataloader")
    add_overrides(parser)


def add_overrides(parser: argparse.ArgumentParser) -> None:
    """Options that change a config's values."""
    parser.add_argument(
        "--amp",
        nargs="?",
        const="bf16",
        choices=["bf16", "fp16", "off"],
        help="precision (default: the config's; --amp alone: bf16)",
    )
    parser.add_argument(
        "--cfg-options",
        nargs="+",
        default=[],
        metavar="KEY=VALUE",
        help="override config entries, e.g. train_cfg.max_iters=1000",
    )


def add_launcher(parser: argparse.ArgumentParser) -> None:
    """Options of tools that run in several processes."""
    parser.add_argument("--launcher", choices=["none", "pytorch", "slurm", "mpi"], default="none")
    parser.add_argument("--local_rank", "--local-rank", type=int, default=0, help=argparse.SUPPRESS)


def load_config(args: argparse.Namespace):
    """Read the config and apply the command line's overrides."""
    from mmengine.config import DictAction

    from fcn_plugin import get_config

    os.environ.setdefault("LOCAL_RANK", str(getattr(args, "local_rank", 0)))
    cfg = get_config(args.config)
    pairs = argparse.ArgumentParser()
    pairs.add_argument("--cfg-options", nargs="*", action=DictAction, default={})
    cfg.merge_from_dict(pairs.parse_args(["--cfg-options", *args.cfg_options]).cfg_options)
    cfg.launcher = getattr(args, "launcher", "none")
    cfg.work_dir = getattr(args, "work_dir", None) or str(WORK_DIRS / Path(cfg.filename).stem)
    if getattr(args, "data_root", None):
        for split in ("train", "val", "test"):
            if f"{split}_dataloader" in cfg:
                _set_data_root(cfg[f"{split}_dataloader"].dataset, args.data_root)
    if args.amp:
        cfg.model.precision = "fp32" if args.amp == "off" else args.amp
    return cfg


def _set_data_root(dataset, root: str) -> None:
    """Reach through wrappers (RepeatDataset, ConcatDataset): overriding the variable data_root changes nothing."""
    if "data_root" in dataset or "data_prefix" in dataset:
        dataset.data_root = root
    for inner in [dataset.get("dataset"), *dataset.get("datasets", [])]:
        if inner is not None:
            _set_data_root(inner, root)


def run(main: Callable[[], None]) -> None:
    """Call a tool's main; bad input ends with one message and exit code 2, no traceback."""
    try:
        main()
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        sys.exit(130)
    except Exception as error:
        message = _user_message(error)
        if message is None:
            raise
        print(f"error: {message}", file=sys.stderr)
        sys.exit(2)
    finally:
        _leave_group()


def _user_message(error: Exception) -> str | None:
    """The message of bad input, also from a data loader's worker; None for a fault of the program."""
    from fcn_plugin.errors import UserError

    if not isinstance(error, (UserError, FileNotFoundError, PermissionError)):
        return None
    text = str(error)
    return text.strip().splitlines()[-1].split("UserError: ")[-1] if "Original Traceback" in text else text


def _leave_group() -> None:
    """Processes that leave a live group behind abort now and then at exit."""
    distributed = sys.modules.get("torch.distributed")
    if distributed is not None and distributed.is_available() and distributed.is_initialized():
        distributed.destroy_process_group()
