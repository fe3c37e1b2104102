"""Look at a sample's files before they are loaded, and name the one at fault: the engine's own errors do not, or there are none."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mmcv.transforms import LoadImageFromFile
from mmengine.dataset import BaseDataset, Compose
from mmseg.datasets.transforms import LoadAnnotations

from ..errors import UserError
from .headers import (
    UnreadableFile,
    image_problems,
    mask_problems,
    pair_problems,
    read_header,
    require_whole,
    unreadable,
)
from .leaves import leaf_datasets
from .load_annotations import FCNLoadAnnotations
from .problems import Problem, first_error

MOST_IN_A_ROW = 50  # then it is the data set that is broken


class CheckedPipeline(Compose):
    """A data set's pipeline, with a look at each sample's files first.

    Args:
        transforms: of the pipeline.

    Raises:
        UserError: an image or mask that can't be read, that is of another size than its partner, turned, too deep, or of colours
            where ids are meant; names the file, the value and the remedy.
    """

    def __init__(self, transforms: Iterable) -> None:
        super().__init__(list(transforms))
        self.loads = _loads(self.transforms)
        self.passed: set[int] = set()  # indices: one look at each sample's files is enough

    def __call__(self, data: dict) -> dict | None:
        paths = {"image": data.get("img_path"), "mask": data.get("seg_map_path")}
        index = data.get("sample_idx")
        message = None if index in self.passed else _fault(paths, self.loads)
        if message is None:
            if index is not None:
                self.passed.add(index)
            try:
                return super().__call__(data)
            except UserError:
                raise
            except Exception as error:
                message = _missing(paths) or _fault(paths, self.loads)
                if message is None:
                    raise
                raise UserError(message) from error
        raise UserError(message)


class SkippingPipeline(CheckedPipeline):
    """The same, which goes on without the broken samples and writes them down.

    In training the engine draws another sample for ``None``. In evaluation the next whole sample of the data set takes the
    place, with a void mask: it adds nothing to the scores, and images are still counted right.

    Args:
        transforms: of the pipeline.
        dataset: whose pipeline it is.
        training: whether another sample may be drawn.
        notes: file for a line per broken sample; workers and processes add to it.

    Raises:
        UserError: many samples in a row are broken.
    """

    def __init__(self, transforms: Iterable, dataset: BaseDataset, training: bool, notes: Path) -> None:
        super().__init__(transforms)
        self.dataset, self.training, self.notes = dataset, training, notes
        self.in_a_row = 0
        self.noted: set[str] = set()

    def __call__(self, data: dict) -> dict | None:
        try:
            result = super().__call__(data)
        except UserError as error:
            self._note(error)
            return None if self.training else self._void(data["sample_idx"])
        self.in_a_row = 0
        return result

    def _note(self, error: UserError) -> None:
        self.in_a_row += 1
        if self.in_a_row >= MOST_IN_A_ROW:
            raise UserError(f"{self.in_a_row} broken samples in a row, the last one: {error}") from error
        if str(error) not in self.noted:
            self.noted.add(str(error))
            with open(self.notes, "a") as file:  # one short write: lines of several workers don't mix
                file.write(f"{error}\n")

    def _void(self, index: int) -> dict:
        result = self(self.dataset.get_data_info((index + 1) % len(self.dataset)))
        samples = result["data_samples"]
        for sample in samples if isinstance(samples, list) else [samples]:  # a list under TestTimeAug
            sample.gt_sem_seg.data.fill_(self.dataset.ignore_index)
            sample.set_metainfo(dict(stand_in=True))  # no picture is to be made of it
        return result


def check_files(dataset: Any) -> None:
    """Give a data set, or those inside a wrapper such as RepeatDataset, a :class:`CheckedPipeline`."""
    for leaf in _with_pipeline(dataset):
        leaf.pipeline = CheckedPipeline(leaf.pipeline.transforms)


def skip_broken_files(dataset: Any, training: bool, notes: Path) -> None:
    """Give it a :class:`SkippingPipeline`."""
    for leaf in _with_pipeline(dataset):
        leaf.pipeline = SkippingPipeline(leaf.pipeline.transforms, leaf, training, notes)


def skipped(notes: Path) -> list[str]:
    """A line for each sample that was skipped."""
    return list(dict.fromkeys(notes.read_text().splitlines())) if notes.is_file() else []


def _with_pipeline(dataset: Any) -> Iterable[BaseDataset]:
    return (leaf for leaf in leaf_datasets(dataset) if isinstance(getattr(leaf, "pipeline", None), Compose))


def _loads(transforms: Iterable) -> dict[str, int]:
    """Which of image and mask the known loaders decode, and how many bits they keep; of others nothing is known."""
    loads = {}
    for step in transforms:
        if type(step) is LoadImageFromFile and (step.color_type, step.imdecode_backend) == ("color", "cv2"):
            loads["image"] = 8
        elif type(step) in (LoadAnnotations, FCNLoadAnnotations):
            loads["mask"] = 8 if type(step) is LoadAnnotations else 32
        for branch in getattr(step, "subroutines", ()):  # TestTimeAug
            loads |= _loads(branch.transforms)
    return loads


def _missing(paths: dict[str, str | None]) -> str | None:
    for what, path in paths.items():
        if path and "://" not in path and not Path(path).is_file():
            return unreadable(path, what, FileNotFoundError()).problem.message
    return None


def _fault(paths: dict[str, str | None], loads: dict[str, int]) -> str | None:
    """What is wrong with those of a sample's files that are there."""
    headers = {}
    try:
        for what in loads:
            if paths[what] and Path(paths[what]).is_file():
                headers[what] = read_header(paths[what], what)
                require_whole(headers[what], what)
    except UnreadableFile as error:
        return error.problem.message
    problems = []
    if "image" in headers:
        problems += image_problems(headers["image"])
    if "mask" in headers:
        problems += mask_problems(headers["mask"])
        if headers["mask"].bits > loads["mask"]:
            problems.append(Problem("deep mask", paths["mask"], f"{headers['mask'].bits} bits"))
    if len(headers) == 2:
        problems += pair_problems(headers["image"], headers["mask"])
    error = first_error(problems)
    return error and error.message
