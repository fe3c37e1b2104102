"""Convert PASCAL-Context (Mottaghi et al., CVPR 2014) to palette PNGs in a VOC 2010 tree.

A file of the release has ``LabelMap``, (H, W), with ids of ``labels.txt``: 1 .. 459, and 0 for unlabelled pixels. A mask has
1 .. 59, the classes of the usual task in alphabetical order, and 0, background, for everything else, as MMSegmentation's
``PascalContextDataset`` and ``PascalContextDataset59`` read it.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import numpy as np
from mmseg.datasets import PascalContextDataset

from ..atomic_write import make_inside
from ..data.classes_file import read_classes
from ..errors import UserError, abbreviate
from ..visualization.pictures import save_mask
from .mat_mask import check_mat_mask, read_mat_mask
from .voc_sbd.build import fill, require
from .voc_sbd.lists import describe_count, read_names
from .voc_sbd.sources import Release, find_tree, voc

PAGE = "https://www.cs.stanford.edu/~roozbeh/pascal-context"
CLASSES, PALETTE = (PascalContextDataset.METAINFO[key] for key in ("classes", "palette"))
LISTS = Path("ImageSets/Main")
MASKS = "SegmentationClassContext"
FULL_COUNTS = {"train": 4998, "val": 5105}
RELEASES = {
    "voc2010": voc("2010", LISTS.as_posix(), "JPEGImages"),
    "context": Release(
        *("PASCAL-Context", "trainval.tar.gz", f"{PAGE}/trainval.tar.gz", "", PurePosixPath()),
        parts=("trainval", "labels.txt"),
    ),
}


def find_releases(voc2010: str | None, context: str | None, data_dir: Path, force: bool = False) -> dict[str, Path]:
    """Find the trees of VOC 2010 and PASCAL-Context; extract archives, Context's to ``data_dir/pascal-context``.

    Args:
        voc2010, context: a folder or an archive; None: search in ``data_dir`` and ``data_dir/pascal-context``.
        data_dir: folder of the archives, also extracted there.
        force: extract again, replacing existing files.

    Raises:
        UserError: ``dataset-missing``, with the files, their URLs and locations; ``archive-damaged``.
    """
    folders = {"voc2010": data_dir, "context": data_dir / "pascal-context"}
    given = {"voc2010": voc2010, "context": context}
    found_trees = {name: find_tree(release, given[name], folders[name], force) for name, release in RELEASES.items()}
    trees = {name: tree for name, tree in found_trees.items() if tree is not None}
    if missing := [name for name in RELEASES if name not in trees]:
        found = f"no {' and '.join(RELEASES[name].title for name in missing)} in {data_dir}"
        found += ": put these files there, or give a folder or an archive:"
        places = [(name, folders[name] / RELEASES[name].archive, RELEASES[name].url) for name in missing]
        raise UserError(
            "dataset-missing", found, [f"  {path} from {url}, or --{name} PATH" for name, path, url in places]
        )
    return trees


def build_context(voc2010: Path, context: Path, jobs: int | None = None, force: bool = False) -> list[str]:
    """Write ``SegmentationClassContext/NAME.png`` for VOC 2010's train and val; a second call writes missing files.

    Args:
        voc2010, context: trees of the releases; masks are written to ``voc2010``.
        jobs: number of processes; default: all usable cores.
        force: replace existing masks.

    Returns:
        The report.

    Raises:
        UserError: ``class-file``, ``list-file``, ``file-missing``, ``output-path``, and those of masks, after writing the others.
    """
    indices = read_indices(context / "labels.txt")
    lists = {name: read_names(voc2010 / LISTS / f"{name}.txt") for name in FULL_COUNTS}
    names, images, mats = lists["train"] | lists["val"], voc2010 / "JPEGImages", context / "trainval"
    require(images, ".jpg", names)
    require(mats, ".mat", names)
    folder = voc2010 / MASKS
    make_inside(voc2010, folder)
    tasks = [(mats / f"{n}.mat", images / f"{n}.jpg", indices, folder / f"{n}.png") for n in sorted(names)]
    counts = [describe_count(f"{LISTS / name}.txt", len(lists[name]), full) for name, full in FULL_COUNTS.items()]
    return [fill(folder, convert_mask, tasks, jobs, force), *counts]


def read_indices(path: Path) -> np.ndarray:
    """Read ``labels.txt``, ``id: name``; return the class index of each id, -1 for unknown ids.

    Raises:
        UserError: ``class-file``, also if one of the 59 names is missing.
    """
    ids = {name.replace(" ", ""): number for number, name in read_classes(path)[0].items()}
    if missing := [name for name in CLASSES[1:] if name not in ids]:
        found = f"{path} lacks the names {abbreviate(missing)}"
        raise UserError("class-file", f"{found}: use the original labels.txt of {PAGE}, with 459 names")
    indices = np.full(max(ids.values()) + 1, -1, np.int16)
    indices[[0, *ids.values()]] = 0
    indices[[ids[name] for name in CLASSES[1:]]] = range(1, len(CLASSES))
    return indices


def convert_mask(source: Path, image: Path, indices: np.ndarray, target: Path) -> None:
    """Write a ``LabelMap`` as a PNG of class indices, 0 background, 1 .. 59.

    Raises:
        UserError: ``mask-unreadable``, ``mask-ids``, ``mask-size``, ``image-unreadable``.
    """
    ids = read_mat_mask(source, "LabelMap", "PASCAL-Context")
    check_mat_mask(source, ids, image, np.flatnonzero(indices >= 0), "not in labels.txt")
    save_mask(indices[ids.astype(np.int64)], PALETTE, target)
