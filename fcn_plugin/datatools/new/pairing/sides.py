"""One folder for images and masks: which files are which."""

from __future__ import annotations

from pathlib import Path

from ....listing import IMAGE_SUFFIXES, MASK_SUFFIXES
from ..files import list_files
from .views import Files
from .words import is_mask_folder

PHOTOS = {".jpg", ".jpeg", ".jfif"}


def sides_of(folder: Path) -> tuple[Files, Files]:
    """List images and masks of one folder: by folders such as ``masks``, or ``a.jpg`` beside ``a.png``; else all, twice."""
    arrays, photos = list_files(folder, MASK_SUFFIXES - IMAGE_SUFFIXES), list_files(folder, PHOTOS)
    if arrays:
        return list_files(folder, IMAGE_SUFFIXES), arrays
    others = list_files(folder, IMAGE_SUFFIXES - PHOTOS)
    if photos and photos.keys() <= others.keys():
        return photos, others
    files = list_files(folder, IMAGE_SUFFIXES)
    masks = {name: file for name, file in files.items() if is_mask_folder(name.rpartition("/")[0])}
    if masks and len(masks) < len(files):
        return {name: file for name, file in files.items() if name not in masks}, masks
    return files, files
