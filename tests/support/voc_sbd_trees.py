"""Small trees in the layout of PASCAL VOC 2012, VOC 2011 and SBD, with images, palette masks and real ``.mat`` files.

Name: t in VOC 2012 train, v in its val, s in SBD alone. Images are 5 x 4 (W x H); each mask has one id, which tells whose
it is: VOC 2012's 1, 2, 3, ... of all its names, VOC 2011's 8, 9, 10 of its val, SBD's 20, 19, 18, ...
"""

import tarfile

import numpy as np
from PIL import Image
from scipy.io import savemat
from scipy.sparse import csc_matrix

from fcn_plugin.data.palette import voc_palette

SIZE = (5, 4)
TRAIN, VAL = ["t1", "t2", "t3"], ["v1", "v2", "v3", "v4"]
VAL_2011 = ["v1", "v2", "v3"]
SBD_TRAIN, SBD_VAL = ["s1", "s2", "t1", "v1"], ["s3", "t2", "v2"]
VOC_IDS = {name: i + 1 for i, name in enumerate(TRAIN + VAL)}
VOC_2011_IDS = {name: i + 8 for i, name in enumerate(VAL_2011)}
SBD_IDS = {name: 20 - i for i, name in enumerate(SBD_TRAIN + SBD_VAL)}
TREES = {"voc2012": "VOCdevkit/VOC2012", "voc2011": "TrainVal/VOCdevkit/VOC2011", "sbd": "benchmark_RELEASE/dataset"}


def make_releases(root):
    """All three trees below ``root``, as their archives have them; {release: tree}."""
    trees = {name: root / folder for name, folder in TREES.items()}
    make_voc2012(trees["voc2012"])
    write_list(trees["voc2011"] / "ImageSets/Segmentation/val.txt", VAL_2011)
    write_masks(trees["voc2011"] / "SegmentationClass", VOC_2011_IDS)
    make_sbd(trees["sbd"])
    return trees


def make_voc2012(tree):
    (tree / "JPEGImages").mkdir(parents=True)
    for name in sorted({*TRAIN, *VAL, *SBD_TRAIN, *SBD_VAL}):
        Image.new("RGB", SIZE).save(tree / "JPEGImages" / f"{name}.jpg")
    write_masks(tree / "SegmentationClass", VOC_IDS)
    write_list(tree / "ImageSets/Segmentation/train.txt", TRAIN)
    write_list(tree / "ImageSets/Segmentation/val.txt", VAL)


def write_masks(folder, ids):
    folder.mkdir(parents=True)
    for name, label in ids.items():
        mask = Image.new("P", SIZE, label)
        mask.putpalette(voc_palette().tobytes())
        mask.save(folder / f"{name}.png")


def make_sbd(tree):
    (tree / "cls").mkdir(parents=True)
    for name, label in SBD_IDS.items():
        write_mat(tree / "cls" / f"{name}.mat", np.full(SIZE[::-1], label, np.uint8))
    write_list(tree / "train.txt", SBD_TRAIN)
    write_list(tree / "val.txt", SBD_VAL)


def write_mat(path, segmentation):
    """As in SBD: a struct ``GTcls`` with the mask, 20 sparse maps of boundaries, and the ids that occur."""
    boundaries = np.empty((20, 1), object)
    boundaries[:, 0] = [csc_matrix(np.shape(segmentation), dtype=bool) for _ in range(20)]
    present = np.setdiff1d(segmentation, 0).astype(np.uint8)[:, None]
    content = {"Segmentation": segmentation, "Boundaries": boundaries, "CategoriesPresent": present}
    savemat(path, {"GTcls": content}, do_compression=True)


def write_list(path, names):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{name}\n" for name in names))


def pack(root, release, archive):
    """The archive of a tree below ``root``, as it is published: gzipped where its name says so."""
    with tarfile.open(archive, "w:gz" if archive.suffix == ".tgz" else "w") as tar:
        tar.add(root / TREES[release], TREES[release])
    return archive
