"""Read images in full depth: TIFF and PNG with rasterio, NPY and NPZ (one array) with NumPy.

Pixels are (H, W, N), N bands in the file's order, as uint8, uint16 or float32 (other types are converted to float32). Nodata, NaN
and infinite values become 0.
"""

from __future__ import annotations

import math
import os
import warnings
import zipfile
from typing import IO

import numpy as np

from ...errors import UserError
from ...requirements import import_extra
from ..headers import Header, is_too_large
from ..images import MOST, unreadable

ARRAYS = (".npy", ".npz")
SUFFIXES = {".tif", ".tiff", ".png", *ARRAYS}
# first bytes of a file -> GDAL driver; the other two hundred drivers are disabled, since some open links
DRIVERS = {b"II": "GTiff", b"MM": "GTiff", b"\x89P": "PNG"}
MOST_BANDS = 512  # OpenCV's limit for resizing
KEPT = ("uint8", "uint16")


def read_bands(path: str) -> tuple[Header, np.ndarray]:
    """Read an image as training does; raise UnreadableFile, or ``requirements`` if rasterio is missing."""
    return _read(path, True)


def read_bands_header(path: str) -> Header:
    """Read size, bands and type; errors as in :func:`read_bands`."""
    return _read(path, False)[0]


def kept_type(dtype: np.dtype) -> np.dtype:
    """Return the type to which pixels of a type are converted; ValueError for text, complex numbers and the like."""
    if dtype.kind not in "buif":
        raise ValueError(f"it holds values of type {dtype}")
    return np.dtype(np.uint8 if dtype.kind == "b" else dtype.newbyteorder("=") if dtype.name in KEPT else np.float32)


def as_kept(pixels: np.ndarray, nodata: float | None = None) -> np.ndarray:
    """Convert pixels, (H, W) or (H, W, N), to the module's types; ValueError as in :func:`kept_type`."""
    kept = np.ascontiguousarray(pixels.astype(kept_type(pixels.dtype), copy=False))
    kept = kept[..., None] if kept.ndim == 2 else kept
    gone = None if nodata is None else (pixels == nodata).reshape(kept.shape)
    if kept.dtype == np.float32:
        gone = ~np.isfinite(kept) if gone is None else gone | ~np.isfinite(kept)
    return kept if gone is None or not gone.any() else np.where(gone, kept.dtype.type(0), kept)


def _read(path: str, whole: bool) -> tuple[Header, np.ndarray]:
    try:
        if not os.path.exists(path):
            raise FileNotFoundError
        if not os.path.isfile(path):
            raise OSError("not a regular file")  # opening a pipe could block
        return _array(path, whole) if path.lower().endswith(ARRAYS) else _raster(path, whole)
    except UserError:
        raise
    except Exception as error:  # rasterio, zipfile and NumPy have no common error class
        raise unreadable(path, "image", error) from error


def _raster(path: str, whole: bool) -> tuple[Header, np.ndarray]:
    rasterio = import_extra("rasterio", "'fcn-plugin[bands]'")
    with open(path, "rb") as file:
        driver = DRIVERS.get(file.read(2))
    if driver is None:
        raise ValueError("not a TIFF, PNG, NPY or NPZ")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        try:
            with rasterio.open(path, driver=driver, sharing=False) as file:
                header = _header(path, (file.height, file.width, file.count), np.dtype(file.dtypes[0]), driver)
                pixels = file.read() if whole else np.zeros((0, 0, 0), np.uint8)
                nodata = file.nodata
        except rasterio.errors.RasterioError as error:
            raise OSError(str(error)) from error
    return header, as_kept(pixels.transpose(1, 2, 0), nodata) if whole else pixels


def _array(path: str, whole: bool) -> tuple[Header, np.ndarray]:
    if path.lower().endswith(".npy"):
        with open(path, "rb") as file:
            return _npy(path, file, whole)
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        if len(names) != 1:
            raise ValueError(f"it holds {len(names)} arrays, expected one")
        with archive.open(names[0]) as file:
            return _npy(path, file, whole)


def _npy(path: str, file: IO[bytes], whole: bool) -> tuple[Header, np.ndarray]:
    """Read an array; check its size and type before its values."""
    npy = np.lib.format
    versions = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    version = npy.read_magic(file)
    if version not in versions:
        raise ValueError(f"NPY of version {version}")
    shape, _, dtype = versions[version](file)
    if len(shape) not in (2, 3):
        raise ValueError(f"shape {shape}, expected (height, width) or (height, width, bands)")
    height, width, count = (*shape, 1)[:3]
    header = _header(path, (height, width, count), dtype, "NPY")
    if not whole:
        return header, np.zeros((0, 0, 0), np.uint8)
    file.seek(0)
    return header, as_kept(npy.read_array(file, allow_pickle=False))


def _header(path: str, shape: tuple[int, int, int], dtype: np.dtype, driver: str) -> Header:
    """Return the header; ValueError if memory or OpenCV can't hold the image."""
    height, width, count = shape
    kept = kept_type(dtype)
    if height * width <= 0 or is_too_large(width, height) or math.prod(shape) * kept.itemsize > 4 * MOST:
        raise ValueError(f"{width} x {height} pixels with {count} bands: the image is empty or too large")
    if not 0 < count <= MOST_BANDS:
        raise ValueError(f"shape {shape} has {count} bands: an array is stored as (height, width, bands)")
    kind = "TIFF" if driver == "GTiff" else driver
    return Header(path, (width, height), kept.name, 8 * kept.itemsize, kind, 1, count)
