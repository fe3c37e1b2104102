"""Headers and digests of the images."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple

from ...data.headers import Header, UnreadableFile, image_problems, pair_problems, read_header
from ...data.problems import refuse


class ImageFile(NamedTuple):
    """Attributes: ``header``, Pillow's; ``digest`` of the file's bytes, by which copies are found."""

    header: Header
    digest: bytes


def read_image(path: Path) -> ImageFile:
    """Read an image's header and digest without decoding it.

    Raises:
        UserError: ``image-unreadable``, or what would stop training, such as ``image-depth``.
    """
    try:
        header = read_header(str(path))
    except UnreadableFile as error:
        raise error.problem.error() from error
    refuse(image_problems(header))
    return ImageFile(header, hashlib.blake2b(path.read_bytes(), digest_size=16).digest())


def require_size(image: ImageFile, path: Path, size: tuple[int, int]) -> None:
    """Refuse a file of shapes that states another (W, H) than its image has; UserError: ``mask-size``, ``image-turned``."""
    refuse(pair_problems(image.header, Header(str(path), size, "L", 8, "PNG", 1)))
