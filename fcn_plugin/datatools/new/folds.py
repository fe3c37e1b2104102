"""Group images that must stay together, and make k folds: each image is in val once, with similar classes in each fold."""

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

Splits = dict[str, list[int]]  # indices into the list of pairs, ascending

FOLD = """\
# Fold $number of $count of $name: $train_count train, $val_count val images; $mark, may be edited.
_base_ = "$base"
train_dataloader = dict(dataset=dict(ann_file="$train"))
val_dataloader = dict(dataset=dict(ann_file="$val"))
test_dataloader = val_dataloader
"""


def group_images(images: Sequence[str], digests: Sequence[bytes], pattern: str | None) -> list[int]:
    """Number the groups: copies of an image form one, and images whose paths give the same match of ``pattern``.

    Args:
        images: paths, relative to the folder.
        digests: equal for copies.
        pattern: regular expression; its first group is used if it has one, else the whole match.

    Raises:
        UserError: ``option-value`` for an invalid pattern, or one that does not match all paths.
    """
    keys: list[Sequence[bytes | str]] = [digests]
    if pattern is not None:
        try:
            found = [re.search(pattern, image) for image in images]
        except re.error as error:
            raise UserError("option-value", f"--group {pattern!r} is not a regular expression: {error}") from error
        matches = [match for match in found if match]
        if len(matches) < len(found):
            unmatched = images[found.index(None)]
            raise UserError("option-value", f"--group {pattern!r} does not match {unmatched}: it must match all paths")
        keys.append([match[1] if match.re.groups else match[0] for match in matches])
    count, columns = len(images), dict[tuple[int, bytes | str], int]()
    for kind, values in enumerate(keys):
        for value in values:
            columns.setdefault((kind, value), count + len(columns))
    targets = [columns[kind, value] for kind, values in enumerate(keys) for value in values]
    links = np.ones(len(targets)), (np.tile(np.arange(count), len(keys)), targets)
    side = count + len(columns)
    return connected_components(coo_array(links, shape=(side, side)), directed=False)[1][:count].tolist()


def make_folds(groups: Sequence[int], shown: Sequence[set[int]], count: int, seed: int) -> list[list[int]]:
    """Return the val images of each fold, by scikit-learn's StratifiedGroupKFold.

    Args:
        groups: group number of each image; a group stays in one fold.
        shown: classes in each image; the rarest of them is used to stratify.
        count: number of folds.
        seed: random seed.

    Raises:
        UserError: ``dataset-empty``: fewer groups than folds, or groups so unequal that a fold is empty; ``requirements``.
    """
    import_extra("sklearn", "'fcn-plugin[data]'")
    from sklearn.model_selection import StratifiedGroupKFold

    if count < 2:
        raise UserError("option-value", f"--folds is {count}: give 2 or more")
    if (different := len(set(groups))) < count:
        raise UserError("dataset-empty", f"only {different} different images or groups: too few for {count} folds")
    images_with = Counter(index for classes in shown for index in classes)
    rarest = [min(classes, key=lambda index: (images_with[index], index), default=-1) for classes in shown]
    images_of = Counter(rarest)
    labels = [index if images_of[index] >= count else -1 for index in rarest]  # fewer can't be in every fold
    folder = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # about rare labels
        folds = [val.tolist() for _, val in folder.split(np.zeros(len(labels)), labels, groups)]
    if not all(folds):
        raise UserError("dataset-empty", f"a group is so large that one of {count} folds is empty: use fewer --folds")
    return folds


def fold_files(folds: int | None, out_dir: Path, leaf: Path) -> list[tuple[Path, Path, Path]]:
    """Return the files of each fold: train list, val list, config next to the net's config ``leaf``."""
    names = [f"fold{number}" for number in range(folds or 0)]
    train, val = ([out_dir / f"{name}_{split}.txt" for name in names] for split in ("train", "val"))
    configs = [leaf.with_stem(f"{leaf.stem}-{name}") for name in names]
    return list(zip(train, val, configs, strict=True))


def fold_texts(
    files: Sequence[tuple[Path, Path, Path]], splits: Sequence[Splits], entries: Sequence[str], leaf: Path, name: str
) -> dict[Path, str]:
    """Return the texts of the :func:`fold_files`; ``entries`` are the lines of all images."""
    texts = {}
    for number, ((train, val, config), split) in enumerate(zip(files, splits, strict=True)):
        texts[train], texts[val] = ("".join(entries[i] for i in split[name]) for name in ("train", "val"))
        values = dict(name=name, number=number, count=len(files), mark=MARK, base=escaped(leaf.name))
        counts = dict(train_count=len(split["train"]), val_count=len(split["val"]))
        lists = dict(train=escaped(train.as_posix()), val=escaped(val.as_posix()))
        texts[config] = Template(FOLD).substitute(values, **counts, **lists)
    return texts
