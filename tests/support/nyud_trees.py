"""A small NYUDv2 as it is published: ``.mat`` of MATLAB 7.3 (HDF5 with a header of 512 bytes), mapping and split of MATLAB 5.

Three frames of 640 x 480 whose pixels are multiples of the column: a wall at 2 m. Needs h5py.
"""

import numpy as np
import pytest
from scipy.io import savemat

FRAMES = 3
TRAINVAL, TEST = [1, 3], [2]  # from 1, as MATLAB counts
MAT = "nyu_depth_v2_labeled.mat"
THINGS = 894
HEADER = b"MATLAB 7.3 MAT-file, Platform: GLNXA64"


def class_of(label):
    """A mapping of the made-up release: 1 .. 40 in turn."""
    return (np.asarray(label) - 1) % 40 + 1


def label_map():
    """(480, 640) uint16: 0 in every tenth column, other things 1 .. 894 in the others."""
    columns = np.arange(640)
    row = np.where(columns % 10 == 0, 0, columns % THINGS + 1)
    return np.tile(row.astype(np.uint16), (480, 1))


def picture(number):
    """(480, 640, 3) uint8 RGB of the frame of a number from 1."""
    columns = np.arange(640) % 200
    return np.stack([columns, columns + 10 * number, np.full(640, number)], -1)[None].repeat(480, 0).astype(np.uint8)


def make_release(root, frames=FRAMES):
    """The three files of the release; skips the test without h5py."""
    h5py = pytest.importorskip("h5py", reason="h5py is not installed: pip install 'fcn-plugin[nyud]'")
    root.mkdir(parents=True, exist_ok=True)
    path = root / MAT
    raw = np.full((480, 640), 2.0, np.float32)
    raw[100:110] = 0  # nothing measured
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, arrays in {
            "images": [picture(number) for number in range(1, frames + 1)],
            "depths": [np.full((480, 640), 2.0, np.float32)] * frames,
            "rawDepths": [raw] * frames,
            "labels": [label_map()] * frames,
        }.items():  # HDF5 holds MATLAB's axes in reverse
            file.create_dataset(name, data=np.stack([array.T for array in arrays]), compression="gzip")
    with path.open("r+b") as file:
        file.write(HEADER)
    savemat(root / "splits.mat", {"trainNdxs": np.array([TRAINVAL]).T, "testNdxs": np.array([TEST]).T})
    mapping = {"className": np.array(["wall", "floor"], object), "mapClass": class_of(np.arange(1, THINGS + 1))[None]}
    savemat(root / "classMapping40.mat", mapping, do_compression=True)
    return root
