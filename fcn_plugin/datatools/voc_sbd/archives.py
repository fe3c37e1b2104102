"""Extract the part of a release that is used; goes on where it stopped."""

from __future__ import annotations

import gzip
import os
import shutil
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from tqdm import tqdm

from ...errors import UserError
from .releases import Release

DAMAGED = (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error)


def extract(archive: Path, release: Release, data_dir: Path, force: bool = False) -> Path:
    """Extract the used files of a tar archive, compressed or not.

    A file appears only when it is whole, and one that is there stays: a second call writes what is missing.

    Args:
        archive: the file.
        release: what it should hold.
        data_dir: folder to extract to; made if missing.
        force: write files that are there too.

    Returns:
        The tree: ``data_dir / release.tree``.

    Raises:
        UserError: damaged, unsafe (a path out of the folder), or another archive.
    """
    tree = data_dir / release.tree
    seal = data_dir / f".{archive.name}.extracted"
    stamp = f"{archive.stat().st_size} {archive.stat().st_mtime_ns}"
    if not force and seal.is_file() and seal.read_text() == stamp and missing_part(tree, release) is None:
        return tree
    if not hasattr(tarfile, "data_filter"):
        raise UserError(
            f"this Python can't extract {archive} safely (no tarfile.data_filter): update it (3.10.12, 3.11.4 or later), "
            "or extract the archive yourself and name the folder"
        )
    data_dir.mkdir(parents=True, exist_ok=True)
    staging = data_dir / f".{archive.name}.part"
    try:
        with archive.open("rb") as file, tarfile.open(fileobj=file) as tar:
            for member in _used_members(tar, release, file, archive):
                safe = tarfile.data_filter(member, str(staging))
                target = data_dir / safe.name
                if target.exists() and not force:
                    continue
                tar.extract(safe, staging, filter="data")
                target.parent.mkdir(parents=True, exist_ok=True)
                os.replace(staging / safe.name, target)
    except DAMAGED as error:
        reason = (str(error) or type(error).__name__).splitlines()[0].rstrip(":")
        raise UserError(
            f"{archive} can't be extracted ({reason}): it is no tar archive, truncated, damaged "
            "or unsafe; download it again"
        ) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    missing = missing_part(tree, release)
    if missing:
        raise UserError(f"{archive} holds no {release.tree / missing}: is it {release.title}, {release.archive}?")
    seal.write_text(stamp)
    return tree


def missing_part(tree: Path, release: Release) -> str | None:
    """The first used part that a tree lacks."""
    return next((part for part in release.parts if not (tree / part).exists()), None)


def _used_members(tar: tarfile.TarFile, release: Release, file, archive: Path) -> Iterator[tarfile.TarInfo]:
    """Regular files in the used parts; shows progress in bytes of the archive."""
    wanted = [release.tree / part for part in release.parts]
    with tqdm(total=archive.stat().st_size, unit="B", unit_scale=True, desc=f"extracting {archive.name}") as bar:
        for member in tar:
            path = PurePosixPath(member.name)
            if member.isfile() and any(path.is_relative_to(part) for part in wanted):
                yield member
            bar.update(file.tell() - bar.n)
        bar.update(bar.total - bar.n)
