"""One clear line when the installed stack can't carry the package.

Judged by import name and version: the OpenMMLab packages live on under other distribution names.
"""

from __future__ import annotations

import importlib.util
import runpy
from pathlib import Path

# import name -> (lowest version tried, what installs it)
REQUIRED = {
    "torch": ("2.11", "torch"),
    "mmengine": ("0.10.12", "onedl-mmengine"),
    "mmcv": ("2.3", "onedl-mmcv"),
    "mmseg": ("1.4", "onedl-mmsegmentation"),
    "mmpretrain": ("1.3", "onedl-mmpretrain"),
}
# the stopped distributions own the same folders: both at once break each other
OLD_NAMES = {"mmengine": "mmengine", "mmcv": "mmcv mmcv-lite", "mmseg": "mmsegmentation", "mmpretrain": "mmpretrain"}


def check_requirements() -> None:
    """Compare what is installed with what is needed.

    Raises:
        ImportError: one line: what was found, what is needed, the command that mends it.
    """
    for name, (lowest, distribution) in REQUIRED.items():
        found = installed_version(name)
        if found is None or _numbers(found) < _numbers(lowest):
            remove = f"pip uninstall -y {OLD_NAMES[name]} && " if found and name in OLD_NAMES else ""
            raise ImportError(
                f"fcn_plugin needs {name} >= {lowest}, found {found or 'none'}: "
                f"{remove}pip install -U '{distribution}>={lowest}'"
            )


def installed_version(name: str) -> str | None:
    """Version of an importable package, None where it is not installed.

    Its ``version.py`` runs alone: an old package as a whole may not import at all.
    """
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        return None
    return str(runpy.run_path(str(Path(spec.origin).with_name("version.py"))).get("__version__", "0"))


def _numbers(version: str) -> tuple[int, ...]:
    parts = version.split("+")[0].split(".")
    return tuple(int("".join(c for c in part if c.isdigit()) or 0) for part in parts[:3])
