"""Check the data of a config, or of two folders: every file is read once, and everything wrong with it is told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from mmengine.config import Config
from mmengine.registry import init_default_scope

from ..data.class_map import ClassMap
from ..data.classes_file import read_classes
from ..data.problems import Problem
from ..datatools.check.findings import Findings
from ..datatools.check.overlap import repeated, shared
from ..datatools.check.palettes import PaletteCheck
from ..datatools.check.report import Report
from ..datatools.check.scan import scan
from ..datatools.check.sheet import draw_pairs
from ..datatools.check.splits import Split, split_of_folders, splits_of_config, unpack
from ..datatools.check.tally import Tally
from ..errors import UserError
from ..preflight.config import check_config, make_dir


def check_dataset(cfg: Config, sheet: str | Path, jobs: int = 0) -> Report:
    """Check every image and mask of a config's splits.

    Args:
        cfg: a whole config.
        sheet: PNG to draw some pairs into.
        jobs: processes that read; 0 reads in this one.

    Raises:
        UserError: the config or its folders can't be used, or ``sheet`` can't be written.
    """
    init_default_scope(cfg.get("default_scope", "mmseg"))
    loaders = {
        split: cfg[f"{split}_dataloader"] for split in ("train", "val", "test") if cfg.get(f"{split}_dataloader")
    }
    if not loaders:
        raise UserError(f"{cfg.filename} has no dataloader: inherit one of configs/_base_/datasets or add it")
    check_config(cfg, tuple(loaders))
    return _check(splits_of_config(loaders, cfg.model.decode_head.num_classes), sheet, jobs)


def check_folders(
    images: str, masks: str, classes: str | None, ignore_ids: Iterable[int], sheet: str | Path, jobs: int = 0
) -> Report:
    """Check a folder of images and one of masks with the same names.

    Args:
        images: folder.
        masks: folder.
        classes: file of the classes; None lists all ids.
        ignore_ids: ids that are no class; those in the file of classes are.
        sheet: PNG to draw some pairs into.
        jobs: processes that read; 0 reads in this one.

    Raises:
        UserError: the folders or the file can't be used, or ``sheet`` can't be written.
    """
    class_map, palette = None, None
    if classes is not None:
        names, colours = read_classes(classes)
        class_map = ClassMap.of(names, ignore_ids)
        if colours is not None:
            first: dict[str, list[int]] = {}
            for name, colour in zip(names.values(), colours, strict=True):
                first.setdefault(name, colour)  # several ids may share a name
            palette = [first[name] for name in class_map.classes]
    return _check([split_of_folders(images, masks, class_map, palette)], sheet, jobs)


def _check(splits: Sequence[Split], sheet: str | Path, jobs: int) -> Report:
    if Path(sheet).suffix.lower() != ".png":
        raise UserError(f"--sheet {sheet}: the picture is a PNG: name a file .png")
    make_dir(str(Path(sheet).parent), "--sheet")
    palettes, findings = PaletteCheck(), Findings()
    tallies = [Tally(split, palettes) for split in splits]
    sources = [(tally, source) for tally in tallies for source in tally.split.sources]
    for _, source in sources:
        for kind, found, paths in source.strays:
            findings.add(Problem(kind, unpack(path), found) for path in paths)
    for number, pair, contents in scan([source for _, source in sources], jobs):
        tally, source = sources[number]
        findings.add(tally.add(source, pair, contents))
    for tally in tallies:
        for problems in (tally.absent(), tally.small(), repeated(tally)):
            findings.add(problems)
    findings.add(shared(tallies))
    return Report(tallies, findings, draw_pairs(tallies, sheet))
