"""What every tool shares: argument groups, errors with exit code 2, overrides of a config.

Imports nothing heavy: ``--help`` answers at once.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

WORK_DIRS = Path("work_dirs")


def add_config(parser: argparse.ArgumentParser, work_dir: str = "work_dirs/CONFIG") -> None:
    """Options of tools that run a config on its data; ``work_dir`` is what the help states as the default."""
    parser.add_argument("config", help="config file, or the name of one in configs/")
    parser.add_argument("--work-dir", help=f"where logs, checkpoints and scores go (default: {work_dir})")
    parser.add_argument("--data-root", help="data set folder, for every dataloader")
    add_overrides(parser)


def add_overrides(parser: argparse.ArgumentParser) -> None:
    """Options that change a config's values."""
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
    add_cfg_options(parser)


def add_cfg_options(parser: argparse.ArgumentParser) -> None:
    """The option that changes any of a config's values."""
    parser.add_argument(
        "--cfg-options",
        nargs="+",
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


def add_launcher(parser: argparse.ArgumentParser) -> None:
    """Options of tools that run in several processes."""
    parser.add_argument("--launcher", choices=["none", "pytorch", "slurm", "mpi"], default="none")
    parser.add_argument("--local_rank", "--local-rank", type=int, default=0, help=argparse.SUPPRESS)


def add_trust(parser: argparse.ArgumentParser) -> None:
    """The way around the refusal of checkpoints that run code on loading."""
    parser.add_argument(
        "--trust-checkpoint",
        action="store_true",
        help="load a checkpoint that was refused: any code in it runs, with your rights on your files. Only for files whose maker "
        "you trust",
    )


def positive_int(text: str) -> int:
    """A count of at least one, as a type of argparse."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return number


def load_config(args: argparse.Namespace, runs: str = "."):
    """Read the config and apply the command line's overrides; ``runs`` is the folder of its work dir in work_dirs/."""
    from mmengine.config import DictAction

    from fcn_plugin.configs import config_name, get_config
    from fcn_plugin.errors import UserError
    from fcn_plugin.preflight.overrides import merge_overrides

    os.environ.setdefault("LOCAL_RANK", str(getattr(args, "local_rank", 0)))
    try:
        cfg = get_config(args.config)
    except UserError:
        raise
    except Exception as error:  # a config is a program: anything can go wrong in it
        raise UserError(f"{args.config} can't be read as a config: {type(error).__name__}: {error}") from error
    pairs = argparse.ArgumentParser()
    pairs.add_argument("--cfg-options", nargs="*", action=DictAction, default={})
    merge_overrides(cfg, pairs.parse_args(["--cfg-options", *args.cfg_options]).cfg_options)
    cfg.launcher = getattr(args, "launcher", "none")
    cfg.work_dir = getattr(args, "work_dir", None) or str(WORK_DIRS / runs / config_name(cfg.filename))
    if getattr(args, "data_root", None):
        for split in ("train", "val", "test"):
            if cfg.get(f"{split}_dataloader"):
                _set_data_root(cfg[f"{split}_dataloader"].dataset, args.data_root)
    if getattr(args, "amp", None):
        cfg.model.precision = "fp32" if args.amp == "off" else args.amp
    if getattr(args, "compile", False):
        cfg.model.compile = True
    if getattr(args, "channels_last", None) is not None:
        cfg.model.channels_last = args.channels_last
    return cfg


def _set_data_root(dataset, root: str) -> None:
    """Overriding the variable data_root changes nothing: the dataloaders were built from its old value."""
    from fcn_plugin.data.leaves import leaf_configs

    for leaf in leaf_configs(dataset):
        if "data_root" in leaf or "data_prefix" in leaf:
            leaf.data_root = root


def run(main: Callable[[], None]) -> None:
    """Call a tool's main; no traceback for bad input (one message, exit code 2) or another process that is gone (exit code 1)."""
    try:
        main()
        _leave_group(wait=True)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        sys.exit(130)
    except Exception as error:
        message, code = _user_message(error), 2
        if message is None:
            message, code = _loss_of_others(error), 1
        if message is None:
            raise
        print(f"error: {message}", file=sys.stderr)
        sys.exit(code)
    finally:
        _leave_group()


def _user_message(error: Exception) -> str | None:
    """The message of bad input, also from a data loader's worker; None for a fault of the program."""
    if isinstance(error, ImportError):
        if error.name == "fcn_plugin":
            return f"fcn_plugin is not installed for {sys.executable}: run 'pip install -e .' in the checkout, or make install"
        return str(error) if str(error).startswith("fcn_plugin needs") else None
    from fcn_plugin.errors import UserError

    text = str(error)
    if "Original Traceback" in text:
        text = text.rpartition(f"{type(error).__name__}: ")[2].rstrip()
    if isinstance(error, (UserError, OSError)):  # OSError: a file is missing, occupied, not writable; the disk is full
        return text
    if isinstance(error, KeyError) and " registry. Please" in text:
        unknown = error.args[0].split(" registry. Please")[0]
        return f"{unknown} registry: correct this type in the config, or add its module to custom_imports"
    if isinstance(error, TypeError) and "__init__() " in text:
        return f"{text}: correct this entry of the config"
    return None


def _loss_of_others(error: Exception) -> str | None:
    """The message of a process that can't reach the others of its run; None for another error.

    gloo tells at once that a process has ended. With NCCL, who waits for a GPU may hear nothing of it, and torch ends such a
    process after ten minutes (``env_cfg.dist_cfg.timeout``, in seconds); a launcher does it at once: torchrun, mpirun, or
    Slurm with ``srun --kill-on-bad-exit=1``.
    """
    distributed = sys.modules.get("torch.distributed")
    text = str(error)
    of_gloo = isinstance(error, RuntimeError) and "gloo" in text  # which has no class of its own
    if not of_gloo and not isinstance(error, getattr(distributed, "DistError", ())):
        return None
    if "EADDRINUSE" in text:
        port = os.environ.get("MASTER_PORT")
        return f"port {port} is in use, perhaps by another run: give a free one, as PORT to dist_train.sh, else MASTER_PORT"
    if not re.search("connection|broken pipe|timed out|timeout|remote ?error", text, re.IGNORECASE):
        return None
    reason = re.sub(r"^\[[^]]*\] ", "", text.splitlines()[0]).partition(". This is typically")[0].rstrip(".")
    rank, count = (os.environ.get(name, "?") for name in ("RANK", "WORLD_SIZE"))
    return (
        f"process {rank} (of {count}, from 0) can't reach another one ({reason}): that one's own message, or its launcher's, "
        "tells why; then start all again, training with --resume"
    )


def _leave_group(wait: bool = False) -> None:
    """Processes that leave a live group behind, or a group that others still use, abort now and then at exit."""
    distributed = sys.modules.get("torch.distributed")
    if distributed is not None and distributed.is_available() and distributed.is_initialized():
        if wait:
            distributed.barrier()
        distributed.destroy_process_group()
