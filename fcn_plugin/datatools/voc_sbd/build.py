"""Build lists and masks in a VOC 2012 tree.

::

    SegmentationClassSBD/NAME.png      SBD's masks of all its images
    SegmentationClassAug/NAME.png      VOC's own masks of train and val, SBD's for other images
    SegmentationClass2011/NAME.png     masks of seg11valid: VOC 2011's if available, else VOC 2012's
    ImageSets/Segmentation/{trainaug,sbd_train,seg11valid}.txt
"""

from __future__ import annotations

import filecmp
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ...atomic_write import atomic_write, make_inside
from ...errors import UserError, abbreviate
from ..cores import on_all_cores
from .lists import FOLDER, Names, describe, list_text, make_lists
from .masks import convert_mask, copy_mask
from .sources import EXTRACT_AGAIN


def build_voc_sbd(
    voc2012: Path, sbd: Path, voc2011: Path | None = None, jobs: int | None = None, force: bool = False
) -> list[str]:
    """Convert SBD's masks, then write the lists; a second call writes missing files. Return the report.

    Args:
        voc2012, sbd, voc2011: trees of the releases; results are written to ``voc2012``; ``seg11valid`` needs ``voc2011``.
        jobs: number of processes; default: all usable cores.
        force: replace existing masks.

    Raises:
        UserError: ``file-missing``, ``output-exists``, ``output-path``, those of lists, and of masks after writing the others.
    """
    lists = make_lists(voc2012, sbd, voc2011)
    of_sbd, of_voc = lists["sbd_train"] | lists["sbd_val"], lists["train"] | lists["val"]
    validated = lists.get("seg11valid", frozenset())
    images, mats, voc_masks = voc2012 / "JPEGImages", sbd / "cls", voc2012 / "SegmentationClass"
    sbd_masks, aug_masks = voc2012 / "SegmentationClassSBD", voc2012 / "SegmentationClassAug"
    require(images, ".jpg", of_sbd | of_voc | validated)
    of_2011 = {name for name in validated if voc2011 and (voc2011 / "SegmentationClass" / f"{name}.png").exists()}
    require(voc_masks, ".png", of_voc | (validated - of_2011))
    require(mats, ".mat", of_sbd)

    conversions = [(mats / f"{n}.mat", images / f"{n}.jpg", sbd_masks / f"{n}.png") for n in sorted(of_sbd)]
    names = [f"{name}.png" for name in sorted(of_sbd | of_voc)]
    copies = [((voc_masks if name[:-4] in of_voc else sbd_masks) / name, aug_masks / name) for name in names]
    for folder in (sbd_masks, aug_masks, voc2012 / FOLDER):
        make_inside(voc2012, folder)
    report = [fill(sbd_masks, convert_mask, conversions, jobs, force)]
    for source, target in copies:  # other programs write only SBD's masks, or gray ones, to this folder
        if not force and target.exists() and not filecmp.cmp(source, target, shallow=False):
            raise UserError("output-exists", f"{target} is not a copy of {source}: move it elsewhere, or use --force")
    report.append(fill(aug_masks, copy_mask, copies, jobs, force))
    if validated:
        report.append(_fill_2011(voc2012, voc2011, validated, of_2011, jobs))

    for name in ("trainaug", "sbd_train", "seg11valid"):
        if name == "seg11valid" and not voc2011:
            state = "the existing list was checked and kept" if name in lists else "not written"
            report.append(f"seg11valid: {state}; to compute it, give VOC 2011: --voc2011 PATH, or --download")
        else:
            with atomic_write(voc2012 / FOLDER / f"{name}.txt") as part:
                part.write_text(list_text(lists[name]))
        report += describe(name, lists[name]) if name in lists else []
    shared = len(lists["sbd_train"] & lists["val"])
    return [*report, f"sbd_train has {shared} images of VOC 2012's val: evaluate nets trained on it only on seg11valid"]


def _fill_2011(voc2012: Path, voc2011: Path | None, names: Names, of_2011: set[str], jobs: int | None) -> str:
    """Copy the masks of seg11valid; VOC 2011's replace VOC 2012's of an earlier call. Return a line for the report."""
    folder = voc2012 / "SegmentationClass2011"
    make_inside(voc2012, folder)
    pending = []
    for name in sorted(names):
        own, target = name in of_2011, folder / f"{name}.png"
        source = (voc2011 if own and voc2011 else voc2012) / "SegmentationClass" / f"{name}.png"
        is_there = target.exists() and not target.is_symlink()
        if not is_there or (own and not filecmp.cmp(source, target, shallow=False)):
            pending.append((source, target))
    if pending:
        on_all_cores(copy_mask, pending, folder.name, jobs)
    line = f"{folder}: {len(pending)} masks written, {len(names) - len(pending)} existed"
    lacking = f"; VOC 2011's masks of {len(names) - len(of_2011)} images are missing, so VOC 2012's are used"
    return line + (lacking if len(of_2011) < len(names) else ", all VOC 2011's")


def require(folder: Path, suffix: str, names: Names) -> None:
    """Raise a UserError: ``file-missing`` if a folder lacks files."""
    if missing := [f"{name}{suffix}" for name in sorted(names - {path.stem for path in folder.glob(f"*{suffix}")})]:
        found = f"{folder} lacks {len(missing)} of the {len(names)} files in the lists: {abbreviate(missing)}"
        raise UserError("file-missing", f"{found}; the release is incomplete, {EXTRACT_AGAIN}")


def fill(
    folder: Path, write: Callable[..., None], tasks: Sequence[tuple[Any, ...]], jobs: int | None, force: bool
) -> str:
    """Write the missing masks of a folder in several processes; return a line for the report."""
    pending = [task for task in tasks if force or task[-1].is_symlink() or not task[-1].exists()]
    if not pending:
        return f"{folder}: all {len(tasks)} masks existed"
    on_all_cores(write, pending, folder.name, jobs)
    return f"{folder}: {len(pending)} masks written, {len(tasks) - len(pending)} existed"
