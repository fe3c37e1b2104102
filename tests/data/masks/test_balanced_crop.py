"""Crops round rare classes: drawn as often as the formula says, inside the image, and from the sample's seed."""

import numpy as np
import pytest
from mmseg.registry import TRANSFORMS
from support.configs import own_config
from support.refusals import refused

from fcn_plugin.data import FCNBalancedCrop
from fcn_plugin.data.seeds import seeded

VOID = 255


def draw(mask, size, count=1, seed=0, **kwargs):
    """(image, mask) of so many crops; the image numbers the pixels."""
    image = np.arange(mask.size, dtype=np.int32).reshape(mask.shape)
    crop = TRANSFORMS.build(dict(type="FCNBalancedCrop", crop_size=size, **kwargs))
    with seeded(seed):
        results = [
            crop(dict(img=image, gt_seg_map=mask, seg_fields=["gt_seg_map"], img_shape=mask.shape))
            for _ in range(count)
        ]
    assert all(each["img_shape"] == each["img"].shape == each["gt_seg_map"].shape for each in results)
    return [(each["img"], each["gt_seg_map"]) for each in results]


def with_pole(shape=(40, 60), row=3, column=50):
    mask = np.zeros(shape, np.uint8)
    mask[row, column] = 7
    return mask


@pytest.mark.parametrize(("power", "expected"), [(0, 1 / 2), (0.5, 20 / 21), (1, 400 / 401)])
def test_a_class_is_drawn_by_its_rarity(power, expected):
    """One pixel of 401 that count; crops of one pixel show which was drawn."""
    mask = np.full((41, 60), VOID, np.uint8)
    mask[:20, :20] = 0
    mask[30, 40] = 7
    found = [labels.item() for _, labels in draw(mask, 1, 400, balanced=1, power=power)]
    assert VOID not in found
    assert np.mean([one == 7 for one in found]) == pytest.approx(expected, abs=0.08)


def test_crops_lie_inside_and_anywhere_round_the_pixel():
    mask, places = with_pole(), set()
    for image, labels in draw(mask, (8, 10), 300, balanced=1, power=9):
        assert labels.shape == (8, 10)
        assert (labels == 7).sum() == 1
        assert np.array_equal(labels, mask.ravel()[image])
        places.add(divmod(int(image[0, 0]), 60))
    tops, lefts = ({place[axis] for place in places} for axis in (0, 1))
    assert (tops, lefts) == ({0, 1, 2, 3}, set(range(41, 51)))


@pytest.mark.parametrize("shape", [(5, 60), (40, 5), (3, 3)])
def test_smaller_images_are_taken_whole(shape):
    mask = with_pole(shape, 1, 2)
    for _, labels in draw(mask, (8, 10), 20, balanced=1):
        assert labels.shape == (min(8, shape[0]), min(10, shape[1]))
        assert max(shape) > 10 or 7 in labels


def test_the_other_crops_are_any():
    """Of 16 x 16 places one holds the pixel."""
    mask = with_pole((16, 16), 0, 0)
    shares = [np.mean([7 in labels for _, labels in draw(mask, 1, 400, balanced=balanced)]) for balanced in (0, 0.5, 1)]
    assert shares == pytest.approx([1 / 256, 0.5, 1], abs=0.08)


def test_void_alone():
    assert all((labels == VOID).all() for _, labels in draw(np.full((9, 9), VOID, np.uint8), 4, 5, balanced=1))


def test_the_seed_decides():
    first, again, other = (draw(with_pole(), 8, 6, seed) for seed in (1, 1, 2))
    same = [[np.array_equal(a[0], b[0]) for a, b in zip(first, second, strict=True)] for second in (again, other)]
    assert all(same[0])
    assert not all(same[1])


def test_it_takes_the_place_of_the_random_crop_of_a_config():
    cfg = own_config("fcn8s_efficientnet-lite0_camvid")
    cfg.merge_from_dict({"train_dataloader.dataset.pipeline.3.type": "FCNBalancedCrop"})
    step = TRANSFORMS.build(cfg.train_dataloader.dataset.pipeline[3])
    assert type(step) is FCNBalancedCrop
    assert step.crop_size == (256, 256)
    assert (step.balanced, step.power) == (0.5, 1)


@pytest.mark.parametrize("wrong", [dict(balanced=1.5), dict(balanced=-0.1), dict(power=-1)])
def test_what_makes_no_sense_is_refused(wrong):
    with refused("config-value", "FCNBalancedCrop has", *(f"{key}={value}" for key, value in wrong.items())):
        draw(with_pole(), 4, **wrong)
