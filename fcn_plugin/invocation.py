"""Tell how to call the commands: by a checkout's tools, or by a wheel's console script ``fcn``."""

from __future__ import annotations

import sys
from pathlib import Path

TOOLS = Path(__file__).parents[1] / "tools"
# subfolders of tools/
FOLDERS = dict.fromkeys(("make_minivoc", "voc_sbd", "pascal_context", "nyud", "siftflow"), "dataset_converters")
FOLDERS |= {"import_weights": "model_converters"}


def has_tools() -> bool:
    """Return whether the package is a checkout and was not called by its console script."""
    return (TOOLS / "train.py").is_file() and Path(sys.argv[0]).stem != "fcn"


def command(name: str) -> str:
    """Return what to type for a command: ``python tools/train.py`` in a checkout, ``fcn train`` elsewhere."""
    return f"python {Path('tools', FOLDERS.get(name, ''), f'{name}.py').as_posix()}" if has_tools() else f"fcn {name}"
