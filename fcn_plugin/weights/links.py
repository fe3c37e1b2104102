"""Fetch weights behind a link into torch's cache, and compare them with the checksum that the link gives."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urldefrag, urlparse

import torch
from torchvision.models import get_model_weights

from ..checkpoints.checksum import sha256
from ..errors import UserError


def fetch(source: str) -> str:
    """Return the path of the file behind an ``https://`` link or ``torchvision://NAME``; it is downloaded once.

    A link may end in ``#sha256=HEX``, or its file's name may carry the first digits of the sum, as torchvision's do
    (``vgg16-397923af.pth``); both are compared on every call.

    Raises:
        UserError: ``weights-link``; ``weights-damaged``: the file has another sum, and is removed.
    """
    scheme, _, name = source.partition("://")
    if scheme not in ("https", "torchvision"):
        why = "; over http:// anybody on the way can change the file" if scheme == "http" else ""
        raise UserError("weights-link", f"{source}: give a file, an https:// link or torchvision://NAME{why}")
    url, fragment = urldefrag(source)
    given = re.fullmatch(r"sha256=([0-9a-fA-F]{64})", fragment)
    if fragment and not given:
        raise UserError("weights-link", f"{source}: after the # give sha256= and 64 hex digits, or nothing")
    try:
        if scheme == "torchvision":
            url = get_model_weights(name).DEFAULT.url
        file = Path(urlparse(url).path).name
        path = Path(torch.hub.get_dir()) / "checkpoints" / file
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            torch.hub.download_url_to_file(url, str(path))
    except Exception as error:
        remedy = "download the file elsewhere and give its path, --cfg-options model.pretrained=PATH"
        raise UserError("weights-link", f"can't fetch {source} ({error}): {remedy}") from error
    in_name = re.search(r"-([0-9a-f]{8,64})\.", file)  # torch's own pattern takes vgg-face.pth for one
    wanted = [match[1].lower() for match in (given, in_name) if match]
    found = sha256(path) if wanted else ""
    for digits in wanted:
        if not found.startswith(digits):
            path.unlink()
            sums = f"the file has the SHA-256 {found}, the link says {digits}; {path} was removed"
            remedy = "Fetch it again; if that does not help, the file behind the link has changed"
            raise UserError("weights-damaged", f"{source}: {sums}. {remedy}")
    return str(path)
