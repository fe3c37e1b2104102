"""The meaning of the ids in a mask file: ``id -> class``, and ignored ids.

C classes, indices 0 .. C - 1; 255 is void in the label maps that nets are trained on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from mmseg.datasets import BaseSegDataset

from ..errors import UserError, abbreviate
from .problems import Problem

IGNORED = 255
MOST_CLASSES = 255  # label maps are 8-bit, and 255 is void
LARGEST_ID = 65535  # of a 16-bit mask
_error = partial(UserError, "class-map")


@dataclass(frozen=True)
class ClassMap:
    """Attributes: ``ids``, id in the file -> class index or 255; ``classes``, names by index."""

    ids: dict[int, int]
    classes: tuple[str, ...]

    @classmethod
    def of(
        cls, class_map: Mapping[int | str, str] | Mapping[int, str], ignore_ids: Iterable[int] | None = None
    ) -> ClassMap:
        """Number the classes by their smallest id; ids that share a name are one class.

        Args:
            class_map: id in the mask file, 0 .. 65535, -> class name. Ids may be text, as in JSON.
            ignore_ids: ids that loss and scores leave out; None: 255, unless it is a class.

        Raises:
            UserError: class-map.
        """
        if not isinstance(class_map, Mapping):
            raise _error(f"class_map is {class_map!r}: write id -> name, such as {{0: 'background', 1: 'road'}}")
        names = {_mask_id(key, "class_map"): str(name) for key, name in class_map.items()}
        classes = tuple(dict.fromkeys(names[key] for key in sorted(names)))
        if not 2 <= len(classes) <= MOST_CLASSES:
            raise _error(f"class_map names {len(classes)} classes: give it 2 to {MOST_CLASSES}")
        index = {name: i for i, name in enumerate(classes)}
        if ignore_ids is None:
            ignore_ids = {IGNORED} - set(names)
        if isinstance(ignore_ids, (str, Mapping)) or not isinstance(ignore_ids, Iterable):
            raise _error(f"ignore_ids is {ignore_ids!r}: give a list of ids, such as [255]")
        ignored = dict.fromkeys((_mask_id(key, "ignore_ids") for key in ignore_ids), IGNORED)
        for key in sorted(set(ignored) & set(names)):
            raise _error(f"id {key} is in ignore_ids and is {names[key]!r} in class_map: remove it from one of them")
        return cls({**ignored, **{key: index[name] for key, name in names.items()}}, classes)

    @classmethod
    def of_dataset(cls, dataset: BaseSegDataset) -> ClassMap:
        """Return the map that a built data set applies to the ids in its files."""
        own = getattr(dataset, "class_map", None)
        if isinstance(own, cls):
            return own
        classes = tuple(dataset.metainfo.get("classes") or ())
        indices = {i: i for i in range(len(classes))} if dataset.label_map is None else dataset.label_map
        ids = file_ids(indices, dataset.reduce_zero_label)
        if dataset.label_map is None or dataset.ignore_index not in ids:
            ids[dataset.ignore_index] = IGNORED
        return cls(ids, classes)

    def convert(self, mask: np.ndarray, path: str) -> np.ndarray:
        """Convert (H, W) ids of the file ``path`` to class indices and 255, uint8; UserError: ``mask-ids`` for unknown ids."""
        table = np.full(LARGEST_ID + 2, -1, np.int16)  # the last entry is for invalid values
        table[list(self.ids)] = list(self.ids.values())
        indices = table[mask if mask.dtype.kind == "u" else np.clip(mask, -1, LARGEST_ID + 1)]
        if (indices < 0).any():
            found = describe_ids(*np.unique(mask[indices < 0], return_counts=True))
            found += f" outside the classes {describe_range(self.ids)} and not ignored"
            raise Problem("mask-ids", path, found).error()
        return indices.astype(np.uint8)


def file_ids(label_map: Mapping[int, int], reduce_zero_label: bool) -> dict[int, int]:
    """Return id in the file -> index from mmseg's label map; with ``reduce_zero_label``, its ids are one less than the file's."""
    return {0: IGNORED, **{i + 1: index for i, index in label_map.items()}} if reduce_zero_label else dict(label_map)


def describe_ids(ids: Iterable[int | str], counts: Iterable[int], what: str = "id") -> str:
    """List up to ten ids with their pixels: ``id 77 (3 px), id 78 (1 px)``."""
    return abbreviate([f"{what} {i} ({n} px)" for i, n in zip(ids, counts, strict=True)], 10)


def describe_range(ids: Mapping[int, int]) -> str:
    """List the ids of classes: ``0..20`` if they have no gaps, else ``0, 2, 7``."""
    classes = sorted(key for key, index in ids.items() if index != IGNORED)
    if len(classes) > 1 and classes == list(range(classes[0], classes[-1] + 1)):
        return f"{classes[0]}..{classes[-1]}"
    return ", ".join(map(str, classes))


def _mask_id(key: int | str, where: str) -> int:
    text = str(key)
    if not text.isdecimal() or int(text) > LARGEST_ID:
        raise _error(f"{where} has the id {key!r}: ids must be whole numbers from 0 to {LARGEST_ID}")
    return int(text)
