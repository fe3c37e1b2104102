"""Pair the files of the two folders, check the images and detect the kind of masks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ...data.bands.read import ARRAYS
from ...data.bands.readers import BandsReader
from ...errors import UserError
from ...listing import IMAGE_SUFFIXES, MASK_SUFFIXES
from ..bands.choose import choose_reader
from ..bands.config import require_same_bands
from ..cores import on_all_cores
from .classes import Source
from .files import ImageFile, Pairs, list_files, page_notes, read_image
from .masks import read_masks
from .options import Options
from .pairing.pair import pair
from .pairing.per_class import pair_parts, read_parts
from .pairing.sides import sides_of
from .pairing.views import Files
from .shapes.find import find_label_files


def read(options: Options, earlier: Sequence[Path]) -> tuple[Pairs, list[ImageFile], Source]:
    """Read a data set; ``earlier`` are folders of masks that an earlier call wrote."""
    images_dir, masks = Path(options.images), Path(options.masks)
    files, others = _list(options, earlier)
    if not files:
        hint = "; labelme_export_json extracts those inside labelme's files" if any(images_dir.glob("*.json")) else ""
        wanted = ", ".join(sorted(IMAGE_SUFFIXES))
        raise UserError("dataset-empty", f"no images in {images_dir}: expected {wanted}{hint}")
    labels, parts = find_label_files(options, files, others), None
    if not labels and not others:
        raise UserError("dataset-empty", f"no masks in {masks}: expected image files, or labelme's JSON files")
    void = options.ignore_ids is not None or options.ignore_colors
    if options.per_class and (labels or void or options.threshold is not None or options.nearest_colors):
        raise UserError(
            "option-value", "--per-class is for masks of two values each, without label files, void or --threshold"
        )
    if labels:
        pairs = labels.pairs
    else:
        names = options.mask_suffix, options.allow_missing, options.image_suffix
        pairs, parts = pair_parts(files, others, *names) if options.per_class else (pair(files, others, *names), None)
    reader = choose_reader([str(images_dir / file) for file in pairs.images], options.bands, options.rgb)
    images = on_all_cores(read_image, [(images_dir / file, reader) for file in pairs.images], "reading images")
    if isinstance(reader, BandsReader):
        require_same_bands([image.header for image in images])
    paths = [masks / file for file in pairs.masks]
    if parts:
        source = read_parts(images, masks, parts, options.classes)
    else:
        source = labels.read(images) if labels else read_masks(images, paths, options)
    pairs.notes.extend(page_notes(images, () if labels or parts else paths))
    return pairs, images, source


def _list(options: Options, earlier: Sequence[Path]) -> tuple[Files, Files]:
    """List the images and the masks."""
    images_dir, masks = Path(options.images), Path(options.masks)
    if masks.is_dir() and images_dir.is_dir() and masks.samefile(images_dir):
        return sides_of(masks, *earlier)
    files = list_files(images_dir, {*IMAGE_SUFFIXES, *ARRAYS}, masks, *earlier)
    read_as_masks = masks.is_dir() and not options.format
    return files, list_files(masks, MASK_SUFFIXES, images_dir, *earlier) if read_as_masks else {}
