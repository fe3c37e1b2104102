"""The public releases: PASCAL VOC 2012 and 2011 (Everingham et al.) and SBD (Hariharan et al., ICCV 2011)."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from torchvision.datasets import SBDataset
from torchvision.datasets.voc import DATASET_YEAR_DICT

EXTRACT_AGAIN = "extract it again (--force does, from its archive)"  # without --force, what is there stays


class Release(NamedTuple):
    """An archive: its title, file name, address, md5 sum, the folder of the data set in it, and the parts of this that are used."""

    title: str
    archive: str
    url: str
    md5: str
    tree: PurePosixPath
    parts: tuple[str, ...]

    def missing_part(self, tree: Path) -> str | None:
        """Name the first used part that a tree lacks."""
        return next((part for part in self.parts if not (tree / part).exists()), None)


def _voc(year: str, *parts: str) -> Release:
    known = DATASET_YEAR_DICT[year]
    tree = PurePosixPath(Path(known["base_dir"]).as_posix())
    return Release(f"PASCAL VOC {year}", known["filename"], known["url"], known["md5"], tree, parts)


SBD = (SBDataset.filename, SBDataset.url, SBDataset.md5, PurePosixPath("benchmark_RELEASE/dataset"))
RELEASES = {
    "voc2012": _voc("2012", "ImageSets/Segmentation", "JPEGImages", "SegmentationClass"),
    "voc2011": _voc("2011", "ImageSets/Segmentation"),  # images and masks are in VOC 2012 as well
    "sbd": Release("SBD", *SBD, ("cls", "train.txt", "val.txt")),  # the images are VOC's
}


def how_to_get(names: Iterable[str], data_dir: Path) -> str:
    """Say for each release which file to get from where and where to put it, a line each."""
    releases = [(name, RELEASES[name]) for name in names]
    lines = [f"  {data_dir / r.archive} from {r.url} (md5 {r.md5}), or --{name} PATH" for name, r in releases]
    return "\n".join(["put these files there, or name a folder or an archive:", *lines])
