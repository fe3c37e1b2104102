"""Find the image files of the entries in COCO files, and the split of each file.

Several files are one per split, as in COCO (``annotations/instances_train2017.json``) or Roboflow's exports
(``train/_annotations.coco.json`` next to the images).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from ....errors import UserError, abbreviate
from ..files import Pairs, missing_notes
from .coco import LISTS, Coco, Id, load_coco
from .entries import read_json
from .names import splits_in

Entry = tuple[int, Id]  # number of a file, and an id there
REMEDY = "give a COCO file, or a folder of masks"
LOOKED_AT = 5  # files of a folder to try until one is a COCO file


def load_folder(folder: Path, files: Sequence[str], has_masks: bool) -> tuple[list[Coco], list[str]]:
    """Load the COCO files among a folder's JSON files, if any; also return notes for the user.

    With ``has_masks``, unreadable files are skipped until the first COCO file, since JSON files next to masks may be anything.
    """
    found: dict[str, Mapping[str, Any]] = {}
    for i, file in enumerate(files):
        if not found and i == LOOKED_AT:
            break
        try:
            content = read_json(folder / file, REMEDY)
        except UserError:
            if found or not has_masks:
                raise
            continue
        if all(isinstance(content.get(key), list) for key in ("images", "annotations")):
            found[file] = content
    complete = [file for file in found if isinstance(found[file].get(LISTS[2]), list)]
    # COCO's own folder also has captions, keypoints and panoptic segments
    chosen = [file for file in complete if PurePosixPath(file).name.startswith("instances")] or complete or [*found]
    left_out = [file for file in files if file not in chosen] if chosen else []
    notes = [f"skipped: files without instances: {abbreviate(left_out)}"] if left_out else []
    return [load_coco(folder / file, found[file]) for file in chosen], notes


def pair_coco(
    files: Sequence[Coco], images: Mapping[str, str], images_dir: Path, allow_missing: bool
) -> tuple[Pairs, list[list[Entry]]]:
    """Pair images (name -> file) with the files' entries by path or file name; also return each image's entries."""
    keys: dict[str, list[str]] = defaultdict(list)
    for file in images.values():
        for key in {file, PurePosixPath(file).name}:
            keys[key].append(file)
    entries: dict[str, list[Entry]] = defaultdict(list)
    lone = []
    for k, coco in enumerate(files):
        beside = _inside(coco.path.parent, images_dir)
        for id, (named, _) in coco.pictures.items():
            found = _find(named, keys, beside, _splits_of(coco.path))
            if len(found) > 1:
                several = abbreviate(found, 10)
                raise UserError("annotation-file", f"{coco.path}: {named} is ambiguous: {several}. Write its full path")
            if found:
                entries[found[0]].append((k, id))
            else:
                lone.append(named)
    listed = abbreviate([str(coco.path) for coco in files])
    unlisted = [file for file in images.values() if file not in entries]
    what = {"mask-unpaired": (f"images of {listed} are missing", lone)}
    notes = missing_notes(what | {"image-unpaired": (f"images are not in {listed}", unlisted)}, allow_missing)
    if not entries:
        raise UserError("image-unpaired", f"{listed} names none of the images: correct --images or --masks")
    names = [name for name, file in images.items() if file in entries]
    chosen = [images[name] for name in names]
    if twice := [file for file in chosen if len(entries[file]) > 1]:
        notes.append(f"images listed several times, drawn with the shapes of all entries: {abbreviate(twice)}")
    parts = _parts(files, chosen, entries) if len(files) > 1 else None
    return Pairs(names, chosen, [f"{name}.png" for name in names], notes, parts), [entries[file] for file in chosen]


def _find(named: str, keys: Mapping[str, list[str]], beside: str | None, splits: set[str]) -> list[str]:
    """Find the files that a name may refer to: a path, next to the COCO file, in a folder of its split, or anywhere."""
    near = PurePosixPath(beside, named).as_posix() if beside is not None else named
    for path in (near, named):
        if path in keys.get(path, ()):
            return [path]
    found = keys.get(PurePosixPath(named).name) or []
    of_split = [file for file in found if splits & splits_in(PurePosixPath(file).parent.as_posix())]
    return of_split if len(found) > 1 and of_split else found


def _inside(folder: Path, root: Path) -> str | None:
    folder, root = folder.resolve(), root.resolve()
    return folder.relative_to(root).as_posix() if folder.is_relative_to(root) else None


def _splits_of(path: Path) -> set[str]:
    """Return the splits named by a file, or else by its folder."""
    return splits_in(path.stem) or splits_in(path.parent.name)


def _parts(files: Sequence[Coco], images: Sequence[str], entries: Mapping[str, list[Entry]]) -> list[str] | None:
    """Return the split of each image by the name of its COCO file; None if a file's name has none."""
    named = [_splits_of(coco.path) for coco in files]
    if not all(len(found) == 1 for found in named):
        return None
    parts: list[str] = []
    for image in images:
        splits = {min(named[k]): files[k].path for k, _ in entries[image]}
        if len(splits) > 1:
            both = " and ".join(map(str, splits.values()))
            raise UserError(
                "annotation-file", f"{image} is in both {both}: remove it from one, or scores on it are meaningless"
            )
        parts += splits
    return parts
