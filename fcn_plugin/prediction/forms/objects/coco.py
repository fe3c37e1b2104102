"""Write ``coco.json``: the objects of all images with their pixels as RLE, in the format of COCO's ground truth."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from pathlib import PurePath
from typing import Any

import numpy as np

from ....atomic_write import atomic_write
from ...item import Item
from ...outlines import Outline
from ...prediction import Prediction
from ..collected import Collected, write_list
from .pieces import category_ids, objects


class Coco(Collected):
    """COCO instances: one annotation per connected piece, ``iscrowd`` 0; categories by :func:`.pieces.category_ids`.

    Images have the path of their results, with the suffix of the source.
    """

    folder, package = "coco", "pycocotools"

    def segmentation(self, outline: Outline, size: tuple[int, int]) -> Any:
        """Return the pixels of an object in an image of (H, W) as compressed RLE."""
        from pycocotools import mask

        rle = mask.frPyObjects(dict(size=list(size), counts=_run_lengths(outline, size)), *size)
        return dict(size=list(size), counts=rle["counts"].decode("ascii"))

    def part(self, item: Item, prediction: Prediction) -> dict[str, Any]:
        """Return the image's entry and its annotations, without ids."""
        size, ids = prediction.labels.shape, category_ids(self.classes)
        suffix = PurePath(item.source).suffix if item.frame is None else ""
        image = dict(file_name=item.name + suffix, height=size[0], width=size[1])
        annotations = [
            dict(
                category_id=ids[outline.label],
                segmentation=self.segmentation(outline, size),
                area=outline.area,
                bbox=list(outline.box),
                iscrowd=0,
            )
            for outline in objects(prediction)
        ]
        return dict(image=image, annotations=annotations)

    def finish(self) -> None:
        """Write ``coco.json``; the parts are read twice, one at a time, to save memory."""
        ids = category_ids(self.classes)
        categories = [dict(id=number, name=self.classes[label], supercategory="") for label, number in ids.items()]
        images = (dict(id=number, **part["image"]) for number, part in enumerate(self.parts(), 1))
        with atomic_write(self.out_dir / f"{self.folder}.json") as part, open(part, "w", encoding="utf-8") as file:
            file.write(f'{{"categories": {json.dumps(categories)}, "images": ')
            write_list(file, images)
            file.write(', "annotations": ')
            write_list(file, self._annotations())
            file.write("}\n")

    def _annotations(self) -> Iterator[dict[str, Any]]:
        numbers = count(1)
        for image, part in enumerate(self.parts(), 1):
            for annotation in part["annotations"]:
                yield dict(id=next(numbers), image_id=image, **annotation)


def _run_lengths(outline: Outline, size: tuple[int, int]) -> list[int]:
    """Return alternating run lengths of 0s and 1s down the columns of an (H, W) image, without drawing it."""
    left, top = outline.box[:2]
    columns = np.pad(outline.mask.T.astype(np.int8), ((0, 0), (1, 1)))
    steps = np.diff(columns, axis=1)
    starts, ends = ((left + x) * size[0] + top + y for x, y in (np.nonzero(steps == step) for step in (1, -1)))
    apart = starts[1:] != ends[:-1]  # a run may continue at the top of the next column
    starts, ends = starts[np.r_[True, apart]], ends[np.r_[apart, True]]
    bounds = np.stack([starts, ends], 1).ravel()
    return np.diff(np.r_[0, bounds, size[0] * size[1]]).tolist()
