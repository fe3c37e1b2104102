"""Check that a pipeline loads what its split needs and packs it; else a run fails inside the net."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from mmengine.config import ConfigDict
from mmseg.datasets.transforms import LoadAnnotations, PackSegInputs

from ...data.leaves import Declared
from ...data.multilabel.load import MultilabelLoadAnnotations
from ...errors import UserError
from ..parameters import class_of

KNOWN = ("mmcv", "mmseg", "fcn_plugin")  # steps of other packages may load masks or pack, too

MASKS = (LoadAnnotations, MultilabelLoadAnnotations)


def check_steps(cfg: ConfigDict, declared: Sequence[Declared]) -> None:
    """Refuse pipelines of known steps that don't pack, or don't load masks that are needed; UserError: ``config-data``."""
    for split, entry, _ in declared:
        kinds = [class_of(step.get("type")) for step in _steps(entry.get("pipeline") or ())]
        known = [kind for kind in kinds if kind and kind.__module__.partition(".")[0] in KNOWN]
        if not kinds or len(known) < len(kinds):
            continue
        wanted = {"PackSegInputs": PackSegInputs, "FCNLoadAnnotations": split != "test" and MASKS}
        for name, base in wanted.items():
            if base and not any(issubclass(kind, base) for kind in known):
                what = f"{cfg.filename}: the pipeline of the {split} data set has no {name}"
                place = "at its end" if base is PackSegInputs else "after its LoadImageFromFile"
                raise UserError("config-data", f"{what}: add dict(type='{name}') {place}")


def _steps(node: Any) -> Iterator[dict[str, Any]]:
    """Yield all steps, including nested ones."""
    if isinstance(node, dict):
        yield node
        node = node.get("transforms") or ()
    for inner in node if isinstance(node, (list, tuple)) else ():
        yield from _steps(inner)
