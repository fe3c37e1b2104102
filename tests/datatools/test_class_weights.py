"""Median-frequency class weights against counts by hand, on masks written here and on CamVid's where they are at hand."""

from pathlib import Path

import numpy as np
import pytest
from mmengine.config import ConfigDict
from mmengine.registry import init_default_scope
from PIL import Image
from support.refusals import refused

from fcn_plugin.configs import get_config
from fcn_plugin.datatools.class_weights import PixelCounts, build_masks, count_pixels, weight_line, weight_table

FRAMES = Path(__file__).parents[3] / "shared" / "datasets" / "camvid"
NAMES = ("sea", "sand", "gull", "boat")
VOID = 255
MASKS = {
    "a": [[0, 0, 0, 0], [0, 0, 1, 1]],  # 6 sea, 2 sand
    "b": [[1, 1, 2, VOID], [1, 1, VOID, VOID]],  # 4 sand, 1 gull, 3 void; no boat anywhere
}


@pytest.fixture
def root(tmp_path):
    init_default_scope("mmseg")
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
    for name, mask in MASKS.items():
        write(tmp_path, name, mask)
    return tmp_path


def write(root, name, mask):
    mask = np.array(mask, np.uint8)
    (root / "images" / f"{name}.jpg").touch()  # no image is opened
    Image.fromarray(mask).save(root / "masks" / f"{name}.png")


def config(root, **changes):
    """A training data set, its pipeline with steps that a count must leave out."""
    steps = ("LoadImageFromFile", "LoadAnnotations", "RandomFlip", "PackSegInputs")
    return ConfigDict(
        dict(
            type="BaseSegDataset",
            data_root=str(root),
            data_prefix=dict(img_path="images", seg_map_path="masks"),
            metainfo=dict(classes=NAMES),
            pipeline=[dict(type=step) for step in steps],
        )
        | changes
    )


def count(root, num_classes=4, ignore_index=VOID, jobs=0, **changes):
    return count_pixels(build_masks(config(root, **changes)), num_classes, ignore_index, jobs)


def as_lists(counts):
    return [values.tolist() for values in (counts.pixels, counts.images, counts.seen)]


COUNTED = [[6, 6, 1, 0], [1, 2, 1, 0], [8, 16, 8, 0]]


@pytest.mark.parametrize("jobs", [0, 1])
def test_counts_by_hand(root, jobs):
    assert as_lists(count(root, jobs=jobs)) == COUNTED


def test_frequencies_and_weights_by_hand(root):
    counts = count(root)
    assert counts.frequency.tolist() == [6 / 8, 6 / 16, 1 / 8, 0]
    assert counts.share.tolist() == [6 / 13, 6 / 13, 1 / 13, 0]
    # the median of those that occur is 3/8
    assert counts.weights().tolist() == pytest.approx([0.5, 1, 3, 1])
    assert counts.weights(0.5).tolist() == pytest.approx([0.5**0.5, 1, 3**0.5, 1])
    assert counts.weights(0).tolist() == [1, 1, 1, 1]


def test_counts_do_not_overflow():
    many = np.array([3 * 10**9, 10**9])
    counts = PixelCounts(pixels=many, images=np.array([10, 10]), seen=np.array([4 * 10**9] * 2))
    assert counts.weights().tolist() == pytest.approx([0.5 / 0.75, 2])


def test_the_data_sets_own_ids_hold(root):
    """Shifted ids, a split file, a label map, another void."""
    assert as_lists(count(root, 3, reduce_zero_label=True, metainfo=dict(classes=NAMES[1:])))[0] == [6, 1, 0]
    (root / "split.txt").write_text("b\n")
    assert as_lists(count(root, ann_file="split.txt")) == [[0, 4, 1, 0], [0, 1, 1, 0], [0, 8, 8, 0]]
    write(root, "b", [[0, 11, 1, 1]])
    camvid = dict(type="CamVidDataset", metainfo=dict(), ann_file="split.txt")
    assert count(root, 11, **camvid).pixels.tolist() == [1, 2] + [0] * 9
    two = count(root, 2, ignore_index=11, metainfo=dict(classes=NAMES[:2]), ann_file="split.txt")
    assert two.pixels.tolist() == [1, 2]


