"""Write the parts of a new data set's configs that depend on its bands."""

from __future__ import annotations

from collections.abc import Sequence

from ...data.headers import Header, is_tiff_with_alpha
from ...data.problems import Problem
from ...errors import UserError
from .sums import BandSums

TEST_PIPELINE = """\
test_pipeline = [dict(type="{}"), dict(type="FCNLoadAnnotations"), dict(type="PackSegInputs")]
"""
PREPROCESSOR = """
    data_preprocessor=dict(
        _delete_=True,
        type="FCNBandsPreProcessor",  # {sums}: mean and std over train
        mean={mean},
        std={std},
        rgb={rgb},  # bands shown as red, green and blue
    ),
    """
LEFT_OUT = "the fourth band is tagged as alpha and ignored: use --bands to train on it if it is not transparency"


def loader_of(headers: Sequence[Header], sums: BandSums | None) -> str:
    """Return the name of the transform that loads the images; mmcv's if it keeps the files' colours."""
    if sums is not None:
        return "FCNLoadBands"
    return "FCNLoadImageFromFile" if any(map(is_tiff_with_alpha, headers)) else "LoadImageFromFile"


def preprocessor_text(sums: BandSums | None, rgb: Sequence[int] | None) -> str:
    """Format the entry ``data_preprocessor`` of a model; empty for 8-bit images, which use the base config's.

    Raises:
        UserError: option-value: ``rgb`` names a missing band.
    """
    if sums is None:
        return ""
    if rgb and max(rgb) > sums.bands:
        raise UserError("option-value", f"--rgb {' '.join(map(str, rgb))}: the images have only {sums}")
    shown = tuple(rgb) if rgb else (1, 2, 3) if sums.bands >= 3 else None
    return PREPROCESSOR.format(sums=sums, mean=sums.mean(), std=sums.std(), rgb=shown)


def notes_on(headers: Sequence[Header], sums: BandSums | None) -> list[str]:
    """Describe how images are read that are not 8-bit RGB or gray."""
    if sums is not None:
        return [f"images have {sums}: training uses all of them, without colour augmentation"]
    return [LEFT_OUT] if any(map(is_tiff_with_alpha, headers)) else []


def require_same_bands(headers: Sequence[Header]) -> None:
    """Refuse images whose bands or type differ from the first image's; UserError: ``image-bands``."""
    first = headers[0]
    for header in headers:
        if (header.bands, header.mode) != (first.bands, first.mode):
            found = f"{header.bands} bands of {header.mode}, but {first.path} has {first.bands} of {first.mode}"
            raise Problem("image-bands", header.path, found).error()
