"""mmengine's ways to load a checkpoint, replaced by ours: every path and link of a config ends in :func:`~.read.read_checkpoint`.

mmengine loads what torch refuses once more, in full, so that a crafted file runs its code, through ``init_cfg`` of a backbone,
``init_model`` or any tool. Goes when ``mmengine.runner.checkpoint._safe_torch_load`` no longer does.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping

from mmengine.runner.checkpoint import (
    CheckpointLoader,
    get_deprecated_model_names,
    get_external_models,
    get_mmcls_models,
    get_torchvision_models,
)

from ..checkpoints.read import read_checkpoint
from ..errors import UserError
from .links import fetch


def load_from_local(filename: str, map_location=None) -> dict:
    """A file, safetensors among them."""
    return read_checkpoint(os.path.expanduser(filename), map_location)


def load_from_link(filename: str, map_location=None) -> dict:
    """An ``https://`` link; ``http://`` is refused."""
    return read_checkpoint(fetch(filename), map_location)


def load_from_torchvision(filename: str, map_location=None) -> dict:
    """``torchvision://NAME``, by mmengine's table: its plain names are torchvision's first weights, not the default ones."""
    return load_from_link(_named(filename, get_torchvision_models()), map_location)


def load_from_openmmlab(filename: str, map_location=None) -> dict:
    """``open-mmlab://NAME``; names that users added to mmengine's table may be files in its folder."""
    scheme, _, name = filename.partition("://")
    name = get_deprecated_model_names().get(name, name)
    place = _named(f"{scheme}://{name}", get_external_models())
    if "://" in place:
        return load_from_link(place, map_location)
    home = os.getenv("MMENGINE_HOME") or os.path.join(os.getenv("XDG_CACHE_HOME", "~/.cache"), "mmengine")
    return load_from_local(os.path.join(home, place), map_location)


def load_from_mmcls(filename: str, map_location=None) -> dict:
    """``mmcls://NAME``: the backbone of a classifier."""
    content = load_from_link(_named(filename, get_mmcls_models()), map_location)
    state = content.get("state_dict", content)
    start = "backbone."
    return {"state_dict": {name.removeprefix(start): one for name, one in state.items() if name.startswith(start)}}


def load_from_store(filename: str, map_location=None) -> dict:
    """Object stores, whose clients hand over bytes of any kind."""
    raise UserError(f"{filename} lies in an object store: download it and give the file's path")


def _named(filename: str, links: Mapping[str, str]) -> str:
    name = filename.partition("://")[2]
    if not links.get(name):  # some of torchvision's have no link
        near = ", ".join(difflib.get_close_matches(name, links)) or "there is none like it"
        raise UserError(
            f"{filename}: mmengine knows no weights named {name!r}: {near}; or give a file or an https:// link"
        )
    return links[name]


LOADERS = {
    "": load_from_local,
    "http://": load_from_link,
    "https://": load_from_link,
    "modelzoo://": load_from_torchvision,
    "torchvision://": load_from_torchvision,
    "open-mmlab://": load_from_openmmlab,
    "openmmlab://": load_from_openmmlab,
    "mmcls://": load_from_mmcls,
    "pavi://": load_from_store,
    r"(\S+\:)?s3://": load_from_store,
    r"(\S+\:)?petrel://": load_from_store,
}

for _prefix, _loader in LOADERS.items():
    CheckpointLoader.register_scheme(_prefix, _loader, force=True)
