"""Build the Runner of a prepared config."""

from __future__ import annotations

import copy
from typing import Any

from mmengine.config import Config
from mmengine.registry import RUNNERS

from ..errors import UserError
from .runner import FCNRunner
from .start import Start

# arguments that mmengine's Runner needs together or not at all
TOGETHER = (
    ("train_dataloader", "train_cfg", "optim_wrapper"),
    *((f"{split}_dataloader", f"{split}_cfg", f"{split}_evaluator") for split in ("val", "test")),
)


def build_runner(cfg: Config, start: Start, name: str | None = None, model: dict[str, Any] | None = None) -> FCNRunner:
    """Build the Runner of a prepared config and set its start.

    Args:
        cfg: the config, which is not changed.
        start: where training starts, or the weights to evaluate.
        name: name of the run, which must differ from other runs in this process. Default: the config's.
        model: config entry of a net to use instead of the config's.

    Raises:
        UserError: config-value: unknown Runner; config-data: a part of training, validation or test is missing.
    """
    for parts in TOGETHER:
        missing = [part for part in parts if cfg.get(part) is None]
        if 0 < len(missing) < len(parts):
            remedy = f"set {', '.join(parts)}, or none of them"
            raise UserError("config-data", f"{cfg.filename} has no {' and no '.join(missing)}: {remedy}")
    kind = RUNNERS.get(cfg.get("runner_type", "FCNRunner"))
    if not isinstance(kind, type) or not issubclass(kind, FCNRunner):
        message = f"{cfg.filename}: runner_type is {cfg.runner_type!r}: give 'FCNRunner' or a class derived from it"
        raise UserError("config-value", message)
    own = copy.deepcopy(cfg)
    if model:
        own.model = model
    own.experiment_name = name or cfg.get("experiment_name")
    runner = kind.from_cfg(own)
    runner.start = start
    return runner
