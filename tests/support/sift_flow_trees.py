"""A small tree in the layout of the unpacked SIFT Flow archive with the authors' lists, and real ``.mat`` files."""

import numpy as np
from PIL import Image
from scipy.io import savemat

SCENES = "spatial_envelope_256x256_static_8outdoorcategories"
TRAINVAL, TEST = ["coast_land296", "forest_for42"], ["street_par29"]
SIDE = 32
# ids as the files have them
SEMANTIC = [0, 1, 9, 28, 33]  # void, awning, cow, sky, window
GEOMETRIC = [-1, 0, 1, 2, 3]  # void, void, sky, horizontal, vertical


def make_release(root):
    """The tree; returns it."""
    for folder in ("Images", "SemanticLabels", "GeoLabels"):
        (root / folder / SCENES).mkdir(parents=True)
    for name, names in (("trainval", TRAINVAL), ("test", TEST)):
        (root / f"{name}.txt").write_text("\n".join(names))  # the published ones lack the last newline
    for i, name in enumerate(TRAINVAL + TEST):
        pixels = np.random.default_rng(i).integers(0, 256, (SIDE, SIDE, 3), np.uint8)
        Image.fromarray(pixels).save(root / "Images" / SCENES / f"{name}.jpg")
        write_mat(root, "SemanticLabels", name, columns(SEMANTIC, np.uint8))
        write_mat(root, "GeoLabels", name, columns(GEOMETRIC, np.int16).T)
    return root


def columns(ids, dtype):
    """(SIDE, SIDE): the ids side by side."""
    return np.tile(np.resize(np.array(ids, dtype), SIDE), (SIDE, 1))


def write_mat(root, folder, name, ids):
    savemat(root / folder / SCENES / f"{name}.mat", {"names": np.array(["x"], object), "S": ids}, do_compression=True)
