"""Check the data sets of a config before anything is built: classes, folders, lists and files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path

from mmengine.config import ConfigDict
from mmseg.datasets import BaseSegDataset
from mmseg.registry import DATASETS

from ..data.class_map_dataset import read_list
from ..data.images import missing_files
from ..data.leaves import Declared, leaf_datasets
from ..errors import UserError, abbreviate
from ..invocation import command
from ..listing import IMAGE_SUFFIXES
from .data.releases import how_to_get, how_to_make
from .data.tasks import check_tasks
from .parameters import class_of, default_of, parameters_of

DRAW = command("make_minivoc")
BUILT_IN = f"or try the built-in data: {DRAW}, then configs/fcn8s_vgg16bn_minivoc.py"
# how to get missing data; the first word found in the paths or the type decides
SOURCES = {
    "minivoc": f"Draw it: {DRAW} [--out-dir DIR], or correct --data-root",
    "CamVid": "Get CamVid in the SegNet split as images/{train,val,test}/NAME.jpg and annotations/{train,val,test}/NAME.png (ids "
    "0..10, 11 unlabelled) and pass --data-root DIR; " + BUILT_IN,
    "NYUD": f"Convert NYUDv2: {command('nyud')} [--hha] (it says which files are needed where), then pass --data-root data/nyud; "
    + BUILT_IN,
    "Context": f"Convert PASCAL-Context: {command('pascal_context')} (it says which files are needed where), then pass "
    "--data-root data/VOCdevkit/VOC2010; " + BUILT_IN,
    "SIFTFlow": f"Convert SIFT Flow: {command('siftflow')} (it says which files are needed where), then pass --data-root "
    "data/sift-flow; " + BUILT_IN,
    "VOC": f"Build it from PASCAL VOC 2012 and SBD: {command('voc_sbd')} --download (offline it says which "
    "files are needed where), then pass --data-root data/VOCdevkit/VOC2012; " + BUILT_IN,
    "": "Run in the folder that relative paths of the config refer to, pass --data-root DIR or correct data_root in the config; "
    + BUILT_IN,
}


def check_datasets(cfg: ConfigDict, declared: Sequence[Declared], look_for_files: bool = False) -> None:
    """Check classes, folders and lists of data sets, and on request that all their files exist.

    Raises:
        UserError: config-data, classes-count, dataset-*, class-map, image-unreadable, mask-unreadable.
    """
    num_classes = cfg.model.decode_head.num_classes
    for split, dataset, classes in declared:
        # mmseg also takes the name of a file of classes
        if classes is not None and not isinstance(classes, str) and len(classes) != num_classes:
            found = f"the {split} data set {dataset.type} has {len(classes)} classes: set num_classes={len(classes)}"
            message = f"{cfg.filename}: model.decode_head.num_classes is {num_classes}, but {found}"
            raise UserError("classes-count", message)
        check_tasks(cfg, split, dataset)
        _check_folders(cfg, split, dataset)
        _check_transforms(cfg, dataset)
    for split, dataset, _ in declared if look_for_files else ():
        _check_files(cfg, split, dataset)


def names_masks(cfg: ConfigDict) -> bool:
    """Return whether all data sets of the test split have a folder of masks, or leave the folders to their class."""
    folders = [leaf.get("data_prefix") for leaf in leaf_datasets(cfg.test_dataloader.dataset)]
    return all(not given or given.get("seg_map_path") is not None for given in folders)


def _check_transforms(cfg: ConfigDict, dataset: ConfigDict) -> None:
    """Refuse transforms that need a single mask in pipelines that load several."""
    steps = [step for step in dataset.get("pipeline") or () if isinstance(step, dict)]
    names = [str(step.get("type")).rpartition(".")[2] for step in steps]
    several = next((kind for kind in ("Multilabel", "Tasks") if f"{kind}LoadAnnotations" in names), None)
    if several is None:
        return
    instead = {"PackSegInputs": f"use {several}PackSegInputs", "Pad": "remove it, batches are padded anyway"}
    instead["FCNBalancedCrop"] = "use RandomCrop"
    for name, step in zip(names, steps, strict=True):
        reason = "remove cat_max_ratio" if step.get("cat_max_ratio", 1) < 1 else instead.get(name)
        if reason:
            message = f"{cfg.filename}: {name} needs a single mask, and the pipeline loads several"
            raise UserError("config-value", f"{message}: {reason}")


def _check_folders(cfg: ConfigDict, split: str, dataset: ConfigDict) -> None:
    root, prefix = Path(dataset.get("data_root") or "."), dataset.get("data_prefix") or {}
    if split != "test" and prefix and prefix.get("seg_map_path") is None:
        message = f"{cfg.filename}: the {split} data set has no folder of masks: add data_prefix.seg_map_path"
        raise UserError("config-data", message)
    parts = {"image folder": prefix.get("img_path"), "mask folder": prefix.get("seg_map_path")}
    parts["split file"] = dataset.get("ann_file")
    places = {"data root": root, **{what: root / part for what, part in parts.items() if part}}
    names, images = places.get("split file"), places.get("image folder")
    for what, path in places.items():
        if not (path.is_file() if path == names else path.is_dir()):
            missing = f"the {split} {what} {path} {_fate(path)}."
            if archives := how_to_get(str(dataset.type), root):
                raise UserError("dataset-missing", f"{missing} Get these files, or pass --data-root DIR:", archives)
            known = f"{cfg.filename} {names or root} {dataset.type}"
            how = next(help for word, help in SOURCES.items() if word in known)
            raise UserError("dataset-missing", f"{missing} {how}")
    if names:
        if not read_list(names):
            how = "or IMAGE<tab>MASK" if dataset.get("class_map") is not None else "without suffix"
            message = f"the {split} split is empty: no image in {names}; write one name per line, {how}"
            raise UserError("dataset-empty", message)
    elif images:
        suffix = dataset.get("img_suffix") or default_of(class_of(dataset.type), "img_suffix") or ""
        if not any(images.rglob(f"*{suffix}")):
            message = f"the {split} split is empty: no *{suffix} in {images}; put images there or correct img_suffix"
            raise UserError("dataset-empty", message)


def _fate(path: Path) -> str:
    """Describe why a path is wrong: the first missing part, and similar names in its folder."""
    path = path.absolute()
    if path.exists():
        return f"is a {'folder' if path.is_dir() else 'file'}"
    folder = next(parent for parent in path.parents if parent.is_dir())
    wanted = path.relative_to(folder).parts[0]
    names = sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith("."))
    near = get_close_matches(wanted, names, 3) or names
    return f"does not exist: {folder} has no {wanted}, {f'it has {abbreviate(near, 4)}' if near else 'it is empty'}"


def _check_files(cfg: ConfigDict, split: str, dataset: ConfigDict) -> None:
    """Look for every image and mask; else a missing val image would fail only after the first interval."""
    missing = missing_files(_files(cfg, split, dataset))
    if missing:
        error = missing[0].error()
        count = f"{len(missing)} files of the {split} split are missing" if len(missing) > 1 else f"{split} split"
        listed = f", listed in {dataset.ann_file}{_slip(missing[0].path)}" if dataset.get("ann_file") else ""
        makes = how_to_make(missing[0].path, Path(dataset.get("data_root") or "."))
        lines = [f"  {makes}, if the archive's masks were not converted yet"] if makes else []
        raise UserError(error.code, f"{error.message} ({count}{listed})", lines)


def _slip(path: str) -> str:
    """Describe the likely mistake in a list's lines, judged by the path made from one."""
    end = Path(path)
    if end.suffix and end.with_suffix("").suffix.lower() in IMAGE_SUFFIXES:
        return ": write names without suffix there"
    return ": write / between folders there" if "\\" in path else ""


def _files(cfg: ConfigDict, split: str, dataset: ConfigDict) -> Iterator[tuple[str, str | None]]:
    """Yield ("image" or "mask", path) of a data set's samples; no masks for the test split."""
    named, inherited, _ = parameters_of(dataset.type)
    # the Runner builds it again; without serialization this takes a tenth of the time, 20 ms for 10,000 images
    quick = {"serialize_data": False} if "serialize_data" in named | inherited else {}
    try:
        built = DATASETS.build({**dataset, **quick})
    except UserError as error:
        raise error.within(f"{cfg.filename}, {split} data set") from error
    if cfg.get("broken_files") == "skip" or dataset.get("backend_args") or not isinstance(built, BaseSegDataset):
        return
    for info in built.data_list or map(built.get_data_info, range(len(built))):
        yield "image", info.get("img_path")
        if split != "test":
            for path in info.get("seg_map_paths", {0: info.get("seg_map_path")}).values():
                yield "mask", path
