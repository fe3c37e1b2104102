"""Check a sample's files before loading and name the faulty file; mmengine raises no error or does not name the file."""

from __future__ import annotations

import os
from collections.abc import Iterable
from operator import attrgetter
from pathlib import Path
from typing import Any

from mmcv.transforms import LoadImageFromFile
from mmengine.dataset import BaseDataset, Compose
from mmseg.datasets.transforms import LoadAnnotations

from ..errors import UserError
from .bands.load_bands import FCNLoadBands
from .bands.load_image import FCNLoadImageFromFile
from .bands.readers import Reader, reader_of
from .headers import mask_problems, pair_problems, width_height
from .images import missing_files, read_header, read_mask, verify
from .leaves import leaf_datasets
from .load_annotations import FCNLoadAnnotations
from .problems import Problem, refuse

KEYS = {"image": "img_path", "mask": "seg_map_path"}
STAMP = attrgetter("st_ino", "st_size", "st_mtime_ns")  # change with a file
MOST_IN_A_ROW = 50  # broken samples, after which the data set itself is at fault


class CheckedPipeline(Compose):
    """Check each sample's files, then run the data set's pipeline; raise UserError for the errors in ``problems.KINDS``."""

    def __init__(self, transforms: Iterable[Any]) -> None:
        super().__init__(list(transforms))
        self.loads, self.reader = _loads(self.transforms), reader_of(self.transforms)
        self.passed: set[int] = set()  # hashes of checked files; changed files are checked again

    def __call__(self, data: dict[str, Any]) -> dict[str, Any] | None:
        paths = {what: path for what, key in KEYS.items() if (path := data.get(key)) and os.path.exists(path)}
        try:
            files = hash(tuple((path, *STAMP(os.stat(path))) for path in paths.values()))
            if files not in self.passed:
                _check(paths, self.loads, self.reader)
                self.passed.add(files)
            return super().__call__(data)
        except UserError:
            raise
        except Exception as error:  # of a loader: the check missed a fault, or the file has changed since
            refuse(missing_files((what, data.get(key)) for what, key in KEYS.items()))
            _check(paths, self.loads, self.reader, decode=True)
            if "image" in paths and "image" in self.loads:
                refuse(_too_thin(paths["image"], error))
            raise


class SkippingPipeline(CheckedPipeline):
    """Like :class:`CheckedPipeline`, but skip broken samples and append a line for each to the file ``notes``.

    In training it returns ``None``, for which mmengine draws another sample. In evaluation it returns the next intact sample with a
    void mask, which keeps the number of samples and does not change the scores. After ``MOST_IN_A_ROW`` broken samples in a row,
    the last error is raised.
    """

    def __init__(self, transforms: Iterable[Any], dataset: BaseDataset, training: bool, notes: Path) -> None:
        super().__init__(transforms)
        self.dataset, self.training, self.notes = dataset, training, notes
        self.in_a_row = 0
        self.noted: set[str] = set()

    def __call__(self, data: dict[str, Any]) -> dict[str, Any] | None:
        try:
            result = super().__call__(data)
        except UserError as error:
            self.in_a_row += 1
            if self.in_a_row >= MOST_IN_A_ROW:
                raise error.within(f"{self.in_a_row} broken samples in a row, the last one") from error
            if str(error) not in self.noted:
                self.noted.add(str(error))
                with open(self.notes, "a") as file:  # one short write per line, so workers' lines don't mix
                    file.write(f"{error}\n")
            return None if self.training else self._void(data["sample_idx"])
        self.in_a_row = 0
        return result

    def _void(self, index: int) -> dict[str, Any] | None:
        result = self(self.dataset.get_data_info((index + 1) % len(self.dataset)))
        samples = result["data_samples"] if result else []
        for sample in samples if isinstance(samples, list) else [samples]:  # a list under TestTimeAug
            sample.gt_sem_seg.data.fill_(self.dataset.ignore_index)
            sample.set_metainfo(dict(stand_in=True))  # keeps it out of pictures
        return result


def check_files(dataset: Any) -> None:
    """Set a :class:`CheckedPipeline` on a data set, or on those inside a wrapper such as RepeatDataset."""
    for leaf in _with_pipeline(dataset):
        leaf.pipeline = CheckedPipeline(leaf.pipeline.transforms)


def skip_broken_files(dataset: Any, training: bool, notes: Path) -> None:
    """Set a :class:`SkippingPipeline` on a data set, or on those inside a wrapper."""
    for leaf in _with_pipeline(dataset):
        leaf.pipeline = SkippingPipeline(leaf.pipeline.transforms, leaf, training, notes)


def skipped(notes: Path) -> list[str]:
    """Read the lines of skipped samples."""
    return list(dict.fromkeys(notes.read_text().splitlines())) if notes.is_file() else []


def _too_thin(path: str, error: Exception) -> Iterable[Problem]:
    """Yield ``image-thin`` where a step failed because little of an image is left: OpenCV's resize, or a flip of one pixel."""
    size = read_header(path).size
    if min(size) == 1 or "resize.cpp" in str(error):
        yield Problem("image-thin", path, f"{width_height(size)}, and a step of the pipeline fails")


def _with_pipeline(dataset: Any) -> Iterable[BaseDataset]:
    return (leaf for leaf in leaf_datasets(dataset) if isinstance(getattr(leaf, "pipeline", None), Compose))


def _loads(transforms: Iterable[Any]) -> dict[str, int]:
    """Return how many bits the known loaders keep of image and mask; files of unknown loaders are left out.

    0 bits: mmcv decodes with Pillow, so that depth, rotation and format are not known in advance.
    """
    loads = {}
    for step in transforms:
        if type(step) is FCNLoadBands:
            loads["image"] = 32
        elif type(step) in (LoadImageFromFile, FCNLoadImageFromFile):
            if (step.color_type, step.imdecode_backend) == ("color", "cv2"):
                loads["image"] = 8
            elif step.imdecode_backend == "pillow":
                loads["image"] = 0
        elif type(step) in (LoadAnnotations, FCNLoadAnnotations):
            loads["mask"] = 8 if type(step) is LoadAnnotations else 64
        for branch in getattr(step, "subroutines", ()):  # TestTimeAug
            loads |= _loads(branch.transforms)
    return loads


def _check(paths: dict[str, str], loads: dict[str, int], reader: Reader, decode: bool = False) -> None:
    """Raise for faults in the files that a known loader decodes; ``decode`` also finds those that appear in decoding."""
    headers = {}
    for what in filter(paths.get, loads):
        if not loads[what]:
            read_header(paths[what], what)
        elif what == "image":
            headers[what] = reader.read(paths[what])[0] if decode else reader.verify(paths[what])
        else:
            headers[what] = read_mask(paths[what])[0] if decode else verify(paths[what], what)
    image, mask = headers.get("image"), headers.get("mask")
    if image:
        refuse(reader.problems(image))
    if mask:
        refuse(mask_problems(mask))
        spread = loads["mask"] == 8 and mask.mode == "L" and mask.bits in (2, 4)  # ids of few bits become brightness
        if mask.bits > loads["mask"] or spread:
            refuse([Problem("mask-depth", mask.path, f"{mask.bits} bits")])
    if image and mask:
        refuse(pair_problems(image, mask))
