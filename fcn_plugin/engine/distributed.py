"""Connect the processes of a run and share their gradients."""

from __future__ import annotations

import os
from typing import Any

import torch
from mmengine.config import Config, ConfigDict
from mmengine.dist import init_dist, is_distributed
from mmengine.registry import MODEL_WRAPPERS
from torch import distributed, nn
from torch.distributed.algorithms.ddp_comm_hooks.default_hooks import bf16_compress_hook, fp16_compress_hook
from torch.nn.parallel import DistributedDataParallel

from ..errors import UserError
from ..invocation import has_tools

STORE = "FCN_STORE"  # environment variable: prefix of the launcher's file store for processes of one machine
HOOKS = {"bf16": bf16_compress_hook, "fp16": fp16_compress_hook}


def join_processes(cfg: ConfigDict) -> None:
    """Start the process group of ``cfg.launcher``, unless one exists or there is a single process.

    mmengine starts it later, in its Runner; if a process failed before, the others would wait for half an hour. Without a GPU the
    backend is gloo, as ``init_dist`` always calls ``torch.cuda.set_device``. Remove this once mmengine supports CPU processes.
    """
    launcher = cfg.get("launcher", "none")
    if launcher == "none" or is_distributed():
        return
    where: dict[str, Any] = {}
    if STORE in os.environ:
        rank, count = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
        path = os.environ[STORE] + os.environ.get("TORCHELASTIC_RESTART_COUNT", "")
        where = dict(store=distributed.FileStore(path, count), rank=rank, world_size=count)
    try:
        if torch.cuda.is_available():
            init_dist(launcher, **((cfg.get("env_cfg") or {}).get("dist_cfg") or {}), **where)
        else:
            distributed.init_process_group("gloo", **where)
    except (KeyError, ValueError) as error:  # from environment variables that the launcher sets
        torchrun = "torchrun --nproc_per_node PROCESSES -m fcn_cli train CONFIG --launcher pytorch"
        programs = "tools/dist_train.sh CONFIG PROCESSES, torchrun" if has_tools() else torchrun
        start = f"start it with {programs}, srun or mpirun, or remove --launcher"
        found = f"--launcher {launcher} can't find the other processes ({error})"
        raise UserError("option-value", f"{found}: {start}") from error


def wrapper_cfg(cfg: Config, given: dict[str, Any] | None) -> dict[str, Any]:
    """Return ``model_wrapper_cfg`` with defaults for DDP's arguments.

    Gradients are views of DDP's buckets; DDP's own default keeps a second copy, 537 MB for FCN-8s on VGG16. Module buffers are
    broadcast from rank 0, which saves them; by mmengine's default each GPU keeps its own running means of batch norm.
    """
    given = dict(given or {})
    kind = given.setdefault("type", "MMDistributedDataParallel")
    kind = MODEL_WRAPPERS.get(kind) if isinstance(kind, str) else kind
    if isinstance(kind, type) and issubclass(kind, DistributedDataParallel):
        given.setdefault("gradient_as_bucket_view", True)
        given.setdefault("find_unused_parameters", cfg.get("find_unused_parameters", False))
        if not torch.cuda.is_available():
            given.setdefault("device_ids", None)  # mmengine passes the local rank
    return given


def compress_gradients(model: nn.Module, cfg: Config) -> None:
    """Send a wrapped net's gradients in 16 bits if ``gradient_compression`` is set; weights and updates stay float32.

    Raises:
        UserError: config-value: the wrapper is not DDP.
    """
    name = cfg.get("gradient_compression")
    if name is None:
        return
    if not isinstance(model, DistributedDataParallel):
        found = f"{cfg.filename}: gradient_compression is {name!r}, which {type(model).__name__} does not support"
        remedy = "set it to None, or use model_wrapper_cfg.type='MMDistributedDataParallel'"
        raise UserError("config-value", f"{found}: {remedy}")
    model.register_comm_hook(None, HOOKS[name])
