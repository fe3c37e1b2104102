"""Small trees in the layouts in which COCO-Stuff 164k, ADE20K and Cityscapes are published, masks with the ids of the releases.

Each has two train images and one val image. The first columns of a mask are ids of its release at the ends of the classes and void.
"""

import numpy as np
from PIL import Image

SIZE = (96, 64)  # W, H


def make_coco_stuff(root):
    """After mmseg's converter: void 255."""
    for split, names in (("train2017", ("000000000009", "000000000025")), ("val2017", ("000000000139",))):
        for name in names:
            _pair(
                root, f"images/{split}/{name}.jpg", f"annotations/{split}/{name}_labelTrainIds.png", [0, 79, 170, 255]
            )
            # the release's own mask, which stays beside it: person, toothbrush (90th of the things), the last of the stuff
            _save(root / f"annotations/{split}/{name}.png", _columns([0, 89, 181, 255]))


def make_ade20k(root):
    """0 is void, 1 .. 150 are the classes."""
    for split, names in (
        ("training", ("ADE_train_00000001", "ADE_train_00000002")),
        ("validation", ("ADE_val_00000001",)),
    ):
        for name in names:
            _pair(root, f"images/{split}/{name}.jpg", f"annotations/{split}/{name}.png", [1, 2, 150, 0])


def make_cityscapes(root):
    """Cities are folders; images are PNGs; the release's other masks lie beside those of train ids."""
    for split, city, frames in (("train", "aachen", (19, 20)), ("val", "frankfurt", (294,))):
        for frame in frames:
            name = f"{city}_000000_{frame:06}"
            mask = f"gtFine/{split}/{city}/{name}_gtFine"
            _pair(
                root,
                f"leftImg8bit/{split}/{city}/{name}_leftImg8bit.png",
                f"{mask}_labelTrainIds.png",
                [0, 11, 18, 255],
            )
            _save(root / f"{mask}_labelIds.png", _columns([7, 24, 33, 1]))


def _pair(root, image, mask, ids):
    rng = np.random.default_rng(0)
    _save(root / image, rng.integers(0, 256, (*SIZE[::-1], 3), np.uint8))
    _save(root / mask, _columns(ids))


def _columns(ids):
    """(H, W) uint8: the first id in 40 columns, the second in 32, the third in 8 and the last in 16."""
    return np.tile(np.repeat(np.array(ids, np.uint8), (40, 32, 8, 16)), (SIZE[1], 1))


def _save(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
