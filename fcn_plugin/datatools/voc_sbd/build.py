"""Build lists and masks in a VOC 2012 tree.

::

    SegmentationClassSBD/NAME.png      SBD's masks of all its images
    SegmentationClassAug/NAME.png      VOC's own masks where it has them (train and val), SBD's for the others
    ImageSets/Segmentation/{trainaug,sbd_train,seg11valid}.txt
"""

from __future__ import annotations

import filecmp
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from tqdm import tqdm

from ...errors import UserError
from ..cores import map_on_cores, usable_cores
from .lists import FOLDER, Names, describe, make_lists, write_names
from .masks import convert_mask, copy_mask
from .releases import EXTRACT_AGAIN

IMAGES = "JPEGImages"
VOC_MASKS = "SegmentationClass"
SBD_MASKS = "SegmentationClassSBD"
AUG_MASKS = "SegmentationClassAug"

Task = tuple[Path, ...]


def build_voc_sbd(
    voc2012: Path, sbd: Path, voc2011: Path | None = None, jobs: int | None = None, force: bool = False
) -> list[str]:
    """Convert SBD's masks and write the lists, the lists last; a second call does what is missing.

    Args:
        voc2012: tree with ``JPEGImages``, ``SegmentationClass`` and ``ImageSets/Segmentation``; the results go there.
        sbd: tree with ``cls``, ``train.txt`` and ``val.txt``.
        voc2011: tree with ``ImageSets/Segmentation``, for ``seg11valid``.
        jobs: processes; as many as there are usable cores where not given.
        force: write masks that are there too.

    Returns:
        The report: masks written, count and hash of each list, what is unusual.

    Raises:
        UserError: lists overlap, files are missing (nothing is written then), masks are broken (the others are written,
            the lists are not), or a mask that is there is from elsewhere.
    """
    jobs = usable_cores() if jobs is None else jobs
    if jobs < 1:
        raise UserError(f"jobs is {jobs}: give 1 or more")
    lists = make_lists(voc2012, sbd, voc2011)
    of_sbd = lists["sbd_train"] | lists["sbd_val"]
    of_voc = lists["train"] | lists["val"]
    validated = lists.get("seg11valid", frozenset())
    _require(voc2012 / IMAGES, ".jpg", of_sbd | of_voc | validated)
    _require(voc2012 / VOC_MASKS, ".png", of_voc | validated)
    _require(sbd / "cls", ".mat", of_sbd)

    conversions = [
        (sbd / "cls" / f"{name}.mat", voc2012 / IMAGES / f"{name}.jpg", voc2012 / SBD_MASKS / f"{name}.png")
        for name in sorted(of_sbd)
    ]
    copies = [
        (voc2012 / (VOC_MASKS if name in of_voc else SBD_MASKS) / f"{name}.png", voc2012 / AUG_MASKS / f"{name}.png")
        for name in sorted(of_sbd | of_voc)
    ]
    report = [_fill(voc2012 / SBD_MASKS, convert_mask, conversions, jobs, force)]
    if not force:
        _refuse_others(copies)
    report.append(_fill(voc2012 / AUG_MASKS, copy_mask, copies, jobs, force))
    return report + _write_lists(voc2012, lists, voc2011 is not None)


def _require(folder: Path, suffix: str, names: Names) -> None:
    """Raise a UserError where a folder lacks files."""
    there = {path.stem for path in folder.glob(f"*{suffix}")}
    missing = sorted(names - there)
    if missing:
        some = ", ".join(f"{name}{suffix}" for name in missing[:3])
        raise UserError(
            f"{folder} lacks {len(missing)} of the {len(names)} files that the lists name: {some}"
            f"{', ...' if len(missing) > 3 else ''}; the release is incomplete, {EXTRACT_AGAIN}"
        )


def _fill(folder: Path, write: Callable[..., None], tasks: Sequence[Task], jobs: int, force: bool) -> str:
    """Write the masks of a folder that are not there, in several processes; a line on what was done."""
    folder.mkdir(exist_ok=True)
    pending = [task for task in tasks if force or not task[-1].exists()]
    if not pending:
        return f"{folder}: all {len(tasks)} masks were there"
    done = map_on_cores(partial(_fault, write), pending, jobs)
    faults = [fault for fault in tqdm(done, total=len(pending), unit="mask", desc=folder.name) if fault]
    if faults:
        raise UserError(
            f"{len(faults)} of {len(tasks)} masks can't be written to {folder}: {'; '.join(faults[:3])}"
            f"{'; ...' if len(faults) > 3 else ''}. The others are there: mend these and run again"
        )
    return f"{folder}: {len(pending)} masks written, {len(tasks) - len(pending)} were there"


def _fault(write: Callable[..., None], task: Task) -> str | None:
    """The message of a task that failed: a broken mask does not stop the others."""
    try:
        write(*task)
    except UserError as error:
        return str(error)
    return None


def _refuse_others(copies: Sequence[Task]) -> None:
    """Other programs fill a folder of this name with SBD's masks alone, or with gray ones."""
    for source, target in copies:
        if target.exists() and not filecmp.cmp(source, target, shallow=False):
            raise UserError(
                f"{target} is there and is no copy of {source}: move {target.parent} away, or --force replaces its masks"
            )


def _write_lists(voc2012: Path, lists: dict[str, Names], complete: bool) -> list[str]:
    report = []
    for name in ("trainaug", "sbd_train", "seg11valid"):
        path = voc2012 / FOLDER / f"{name}.txt"
        if name == "seg11valid" and not complete:
            state = "the one that is there is checked and kept" if name in lists else "not written"
            report.append(f"seg11valid: {state}; to compute it give VOC 2011: --voc2011 PATH, or --download")
        else:
            write_names(path, lists[name])
        if name in lists:
            report += describe(name, lists[name])
    shared = len(lists["sbd_train"] & lists["val"])
    report.append(f"sbd_train holds {shared} images of VOC 2012's val: score nets trained on it on seg11valid alone")
    return report
