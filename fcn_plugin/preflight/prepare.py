"""Prepare every run: check the config and its data, and fill in dependent values. Afterwards the config does not change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from mmengine.config import ConfigDict
from mmengine.registry import init_default_scope

from ..atomic_write import make_dir
from ..data.leaves import declared_datasets, mapped_classes
from ..engine.distributed import join_processes
from ..engine.start import Asked, resolve_start
from ..engine.work_dir_lock import work_dir_lock
from .bands import check_bands
from .config import check_config
from .data.joined import allow_other_ids
from .data.pairs import lists_to_pairs
from .data.steps import check_steps
from .datasets import check_datasets
from .fill_in import Prepared, fill_in, fill_in_training
from .keys import check_arguments, check_keys
from .shapes import check_shapes


def prepare(
    cfg: ConfigDict,
    splits: Sequence[str],
    look_for_files: bool = False,
    tta: bool = False,
    hooks: Sequence[dict[str, Any]] = (),
    scores: bool = True,
) -> Prepared:
    """Prepare a command other than training. Nothing changes the config afterwards. Collective: call on every rank.

    Args:
        splits: those of ``train``, ``val``, ``test`` that the command uses.
        look_for_files: check that every image and mask of the splits exists.
        tta: average over the flips and scales of ``cfg.tta_pipeline``.
        hooks: entries to add to ``custom_hooks``.
        scores: False if the test split has no masks and is only predicted.

    Raises:
        UserError: ``config-*``, ``classes-count``, ``dataset-*``, ``image-unreadable``, ``mask-unreadable``.
    """
    _check(cfg, splits, look_for_files)
    return fill_in(cfg, tta, hooks, scores)


@contextmanager
def prepare_training(cfg: ConfigDict, asked: Asked, hooks: Sequence[dict[str, Any]] = ()) -> Iterator[Prepared]:
    """Prepare training, like :func:`prepare`, from the requested start; lock the work dir for the ``with`` block.

    Raises:
        UserError: those of :func:`prepare`; output-path, work-dir-locked, checkpoint-*, weights-missing, option-value.
    """
    _check(cfg, ("train", "val"), look_for_files=True)
    make_dir(cfg.work_dir, "--work-dir")
    with work_dir_lock(cfg.work_dir):
        yield fill_in_training(cfg, resolve_start(cfg.work_dir, asked), hooks)


def _check(cfg: ConfigDict, splits: Sequence[str], look_for_files: bool) -> None:
    check_shapes(cfg)
    lists_to_pairs(cfg)
    init_default_scope(cfg.get("default_scope", "mmseg"))
    join_processes(cfg)
    check_keys(cfg, splits)
    declared = declared_datasets(cfg, splits)
    if cfg.model.decode_head.get("num_classes") is None:
        cfg.model.decode_head.num_classes = mapped_classes(cfg)
    check_config(cfg)
    check_arguments(cfg)
    check_bands(cfg, declared)
    if look_for_files:  # pipelines are run
        check_steps(cfg, declared)
    for split in splits:
        allow_other_ids(cfg, split)
    check_datasets(cfg, declared, look_for_files)
