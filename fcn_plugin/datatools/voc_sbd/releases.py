"""The public releases: PASCAL VOC 2012 and 2011 (Everingham et al.) and SBD (Hariharan et al., ICCV 2011)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from torchvision.datasets import SBDataset
from torchvision.datasets.voc import DATASET_YEAR_DICT

EXTRACT_AGAIN = "extract it again (--force does, from its archive)"  # without --force, what is there stays


@dataclass(frozen=True)
class Release:
    """One archive.

    Attributes:
        title: for messages.
        archive: file name.
        url: where it is published.
        md5: of the archive.
        tree: folder of the data set in the archive.
        parts: files and folders of the tree that are used, and alone extracted.
    """

    title: str
    archive: str
    url: str
    md5: str
    tree: PurePosixPath
    parts: tuple[str, ...]


def _voc(year: str, *parts: str) -> Release:
    known = DATASET_YEAR_DICT[year]
    tree = PurePosixPath(Path(known["base_dir"]).as_posix())
    return Release(f"PASCAL VOC {year}", known["filename"], known["url"], known["md5"], tree, parts)


RELEASES = {
    "voc2012": _voc("2012", "ImageSets/Segmentation", "JPEGImages", "SegmentationClass"),
    "voc2011": _voc("2011", "ImageSets/Segmentation"),  # images and masks are in VOC 2012 as well
    "sbd": Release(
        "SBD",
        SBDataset.filename,
        SBDataset.url,
        SBDataset.md5,
        PurePosixPath("benchmark_RELEASE/dataset"),
        ("cls", "train.txt", "val.txt"),  # the images are VOC's
    ),
}


def how_to_get(names: Iterable[str], data_dir: Path) -> str:
    """A line for each release: which file from where to put where."""
    releases = [(name, RELEASES[name]) for name in names]
    lines = [f"  {data_dir / one.archive} from {one.url} (md5 {one.md5}), or --{name} PATH" for name, one in releases]
    return "\n".join(["put these files there, or name a folder or an archive:", *lines])
