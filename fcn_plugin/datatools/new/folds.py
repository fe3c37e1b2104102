"""Groups of images that stay together, and k folds: each image validates once, each fold shows about the same classes."""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from string import Template

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from ...errors import UserError
from ...requirements import import_extra
from .config_text import MARK, escaped

Splits = dict[str, list[int]]  # places in the list of pairs, ascending

FOLD = """\
# Fold $number of $count of $name: $train_count train, $val_count val images; $mark, yours to edit.
_base_ = "$base"
train_dataloader = dict(dataset=dict(ann_file="$train"))
val_dataloader = dict(dataset=dict(ann_file="$val"))
test_dataloader = val_dataloader
"""


def group_images(images: Sequence[str], digests: Sequence[bytes], pattern: str | None) -> list[int]:
    """Number the groups: copies of an image are one, and images in whose path ``pattern`` finds the same.

    Args:
        images: paths, relative to the folder.
        digests: equal for copies.
        pattern: regular expression; its first group counts, or else the whole match.

    Raises:
        UserError: ``option-value`` for a pattern that is none, or does not match all paths.
    """
    keys = [list(digests)]
    if pattern is not None:
        try:
            found = [re.search(pattern, image) for image in images]
        except re.error as error:
            raise UserError("option-value", f"--group {pattern!r} is no regular expression ({error})") from error
        if None in found:
            unmatched = images[found.index(None)]
            raise UserError("option-value", f"--group {pattern!r} is not found in {unmatched}: it must be in all paths")
        keys.append([match[1] if match.re.groups else match[0] for match in found])
    count, columns = len(images), {}
    for kind, values in enumerate(keys):
        for value in values:
            columns.setdefault((kind, value), count + len(columns))
    targets = [columns[kind, value] for kind, values in enumerate(keys) for value in values]
    links = np.ones(len(targets)), (np.tile(np.arange(count), len(keys)), targets)
    side = count + len(columns)
    return connected_components(coo_array(links, shape=(side, side)), directed=False)[1][:count].tolist()


def make_folds(groups: Sequence[int], shown: Sequence[set[int]], count: int, seed: int) -> list[list[int]]:
    """Return the images that validate in each fold, by scikit-learn's StratifiedGroupKFold.

    Args:
        groups: of the images; a group is in one fold.
        shown: classes that each image shows; an image stands for the one that fewest images show.
        count: of folds.
        seed: of their order.

    Raises:
        UserError: ``dataset-empty`` for fewer groups than folds, or groups so unequal that a fold is empty; ``requirements``.
    """
    import_extra("sklearn", "'fcn-plugin[data]'")
    from sklearn.model_selection import StratifiedGroupKFold

    if count < 2:
        raise UserError("option-value", f"--folds is {count}: give 2 or more")
    if (different := len(set(groups))) < count:
        raise UserError("dataset-empty", f"there are {different} different images or groups: too few for {count} folds")
    images_with = Counter(index for classes in shown for index in classes)
    rarest = [min(classes, key=lambda index: (images_with[index], index), default=-1) for classes in shown]
    stands_for = Counter(rarest)
    labels = [index if stands_for[index] >= count else -1 for index in rarest]  # of fewer there is not one for each
    folder = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of labels that few images have
        folds = [val.tolist() for _, val in folder.split(np.zeros(len(labels)), labels, groups)]
    if not all(folds):
        raise UserError("dataset-empty", f"one group is so large that a fold of {count} is empty: fewer --folds")
    return folds


def fold_files(folds: int | None, out_dir: Path, leaf: Path) -> list[tuple[Path, Path, Path]]:
    """Name the files of each fold: train list, val list, config beside the net's ``leaf``."""
    names = [f"fold{number}" for number in range(folds or 0)]
    lists = [[out_dir / f"{name}_{split}.txt" for split in ("train", "val")] for name in names]
    return [(*pair, leaf.with_stem(f"{leaf.stem}-{name}")) for pair, name in zip(lists, names, strict=True)]


def fold_texts(
    files: Sequence[tuple[Path, Path, Path]], splits: Sequence[Splits], entries: Sequence[str], leaf: Path, name: str
) -> dict[Path, str]:
    """Write the :func:`fold_files` of each split; ``entries`` are the lines of all images."""
    texts = {}
    for number, ((train, val, config), split) in enumerate(zip(files, splits, strict=True)):
        texts[train], texts[val] = ("".join(entries[i] for i in split[name]) for name in ("train", "val"))
        values = dict(name=name, number=number, count=len(files), mark=MARK, base=escaped(leaf.name))
        counts = dict(train_count=len(split["train"]), val_count=len(split["val"]))
        lists = dict(train=escaped(train.as_posix()), val=escaped(val.as_posix()))
        texts[config] = Template(FOLD).substitute(values, **counts, **lists)
    return texts
