"""From two folders to a data set: read, split, convert, write.

::

    OUT_DIR/{train,val}.txt             image<tab>mask, relative to the two folders; test.txt too where there is a folder test
    OUT_DIR/classes.csv                 id,name,red,green,blue; to edit, and to give back with --classes
    OUT_DIR/masks/                      index PNGs, where the masks are not used where they are
    CONFIGS_DIR/_base_/datasets/NAME.py
    CONFIGS_DIR/fcn8s_NET_NAME.py
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from prettytable import PrettyTable

from ...configs import config_dir
from ...data.images import IMAGE_SUFFIXES
from ...errors import UserError, printable
from ..cores import on_all_cores
from .classes import Classes, Source
from .coco import load_coco, pair_coco, read_coco
from .config_text import dataset_config
from .files import ImageFile, Pairs, list_files, pair, read_image
from .labelme import read_labelme
from .masks import read_masks
from .net import FILES, INSTALL, choose_net, model_config
from .options import Options
from .outputs import exclusive, masks_folder, refuse_existing, text_of, write_all, write_masks
from .split import FOLDERS, Splits, by_folders, by_list, random_split

OTHER_NAMES = "other names: edit {0}, then call again with --classes {0} --force"
PRETRAINED = "training downloads ImageNet's VGG16, 528 MB: name a file in model.pretrained, or use --from-scratch"
LIGHTER = f"a lighter net that needs no download: {INSTALL}, then call again with --force"


def new_dataset(options: Options) -> str:
    """Write lists, masks where needed and configs, and return a report; source files are only read, after errors nothing is new."""
    name = options.name
    if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
        raise UserError("option-value", f"the name is {name!r}: use letters, digits, _ and -")
    if options.val is not None and not 0 < options.val < 1:
        raise UserError("option-value", f"--val is {options.val}: give a share above 0 and below 1")
    net = choose_net(options.net, options.from_scratch)
    out_dir, configs = Path(options.out_dir or f"data/{name}"), Path(options.configs_dir)
    with exclusive(out_dir, configs, name):
        report = _write(options, net, out_dir, configs)
    return "\n".join(map(printable, report))


def _write(options: Options, net: str, out_dir: Path, configs: Path) -> list[str]:
    """Write all files; the lines of the report."""
    name = options.name
    base, leaf = configs / f"_base_/datasets/{name}.py", configs / FILES[net].format(name)
    refuse_existing([base, leaf, *(out_dir / f"{split}.txt" for split in FOLDERS)], options.force)

    pairs, images, source = _read(options)
    splits, how = _split(options, pairs, images)
    texts, table = {}, out_dir / "classes.csv"
    if not options.classes:
        texts[table] = source.classes.csv()
        if os.path.lexists(table) and text_of(table) != texts[table]:
            raise UserError("output-exists", f"{table} has other entries: remove it, or give --classes {table}")
    masks, mask_files, fill, classes = Path(options.masks), pairs.masks, None, source.classes
    if source.draw is not None:
        masks, mask_files = masks_folder(out_dir, options), [f"{name}.png" for name in pairs.names]
        fill = partial(write_masks, source=source, files=mask_files)
        classes = Classes(dict(enumerate(classes.ids.classes)), colours=dict(enumerate(classes.palette)))
    lists = {}
    for split, places in splits.items():
        path = out_dir / f"{split}.txt"
        texts[path] = "".join(f"{pairs.images[i]}\t{mask_files[i]}\n" for i in places)
        lists[split] = path.as_posix(), len(places)
    folders, sizes = (Path(options.images).as_posix(), masks.as_posix()), [image.header.shown for image in images]
    texts[base] = dataset_config(name, _bases(base.parent), *folders, lists, classes, sizes)
    kind = net, options.from_scratch, options.sigmoid
    texts[leaf] = model_config(name, len(classes.ids.classes), _bases(configs), *kind)
    write_all(texts, masks, fill)

    report = [f"{len(images)} images with masks", *pairs.notes, *source.found, *_table(source, splits), how]
    report += [f"wrote {path}" for path in [*texts, *([masks] if fill else [])]]
    report += [] if options.classes else [OTHER_NAMES.format(table)]
    report += [PRETRAINED] if net == "vgg16" and not options.from_scratch else []
    report += [LIGHTER] if net == "vgg16" and options.net is None else []
    return [*report, "next:", *(f"  python tools/{tool}.py {leaf}" for tool in ("check_dataset", "train"))]


def _bases(start: Path) -> str:
    return Path(os.path.relpath((config_dir() / "_base_").resolve(), start.resolve())).as_posix()


def _read(options: Options) -> tuple[Pairs, list[ImageFile], Source]:
    """Pair the files, look at the images, then read what the masks are."""
    images_dir, masks = Path(options.images), Path(options.masks)
    files = list_files(images_dir, IMAGE_SUFFIXES, leave_out=masks)
    if not files:
        raise UserError("dataset-empty", f"no images in {images_dir}: wanted are {', '.join(sorted(IMAGE_SUFFIXES))}")
    coco, labelme = load_coco(masks) if masks.is_file() else None, False
    if not coco:
        shapes, one_folder = list_files(masks, {".json"}, images_dir), masks.samefile(images_dir)
        others = files if one_folder else list_files(masks, IMAGE_SUFFIXES, images_dir)
        if not shapes and not others:
            raise UserError("dataset-empty", f"no masks in {masks}: wanted are image files, or labelme's JSON files")
        # labelme's files may lie beside copies of the images
        labelme = bool(shapes) and (one_folder or set(others) <= set(shapes))
    if (coco or labelme) and (options.ignore_ids is not None or options.ignore_colors):
        raise UserError("option-value", "--ignore-ids and --ignore-colors are for masks: label void shapes __ignore__")
    if coco:
        pairs, ids = pair_coco(coco, files, masks, options.allow_missing)
    else:
        pairs = pair(files, shapes if labelme else others, options.mask_suffix, options.allow_missing)
    images = on_all_cores(read_image, [(images_dir / file,) for file in pairs.images], "reading images")
    paths = [masks / file for file in pairs.masks]
    if coco:
        source = read_coco(coco, ids, images, masks, options.classes)
    else:
        source = read_labelme(images, paths, options.classes) if labelme else read_masks(images, paths, options)
    return pairs, images, source


def _split(options: Options, pairs: Pairs, images: Sequence[ImageFile]) -> tuple[Splits, str]:
    """Split as the options say; the second value is a sentence on it."""
    if options.val_list:
        splits, how = by_list(pairs.names, pairs.images, options.val_list), f"val as listed in {options.val_list}"
    elif options.val is None and (splits := by_folders(pairs.images)) is not None:
        how = "split by the folders of the images (--val splits at random)"
    else:
        splits = random_split([image.digest for image in images], options.val or 0.2, options.seed)
        how = f"split at random, seed {options.seed}; copies of an image stay together"
    return splits, f"{', '.join(f'{len(places)} {split}' for split, places in splits.items())}: {how}"


def _table(source: Source, splits: Splits) -> list[str]:
    """Make a row for each id: its class, its colour, images that show the class in each split."""
    table = PrettyTable(["id", "class", "colour", *(f"{split} images" for split in splits)], align="r")
    table.align["class"] = "l"
    for id, name in sorted(source.classes.class_map.items()):
        index = source.classes.ids.ids[id]
        counts = [sum(index in source.shown[i] for i in places) for places in splits.values()]
        table.add_row([id, name, ",".join(map(str, source.classes.colour(id))), *counts])
    return table.get_string().splitlines()
