"""Convert SIFT Flow (Liu et al. 2009; geometric labels of Tighe and Lazebnik 2010) to PNGs for ``SIFTFlowDataset``.

A file of the release holds ``S``, (H, W): semantic 0 void, 1 .. 33; geometric -1 and 0 void, 1 .. 3. A mask holds the id less 1,
and 255 for void, as the FCN authors' data layer has them (PAMI 2016, sec. 5).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..atomic_write import make_inside
from ..data.images import read_header
from ..data.palette import VOID
from ..data.tasks.meta import tasks_meta
from ..data.tasks.sift_flow import SIFTFlowDataset
from ..errors import UserError, abbreviate
from ..visualization.pictures import save_mask
from .mat_mask import read_mat_mask
from .voc_sbd.build import fill, require
from .voc_sbd.lists import read_names
from .voc_sbd.sources import EXTRACT_AGAIN

ARCHIVE = "http://www.cs.unc.edu/~jtighe/Papers/ECCV10/siftflow/SiftFlowDataset.zip"
LISTS = "https://raw.githubusercontent.com/shelhamer/fcn.berkeleyvision.org/master/data/sift-flow"
SCENES = "spatial_envelope_256x256_static_8outdoorcategories"
IMAGES = Path("Images", SCENES)
FULL_COUNTS = {"trainval": 2486, "test": 200}
TASKS = tasks_meta(SIFTFlowDataset.TASKS)["tasks"]
SOURCES = {"semantic": Path("SemanticLabels", SCENES), "geometric": Path("GeoLabels", SCENES)}
LOWEST = {"semantic": 0, "geometric": -1}  # ids up to 0 are void
MASKS = "labels"


def build_sift_flow(root: Path, jobs: int | None = None, force: bool = False) -> list[str]:
    """Write ``labels/TASK/NAME.png`` of all images of the lists; a second call does what is missing. Returns the report.

    Args:
        root: folder with the unpacked archive and the authors' lists ``trainval.txt`` and ``test.txt``.
        jobs: processes; default: all usable cores.
        force: also write masks that are there.

    Raises:
        UserError: ``dataset-missing``, which names the files, their links and places; ``list-file``, ``lists-overlap``,
            ``file-missing``, ``output-path``, and of masks: others are written then.
    """
    _require_release(root)
    lists = {name: read_names(root / f"{name}.txt") for name in FULL_COUNTS}
    if shared := sorted(lists["trainval"] & lists["test"]):
        found = f"trainval.txt and test.txt in {root} share {len(shared)} images ({abbreviate(shared)})"
        raise UserError("lists-overlap", f"{found}: take the authors' lists unchanged")
    names, report = lists["trainval"] | lists["test"], []
    require(root / IMAGES, ".jpg", names)
    for task, source in SOURCES.items():
        require(root / source, ".mat", names)
        folder = root / MASKS / task
        make_inside(root, folder)
        work = [
            (task, root / source / f"{n}.mat", root / IMAGES / f"{n}.jpg", folder / f"{n}.png") for n in sorted(names)
        ]
        report.append(fill(folder, convert_mask, work, jobs, force))
    for name, count in FULL_COUNTS.items():
        line = f"{root / name}.txt: {len(lists[name])} images"
        report.append(line if len(lists[name]) == count else f"warning: {line}, the full release has {count}")
    return report


def convert_mask(task: str, source: Path, image: Path, target: Path) -> None:
    """Write ``S`` of a task's file as a PNG of class indices, 255 void.

    Raises:
        UserError: ``mask-unreadable``, ``mask-ids``, ``mask-size``, ``image-unreadable``.
    """
    ids, classes = read_mat_mask(source, "S", "SIFT Flow"), len(TASKS[task]["classes"])
    if (stray := np.setdiff1d(ids, np.arange(LOWEST[task], classes + 1))).size:
        found = (
            f"ids {abbreviate([f'{value:g}' for value in stray])} are outside the {task} ids {LOWEST[task]}..{classes}"
        )
        raise UserError("mask-ids", f"{source}: {found}: {EXTRACT_AGAIN}")
    if ids.shape != (shape := read_header(str(image)).size[::-1]):
        raise UserError("mask-size", f"{source} is {ids.shape}, its image {image} is {shape}: they must have one size")
    save_mask(np.where(ids > 0, ids - 1, VOID), TASKS[task]["palette"], target)


def _require_release(root: Path) -> None:
    """Refuse a folder that lacks parts of the release; UserError: ``dataset-missing``."""
    missing = [path for path in (IMAGES, *SOURCES.values()) if not (root / path).is_dir()]
    lines = [f"  {root / path}/, of the unpacked {ARCHIVE}" for path in missing]
    lines += [
        f"  {root / name}.txt from {LISTS}/{name}.txt" for name in FULL_COUNTS if not (root / f"{name}.txt").is_file()
    ]
    if lines:
        raise UserError(
            "dataset-missing", f"SIFT Flow in {root} is not complete: put these there, or give --root:", lines
        )
