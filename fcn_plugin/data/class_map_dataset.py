"""A data set of images and index masks with an explicit class map instead of ``reduce_zero_label``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mmseg.datasets import BaseSegDataset
from mmseg.registry import DATASETS

from ..atomic_write import read_plain
from ..errors import UserError
from .class_map import ClassMap

TWO_FILES = re.compile(r"\S+\.\w{2,5} +\S+\.\w{2,5}")  # with spaces instead of the tab


@DATASETS.register_module()
class ClassMapDataset(BaseSegDataset):
    """Images and index masks in two folders.

    A line of ``ann_file`` is a name without suffix, as in mmseg, or image and mask file names separated by a tab, relative to the
    folders. The second form allows different names and several image formats.

    Args:
        class_map: id in the mask files -> class name, ``{0: "background", 255: "road"}``. Classes are numbered by their
            smallest id. Default: ids are indices into the ``classes`` of the data set's meta information.
        ignore_ids: ids that loss and scores leave out; default 255, unless it is a class.
        palette: [r, g, b] of each class.
        kwargs: those of mmseg's ``BaseSegDataset``; pipelines load masks with ``FCNLoadAnnotations``.

    Raises:
        UserError: class-map: the map contradicts itself, other arguments or the pipeline; list-file.
    """

    def __init__(
        self,
        class_map: Mapping[int | str, str] | None = None,
        ignore_ids: Iterable[int] | None = None,
        palette: Sequence[Sequence[int]] | None = None,
        metainfo: dict[str, Any] | None = None,
        pipeline: Sequence[Any] = (),
        **kwargs: Any,
    ) -> None:
        if kwargs.get("reduce_zero_label"):
            raise UserError("class-map", "reduce_zero_label contradicts class_map: add 0 to ignore_ids instead")
        own = self.METAINFO if class_map is None else {}
        metainfo = {**own, **(metainfo or {})}
        if class_map is None:
            if not own.get("classes") or list(metainfo["classes"]) != list(own["classes"]):
                raise UserError("class-map", f"{type(self).__name__} needs class_map={{id: name}} (and ignore_ids)")
            class_map = dict(enumerate(own["classes"]))
        self.class_map = ClassMap.of(class_map, ignore_ids)
        metainfo["classes"] = classes = self.class_map.classes
        metainfo["palette"] = metainfo.get("palette", ()) if palette is None else palette  # () lets mmseg choose
        _check_palette(metainfo["palette"], len(classes))
        if not set(range(len(classes))) <= set(self.class_map.ids):
            _require_loader(pipeline)
        super().__init__(metainfo=metainfo, pipeline=list(pipeline), **kwargs)

    def get_label_map(self, new_classes: Sequence[str] | None = None) -> dict[int, int]:
        """Return id in the file -> class index or 255."""
        return self.class_map.ids

    def load_data_list(self) -> list[dict[str, Any]]:
        """List samples as mmseg does, and also pairs of names separated by a tab."""
        if Path(self.ann_file).is_file():
            data = [self._item(line) for line in read_list(self.ann_file)]
        else:
            data = super().load_data_list()
        for item in data:
            item["complete_label_map"] = True  # mmseg's own maps lack 255, void
        return data

    def _item(self, line: str) -> dict[str, Any]:
        names = [name.strip() for name in line.split("\t")]
        if len(names) > 2 or not all(names) or TWO_FILES.fullmatch(line):
            raise UserError(
                "list-file", f"invalid line in {self.ann_file}: {line!r}. Write NAME, or IMAGE, a tab and MASK"
            )
        if len(names) == 1:
            names = [line + self.img_suffix, line + self.seg_map_suffix]
        images, masks = self.data_prefix.get("img_path") or "", self.data_prefix.get("seg_map_path")
        item = dict(label_map=self.label_map, reduce_zero_label=self.reduce_zero_label, seg_fields=[])
        if masks is not None:
            item["seg_map_path"] = str(Path(masks, names[1]))
        return dict(img_path=str(Path(images, names[0])), **item)


def read_list(path: str | Path) -> list[str]:
    """Read the non-blank lines of a split's list; UserError: ``list-file`` if it is not UTF-8 text."""
    try:
        lines = read_plain(Path(path)).decode("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError("list-file", f"can't read the list {path}: {error}. Save it as UTF-8 text") from error
    return [line.strip() for line in lines if line.strip()]


def _check_palette(palette: Sequence[Any], classes: int) -> None:
    if len(palette) not in (0, classes):
        raise UserError(
            "class-map", f"palette has {len(palette)} colours for {classes} classes: give one colour per class"
        )
    for colour in palette:
        if not (isinstance(colour, (list, tuple)) and len(colour) == 3 and all(part in range(256) for part in colour)):
            raise UserError("class-map", f"palette holds {colour!r}: write [red, green, blue], each from 0 to 255")


def _require_loader(pipeline: Iterable[Any]) -> None:
    """Refuse mmseg's loader, which keeps ids that are not in the map and may equal the index of another class."""
    for step in pipeline:
        if isinstance(step, (list, tuple)):  # a branch of TestTimeAug
            _require_loader(step)
        elif isinstance(step, dict):
            if str(step.get("type")).split(".")[-1] == "LoadAnnotations":
                raise UserError("class-map", "LoadAnnotations ignores class_map: use FCNLoadAnnotations")
            _require_loader(step.get("transforms") or ())