def test_wrapped_data_sets(root):
    inner = config(root)
    repeated = ConfigDict(type="RepeatDataset", times=1000, dataset=inner)
    twice = ConfigDict(type="ConcatDataset", datasets=[inner, inner])
    assert as_lists(count_pixels(build_masks(repeated), 4)) == COUNTED
    assert count_pixels(build_masks(twice), 4).pixels.tolist() == [12, 12, 2, 0]
    assert [step["type"] for step in inner.pipeline][-1] == "PackSegInputs"  # the config is left as it was


def test_table_and_line(root):
    counts = count(root)
    rows = [line.split("|")[1:-1] for line in weight_table(counts, NAMES, 0.5).splitlines() if line.startswith("|")]
    assert [[cell.strip() for cell in row] for row in rows] == [
        ["class", "pixels", "share %", "images", "frequency %", "weight"],
        ["sea", "6", "46.15", "1", "75.00", "0.707"],
        ["sand", "6", "46.15", "2", "37.50", "1"],
        ["gull", "1", "7.69", "1", "12.50", "1.73"],
        ["boat", "0", "0.00", "0", "0.00", "1"],
    ]
    assert weight_table(counts, NAMES).splitlines()[-1] == "absent classes, weight 1 (no effect): boat"
    assert "| 3 " in weight_table(counts, None)  # ids where the classes have no names
    values = {}
    exec(weight_line(counts), values)
    assert values["model"] == dict(decode_head=dict(loss_decode=dict(class_weight=[0.5, 1, 3, 1])))


def test_masks_that_can_not_be_counted(root):
    with refused("mask-ids", root / "masks/b.png", "id 2 (1 px)", "classes 0..1", "255"):
        count(root, 2)
    with refused("config-data", "BaseSegDataset", "LoadAnnotations"):
        count(root, pipeline=[dict(type="LoadImageFromFile")])
    write(root, "b", np.zeros((2, 4, 3)))
    with refused("mask-colours", root / "masks/b.png", "(2, 4, 3)"):
        count(root)
    for name in MASKS:
        write(root, name, [[VOID, VOID]])
    with refused("mask-void", "2 masks", "ignore_index"):
        count(root)


@pytest.mark.skipif(not FRAMES.is_dir(), reason="no CamVid at ../shared/datasets/camvid")
def test_camvid():
    """The train split, counted here with NumPy alone, by the definition."""
    init_default_scope("mmseg")
    cfg = get_config("fcn8s_vgg16bn_camvid").train_dataloader.dataset
    cfg.data_root = str(FRAMES)
    counts = count_pixels(build_masks(cfg), 11)
    masks = [np.asarray(Image.open(path)) for path in sorted(FRAMES.glob("annotations/train/*.png"))]
    assert len(masks) == 367
    frequencies = []
    for c in range(11):
        shows = [mask for mask in masks if (mask == c).any()]
        frequencies.append(sum((mask == c).sum() for mask in shows) / sum(mask.size for mask in shows))
    assert counts.frequency.tolist() == pytest.approx(frequencies)
    assert counts.weights(0.5).tolist() == pytest.approx((np.median(frequencies) / np.array(frequencies)) ** 0.5)
    assert counts.weights()[4] == 1  # pavement is the median class


def test_a_wrapper_with_steps_of_its_own(root):
    """MultiImageMixDataset's steps mix images that were loaded before."""
    mixed = ConfigDict(type="MultiImageMixDataset", dataset=config(root), pipeline=[dict(type="RandomFlip", prob=0.5)])
    assert as_lists(count_pixels(build_masks(mixed), 4, VOID)) == as_lists(count(root))
