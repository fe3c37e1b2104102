"""Find the public releases PASCAL VOC 2012 and 2011 (Everingham et al.) and SBD (Hariharan et al., ICCV 2011).

They are searched in the given places, in the data folder and its archives, and optionally downloaded.
"""

from __future__ import annotations

import gzip
import re
import shutil
import tarfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path, PurePosixPath
from typing import BinaryIO, NamedTuple

from torchvision.datasets import SBDataset
from torchvision.datasets.utils import check_md5
from torchvision.datasets.voc import DATASET_YEAR_DICT
from tqdm import tqdm

from ...atomic_write import atomic_write, make_inside, read_plain
from ...download import download
from ...errors import UserError

EXTRACT_AGAIN = "extract it again (--force does, from its archive)"  # without --force, existing files are kept
GZIP = b"\x1f\x8b"
PLAIN = re.compile(r"\w[\w.-]{,99}", re.ASCII)  # names of files
MOST, MEMBERS = 1 << 32, 200_000  # bytes and files of an unpacked archive; VOC 2012 has 2 GB in some 40,000
HEADERS = 1 << 20  # bytes between two files; names need some hundred


class Release(NamedTuple):
    """A release's archive: ``tree`` is the data set's folder in it, ``parts`` the files and folders of it that are needed.

    ``more`` are optional parts.
    """

    title: str
    archive: str
    url: str
    md5: str
    tree: PurePosixPath
    parts: tuple[str, ...]
    more: tuple[str, ...] = ()

    def missing_part(self, tree: Path) -> str | None:
        """Return the first needed part that a tree lacks."""
        return next((part for part in self.parts if not (tree / part).exists()), None)


def voc(year: str, *parts: str, more: tuple[str, ...] = ()) -> Release:
    """Return a year of PASCAL VOC with torchvision's link and md5; ``parts`` are the folders that must be in its tree."""
    known = DATASET_YEAR_DICT[year]
    place = known["filename"], known["url"], known["md5"], PurePosixPath(Path(known["base_dir"]).as_posix())
    return Release(f"PASCAL VOC {year}", *place, parts, more)


SBD = (SBDataset.filename, SBDataset.url, SBDataset.md5, PurePosixPath("benchmark_RELEASE/dataset"))
RELEASES = {
    "voc2012": voc("2012", "ImageSets/Segmentation", "JPEGImages", "SegmentationClass"),
    "voc2011": voc("2011", "ImageSets/Segmentation", more=("SegmentationClass",)),  # images are in VOC 2012 as well
    "sbd": Release("SBD", *SBD, ("cls", "train.txt", "val.txt")),  # the images are VOC's
}


def find_trees(
    given: Mapping[str, str | None], data_dir: str | Path, download: bool = False, force: bool = False
) -> dict[str, Path]:
    """Find the tree of each release (``voc2011`` is optional), and extract archives.

    Args:
        given: a folder or an archive by release (``voc2012``, ``voc2011``, ``sbd``); None or no entry: search in ``data_dir``.
        data_dir: folder of the archives, also used for downloads and extraction.
        download: download missing archives.
        force: extract again, replacing existing files.

    Raises:
        UserError: ``dataset-missing``, ``download``, ``archive-damaged``.
    """
    root = Path(data_dir)
    trees = {name: find_tree(release, given.get(name), root, force) for name, release in RELEASES.items()}
    missing = [name for name, tree in trees.items() if tree is None]
    for name in missing if download else ():
        trees[name] = extract(fetch(RELEASES[name], root), RELEASES[name], root, force)
    if trees["voc2012"] is None or trees["sbd"] is None:
        found = f"no {' and '.join(RELEASES[name].title for name in missing if name != 'voc2011')} in {root}"
        found += ": use --download, or put these files there, or give a folder or an archive:"
        files = [(name, RELEASES[name]) for name in missing]
        lines = [f"  {root / r.archive} from {r.url} (md5 {r.md5}), or --{name} PATH" for name, r in files]
        raise UserError("dataset-missing", found, lines)
    return {name: tree for name, tree in trees.items() if tree is not None}


