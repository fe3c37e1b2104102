"""Segment an image that does not fit into memory: read windows, write tiles; exact (:mod:`.models.label_maps`)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..atomic_write import atomic_write, make_inside
from ..data.bands.readers import BandsReader
from ..data.headers import large_header
from ..errors import UserError
from ..models.label_maps import TILE, windows
from ..requirements import import_extra
from .net import Net
from .sources.large import WANTED, Raster, band_windows, open_raster, rgb_windows


class Stopped(Exception):
    """A stop signal interrupted an image; its file is not written."""


def raster_file(out_dir: Path, name: str) -> Path:
    """Return the result file of a large image."""
    return out_dir / "geotiff" / f"{name}.tif"


def predict_raster(net: Net, raster: Raster, out_dir: Path, stops: Callable[[], bool], tile: int = TILE) -> None:
    """Write class ids as a TIFF with palette and the source's georeference.

    Args:
        net: net of a checkpoint, since its receptive field must be known.
        raster: uint8 image with 1 band (gray or palette) or at least 3 (the first three are RGB); for a net of N bands with N.
        out_dir: folder of all results.
        stops: called before each tile; return True to stop.
        tile: smallest side of a tile in pixels; a window adds the receptive field around it.

    Raises:
        UserError: option-value for an exported net, config-value for a pipeline that resizes, image-depth, image-turned,
            image-unreadable; requirements.
        Stopped: ``stops`` returned True.
    """
    rasterio = import_extra("rasterio", WANTED)
    stride, border = _context(net, raster)
    whole = isinstance(net.reader, BandsReader)
    header = None if whole else large_header(raster.source, verify=True)
    tile = -(-tile // stride) * stride
    if header is None and not whole:
        raise UserError("image-unreadable", f"can't read {raster.source} (it is damaged)")
    with open_raster(raster.source, header.format if header else "TIFF") as source:
        read = rgb_windows(source, header) if header else band_windows(source)
        path = raster_file(out_dir, raster.name)
        make_inside(out_dir, path.parent)
        kind = dict(driver="GTiff", count=1, dtype="uint8", tiled=True, compress="deflate", bigtiff="if_safer")
        place = dict(width=source.width, height=source.height, crs=source.crs, transform=source.transform)
        with atomic_write(path) as part, rasterio.open(part, "w", **kind, **place) as target:
            target.write_colormap(1, {index: (*colour, 255) for index, colour in enumerate(net.palette)})
            for rows, high in windows(source.height, tile, border):
                for columns, wide in windows(source.width, tile, border):
                    if stops():
                        raise Stopped
                    try:
                        image = read(_window(high, wide))
                    except rasterio.errors.RasterioError as error:
                        raise UserError("image-unreadable", f"can't read {raster.source} ({error})") from error
                    labels = net.predict(image).labels
                    inside = labels[rows.start - high.start :, columns.start - wide.start :]
                    inside = inside[: rows.stop - rows.start, : columns.stop - columns.start]
                    target.write(inside, 1, window=_window(rows, columns))


def _context(net: Net, raster: Raster) -> tuple[int, int]:
    """Return the net's stride, and its reach (half the receptive field) rounded up to strides."""
    if not hasattr(net.model, "stride") or not hasattr(net.model, "decode_head"):
        message = f"{raster.source} is too large for one pass, and only checkpoints (.pth) can run in tiles"
        raise UserError("option-value", message)
    if net.decision.maps(1):
        message = f"{raster.source} is too large for one pass, and tiles support one class per pixel, not several"
        raise UserError("option-value", f"{message}: cut the image into pieces")
    if resizing := [type(step).__name__ for step in net.pipeline.transforms if "Resize" in type(step).__name__]:
        message = (
            f"{raster.source} is too large for one pass, and {resizing[0]} of the test pipeline would change its tiles"
        )
        raise UserError("config-value", f"{message}: remove it from the pipeline")
    stride = net.model.stride
    return stride, -(-net.model.decode_head.reach // stride) * stride


def _window(rows: slice, columns: slice) -> tuple[tuple[int, int], tuple[int, int]]:
    return (rows.start, rows.stop), (columns.start, columns.stop)
