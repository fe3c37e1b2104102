"""Batches of one size: every image once, none of another size in a batch, broken ones alone."""

import pytest
from mmengine.dataset import DefaultSampler
from PIL import Image

from fcn_plugin.data.same_size_batches import SameSizeBatchSampler

SIZES = [(30, 20), (20, 30), (30, 20), (30, 20), (20, 30), (40, 40), (30, 20)]


class Folder:
    """What the sampler asks of a data set."""

    def __init__(self, paths):
        self.paths = paths
        self.asked = 0

    def __len__(self):
        return len(self.paths)

    def get_data_info(self, index):
        self.asked += 1
        return {"img_path": str(self.paths[index])}


@pytest.fixture
def folder(tmp_path):
    paths = [tmp_path / f"{i}.png" for i in range(len(SIZES))]
    for path, size in zip(paths, SIZES, strict=True):
        Image.new("RGB", size).save(path)
    return Folder(paths)


def batches(folder, batch_size=2, **kwargs):
    return SameSizeBatchSampler(DefaultSampler(folder, shuffle=False, round_up=False), batch_size, **kwargs)


def test_batches_by_hand(folder):
    sampler = batches(folder)
    assert list(sampler) == [[0, 2], [1, 4], [3, 6], [5]]
    assert len(sampler) == 4


def test_incomplete_batches(folder):
    assert list(batches(folder, 3)) == [[0, 2, 3], [1, 4], [5], [6]]


def test_each_file_is_opened_once(folder):
    sampler = batches(folder)
    assert [list(sampler) for _ in range(3)] == [list(sampler)] * 3
    assert folder.asked == len(SIZES)


def test_broken_images_go_alone(folder):
    folder.paths[2].write_bytes(b"")
    folder.paths[3].unlink()
    assert list(batches(folder)) == [[2], [3], [1, 4], [0, 6], [5]]


def test_an_image_that_exif_turns(folder):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (20, 30)).save(folder.paths[5], exif=exif)
    assert [5] not in list(batches(folder))
    assert [0, 2] in list(batches(folder))
    assert [3, 5] in list(batches(folder))
