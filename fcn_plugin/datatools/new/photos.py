"""Headers and digests of the images."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from ...data.headers import Header, UnreadableFile, image_problems, pair_problems, read_header
from ...data.problems import Problem, first_error
from ...errors import UserError


@dataclass(frozen=True)
class Photo:
    """Attributes: ``header``, Pillow's; ``digest`` of the file's bytes, by which copies are found."""

    header: Header
    digest: bytes


def look_at(path: Path) -> Photo:
    """An image without decoding it.

    Raises:
        UserError: no image, or one that training can't load as it is.
    """
    try:
        header = read_header(str(path))
    except UnreadableFile as error:
        raise UserError(error.problem.message) from error
    refuse(image_problems(header))
    return Photo(header, hashlib.blake2b(path.read_bytes(), digest_size=16).digest())


def fit(photo: Photo, mask: Header) -> None:
    """Refuse a mask of another size than its image, or an image that is turned on loading alone."""
    refuse(pair_problems(photo.header, mask))


def fit_drawn(photo: Photo, path: Path, size: tuple[int, int]) -> None:
    """The same for a mask that is drawn from a file of shapes, for the (W, H) that this states."""
    fit(photo, Header(str(path), size, "L", 8, "PNG", 1))


def refuse(problems: list[Problem]) -> None:
    """Raise the first that is an error."""
    error = first_error(problems)
    if error:
        raise UserError(error.message)
