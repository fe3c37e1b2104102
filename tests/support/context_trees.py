"""Small trees in the layout of PASCAL VOC 2010 and PASCAL-Context, with images, lists and real ``.mat`` files.

Ids are those of the published ``labels.txt``; the names of the other 400 are made up.
"""

import numpy as np
from PIL import Image
from scipy.io import savemat

TREES = {"voc2010": "VOCdevkit/VOC2010", "context": "pascal-context"}
TRAIN, VAL = ["2008_000002", "2008_000003"], ["2008_000009"]
SIZE = (64, 48)  # W, H
# name -> id in the published labels.txt
IDS = dict(
    aeroplane=2, bag=9, bed=18, bedclothes=19, bench=22, bicycle=23, bird=25, boat=31, book=33, bottle=34, building=44,
    bus=45, cabinet=46, car=59, cat=65, ceiling=68, chair=72, cloth=80, computer=85, cow=98, cup=104, curtain=105, dog=113,
    door=115, fence=144, floor=158, flower=159, food=162, grass=187, ground=189, horse=207, keyboard=220, light=232,
    motorbike=258, mountain=259, mouse=260, person=284, plate=295, platform=296, pottedplant=308, road=324, rock=326,
    sheep=347, shelves=349, sidewalk=354, sign=355, sky=360, snow=366, sofa=368, table=397, track=415, train=416, tree=420,
    truck=424, tvmonitor=427, wall=440, water=445, window=454, wood=458,
)  # fmt: skip
# the first row of every map: nothing, an id outside the 59, and some of the 59; the rest is all of these in columns
ROW = [0, 1, 459, 2, 9, 19, 80, 113, 397, 427, 458]


def make_releases(root):
    """Both trees below ``root``; {release: tree}."""
    trees = {name: root / folder for name, folder in TREES.items()}
    voc, context = trees["voc2010"], trees["context"]
    (voc / "JPEGImages").mkdir(parents=True)
    (voc / "ImageSets/Main").mkdir(parents=True)
    (context / "trainval").mkdir(parents=True)
    for name, names in (("train", TRAIN), ("val", VAL)):
        (voc / "ImageSets/Main" / f"{name}.txt").write_text("".join(f"{image}\n" for image in names))
    for i, name in enumerate(TRAIN + VAL):
        rng = np.random.default_rng(i)
        Image.fromarray(rng.integers(0, 256, (*SIZE[::-1], 3), np.uint8)).save(voc / "JPEGImages" / f"{name}.jpg")
        write_mat(context / "trainval" / f"{name}.mat", label_map())
    names = {number: name for name, number in IDS.items()}
    lines = [f"{i}: {names.get(i, f'odd thing {chr(97 + i % 26)}{i}')}" for i in range(1, 460)]
    (context / "labels.txt").write_text("\n".join(lines))
    return trees


def label_map():
    """(H, W) uint16."""
    width, height = SIZE
    ids = np.tile(np.resize(np.array(ROW, np.uint16), width), (height, 1))
    ids[1:] = np.sort(ids[1:], axis=1)
    return ids


def write_mat(path, ids):
    savemat(path, {"LabelMap": ids}, do_compression=True)
