"""Replace mmengine's checkpoint loaders by safe ones: paths and URLs in a config go to ``checkpoints.read.read_checkpoint``.

If torch refuses a file, mmengine loads it again without safeguards, which runs the code in it. Remove this module once
``mmengine.runner.checkpoint._safe_torch_load`` no longer does so. Object stores (``s3://``, ``petrel://``, ...) keep mmengine's.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from functools import partial
from typing import Any

from mmengine.runner import checkpoint as stock
from torch.serialization import MAP_LOCATION

from ..checkpoints.read import read_checkpoint
from ..errors import UserError
from .links import local_file

register = partial(stock.CheckpointLoader.register_scheme, force=True)


@register(("", "http://", "https://"))
def load(place: str, map_location: MAP_LOCATION = None) -> dict[str, Any]:
    """Load a file, also safetensors, or an ``https://`` URL; UserError ``weights-link`` for other URLs."""
    with local_file(place) as path:
        return read_checkpoint(path, map_location)


@register(("modelzoo://", "torchvision://"))
def load_from_torchvision(filename: str, map_location: MAP_LOCATION = None) -> dict[str, Any]:
    """Load ``torchvision://NAME`` from mmengine's table, whose plain names are torchvision's first weights, not the defaults."""
    return load(_look_up(filename, stock.get_torchvision_models()), map_location)


@register(("open-mmlab://", "openmmlab://"))
def load_from_openmmlab(filename: str, map_location: MAP_LOCATION = None) -> dict[str, Any]:
    """Load ``open-mmlab://NAME``; names that users add to mmengine's table may be files in its folder."""
    scheme, _, name = filename.partition("://")
    place = _look_up(f"{scheme}://{stock.get_deprecated_model_names().get(name, name)}", stock.get_external_models())
    home = os.getenv("MMENGINE_HOME") or os.path.join(os.getenv("XDG_CACHE_HOME", "~/.cache"), "mmengine")
    return load(place if "://" in place else os.path.join(home, place), map_location)


@register("mmcls://")
def load_from_mmcls(filename: str, map_location: MAP_LOCATION = None) -> dict[str, Any]:
    """Load the backbone of a classifier, ``mmcls://NAME``."""
    content = load(_look_up(filename, stock.get_mmcls_models()), map_location)
    state, start = content.get("state_dict", content), "backbone."
    return {"state_dict": {name.removeprefix(start): t for name, t in state.items() if name.startswith(start)}}


def _look_up(filename: str, links: Mapping[str, str]) -> str:
    name = filename.partition("://")[2]
    if not links.get(name):  # some torchvision models have no URL
        near = ", ".join(difflib.get_close_matches(name, links)) or "none is similar"
        raise UserError("weights-link", f"{filename}: unknown name {name!r} ({near}): give a file or an https:// link")
    return links[name]
