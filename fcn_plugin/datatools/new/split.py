"""Split images into train, val and test: by folders of those names, by a list, at random, or into folds."""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from pathlib import PurePosixPath
from unicodedata import normalize

from ...data.class_map_dataset import read_list
from ...errors import UserError, abbreviate
from .files import ImageFile, Pairs
from .folds import Splits, group_images, make_folds
from .options import Options

FOLDERS = {
    "train": ("train", "training", "trainval"),
    "val": ("val", "valid", "validation", "eval"),
    "test": ("test", "testing"),
}
SPLIT_OF = {folder: split for split, folders in FOLDERS.items() for folder in folders}


def words_of(text: str) -> list[str]:
    """Return the words of a name in lower case: ``val`` and ``images`` of ``val_images2017``, ``gt`` and ``fine`` of ``gtFine``."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", text)]


def split_of(folder: str) -> str:
    """Return the split named by a word in a folder's name: ``test`` for ``Test_2017``; "" if there is none, or several."""
    found = {SPLIT_OF[word] for word in words_of(folder) if word in SPLIT_OF}
    return found.pop() if len(found) == 1 else "train" if found == {"train", "val"} else ""


def by_folders(images: Sequence[str]) -> Splits:
    """Split images by the first folder in their path that names a split; other images go to train. Empty if there is none.

    Without such folders, file names are used if all name a split: ``testA_1.png``.
    """
    splits: Splits = defaultdict(list)
    for i, image in enumerate(images):
        splits[next(filter(None, map(split_of, image.split("/")[:-1])), "")].append(i)
    if set(splits) <= {""}:
        names = [split_of(image.rpartition("/")[2].rpartition(".")[0]) for image in images]
        if not all(names) or "train" not in names:
            return {}
        splits = {split: [i for i, name in enumerate(names) if name == split] for split in names}
    splits["train"] = sorted(splits["train"] + splits.pop("", []))
    return {split: splits[split] for split in FOLDERS if splits.get(split)}


def by_list(names: Sequence[str], images: Sequence[str], path: str) -> Splits:
    """Use the images listed in a file, one per line, as val; UserError: ``list-file``.

    Suffixes are optional, and folders if the name is unique. A backslash counts as ``/``.
    """
    lines = {normalize("NFC", line) for line in read_list(path)}
    whole = [PurePosixPath(image).with_suffix("").as_posix() for image in images]
    keys = [{normalize("NFC", text) for text in texts} for texts in zip(names, images, whole, strict=True)]
    short = [{key.rpartition("/")[2] for key in found} for found in keys]
    count = Counter(key for found in short for key in found)
    keys = [found | {key for key in bare if count[key] == 1} for found, bare in zip(keys, short, strict=True)]
    known = set().union(*keys)
    lines = {line if line in known else line.replace("\\", "/") for line in lines}
    if unknown := sorted(lines - known):
        raise UserError("list-file", f"{path} lists {len(unknown)} unknown images: {abbreviate(unknown, 10)}")
    splits: Splits = dict(train=[], val=[])
    for i, found in enumerate(keys):
        splits["val" if lines & found else "train"].append(i)
    if not all(splits.values()):
        raise UserError(
            "list-file",
            f"{path} lists {len(splits['val'])} of {len(names)} images: train and val need at least one each",
        )
    return splits


def hold_out(splits: Splits, test: Sequence[int]) -> Splits:
    """Move the images of a test folder, unless they are in val, from train to test."""
    test = sorted(set(test) - set(splits["val"]))
    train = sorted(set(splits["train"]) - set(test))
    if not train:
        raise UserError("dataset-empty", "no images for train, as all others are in a folder test: add some")
    return dict(train=train, val=splits["val"], **(dict(test=test) if test else {}))


def random_split(group_of: Sequence[Hashable], share: float, seed: int) -> Splits:
    """Draw a random share, 0 to 1, of the images as val, with groups kept together; UserError: ``dataset-empty``."""
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for i, group in enumerate(group_of):
        groups[group].append(i)
    if len(groups) < 2:
        raise UserError(
            "dataset-empty", f"only {len(groups)} different images or groups: train and val need at least one each"
        )
    order = list(groups.values())
    random.Random(seed).shuffle(order)
    val = order.pop()
    while len(order) > 1 and len(val) + len(order[-1]) <= round(share * len(group_of)):
        val = val + order.pop()
    return dict(train=sorted(i for group in order for i in group), val=sorted(val))


def choose_splits(
    options: Options, pairs: Pairs, images: Sequence[ImageFile], shown: Sequence[set[int]]
) -> tuple[list[Splits], str]:
    """Split by the options, once or for each fold; also return a description.

    ``shown`` are the classes in each image.
    """
    by_labels = by_folders([f"{part}/" for part in pairs.parts or ()])
    folders = by_labels or by_folders(pairs.images)
    test = folders.get("test", ()) if len(folders) > 1 else ()
    pool = sorted(set(range(len(images))) - set(test))
    by_themselves = options.val is None and {"train", "val"} <= set(folders)
    drawn = options.folds is not None or not (options.val_list or by_themselves)
    if options.group is not None and not drawn:
        raise UserError("option-value", "--group is for a random split or --folds: remove it, or give --val 0.2")
    groups = group_images(pairs.images, [image.digest for image in images], options.group) if drawn else []
    kept = "images of a group stay together" if options.group else "copies of an image stay together"
    if options.folds is not None:
        if options.val is not None or options.val_list:
            raise UserError("option-value", "--folds chooses val itself: remove --val and --val-list")
        vals = make_folds([groups[i] for i in pool], [shown[i] for i in pool], options.folds, options.seed)
        vals = [[pool[place] for place in val] for val in vals]
        several = [dict(train=sorted(set(pool) - set(val)), val=val) for val in vals]
        how = f"{len(vals)} folds of {', '.join(str(len(val)) for val in vals)} val images, seed {options.seed}; {kept}"
    elif options.val_list:
        several, how = [by_list(pairs.names, pairs.images, options.val_list)], f"val as listed in {options.val_list}"
    elif not drawn:
        how = "split by the label files" if by_labels else "split by the folders of the images"
        several, how = [folders], f"{how} (--val splits at random)"
    else:
        split = random_split([groups[i] for i in pool], options.val or 0.2, options.seed)
        several = [{name: [pool[place] for place in places] for name, places in split.items()}]
        how = f"split at random, seed {options.seed}; {kept}"
    if test and several != [folders]:
        several, how = [hold_out(splits, test) for splits in several], f"{how}; test by folders or file names"
    return several, f"{', '.join(f'{len(places)} {name}' for name, places in several[0].items())}: {how}"
