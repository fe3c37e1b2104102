"""Small folders of images and masks, and what was written of them."""

import hashlib

import numpy as np
import pytest
from PIL import Image

from fcn_plugin.datatools.new.files import read_image

SIZE = (48, 40)  # W, H


@pytest.fixture
def here(tmp_path, monkeypatch):
    """The working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def save(here):
    """``save(file, array, mode)``: write an image, its folders too."""

    def write(file, array, mode=None, **options):
        path = here / file
        path.parent.mkdir(parents=True, exist_ok=True)
        image = Image.fromarray(np.asarray(array))
        (image.convert(mode) if mode else image).save(path, **options)
        return path

    return write


@pytest.fixture
def photos(save):
    """``photos(*files)``: images of noise, in the folder ``photos``; what the package sees of them."""

    def write(*files, size=SIZE):
        seen = []
        for i, file in enumerate(files):
            noise = np.random.default_rng(i).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
            seen.append(read_image(save(f"photos/{file}", noise)))
        return seen

    return write


@pytest.fixture
def blocks():
    """``blocks(values)``: (H, W, ...) with a vertical stripe of equal width for each value."""

    def make(*values, dtype=np.uint8, size=SIZE):
        values = np.asarray(values, dtype)
        stripe = np.arange(size[0]) * len(values) // size[0]
        return np.broadcast_to(values[stripe], (size[1], size[0], *values.shape[1:])).copy()

    return make


@pytest.fixture
def hashes(here):
    """``hashes()``: digest of every file under the working directory."""

    def read():
        files = sorted(path for path in here.rglob("*") if path.is_file())
        return {path.relative_to(here).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

    return read


@pytest.fixture
def colours(photos, save, blocks):
    """Five images, masks of colours; the first mask has one that the others lack."""
    files = [f"{i}.png" for i in range(5)]
    photos(*files)
    for file in files:
        save(f"masks/{file}", blocks((255, 0, 0), (0, 0, 255), *([(0, 0, 9)] if file == "0.png" else [])))
