"""Configs of the package, each read once: a copy takes a tenth of the time."""

import copy
from functools import cache

from mmengine.config import Config

from fcn_plugin.configs import config_dir, get_config


def own_config(name: str) -> Config:
    """The config of this name, to change at will."""
    return copy.deepcopy(_read(name))


def base_config(path: str) -> Config:
    """The config in a file below ``configs/_base_``, to change at will."""
    return copy.deepcopy(_read_base(path))


@cache
def _read(name: str) -> Config:
    return get_config(name)


@cache
def _read_base(path: str) -> Config:
    return Config.fromfile(config_dir() / "_base_" / path)
