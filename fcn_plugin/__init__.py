"""Fully Convolutional Networks for MMSegmentation. Importing the package registers all of its parts."""

from typing import TYPE_CHECKING

from .requirements import check_requirements
from .version import __version__

check_requirements()

from . import data, engine, evaluation, models, registry, report, visualization, weights
from .configs import get_config

if TYPE_CHECKING:
    from .prediction.net import Net


def load(path, cfg=None, device=None, batch_size: int | None = None) -> "Net":
    """Load a trained net to predict with: ``fcn_plugin.load("iter_2000.pth").predict("photo.jpg")``.

    Args:
        path: checkpoint of a run; the config inside it says what net it is and how images are prepared. Or an ``.onnx`` or OpenVINO
            ``.xml`` file of ``fcn export``, which runs on the CPU.
        cfg: another config: by name or file, or one that :func:`.preflight.prepare.prepare` has prepared.
        device: as torch names it, such as ``cuda:1``; default: a GPU if there is one.
        batch_size: images of equal size that one forward takes, at most; by default 8, and on a CPU fewer of more than 128 x 128.

    Raises:
        UserError: ``checkpoint-*``: no such file, or it is no checkpoint, holds no config or does not fit ``cfg``; ``config-*``.
    """
    from .prediction.load import load  # what training does not need

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
