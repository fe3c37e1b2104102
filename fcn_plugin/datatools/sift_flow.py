"""Convert SIFT Flow (Liu et al. 2009; geometric labels of Tighe and Lazebnik 2010) to PNGs for ``SIFTFlowDataset``.

A file of the release has ``S``, (H, W): semantic 1 .. 33 and 0 for void; geometric 1 .. 3, and -1 and 0 for void. A mask has the
id minus 1, and 255 for void, as in the FCN authors' data layer (PAMI 2016, sec. 5).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..atomic_write import make_inside
from ..data.palette import VOID
from ..data.tasks.sift_flow import SIFTFlowDataset
from ..errors import UserError, abbreviate
from ..visualization.pictures import save_mask
from .mat_mask import check_mat_mask, read_mat_mask
from .voc_sbd.build import fill, require
from .voc_sbd.lists import describe_count, read_names

ARCHIVE = "http://www.cs.unc.edu/~jtighe/Papers/ECCV10/siftflow/SiftFlowDataset.zip"
LISTS = "https://raw.githubusercontent.com/shelhamer/fcn.berkeleyvision.org/master/data/sift-flow"
SCENES = "spatial_envelope_256x256_static_8outdoorcategories"
IMAGES = Path("Images", SCENES)
FULL_COUNTS = {"trainval": 2486, "test": 200}
TASKS = SIFTFlowDataset.METAINFO["tasks"]
SOURCES = {"semantic": Path("SemanticLabels", SCENES), "geometric": Path("GeoLabels", SCENES)}
LOWEST = {"semantic": 0, "geometric": -1}  # ids up to 0 are void
MASKS = "labels"


def build_sift_flow(root: Path, jobs: int | None = None, force: bool = False) -> list[str]:
    """Write ``labels/TASK/NAME.png`` for all images of the lists; a second call writes missing files. Return the report.

    Args:
        root: folder of the unpacked archive and of the authors' lists ``trainval.txt`` and ``test.txt``.
        jobs: number of processes; default: all usable cores.
        force: replace existing masks.

    Raises:
        UserError: ``dataset-missing``, with the files, their URLs and locations; ``list-file``, ``lists-overlap``,
            ``file-missing``, ``output-path``, and those of masks, after writing the others.
    """
    _require_release(root)
    lists = {name: read_names(root / f"{name}.txt") for name in FULL_COUNTS}
    if shared := sorted(lists["trainval"] & lists["test"]):
        found = f"trainval.txt and test.txt in {root} share {len(shared)} images ({abbreviate(shared)})"
        raise UserError("lists-overlap", f"{found}: use the authors' lists unchanged")
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
    return report + [describe_count(f"{root / name}.txt", len(lists[name]), full) for name, full in FULL_COUNTS.items()]


def convert_mask(task: str, source: Path, image: Path, target: Path) -> None:
    """Write ``S`` of a task's file as a PNG of class indices, 255 void.

    Raises:
        UserError: ``mask-unreadable``, ``mask-ids``, ``mask-size``, ``image-unreadable``.
    """
    ids, classes = read_mat_mask(source, "S", "SIFT Flow"), len(TASKS[task]["classes"])
    fault = f"outside the {task} ids {LOWEST[task]}..{classes}"
    check_mat_mask(source, ids, image, np.arange(LOWEST[task], classes + 1), fault)
    save_mask(np.where(ids > 0, ids - 1, VOID), TASKS[task]["palette"], target)


def _require_release(root: Path) -> None:
    """Raise ``dataset-missing`` if the folder lacks parts of the release."""
    missing = [path for path in (IMAGES, *SOURCES.values()) if not (root / path).is_dir()]
    lines = [f"  {root / path}/, of the unpacked {ARCHIVE}" for path in missing]
    lines += [
        f"  {root / name}.txt from {LISTS}/{name}.txt" for name in FULL_COUNTS if not (root / f"{name}.txt").is_file()
    ]
    if lines:
        raise UserError(
            "dataset-missing", f"SIFT Flow in {root} is not complete: put these files there, or give --root:", lines
        )
