"""Make a data set from two folders: read, split, convert, write.

::

    OUT_DIR/{train,val}.txt             image<tab>mask, relative to the two folders; also test.txt if there is a folder test
    OUT_DIR/classes.csv                 id,name,red,green,blue; may be edited and given with --classes
    OUT_DIR/masks/                      index PNGs, if masks must be converted
    CONFIGS_DIR/_base_/datasets/NAME.py
    CONFIGS_DIR/fcn8s_NET_NAME.py
    OUT_DIR/fold0_{train,val}.txt       and more, with --folds; the lists above are fold 0
    CONFIGS_DIR/fcn8s_NET_NAME-fold0.py and more
"""

from __future__ import annotations

import os
import re
from functools import partial
from itertools import chain
from pathlib import Path

from prettytable import PrettyTable

from ...configs import config_dir
from ...errors import UserError, printable
from ...invocation import command
from ..bands.config import loader_of, notes_on, preprocessor_text
from ..bands.sums import add_sums
from .classes import Classes, Source
from .config_text import dataset_config
from .folds import Splits, fold_files, fold_texts
from .net import FILES, INSTALL, choose_net, model_config
from .options import Options
from .outputs import earlier_masks, exclusive, masks_folder, refuse_existing, text_of, write_all, write_masks
from .read import read
from .split import FOLDERS, choose_splits

OTHER_NAMES = "to change names: edit {0}, then run again with --classes {0} --force"
PRETRAINED = (
    "training downloads ImageNet's VGG16, 528 MB; to avoid that set model.pretrained to a file, or use --from-scratch"
)
LIGHTER = f"a lighter net that needs no download: {INSTALL}, then run again with --force"


def new_dataset(options: Options) -> str:
    """Write lists, configs and converted masks, and return a report; don't change source files, write nothing after errors."""
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
    """Write all files and return the lines of the report."""
    name = options.name
    base, leaf = configs / f"_base_/datasets/{name}.py", configs / FILES[net].format(name)
    folds = fold_files(options.folds, out_dir, leaf)
    refuse_existing([base, leaf, *(out_dir / f"{split}.txt" for split in FOLDERS), *chain(*folds)], options.force)

    pairs, images, source = read(options, earlier_masks(out_dir))
    several, how = choose_splits(options, pairs, images, source.shown)
    splits = several[0]
    texts, table = {}, out_dir / "classes.csv"
    if not options.classes:
        texts[table] = source.classes.csv()
        if os.path.lexists(table) and text_of(table) != texts[table]:
            raise UserError("output-exists", f"{table} has other entries: remove it, or give --classes {table}")
    masks, mask_files, fill, classes = Path(options.masks), pairs.masks, None, source.classes
    if source.draw is not None:
        masks, mask_files = masks_folder(out_dir, options), [f"{name}.png" for name in pairs.names]
        fill = partial(write_masks, draw=source.draw, palette=classes.palette, files=mask_files)
        classes = Classes(dict(enumerate(classes.ids.classes)), colours=dict(enumerate(classes.palette)))
    entries = [f"{image}\t{mask}\n" for image, mask in zip(pairs.images, mask_files, strict=True)]
    lists = {}
    for split, places in splits.items():
        path = out_dir / f"{split}.txt"
        texts[path] = "".join(entries[i] for i in places)
        lists[split] = path.as_posix(), len(places)
    folders, sizes = (Path(options.images).as_posix(), masks.as_posix()), [image.header.shown for image in images]
    headers = [image.header for image in images]
    sums = add_sums(filter(None, (images[i].bands for i in splits["train"])))
    loader = loader_of(headers, sums)
    texts[base] = dataset_config(name, _bases(base.parent), *folders, lists, classes, sizes, loader)
    model = preprocessor_text(sums, options.rgb)
    kind = net, options.from_scratch, model, options.sigmoid
    texts[leaf] = model_config(name, len(classes.ids.classes), _bases(configs), *kind)
    texts |= fold_texts(folds, several, entries, leaf, name) if folds else {}
    write_all(texts, masks, fill)

    report = [f"{len(images)} images with masks", *notes_on(headers, sums), *pairs.notes, *source.found]
    report += [*_table(source, splits), how]
    report += [f"wrote {path}" for path in [*texts, *([masks] if fill else [])]]
    report += [] if options.classes else [OTHER_NAMES.format(table)]
    report += [PRETRAINED] if net == "vgg16" and not options.from_scratch else []
    report += [LIGHTER] if net == "vgg16" and options.net is None else []
    trained = [config for *_, config in folds] or [leaf]
    return [
        *report,
        "next:",
        f"  {command('check_dataset')} {leaf}",
        *(f"  {command('train')} {each}" for each in trained),
    ]


def _bases(start: Path) -> str:
    return Path(os.path.relpath((config_dir() / "_base_").resolve(), start.resolve())).as_posix()


def _table(source: Source, splits: Splits) -> list[str]:
    """Format a row for each id: class, colour, number of images with the class in each split."""
    table = PrettyTable(["id", "class", "colour", *(f"{split} images" for split in splits)], align="r")
    table.align["class"] = "l"
    for id, name in sorted(source.classes.class_map.items()):
        index = source.classes.ids.ids[id]
        counts = [sum(index in source.shown[i] for i in places) for places in splits.values()]
        table.add_row([id, name, ",".join(map(str, source.classes.colour(id))), *counts])
    return table.get_string().splitlines()
