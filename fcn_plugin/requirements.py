"""Check the installed versions of required packages before any of them is imported."""

from __future__ import annotations

import runpy
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from packaging.requirements import Requirement
from packaging.version import Version

from .errors import UserError

# import name -> (requirement, discontinued distributions with the same name); bounded, since compat.py uses private names
REQUIRED = {
    "torch": ("torch>=2.11", ""),
    "mmengine": ("onedl-mmengine>=0.10.12,<0.11", "mmengine"),
    "mmcv": ("onedl-mmcv>=2.3,<2.4", "mmcv mmcv-lite"),
    "mmseg": ("onedl-mmsegmentation>=1.4,<1.5", "mmsegmentation"),
    "mmpretrain": ("onedl-mmpretrain>=1.3,<1.4", "mmpretrain"),
}


def check_requirements() -> None:
    """Raise a one-line ImportError if a version does not fit: what is needed, what was found, the command to run."""
    for name, (needed, old) in REQUIRED.items():
        found = installed_version(name)
        if found is None or Version(found).base_version not in Requirement(needed).specifier:
            remove = f"pip uninstall -y {old} && " if found and old else ""
            have = f"{name} {found}" if found else "none"
            raise ImportError(f"fcn_plugin needs {needed}, found {have}: {remove}pip install -U '{needed}'")


def import_extra(name: str, wanted: str) -> ModuleType:
    """Import an optional package; UserError: ``requirements`` if it is missing, with ``wanted``, what to pip install."""
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise UserError("requirements", f"{name} is not installed: pip install {wanted}") from None


def installed_version(name: str) -> str | None:
    """Read a package's version without importing it, whichever distribution it is from; None if it is not installed."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        return None
    return str(runpy.run_path(str(Path(spec.origin).with_name("version.py"))).get("__version__", "0"))
