"""How the processes of a run meet, and how they share gradients."""

from __future__ import annotations

import os

import torch
from mmengine.config import Config, ConfigDict
from mmengine.dist import init_dist, is_distributed
from mmengine.registry import MODEL_WRAPPERS
from torch import distributed, nn
from torch.distributed.algorithms.ddp_comm_hooks.default_hooks import bf16_compress_hook, fp16_compress_hook
from torch.nn.parallel import DistributedDataParallel

from ..errors import UserError
from ..invocation import has_tools

STORE = "FCN_STORE"  # variable: beginning of the name of the launcher's file where processes of one machine meet
HOOKS = {"bf16": bf16_compress_hook, "fp16": fp16_compress_hook}


def join_processes(cfg: ConfigDict) -> None:
    """Start the process group that ``cfg.launcher`` names, unless there is one or a single process.

    The engine does so in its Runner: a process that fails before, say at a file missing on its machine, would leave the others
    waiting for half an hour. Without a GPU it is gloo: ``init_dist`` always calls ``torch.cuda.set_device``. Goes when mmengine
    starts CPU processes itself.
    """
    launcher = cfg.get("launcher", "none")
    if launcher == "none" or is_distributed():
        return
    where = {}
    if STORE in os.environ:
        rank, count = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
        path = os.environ[STORE] + os.environ.get("TORCHELASTIC_RESTART_COUNT", "")
        where = dict(store=distributed.FileStore(path, count), rank=rank, world_size=count)
    try:
        if torch.cuda.is_available():
            init_dist(launcher, **((cfg.get("env_cfg") or {}).get("dist_cfg") or {}), **where)
        else:
            distributed.init_process_group("gloo", **where)
    except (KeyError, ValueError) as error:  # of variables that the launcher's program sets
        torchrun = "torchrun --nproc_per_node PROCESSES -m fcn_cli train CONFIG --launcher pytorch"
        programs = "tools/dist_train.sh CONFIG PROCESSES, torchrun" if has_tools() else torchrun
        start = f"start it by {programs}, srun or mpirun, or leave out --launcher"
        found = f"--launcher {launcher} can't find the other processes ({error})"
        raise UserError("option-value", f"{found}: {start}") from error


def wrapper_cfg(cfg: Config, given: dict | None) -> dict:
    """``model_wrapper_cfg`` with the arguments of DDP that it leaves open.

    Gradients are views of the buffers that are summed over processes: DDP's default keeps them twice, 537 MB of FCN-8s on VGG16.
    Buffers are rank 0's, which are the ones that are saved; mmengine leaves each GPU its own running means of batch norm.
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
    """Send a wrapped net's gradients in 16 bits where ``gradient_compression`` says so; weights and updates stay float32.

    Raises:
        UserError: config-value: the wrapper does not sum gradients by DDP.
    """
    name = cfg.get("gradient_compression")
    if name is None:
        return
    if not isinstance(model, DistributedDataParallel):
        found = f"{cfg.filename}: gradient_compression is {name!r}, which {type(model).__name__} does not know"
        remedy = "set it to None, or take model_wrapper_cfg.type='MMDistributedDataParallel'"
        raise UserError("config-value", f"{found}: {remedy}")
    model.register_comm_hook(None, HOOKS[name])
