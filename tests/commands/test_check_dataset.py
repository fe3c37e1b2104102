"""A whole check: each kind of problem in a data set that is sound but for it."""

import shutil

import numpy as np
import pytest
from mmengine.config import Config
from PIL import Image
from support.refusals import refused

from fcn_plugin.commands.check_dataset import check_dataset, check_folders
from fcn_plugin.data.problems import KINDS

SIZE = (8, 6)  # width, height
CLASS_MAP = {0: "sea", 1: "sand", 3: "gull"}
PALETTE = [[0, 0, 255], [200, 200, 0], [255, 255, 255]]


def draw_image(path, seed, size=SIZE, mode="RGB", **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)
    Image.fromarray(noise).convert(mode).save(path, **options)


def draw_mask(path, ids=(0, 1, 3), size=SIZE, dtype=np.uint8, palette=None):
    """Rows of the ids in turn; one row a turn."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = np.resize(np.array(ids, dtype), size[1])
    mask = Image.fromarray(np.repeat(rows[:, None], size[0], axis=1))
    if palette is not None:
        mask.putpalette(palette)
    mask.save(path)


@pytest.fixture
def root(tmp_path):
    """Three training pairs, two for val."""
    for split, count, seed in (("train", 3, 0), ("val", 2, 100)):
        for i in range(count):
            draw_image(tmp_path / "images" / split / f"{i}.png", seed + i)
            draw_mask(tmp_path / "masks" / split / f"{i}.png")
    return tmp_path


def entry(root, split, **changes):
    load = [dict(type="LoadImageFromFile"), dict(type="FCNLoadAnnotations")]
    given = dict(
        type="ClassMapDataset",
        class_map=CLASS_MAP,
        ignore_ids=[255],
        palette=PALETTE,
        img_suffix=".png",
        data_root=str(root),
        data_prefix=dict(img_path=f"images/{split}", seg_map_path=f"masks/{split}"),
        pipeline=[*load, dict(type="RandomCrop", crop_size=(6, 6))],
    )
    return given | changes


def config(**datasets):
    loaders = {f"{name}_dataloader": dict(dataset=dataset) for name, dataset in datasets.items()}
    model = dict(type="FCN", decode_head=dict(type="FCNSkipHead", num_classes=3))
    return Config(dict(model=model, **loaders))


def check(root, jobs=0, **changes):
    train = entry(root, "train", **changes)
    cfg = config(train=train, val=entry(root, "val"), test=entry(root, "val"))
    return check_dataset(cfg, root / "out" / "sheet.png", jobs)


def problems(report):
    return [(p.code, p.path, p.found) for _, _, kept in report.findings for p in kept]


def test_a_sound_data_set(root):
    report = check(root)
    assert problems(report) == []
    assert (report.exit_code(strict=True), report.images) == (0, 5)
    assert [tally.split.name for tally in report.tallies] == ["train", "val and test"]
    train, val = (tally.counts for tally in report.tallies)
    assert train.pixels.tolist() == [48, 48, 48]  # two of six rows of 8 px in three masks
    assert val.images.tolist() == [2, 2, 2]
    assert Image.open(report.sheet).size > SIZE


def missing_image(image, mask):
    image.unlink()
    (image.parent / "list.txt").write_text("0\n1\n2\n")


def cut_short(image, mask):
    image.write_bytes(image.read_bytes()[:-40])


def empty_mask(image, mask):
    mask.write_bytes(b"")


SPOIL = {
    "no image": (missing_image, [("image-unreadable", "images", "can't be read (no such file)")]),
    "no mask": (lambda i, m: m.unlink(), [("mask-unreadable", "masks", "can't be read (no such file)")]),
    "truncated": (cut_short, [("image-unreadable", "images", "can't be read (")]),
    "empty": (empty_mask, [("mask-unreadable", "masks", "can't be read (cannot identify image file")]),
    "size": (
        lambda i, m: draw_mask(m, size=(8, 7)),
        [("mask-size", "masks", "8 x 7, its image {image} is 8 x 6")],
    ),
    "gray": (lambda i, m: draw_image(i, 2, mode="L"), [("image-gray", "images", "mode L")]),
    "alpha": (lambda i, m: draw_image(i, 2, mode="RGBA"), [("image-alpha", "images", "mode RGBA")]),
    "16 bits": (
        lambda i, m: Image.fromarray(np.full((6, 8), 900, np.uint16)).save(i),
        [("image-depth", "images", "16 bits a channel")],
    ),
    "colours": (lambda i, m: draw_image(m, 1), [("mask-colours", "masks", "mode RGB, expected one id per pixel")]),
    "ids": (lambda i, m: draw_mask(m, (0, 1, 2)), [("mask-ids", "masks", "id 2 (16 px)")]),
    "16-bit ids": (
        lambda i, m: draw_mask(m, (0, 1, 259), dtype=np.uint16),
        [("mask-ids", "masks", "id 259 (16 px)")],
    ),
    "void": (lambda i, m: draw_mask(m, (255,)), [("mask-void", "masks", "all 48 px are ignored")]),
    "colour of another": (
        lambda i, m: draw_mask(m, palette=[*PALETTE[0], *PALETTE[2], 5, 5, 5, *PALETTE[1]]),
        [("palette-swapped", "masks", "id 1 (sand) has the colour [255, 255, 255] of gull")],
    ),
    "small": (
        lambda i, m: (draw_image(i, 1, size=(5, 6)), draw_mask(m, size=(5, 6))),
        [("image-small", "images", "5 x 6, but the crop is 6 x 6")],
    ),
    "twice": (
        lambda i, m: shutil.copy(i.with_name("0.png"), i),
        [("image-duplicate", "images", "same pixels as {first} of train")],
    ),
    "in val too": (
        lambda i, m: shutil.copy(i, i.parents[1] / "val" / "1.png"),
        [("image-shared", "val", "same pixels as {image} of train")],
    ),
    "another suffix": (
        lambda i, m: draw_image(i.with_suffix(".jpg"), 7),
        [("image-suffix", "jpg", "img_suffix is .png")],
    ),
    "a mask alone": (
        lambda i, m: draw_mask(m.with_name("7.png")),
        [("mask-unpaired", "mask 7", "no image with its name in {folder}")],
    ),
}


@pytest.mark.parametrize(("spoil", "expected"), SPOIL.values(), ids=SPOIL)
def test_each_problem_names_its_file(root, spoil, expected):
    image, mask = root / "images/train/2.png", root / "masks/train/2.png"
    spoil(image, mask)
    listed = {"ann_file": "images/train/list.txt"} if spoil is missing_image else {}
    report = check(root, **listed)
    places = {
        "images": image,
        "masks": mask,
        "val": root / "images/val/1.png",
        "jpg": root / "images/train/2.jpg",
        "mask 7": root / "masks/train/7.png",
    }
    found = problems(report)
    assert [(kind, path) for kind, path, _ in found] == [(kind, str(places[place])) for kind, place, _ in expected]
    for (_, _, value), (_, _, start) in zip(found, expected, strict=True):
        assert value.startswith(start.format(image=image, first=image.with_name("0.png"), folder=image.parent))
    assert report.exit_code(strict=True) == (2 if KINDS[expected[0][0]].severity == "error" else 1)


def test_a_class_that_never_occurs(root):
    for mask in (root / "masks/val").iterdir():
        draw_mask(mask, (0, 1))
    assert problems(check(root)) == [("class-absent", "val and test", "no pixel of gull")]


def test_a_turned_photograph(root):
    exif = Image.Exif()
    exif[0x0112] = 6
    draw_image(root / "images/train/1.png", 1, exif=exif)
    found = "EXIF orientation 6, stored 8 x 6"
    assert problems(check(root)) == [("image-turned", str(root / "images/train/1.png"), found)]


def test_a_crop_after_a_random_scale(root):
    resize = dict(type="RandomResize", scale=SIZE, ratio_range=(0.5, 2.0), keep_ratio=True)
    steps = entry(root, "train")["pipeline"]
    report = check(root, pipeline=[*steps[:2], resize, steps[2]])
    assert problems(report) == []
    assert [tally.sometimes_small() for tally in report.tallies] == [3, 0]
    larger = check(root, pipeline=[*steps[:2], resize, dict(type="RandomCrop", crop_size=(13, 6))])
    found = "8 x 6, at most 16 x 12 after resizing, but the crop is 6 x 13"
    assert [problem[2] for problem in problems(larger)] == [found] * 3


@pytest.mark.parametrize("jobs", [0, 1, 2])
def test_the_same_findings_in_the_same_order_from_any_number_of_processes(root, jobs):
    for i in range(20):
        draw_image(root / "images/train" / f"{i:02}.png", i % 7, mode="L" if i % 3 else "RGB")
        draw_mask(root / "masks/train" / f"{i:02}.png", (0, 1, i))
    found = check(root, jobs=jobs).as_dict()
    assert found["problems"] == check(root).as_dict()["problems"]
    assert found["splits"] == check(root).as_dict()["splits"]
    paths = [file["path"] for file in found["problems"][0]["files"]]
    assert len(paths) == 17
    assert paths == sorted(paths)


def test_wrapped_data_sets(root):
    draw_mask(root / "masks/val/1.png", (0, 1, 9))
    repeated = dict(type="RepeatDataset", times=2, dataset=entry(root, "train"))
    both = dict(type="ConcatDataset", datasets=[repeated, entry(root, "val")])
    report = check_dataset(config(train=both), root / "sheet.png")
    assert report.images == 5
    assert problems(report) == [("mask-ids", str(root / "masks/val/1.png"), "id 9 (16 px)")]


def test_bad_configs_are_refused_before_reading(root):
    with refused("config-data", "no dataloader"):
        check_dataset(config(), root / "sheet.png")
    with refused("dataset-missing", "train image folder", root / "nowhere"):
        check(root, data_prefix=dict(img_path="nowhere", seg_map_path="masks/train"))
    (root / "none.txt").touch()
    with refused("dataset-empty", "train split", root / "none.txt"):
        check(root, ann_file="none.txt")
    with refused("output-path", "--sheet", root / "sheet.jpg", "PNG"):
        check_dataset(config(train=entry(root, "train")), root / "sheet.jpg")


def folders(root, classes=None, ignore_ids=(255,)):
    images, masks = str(root / "images/train"), str(root / "masks/train")
    return check_folders(images, masks, classes, ignore_ids, root / "sheet.png")


def test_two_folders_without_classes(root):
    draw_mask(root / "masks/train/1.png", (0, 255, 7))
    report = folders(root)
    assert problems(report) == []
    assert report.tallies[0].names == ["0", "1", "3", "7", "255"]
    assert report.tallies[0].counts.images.tolist() == [3, 2, 2, 1, 1]


def test_two_folders_with_classes(root):
    classes = root / "classes.csv"
    classes.write_text("id,name,red,green,blue\n0,sea,0,0,255\n1,land,200,200,0\n3,land,255,255,255\n")
    draw_mask(root / "masks/train/1.png", (0, 255, 7), palette=[*PALETTE[1]] + [0] * 765)
    report = folders(root, str(classes))
    assert problems(report) == [
        ("mask-ids", str(root / "masks/train/1.png"), "id 7 (16 px)"),
        ("palette-swapped", str(root / "masks/train/1.png"), "id 0 (sea) has the colour [200, 200, 0] of land"),
    ]
    assert report.tallies[0].names == ["sea", "land"]
    assert report.tallies[0].counts.pixels.tolist() == [48, 64]
    assert problems(folders(root, str(classes), ignore_ids=(7, 255)))[0][0] == "palette-swapped"
