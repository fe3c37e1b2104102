"""Distinguish images and masks in a shared folder."""

from __future__ import annotations

from pathlib import Path

from ....listing import IMAGE_SUFFIXES, MASK_SUFFIXES
from ..files import list_files
from .views import Files
from .words import is_mask_folder

PHOTOS = {".jpg", ".jpeg", ".jfif"}


def sides_of(folder: Path, *leave_out: Path) -> tuple[Files, Files]:
    """List images and masks of one folder, by subfolders such as ``masks`` or pairs ``a.jpg``, ``a.png``; else all as both."""
    arrays, photos = (list_files(folder, kinds, *leave_out) for kinds in (MASK_SUFFIXES - IMAGE_SUFFIXES, PHOTOS))
    if arrays:
        return list_files(folder, IMAGE_SUFFIXES, *leave_out), arrays
    others = list_files(folder, IMAGE_SUFFIXES - PHOTOS, *leave_out)
    if photos and photos.keys() <= others.keys():
        return photos, others
    files = list_files(folder, IMAGE_SUFFIXES, *leave_out)
    masks = {name: file for name, file in files.items() if is_mask_folder(name.rpartition("/")[0])}
    if masks and len(masks) < len(files):
        return {name: file for name, file in files.items() if name not in masks}, masks
    return files, files
