"""How users call the commands: by the tools of a checkout, or by the console script that a wheel brings."""

from __future__ import annotations

import sys
from pathlib import Path

TOOLS = Path(__file__).parents[1] / "tools"
# folders of tools that have one of their own
FOLDERS = dict.fromkeys(("make_minivoc", "voc_sbd", "pascal_context", "nyud", "siftflow"), "dataset_converters")
FOLDERS |= {"import_weights": "model_converters"}


def has_tools() -> bool:
    """Whether the package is of a checkout and was not called by its console script."""
    return (TOOLS / "train.py").is_file() and Path(sys.argv[0]).stem != "fcn"


def command(name: str) -> str:
    """Return what to type for a command: ``python tools/train.py`` in a checkout, ``fcn train`` elsewhere."""
    return f"python {Path('tools', FOLDERS.get(name, ''), f'{name}.py').as_posix()}" if has_tools() else f"fcn {name}"
