"""Images and index masks with an explicit class map in place of ``reduce_zero_label``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mmseg.datasets import BaseSegDataset
from mmseg.registry import DATASETS

from ..errors import UserError
from .class_map import ClassMap
from .list_file import read_list

LOADER = "FCNLoadAnnotations"
TWO_FILES = re.compile(r"\S+\.\w{2,5} +\S+\.\w{2,5}")


@DATASETS.register_module()
class ClassMapDataset(BaseSegDataset):
    """Images and index masks of two folders.

    A line of ``ann_file`` is a name without suffix, as in mmseg, or the two file names with a tab between them, relative
    to the folders: for masks that are named otherwise than their images, and for images of several kinds.

    Args:
        class_map: id in the mask files -> class name, ``{0: "background", 255: "road"}``. Classes are numbered by their
            smallest id. Without it ids are the places in the ``classes`` of the data set's meta information.
        ignore_ids: ids that count in no loss and no score; 255 where nothing is said and it is no class.
        palette: [r, g, b] of each class.
        kwargs: of mmseg's ``BaseSegDataset``; pipelines load masks with ``FCNLoadAnnotations``.

    Raises:
        UserError: a class map that contradicts itself or other arguments, a pipeline that would pass unknown ids on, a
            line that is neither a name nor a pair.
    """

    def __init__(
        self,
        class_map: Mapping[int | str, str] | None = None,
        ignore_ids: Iterable[int] | None = None,
        palette: Sequence[Sequence[int]] | None = None,
        metainfo: dict | None = None,
        pipeline: Sequence = (),
        **kwargs,
    ) -> None:
        if kwargs.get("reduce_zero_label"):
            raise UserError("reduce_zero_label has no place beside a class map: name 0 in ignore_ids")
        own = self.METAINFO if class_map is None else {}
        metainfo = {**own, **(metainfo or {})}
        if class_map is None:
            if not own.get("classes") or list(metainfo["classes"]) != list(own["classes"]):
                raise UserError(
                    f"{type(self).__name__} needs class_map={{id: name}}: each id that is a class; ignore_ids names the others"
                )
            class_map = dict(enumerate(own["classes"]))
        self.class_map = ClassMap.of(class_map, ignore_ids)
        metainfo["classes"] = self.class_map.classes
        metainfo["palette"] = metainfo.get("palette", ()) if palette is None else palette  # () lets mmseg choose
        colours, classes = len(metainfo["palette"]), len(self.class_map.classes)
        if colours not in (0, classes):
            raise UserError(f"palette has {colours} colours, class_map {classes} classes: give each class its own")
        for colour in metainfo["palette"]:
            if not _is_colour(colour):
                raise UserError(
                    f"palette holds {colour!r}: a colour is [red, green, blue], whole numbers from 0 to 255"
                )
        if not set(range(classes)) <= set(self.class_map.ids):
            _require_loader(pipeline)
        super().__init__(metainfo=metainfo, pipeline=list(pipeline), **kwargs)

    def get_label_map(self, new_classes: Sequence | None = None) -> dict[int, int]:
        """Id in the file -> class index or 255."""
        return self.class_map.ids

    def load_data_list(self) -> list[dict]:
        """As mmseg's, and pairs of names with a tab between them."""
        if Path(self.ann_file).is_file():
            data = [self._item(line) for line in read_list(self.ann_file)]
        else:
            data = super().load_data_list()
        for item in data:
            item["complete_label_map"] = True  # of mmseg's own, 255 is void besides
        return data

    def _item(self, line: str) -> dict:
        names = line.split("\t")
        if TWO_FILES.fullmatch(line):
            raise UserError(f"{self.ann_file}: {line!r} has blanks between two file names: write a tab there")
        if len(names) > 2 or not all(names):
            raise UserError(f"{self.ann_file}: {line!r} is no pair IMAGE<tab>MASK: write two file names, or one name")
        if len(names) == 1:
            names = [line + self.img_suffix, line + self.seg_map_suffix]
        folders = self.data_prefix.get("img_path") or "", self.data_prefix.get("seg_map_path")
        item = dict(img_path=str(Path(folders[0], names[0])))
        if folders[1] is not None:
            item["seg_map_path"] = str(Path(folders[1], names[1]))
        return dict(**item, label_map=self.label_map, reduce_zero_label=self.reduce_zero_label, seg_fields=[])


def _is_colour(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and len(value) == 3 and all(one in range(256) for one in value)


def _require_loader(pipeline: Iterable) -> None:
    """The stock loader leaves ids that the map does not know as they are: such a one may be the index of another class."""
    for step in pipeline:
        if isinstance(step, (list, tuple)):  # a branch of TestTimeAug
            _require_loader(step)
        elif isinstance(step, dict):
            if str(step.get("type")).split(".")[-1] == "LoadAnnotations":
                raise UserError(
                    f"LoadAnnotations does not know class maps: load the masks of this data set with dict(type='{LOADER}')"
                )
            _require_loader(step.get("transforms") or ())
