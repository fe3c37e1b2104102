"""Small trees of all releases, and the masks and lists of a folder."""

import numpy as np
import pytest
from PIL import Image
from support.voc_sbd_trees import make_releases


@pytest.fixture
def trees(tmp_path):
    """{release: tree}, to spoil."""
    return make_releases(tmp_path)


@pytest.fixture
def ids():
    """``ids(folder)``: {name: the one id of its mask}."""

    def read(folder):
        masks = {path.stem: np.unique(np.asarray(Image.open(path))) for path in folder.glob("[!.]*.png")}
        return {name: values.item() for name, values in masks.items()}

    return read
