"""From two folders to a data set: read, split, convert, write.

::

    OUT_DIR/{train,val}.txt             image<tab>mask, relative to the two folders; test.txt too where there is a folder test
    OUT_DIR/classes.csv                 id,name,red,green,blue; to edit, and to give back
    OUT_DIR/masks/                      index PNGs, where the masks are not used as they are
    CONFIGS_DIR/_base_/datasets/NAME.py
    CONFIGS_DIR/fcn8s_vgg16_NAME.py
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path, PurePath

from prettytable import PrettyTable

from ...configs import config_dir
from ...data.headers import IMAGE_SUFFIXES
from ...errors import UserError
from .classes import classes_csv
from .coco import load_coco, pair_coco, read_coco
from .config_text import dataset_config, model_config
from .converted import fill_folder, masks_folder, refuse_strangers
from .files import Pairs, list_files, pair
from .labelme import read_labelme
from .masks import read_masks
from .options import Options
from .outputs import refuse_existing, write_all
from .photos import Photo, look_at
from .pool import on_all_cores
from .source import Source
from .split import Splits, by_folders, by_list, by_lot


def new_dataset(options: Options) -> str:
    """Write lists, masks where needed and configs; source files are only read.

    Returns:
        The report: what was found, what was written, what to do next.

    Raises:
        UserError: bad input, all that is wrong of one kind at once; nothing is written then.
    """
    if not re.fullmatch(r"[A-Za-z0-9_-]+", options.name):
        raise UserError(f"the name is {options.name!r}: use letters, digits, _ and -")
    if options.val is not None and not 0 < options.val < 1:
        raise UserError(f"--val is {options.val}: give a share above 0 and below 1")
    out_dir, configs = Path(options.out_dir or f"data/{options.name}"), Path(options.configs_dir)
    base, leaf = configs / f"_base_/datasets/{options.name}.py", configs / f"fcn8s_vgg16_{options.name}.py"
    refuse_existing([base, leaf, *(out_dir / f"{split}.txt" for split in ("train", "val", "test"))], options.force)

    pairs, photos, source = _read(options)
    splits, how = _split(options, pairs, photos)
    texts: dict[Path, str] = {}
    if not options.classes:
        texts[out_dir / "classes.csv"] = classes_csv(source.classes)
        _refuse_edited(out_dir / "classes.csv", texts[out_dir / "classes.csv"])
    masks, mask_files, fill = Path(options.masks), pairs.masks, None
    class_map, ignore_ids = source.classes.class_map, source.classes.ignore_ids
    if source.draw is not None:
        masks, mask_files = masks_folder(out_dir, options), [f"{name}.png" for name in pairs.names]
        refuse_existing([masks], options.force)
        refuse_strangers(masks, out_dir)
        fill = partial(fill_folder, source=source, files=mask_files)
        class_map, ignore_ids = dict(enumerate(source.classes.ids.classes)), (255,)
    for split, places in splits.items():
        texts[out_dir / f"{split}.txt"] = "".join(f"{pairs.images[i]}\t{mask_files[i]}\n" for i in places)
    lists = {split: (out_dir / f"{split}.txt").as_posix() for split in splits}
    texts[base] = dataset_config(
        options.name,
        Path(options.images).as_posix(),
        masks.as_posix(),
        lists,
        {split: len(places) for split, places in splits.items()},
        class_map,
        ignore_ids,
        source.classes.palette,
        [photo.header.shown for photo in photos],
    )
    bases = PurePath(os.path.relpath(config_dir().resolve(), configs.resolve()))
    texts[leaf] = model_config(options.name, len(source.classes.ids.classes), bases, options.from_scratch)
    write_all(texts, masks, fill)
    written = [*texts, *([masks] if fill else [])]
    return "\n".join(
        [
            f"{len(photos)} images with masks",
            *pairs.notes,
            *source.found,
            _table(source, splits),
            how,
            *(f"wrote {path}" for path in written),
            *_hints(options, out_dir / "classes.csv"),
            "next:",
            f"  python tools/check_dataset.py {leaf}",
            f"  python tools/train.py {leaf}",
        ]
    )


def _hints(options: Options, names: Path) -> list[str]:
    hints = []
    if not options.classes:
        hints.append(f"other names: edit {names}, then call again with --classes {names} --force")
    if not options.from_scratch:
        hints.append(
            "training starts from torchvision's ImageNet VGG16, a download of 528 MB: name a file in model.pretrained, or call "
            "again with --from-scratch --force for a net that needs none"
        )
    return hints


def _read(options: Options) -> tuple[Pairs, list[Photo], Source]:
    """Pair the files, look at the images, then read what the masks are."""
    images_dir, masks = Path(options.images), Path(options.masks)
    images = list_files(images_dir, IMAGE_SUFFIXES, leave_out=masks)
    if not images:
        raise UserError(f"no images in {images_dir}: files with {', '.join(sorted(IMAGE_SUFFIXES))} are looked for")
    if masks.is_file():
        coco = load_coco(masks)
        pairs, entries = pair_coco(coco, images, masks, options.allow_missing)
        _refuse_void(options)
        photos = _look(images_dir, pairs)
        return pairs, photos, read_coco(coco, entries, photos, masks, options.classes)
    one_folder = masks.exists() and masks.samefile(images_dir)
    shapes = list_files(masks, {".json"}, leave_out=images_dir)
    files = images if one_folder else list_files(masks, IMAGE_SUFFIXES, leave_out=images_dir)
    if shapes and (one_folder or set(files) <= set(shapes)):  # labelme's files lie beside copies of the photos
        _refuse_void(options)
        pairs = pair(images, shapes, options.mask_suffix, options.allow_missing)
        photos = _look(images_dir, pairs)
        return pairs, photos, read_labelme(photos, [masks / file for file in pairs.masks], options.classes)
    if not files:
        raise UserError(f"no masks in {masks}: image files, or labelme's JSON files, are looked for")
    pairs = pair(images, files, options.mask_suffix, options.allow_missing)
    photos = _look(images_dir, pairs)
    paths = [masks / file for file in pairs.masks]
    return (
        pairs,
        photos,
        read_masks(photos, paths, options.classes, options.ignore_ids, options.ignore_colors, options.convert),
    )


def _look(folder: Path, pairs: Pairs) -> list[Photo]:
    return on_all_cores(look_at, [(folder / file,) for file in pairs.images], "reading images")


def _refuse_void(options: Options) -> None:
    if options.ignore_ids is not None or options.ignore_colors:
        raise UserError("--ignore-ids and --ignore-colors are for masks: shapes are void by the label __ignore__")


def _split(options: Options, pairs: Pairs, photos: Sequence[Photo]) -> tuple[Splits, str]:
    """The splits, and a sentence on them."""
    if options.val_list:
        splits, how = by_list(pairs.names, pairs.images, options.val_list), f"val as listed in {options.val_list}"
    elif options.val is None and (splits := by_folders(pairs.images)) is not None:
        how = "split by the folders of the images (--val draws lots)"
    else:
        share = 0.2 if options.val is None else options.val
        splits = by_lot([photo.digest for photo in photos], share, options.seed)
        how = f"split by lot, seed {options.seed}; copies of an image stay together"
    return splits, f"{', '.join(f'{len(places)} {split}' for split, places in splits.items())}: {how}"


def _refuse_edited(path: Path, text: str) -> None:
    if path.exists() and path.read_text(encoding="utf-8") != text:
        raise UserError(f"{path} has other entries than were found: give it back with --classes {path}, or remove it")


def _table(source: Source, splits: Splits) -> str:
    """A row for each id: its class, its colour, images that show the class in each split."""
    table = PrettyTable(["id", "class", "colour", *(f"{split} images" for split in splits)], align="r")
    table.align["class"] = "l"
    for id, name in sorted(source.classes.class_map.items()):
        index = source.classes.ids.ids[id]
        images = [sum(index in source.shown[i] for i in places) for places in splits.values()]
        table.add_row([id, name, ",".join(map(str, source.classes.colour(id))), *images])
    return table.get_string()
