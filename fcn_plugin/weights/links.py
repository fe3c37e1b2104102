"""Weights behind a link, fetched once into torch's cache and compared with the sum that the link gives."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urldefrag, urlparse

import torch

from ..checkpoints.checksum import sha256
from ..errors import UserError


def fetch(source: str) -> str:
    """Path of the file behind a link.

    The link may end in ``#sha256=HEX`` or its file's name may carry the sum's first digits, as torchvision's do
    (``vgg16-397923af.pth``); both are compared, every time.

    Args:
        source: ``https://`` link or ``torchvision://NAME``.

    Raises:
        UserError: another kind of link, no network, or a file of another sum, which is removed.
    """
    scheme, _, name = source.partition("://")
    if scheme not in ("https", "torchvision"):
        why = "; over http:// anybody on the way can change the file" if scheme == "http" else ""
        raise UserError(f"{source}: weights come from a file, an https:// link or torchvision://NAME{why}")
    link, fragment = urldefrag(source)
    whole = re.fullmatch(r"sha256=([0-9a-fA-F]{64})", fragment)
    if fragment and not whole:
        raise UserError(f"{source}: after the # comes sha256= and 64 hex digits, or leave it away")
    try:
        url = _torchvision_link(name) if scheme == "torchvision" else link
        file = Path(urlparse(url).path).name
        path = Path(torch.hub.get_dir()) / "checkpoints" / file
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            torch.hub.download_url_to_file(url, str(path))
    except Exception as error:
        raise UserError(
            f"can't fetch {source} ({error}): download the file on a machine with a network and give its path, "
            "--cfg-options model.pretrained=PATH"
        ) from error
    start = re.search(r"-([0-9a-f]{8,64})\.", file)  # torch's own pattern takes vgg-face.pth for one
    _compare(path, [one[1].lower() for one in (whole, start) if one], source)
    return str(path)


def _torchvision_link(name: str) -> str:
    from torchvision.models import get_model_weights

    return get_model_weights(name).DEFAULT.url


def _compare(path: Path, wanted: list[str], source: str) -> None:
    if not wanted or not path.is_file():
        return
    found = sha256(path)
    for one in wanted:
        if not found.startswith(one):
            path.unlink()
            raise UserError(
                f"{source}: the file has the SHA-256 {found}, and the link says {one}: {path} was removed. Fetch it again; if that "
                "does not help, the file behind the link is another one than it was"
            )
