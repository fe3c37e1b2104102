"""Detect the kind of label files, and pair them with the images."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from ....errors import UserError
from ..classes import Source
from ..files import ImageFile, Pairs, list_files
from ..options import Options
from ..pairing.pair import pair
from .coco import load_coco, read_coco
from .coco_pairs import load_folder, pair_coco
from .formats import choose_format
from .labelme import read_labelme
from .others import load_others, pair_others, read_others
from .yolo import pair_yolo, read_yolo


class LabelFiles(NamedTuple):
    """Attributes: ``pairs`` of images and label files; ``read``, the function that reads the labels of these images."""

    pairs: Pairs
    read: Callable[[Sequence[ImageFile]], Source]


def find_label_files(options: Options, images: Mapping[str, str], masks: Mapping[str, str]) -> LabelFiles | None:
    """Find the label files of images (name -> file); None if there are only ``masks``, image files.

    Raises:
        UserError: option-value for contradicting options; annotation-file, mask-unpaired, image-unpaired.
    """
    root, folder = Path(options.masks), Path(options.images)
    found: LabelFiles | None
    if options.format:
        found = _of_format(options.format, options, images)
    elif root.is_file():
        found = _of_coco([root, *map(Path, options.more_masks)], options, images)
    elif options.more_masks:
        raise UserError("option-value", f"--masks is given the folder {root} and more: give one folder, or COCO files")
    else:
        found = _of_folder(root, folder, options, images, masks)
    of_masks = options.threshold is not None or options.nearest_colors or options.ignore_colors
    if found and (of_masks or options.ignore_ids is not None):
        given = "--threshold, --nearest-colors, --ignore-ids and --ignore-colors are for image masks"
        raise UserError("option-value", f"{given}: remove them, and label void shapes __ignore__")
    return found


def _of_folder(
    root: Path, folder: Path, options: Options, images: Mapping[str, str], masks: Mapping[str, str]
) -> LabelFiles | None:
    jsons = list_files(root, {".json"}, folder)
    strays = [file for name, file in jsons.items() if name not in images]
    has_masks = bool(masks) and masks is not images
    files, notes = load_folder(root, strays, has_masks)
    if files:
        notes += [f"ignored {len(masks)} image files in {root}, since it has COCO files"] if has_masks else []
        return _paired_coco(files, notes, options, images)
    # labelme's files may be next to the images, or to copies of them
    beside = masks is images and not _stems(images).isdisjoint(_stems(jsons))
    if not jsons or not (beside or set(masks) <= set(jsons)):
        return None
    pairs = pair(images, jsons, options.mask_suffix, options.allow_missing, options.image_suffix)
    paths = [root / file for file in pairs.masks]
    read = partial(read_labelme, paths=paths, classes_file=options.classes, line_width=options.line_width)
    return LabelFiles(pairs, read)


def _stems(names: Iterable[str]) -> set[str]:
    return {name.rpartition("/")[2] for name in names}


def _of_coco(paths: Sequence[Path], options: Options, images: Mapping[str, str]) -> LabelFiles:
    return _paired_coco([load_coco(path) for path in paths], [], options, images)


def _paired_coco(files: Sequence[Any], notes: list[str], options: Options, images: Mapping[str, str]) -> LabelFiles:
    pairs, ids = pair_coco(files, images, Path(options.images), options.allow_missing)

    def read(seen: Sequence[ImageFile]) -> Source:
        return read_coco(files, ids, seen, options.classes, options.boxes)

    return LabelFiles(pairs._replace(notes=[*notes, *pairs.notes]), read)


def _of_format(name: str, options: Options, images: Mapping[str, str]) -> LabelFiles:
    form, root, folder = choose_format(name), Path(options.masks), Path(options.images)
    if name == "yolo":
        pairs = pair_yolo(root, folder, images)
        return LabelFiles(pairs, lambda seen: read_yolo(root, pairs, seen, options.classes, options.boxes))
    items, labels = load_others(name, root)
    pairs, items = pair_others(items, root, folder, images, options.allow_missing)

    def read(seen: Sequence[ImageFile]) -> Source:
        return read_others(form, items, labels, seen, root, name, options.classes, options.boxes, options.line_width)

    return LabelFiles(pairs, read)
