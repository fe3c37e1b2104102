"""Write NYUDv2 as images, depth, HHA and labels of 40 classes, all cropped to 560 x 425 like Gupta et al. and the FCN authors.

::

    images/NAME.png         colour                        labels/NAME.png   1 .. 40, 0 void
    depth/NAME.png          mm, 16 bits                   color_depth/NAME.npz   B, G, R, ln(mm), float32
    hha/NAME.png            disparity, height, angle      color_hha/NAME.npz     B, G, R, disparity, height, angle, uint8
    {trainval,test}.txt     and the authors' train.txt and val.txt, if given; NAME is img_5001 ...
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from ...atomic_write import atomic_write, make_inside
from ...data.class_map_dataset import read_list
from ...data.images import open_image
from ...data.masks.nyud import NYUDDataset
from ...errors import UserError
from ...visualization.pictures import save_mask, save_png
from ..voc_sbd.build import fill
from ..voc_sbd.lists import describe_count
from .frames import COLUMNS, FIRST, ROWS, Frame, count_frames, read_frame, read_mapping, read_split
from .hha import CAMERA, compute_hha

SITE = "http://horatio.cs.nyu.edu/mit/silberman"
FILES = {
    "nyu_depth_v2_labeled.mat": f"{SITE}/nyu_depth_v2/nyu_depth_v2_labeled.mat",
    "splits.mat": f"{SITE}/indoor_seg_sup/splits.mat",
    "classMapping40.mat": "https://github.com/ankurhanda/nyuv2-meta-data",
}
LISTS = "https://github.com/shelhamer/fcn.berkeleyvision.org/tree/master/data/nyud"
FULL_COUNTS = {"trainval": 795, "test": 654, "train": 381, "val": 414}
SUFFIXES = dict(images=".png", depth=".png", labels=".png", color_depth=".npz", hha=".png", color_hha=".npz")
PALETTE = [[0, 0, 0], *NYUDDataset.METAINFO["palette"]]  # by id in the files


def build_nyud(
    root: Path, hha: bool = False, hha_dir: Path | None = None, jobs: int | None = None, force: bool = False
) -> list[str]:
    """Write the folders and lists; a second call writes missing files. Return the report.

    Args:
        root: folder of the release's files and of the results.
        hha: also write ``hha`` and ``color_hha``, computed from depth.
        hha_dir: folder of published HHA images, ``img_5001.png`` ..., to use instead of computing them.
        jobs: number of processes; default: all usable cores.
        force: replace existing files.

    Raises:
        UserError: ``dataset-missing``, with the files, their URLs and locations; ``requirements``, ``archive-damaged``,
            ``class-file``, ``list-file``, ``lists-overlap``, ``file-missing``, ``image-unreadable``, ``mask-size``,
            ``mask-ids``, ``output-path``.
    """
    if missing := [name for name in FILES if not (root / name).is_file()]:
        found = f"{root} lacks {len(missing)} of the files of NYUDv2: put these files there, or give their folder with --data-dir:"
        raise UserError("dataset-missing", found, [f"  {root / name} from {FILES[name]}" for name in missing])
    mat = root / "nyu_depth_v2_labeled.mat"
    mapping, split = read_mapping(root / "classMapping40.mat"), read_split(root / "splits.mat", count_frames(mat))
    indices = sorted(split["trainval"] + split["test"])
    if hha_dir and (lost := [i for i in indices if not (hha_dir / f"{name_of(i)}.png").is_file()]):
        found = f"{hha_dir} lacks {len(lost)} of {len(indices)} HHA images, first {name_of(lost[0])}.png"
        raise UserError(
            "file-missing", f"{found}: give the folder data/hha of the authors' nyud.tar.gz, or --hha alone"
        )
    report = []
    for folder, suffix in SUFFIXES.items():
        if "hha" not in folder or hha or hha_dir:
            make_inside(root, root / folder)
            tasks = [(mat, i, folder, mapping, hha_dir, root / folder / f"{name_of(i)}{suffix}") for i in indices]
            report.append(fill(root / folder, write_file, tasks, jobs, force))
    lists = {name: [name_of(i) for i in chosen] for name, chosen in split.items()}
    lists |= read_authors_lists(root, lists["trainval"])
    for name, names in lists.items():
        with atomic_write(root / f"{name}.txt") as part:
            part.write_text("".join(f"{each}\n" for each in names))
        report.append(describe_count(f"{root / name}.txt", len(names), FULL_COUNTS[name]))
    if "train" not in lists:
        report.append(f"no train.txt and val.txt: put those of {LISTS} into {root} to have trainval in two parts")
    return report


def name_of(index: int) -> str:
    """Return the authors' name of a frame: ``img_5001`` for 0."""
    return f"img_{FIRST + index}"


def read_authors_lists(root: Path, trainval: list[str]) -> dict[str, list[str]]:
    """Read ``train.txt`` and ``val.txt`` if both exist, lines ``5003`` or ``img_5003``; UserError: ``list-file``."""
    paths = {name: root / f"{name}.txt" for name in ("train", "val")}
    if not all(path.is_file() for path in paths.values()):
        return {}
    lists = {name: [f"img_{line.removeprefix('img_')}" for line in read_list(path)] for name, path in paths.items()}
    if sorted(lists["train"] + lists["val"]) != sorted(trainval):
        found = f"{paths['train']} and {paths['val']} are not the {len(trainval)} training frames of splits.mat in two parts"
        raise UserError("list-file", f"{found}: use those of {LISTS}, or remove both")
    return lists


def write_file(mat: Path, index: int, folder: str, mapping: np.ndarray, hha_dir: Path | None, target: Path) -> None:
    """Write one file of a frame; UserError as :func:`build_nyud`."""
    frame = read_frame(mat, index)
    if folder == "images":
        save_png(Image.fromarray(frame.image), target)
    elif folder == "depth":
        save_png(Image.fromarray(frame.depth), target)
    elif folder == "labels":
        if frame.labels.max() >= len(mapping):
            found = f"{mat}: frame {index} has the label {frame.labels.max()}, classMapping40.mat ends at {len(mapping) - 1}"
            raise UserError("mask-ids", f"{found}: download both again")
        save_mask(mapping[frame.labels], PALETTE, target)
    elif folder == "hha":
        save_png(Image.fromarray(hha_of(frame, index, hha_dir)), target)
    else:
        depth = np.log(frame.depth.astype(np.float32))[..., None]
        more = depth if folder == "color_depth" else np.asarray(open_image(str(_hha_file(target)))[1].convert("RGB"))
        with atomic_write(target, ending=".npz") as part:
            np.savez_compressed(part, np.concatenate([frame.image[..., ::-1], more], -1))


def hha_of(frame: Frame, index: int, hha_dir: Path | None) -> np.ndarray:
    """Compute HHA, (425, 560, 3) uint8, or read the published image; UserError: ``image-unreadable``, ``mask-size``."""
    if hha_dir is None:
        fx, fy, cx, cy = CAMERA
        camera = fx, fy, cx - COLUMNS.start, cy - ROWS.start
        return compute_hha(frame.depth / 1000, frame.missing, camera)
    header, image = open_image(str(hha_dir / f"{name_of(index)}.png"))
    if image.size != frame.depth.shape[::-1]:
        found = f"{header.path} is {image.size[0]} x {image.size[1]} px"
        raise UserError("mask-size", f"{found}: published HHA is 560 x 425; --hha without a folder computes it")
    return np.asarray(image.convert("RGB"))


def _hha_file(target: Path) -> Path:
    return target.parents[1] / "hha" / f"{target.stem}.png"
