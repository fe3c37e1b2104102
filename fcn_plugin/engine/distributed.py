"""The processes of a run find each other before anything can go wrong in one of them."""

from __future__ import annotations

import torch
from mmengine.config import ConfigDict
from mmengine.dist import init_dist, is_distributed
from torch import distributed


def join_processes(cfg: ConfigDict) -> None:
    """Start the group of processes that ``cfg.launcher`` speaks of, unless there is one or a single process.

    The engine does so in its Runner. One that fails before, say at a file missing on its machine, would leave the others to
    wait for it for half an hour; in a group that has met, they hear of it at once. Without a GPU it is gloo: ``init_dist``
    always calls ``torch.cuda.set_device``. Goes when mmengine starts CPU processes itself.
    """
    launcher = cfg.get("launcher", "none")
    if launcher == "none" or is_distributed():
        return
    if torch.cuda.is_available():
        init_dist(launcher, **cfg.get("env_cfg", {}).get("dist_cfg", {}))
    else:
        distributed.init_process_group("gloo")
