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
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePath

import numpy as np
from PIL import Image
from prettytable import PrettyTable

from ...configs import config_dir
from ...errors import UserError
from ...image_suffixes import IMAGE_SUFFIXES
from .classes import classes_csv
from .coco import load_coco, pair_coco, read_coco
from .config_text import dataset_config, model_config
from .files import Pairs, list_files, pair
from .labelme import read_labelme
from .masks import read_masks
from .outputs import refuse_existing, write_all
from .photos import Photo, look_at
from .pool import on_all_cores
from .source import Colour, Source
from .split import Splits, by_folders, by_list, by_lot


@dataclass(frozen=True)
class Options:
    """What a person says of the data set.

    Attributes:
        name: letters, digits, ``_`` and ``-``.
        images: folder.
        masks: folder of masks or of labelme's files, or a COCO file.
        out_dir: for lists and converted masks; None: ``data/NAME``.
        configs_dir: for the configs.
        classes: file of names.
        ignore_ids, ignore_colors: void; None: 255 where that is no class of two.
        mask_suffix: what names of masks have after those of their images; None finds it.
        convert: write index PNGs of masks that could be used as they are.
        val: share of the images that validate; None: 0.2, or the folders ``train`` and ``val`` where images lie in them.
        val_list: file of the images that validate.
        seed: of the lots.
        allow_missing: leave out images without mask and masks without image.
        from_scratch: a config that needs no ImageNet weights.
        force: replace what an earlier call wrote.
    """

    name: str
    images: str
    masks: str
    out_dir: str | None = None
    configs_dir: str = "configs"
    classes: str | None = None
    ignore_ids: Sequence[int] | None = None
    ignore_colors: Sequence[Colour] = ()
    mask_suffix: str | None = None
    convert: bool = False
    val: float | None = None
    val_list: str | None = None
    seed: int = 0
    allow_missing: bool = False
    from_scratch: bool = False
    force: bool = False


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
        masks, mask_files = _masks_folder(out_dir, options), [f"{name}.png" for name in pairs.names]
        refuse_existing([masks], options.force)
        _refuse_strangers(masks, out_dir)
        fill = partial(_fill, source=source, files=mask_files)
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
            "next:",
            f"  python tools/check_dataset.py {leaf}",
            f"  python tools/train.py {leaf}",
        ]
    )


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
    if shapes and (one_folder or not files):
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


def _masks_folder(out_dir: Path, options: Options) -> Path:
    """``OUT_DIR/masks``, or another where source files lie."""
    for name in ("masks", "index_masks"):
        folder = (out_dir / name).resolve()
        sources = [Path(options.images).resolve(), Path(options.masks).resolve()]
        if not any(folder == path or folder in path.parents or path in folder.parents for path in sources):
            return out_dir / name
    raise UserError(f"{out_dir} lies in a folder of source files: give another with --out-dir")


def _refuse_strangers(folder: Path, out_dir: Path) -> None:
    """A folder is replaced as a whole: it may hold nothing but masks that lists of an earlier call name."""
    lines = [line for path in out_dir.glob("*.txt") for line in path.read_text(encoding="utf-8").splitlines()]
    own = {line.partition("\t")[2] for line in lines}
    files = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    strangers = sorted(set(files) - own)
    if strangers:
        raise UserError(f"{folder} holds files of other origin, such as {strangers[0]}: give another --out-dir")


def _fill(folder: Path, source: Source, files: Sequence[str]) -> None:
    """Write the class indices of all masks as palette PNGs."""
    colours = np.zeros((256, 3), np.uint8)
    colours[: len(source.classes.palette)] = source.classes.palette
    colours[255] = 255
    for subfolder in {(folder / file).parent for file in files}:
        subfolder.mkdir(parents=True, exist_ok=True)
    tasks = [(draw, folder / file, colours.tobytes()) for draw, file in zip(source.draw, files, strict=True)]
    on_all_cores(_save, tasks, "writing masks")


def _save(draw: Callable[[], np.ndarray], path: Path, colours: bytes) -> None:
    mask = Image.fromarray(draw())
    mask.putpalette(colours)
    mask.save(path)


def _table(source: Source, splits: Splits) -> str:
    """A row for each id: its class, its colour, images that show the class in each split."""
    table = PrettyTable(["id", "class", "colour", *(f"{split} images" for split in splits)], align="r")
    table.align["class"] = "l"
    for id, name in sorted(source.classes.class_map.items()):
        index = source.classes.ids.ids[id]
        images = [sum(index in source.shown[i] for i in places) for places in splits.values()]
        table.add_row([id, name, ",".join(map(str, source.classes.colour(id))), *images])
    return table.get_string()
