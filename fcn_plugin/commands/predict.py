"""Segment images: palette PNG masks and overlays."""

from __future__ import annotations

import argparse
import errno
import glob
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UserError
from .options import DATA, SPEED, add_options, load_config

if TYPE_CHECKING:
    import torch
    from mmengine.config import Config


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the config, the checkpoint, the images and where the results go."""
    add_options(parser, "config", "checkpoint")
    parser.add_argument("inputs", nargs="+", metavar="INPUT", help="image files, folders or quoted patterns")
    parser.add_argument("--out-dir", required=True, help="masks/ and overlays/ are written there")
    parser.add_argument("--opacity", type=float, default=0.5, help="of the overlays' colours (default: 0.5)")
    add_options(parser, *DATA, *SPEED, "--trust-checkpoint")


def main(args: argparse.Namespace) -> None:
    """Predict."""
    masks = predict(load_config(args), args.checkpoint, args.inputs, args.out_dir, args.opacity)
    print(f"{len(masks)} masks and overlays in {args.out_dir}")


def predict(cfg: Config, checkpoint: str, inputs: Sequence[str], out_dir: str, opacity: float = 0.5) -> list[Path]:
    """Write ``out_dir/masks/NAME.png`` (palette PNG of class ids) and ``out_dir/overlays/NAME.png`` for every image.

    Images keep their size; a broken one does not stop the others. Returns the paths of the masks.

    Args:
        cfg: with ``test_dataloader``, whose pipeline prepares the images.
        inputs: image files, folders (searched in depth; the folder's structure is kept) and glob patterns.
        opacity: of the classes' colours in the overlays, 0 .. 1.

    Raises:
        UserError: file-missing, output-exists, output-path, checkpoint-*; image-unreadable after all others are done.
    """
    import torch
    from mmengine.dataset import Compose
    from PIL import Image
    from tqdm import tqdm

    from ..atomic_write import make_dir, make_inside
    from ..checkpoints.read import require_checkpoint
    from ..data.headers import image_problems
    from ..data.images import read_image
    from ..data.problems import refuse
    from ..preflight.prepare import prepare
    from ..visualization.pictures import overlay, save_mask, save_png

    if not 0 <= opacity <= 1:
        raise UserError("option-value", f"opacity is {opacity}: give a number from 0 (image) to 1 (classes)")
    require_checkpoint(checkpoint)
    for warning in prepare(cfg, ()).warnings:
        print(warning)
    images, out = _name_outputs(inputs), Path(out_dir)
    outputs = {name: [out / folder / f"{name}.png" for folder in ("masks", "overlays")] for name in images}
    sources = set(map(os.path.realpath, images.values()))
    if taken := [file for files in outputs.values() for file in files if os.path.realpath(file) in sources]:
        raise UserError(
            "output-exists", f"{taken[0]} is one of the images, and would be replaced: give another --out-dir"
        )
    make_dir(out_dir, "--out-dir")
    model, palette = _load(cfg, checkpoint)
    steps = cfg.test_dataloader.dataset.pipeline
    steps = [step for step in steps if not step["type"].endswith(("LoadImageFromFile", "LoadAnnotations"))]
    pipeline = Compose([dict(type="LoadImageFromNDArray"), *steps])
    masks, broken = [], []
    for name, path in tqdm(images.items(), unit="image", desc="predicting"):
        try:
            header, image = read_image(str(path))  # as training does: (H, W, 3) uint8 BGR, upright
            refuse(image_problems(header))
        except UserError as error:
            broken.append(error.message)
            continue
        packed = pipeline(dict(img=image, img_path=str(path)))
        with torch.inference_mode():
            result = model.test_step(dict(inputs=[packed["inputs"]], data_samples=[packed["data_samples"]]))[0]
        mask = result.pred_sem_seg.data[0].cpu().numpy()
        files = outputs[name]
        try:
            for file in files:
                make_inside(out, file.parent)
            save_mask(mask, palette, files[0])
            save_png(Image.fromarray(overlay(image[..., ::-1], mask, palette, opacity)), files[1])
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EROFS, errno.EDQUOT):  # no other image can be written either
                raise
            broken.append(f"{path}: its results can't be written ({error})")
        else:
            masks.append(files[0])
    if broken:
        raise UserError("image-unreadable", f"{len(broken)} of {len(images)} failed, others are in {out_dir}:", broken)
    return masks


def _load(cfg: Config, checkpoint: str) -> tuple[torch.nn.Module, list]:
    from mmengine.device import get_device
    from mmseg.registry import MODELS

    from ..checkpoints.load import load_verified
    from ..checkpoints.read import open_checkpoint
    from ..data.leaves import dataset_meta
    from ..data.palette import voc_palette
    from ..models.fcn import leave_out_logits

    model = leave_out_logits(MODELS.build({**cfg.model, "pretrained": None, "train_cfg": None}))
    meta = load_verified(model, open_checkpoint(checkpoint))["meta"].get("dataset_meta") or dataset_meta(cfg)
    palette = meta.get("palette") or ()
    if len(palette) != model.num_classes:  # left open, or another net's: then VOC's, which are different for every id
        palette = voc_palette()[: model.num_classes]
    return model.to(get_device()).to_inference(), palette


def _name_outputs(inputs: Sequence[str]) -> dict[str, Path]:
    """Map output names (without suffix) to images."""
    from ..data.images import IMAGE_SUFFIXES, files_below

    names: dict[str, Path] = {}
    for source in inputs:
        path = Path(source)
        if path.is_dir():
            files = sorted(map(Path, files_below(path, IMAGE_SUFFIXES)))
            found = [(str(file.relative_to(path).with_suffix("")), file) for file in files if file.is_file()]
        else:
            files = [path] if path.is_file() else map(Path, sorted(glob.glob(source, recursive=True)))
            found = [(file.stem, file) for file in files if file.is_file()]
        if not found:
            kinds = " ".join(sorted(IMAGE_SUFFIXES))
            raise UserError("file-missing", f"no image ({kinds}) at {source}: give files, folders or quoted patterns")
        for name, path in found:
            if name in names and names[name].resolve() != path.resolve():
                raise UserError("output-exists", f"{names[name]} and {path} would both be {name}.png: use two folders")
            names[name] = path
    return names
