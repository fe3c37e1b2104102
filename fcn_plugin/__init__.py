"""Fully Convolutional Networks for MMSegmentation. Importing the package registers all of its parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .requirements import check_requirements
from .version import __version__

check_requirements()

from . import data, engine, evaluation, models, registry, report, visualization, weights
from .configs import get_config

if TYPE_CHECKING:
    from pathlib import Path

    import torch
    from mmengine.config import Config

    from .prediction.net import Net


def load(
    path: str | Path,
    cfg: Config | str | Path | None = None,
    device: str | torch.device | None = None,
    batch_size: int | None = None,
) -> Net:
    """Load a trained net to predict with: ``fcn_plugin.load("iter_2000.pth").predict("photo.jpg")``.

    From then on the process keeps the memory that it frees (:mod:`.allocator`).

    Args:
        path: checkpoint of a run, which holds the config of its net; or an ``.onnx`` or OpenVINO ``.xml`` file written by
            ``fcn export``, which runs on the CPU.
        cfg: config to use in place of the checkpoint's: a name, a file, or a config that
            :func:`.preflight.prepare.prepare` has prepared.
        device: torch device, such as ``cuda:1``; default: a GPU if there is one.
        batch_size: most images of equal size per forward pass; default: 8, on a CPU fewer if larger than 128 x 128 pixels.

    Raises:
        UserError: ``checkpoint-*``: the file is missing, no checkpoint, holds no config or does not fit ``cfg``; ``config-*``.
    """
    from .prediction.load import load  # training does not need it

    return load(path, cfg, device, batch_size)


__all__ = [
    "__version__",
    "data",
    "engine",
    "evaluation",
    "get_config",
    "load",
    "models",
    "registry",
    "report",
    "visualization",
    "weights",
]
