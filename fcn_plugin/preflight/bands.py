"""Check that pipelines, data preprocessor and net agree on how many bands an image has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from mmengine.config import ConfigDict

from ..data.bands.readers import BandsReader, reader_of
from ..data.leaves import Declared
from ..errors import UserError

PREPROCESSOR = "FCNBandsPreProcessor"
# mmseg's steps that need three channels of 0..255
FOR_COLOURS = {"PhotoMetricDistortion", "AdjustGamma", "CLAHE", "RGB2Gray", "RandomCutOut", "Rerange"}


def check_bands(cfg: ConfigDict, declared: Sequence[Declared]) -> None:
    """Refuse loaders that don't match the data preprocessor, and colour transforms in a pipeline that loads all bands.

    Raises:
        UserError: config-value.
    """
    for_bands = str((cfg.model.get("data_preprocessor") or {}).get("type")).endswith(PREPROCESSOR)
    for split, entry, _ in declared:
        pipeline = entry.get("pipeline") or ()
        loads_bands = isinstance(reader_of(pipeline), BandsReader)
        place = f"{cfg.filename}: the {split} pipeline"
        if loads_bands and not for_bands:
            what = "loads all bands with FCNLoadBands, but model.data_preprocessor takes three"
            raise UserError("config-value", f"{place} {what}: set its type='{PREPROCESSOR}', mean and std per band")
        if for_bands and not loads_bands and pipeline:
            what = f"loads three channels, but model.data_preprocessor is a {PREPROCESSOR}"
            raise UserError("config-value", f"{place} {what}: load images with FCNLoadBands")
        if wrong := FOR_COLOURS.intersection(_names(pipeline)) if loads_bands else ():
            what = f"loads all bands and has {min(wrong)}, which needs three colour channels"
            raise UserError("config-value", f"{place} {what}: remove that transform")


def _names(steps: Any) -> Iterator[str]:
    """Yield the names of steps, including nested ones."""
    for step in steps if isinstance(steps, Iterable) and not isinstance(steps, (str, dict)) else ():
        if isinstance(step, dict):
            yield str(step.get("type")).rpartition(".")[2]
            yield from _names(step.get("transforms"))
        else:
            yield from _names(step)
