"""Find the package's configs, in a checkout or in an installed wheel."""

from __future__ import annotations

import errno
from difflib import get_close_matches
from pathlib import Path

from mmengine.config import Config

from .errors import UserError
from .signals import caught

PACKAGE = Path(__file__).parent


def config_dir() -> Path:
    """Return the folder of the configs: ``.mim/configs`` in a wheel, ``configs`` in a checkout; UserError: ``file-missing``."""
    for folder in (PACKAGE / ".mim" / "configs", PACKAGE.parent / "configs"):
        if folder.is_dir():
            return folder
    raise UserError("file-missing", f"no configs beside {PACKAGE}: install the package again (pip install .)")


def config_name(path: str | Path) -> str:
    """Name a config after its file; keep the folder ``reference/`` so that names of runs don't clash."""
    path = Path(path)
    return f"reference/{path.stem}" if path.parent.name == "reference" else path.stem


def get_config(name: str | Path) -> Config:
    """Load a config by name, such as ``fcn8s_vgg16_voc`` or ``reference/fcn8s_vgg16_voc``, or by file.

    Raises:
        UserError: ``config-file``: the config does not exist or can't be read.
    """
    path = Path(name)
    if not path.is_file():
        path = config_dir() / f"{str(name).removesuffix('.py')}.py"
    if not path.is_file():
        known = sorted(map(config_name, (*config_dir().glob("*.py"), *config_dir().glob("[!_]*/*.py"))))
        near = get_close_matches(Path(name).name, [file.name for file in Path(name).parent.glob("*.py")], 1)
        meant = f"did you mean {Path(name).parent / near[0]}? " if near else ""
        raise UserError("config-file", f"no config {str(name)!r}: {meant}there are {', '.join(known)}")
    if path.suffix in (".pth", ".safetensors", ".onnx", ".xml"):
        raise UserError("config-file", f"{name} is a net, where a config is expected: give CONFIG, then CHECKPOINT")
    request = caught()
    try:
        return Config.fromfile(path)
    except (Exception, SystemExit) as error:  # a config is a program and can raise anything
        if isinstance(error, SystemExit) and request and request.name:
            raise  # from a signal handler
        if isinstance(error, OSError) and (error.errno == errno.ENOSPC or "temporary directory" in str(error)):
            raise  # not the config's fault: mmengine copies it to a temporary folder
        message = f"can't read config {name}: {type(error).__name__}: {error}"
        raise UserError("config-file", message) from error
