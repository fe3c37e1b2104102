"""Choose images for comparing an exported file with its net."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..data.bands.readers import Reader
from ..data.leaves import leaf_datasets
from ..errors import UserError
from ..models.fcn import FCN
from ..weights.preprocessing import takes_bands
from .compare import drawn_bands, drawn_image, read_images

if TYPE_CHECKING:
    from mmengine.config import ConfigDict


def images_of(dataset: ConfigDict, net: FCN, reader: Reader) -> tuple[list[np.ndarray], str]:
    """Read a few images of a split, or draw one if they are missing; also return a description."""
    try:
        return read_images(paths_of(dataset), reader), "images of the test split"
    except (UserError, OSError, IndexError):
        drawn = drawn_bands(net.preprocessing) if takes_bands(net.data_preprocessor) else drawn_image()
        return [drawn], "a drawn image (no test split found: give --data-root DIR)"


def paths_of(dataset: ConfigDict) -> list[str]:
    """List the images of a data set's config; of several data sets only the first."""
    from mmseg.registry import DATASETS

    built = DATASETS.build(next(leaf_datasets(dataset)))
    return [built.get_data_info(i)["img_path"] for i in range(len(built))]