def find_tree(release: Release, given: str | None, root: Path, force: bool) -> Path | None:
    """Find a release's folder; None if it is neither given nor in the data folder."""
    archive = Path(given) if given else root / release.archive
    if archive.is_file():
        return extract(archive, release, root, force)
    folder, steps = Path(given) if given else root, release.tree.parts
    for start in range(len(steps), -1, -1):  # the folder may be the tree itself or a parent of it
        if release.missing_part(tree := folder.joinpath(*steps[start:])) is None:
            return tree
    if given:
        wanted = f"{release.archive}, or the folder with {', '.join(release.parts)}"
        raise UserError("dataset-missing", f"no {release.title} at {given}: give {wanted}")
    return None


def fetch(release: Release, folder: Path) -> Path:
    """Download an archive to ``folder``, where it appears once its md5 checksum is right; UserError: ``download``."""
    target = folder / release.archive
    try:
        download(release.url, target, partial(check_md5, md5=release.md5))
    except Exception as error:  # many kinds: network, response, disk
        remedy = "run again, or put the file there by other means"
        raise UserError("download", f"can't download {release.url} to {target} ({error}): {remedy}") from error
    return target


class _Metered:
    """An archive whose reader can't read more bytes than it may need, since headers can claim gigabytes."""

    def __init__(self, file: BinaryIO | gzip.GzipFile) -> None:
        self.file, self.tell, self.seek, self.left = file, file.tell, file.seek, HEADERS

    def read(self, size: int) -> bytes:
        self.left -= size
        if size < 0 or self.left < 0:
            raise tarfile.TarError(f"headers of more than {HEADERS} bytes")
        return self.file.read(size)


def extract(archive: Path, release: Release, data_dir: Path, force: bool = False) -> Path:
    """Extract the missing files of a release (with ``force`` all) and return the tree; errors as in :func:`find_trees`.

    Only regular files with plain names that are parts of the release, or directly in its folders, are written.
    """
    tree, seal = data_dir / release.tree, data_dir / f".{archive.name}.extracted"
    stamp = f"{archive.stat().st_size} {archive.stat().st_mtime_ns} {' '.join(release.more)}".rstrip()
    if not force and seal.is_file() and read_plain(seal) == stamp.encode() and release.missing_part(tree) is None:
        return tree
    used = {release.tree / part for part in (*release.parts, *release.more)}
    bar = tqdm(total=archive.stat().st_size, unit="B", unit_scale=True, desc=f"extracting {archive.name}")
    try:
        with bar, archive.open("rb") as file:
            content = _Metered(gzip.GzipFile(fileobj=file) if file.peek(2)[:2] == GZIP else file)
            tar = tarfile.open(fileobj=content, mode="r:")  # type: ignore[call-overload]  # needs no write()  # noqa: SIM115 (it opens nothing)
            for number, member in enumerate(iter(tar.next, None)):
                bar.update(file.tell() - bar.n)
                path, tar.members, content.left = PurePosixPath(member.name), [], HEADERS
                if not 0 <= member.size <= MOST - tar.offset or number == MEMBERS:
                    raise tarfile.TarError(f"a release has up to {MOST} bytes in {MEMBERS} files")
                is_plain = member.isfile() and not member.issparse() and PLAIN.fullmatch(path.name)
                if is_plain and not used.isdisjoint((path, path.parent)) and (force or not (data_dir / path).exists()):
                    content.left += member.size
                    make_inside(tree, (data_dir / path).parent)
                    with atomic_write(data_dir / path) as part, part.open("wb") as out:
                        shutil.copyfileobj(tar.extractfile(member), out)
            bar.update(bar.total - bar.n)
    except Exception as error:  # damaged and malicious archives can fail anywhere in the readers
        if isinstance(error, OSError | UserError) and not isinstance(error, gzip.BadGzipFile):
            raise  # an error of the disk, or a link
        reason = (str(error) or type(error).__name__).splitlines()[0]
        found = f"can't extract {archive}: not a tar archive, truncated or unsafe ({reason})"
        raise UserError("archive-damaged", f"{found}: download it again") from error
    if missing := release.missing_part(tree):
        raise UserError(
            "dataset-missing", f"{archive} has no {release.tree / missing}: give the archive of {release.title}"
        )
    with atomic_write(seal) as part:
        part.write_text(stamp)
    return tree
