"""Find the configs that come with the package, in a checkout or in an installed wheel."""

from __future__ import annotations

import errno
from difflib import get_close_matches
from pathlib import Path

from mmengine.config import Config

from .errors import UserError
from .signals import caught

PACKAGE = Path(__file__).parent


def config_dir() -> Path:
    """Return the folder of the configs: ``.mim/configs`` of a wheel, ``configs`` of a checkout; else ``file-missing``."""
    for folder in (PACKAGE / ".mim" / "configs", PACKAGE.parent / "configs"):
        if folder.is_dir():
            return folder
    raise UserError("file-missing", f"no configs beside {PACKAGE}: install the package again (pip install .)")


def config_name(path: str | Path) -> str:
    """Name a config after its file, with the folder for ``reference/fcn8s_vgg16_voc``: names of runs don't clash."""
    path = Path(path)
    return f"reference/{path.stem}" if path.parent.name == "reference" else path.stem


def get_config(name: str) -> Config:
    """Load a config by name, such as ``fcn8s_vgg16_voc`` or ``reference/fcn8s_vgg16_voc``, or by file.

    Raises:
        UserError: ``config-file``: no such config, or it can't be read.
    """
    path = Path(name)
    if not path.is_file():
        path = config_dir() / f"{name.removesuffix('.py')}.py"
    if not path.is_file():
        known = sorted(map(config_name, (*config_dir().glob("*.py"), *config_dir().glob("[!_]*/*.py"))))
        near = get_close_matches(Path(name).name, [file.name for file in Path(name).parent.glob("*.py")], 1)
        meant = f"did you mean {Path(name).parent / near[0]}? " if near else ""
        raise UserError("config-file", f"no config {name!r}: {meant}there are {', '.join(known)}")
    if path.suffix in (".pth", ".safetensors", ".onnx", ".xml"):
        raise UserError(
            "config-file", f"{name} is a net, and a config is meant in its place: give CONFIG, then CHECKPOINT"
        )
    request = caught()
    try:
        return Config.fromfile(path)
    except (Exception, SystemExit) as error:  # a config is a program: anything can go wrong in it
        if isinstance(error, SystemExit) and request and request.name:
            raise  # at a signal
        if isinstance(error, OSError) and (error.errno == errno.ENOSPC or "temporary directory" in str(error)):
            raise  # the engine reads a copy
        message = f"{name} can't be read as a config: {type(error).__name__}: {error}"
        raise UserError("config-file", message) from error
