"""Evaluation of images of unequal sizes in batches: the counts of one at a time, also when a broken one is skipped."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def unequal(own_data):
    """The second val image is wider than the others."""
    names = (own_data / "ImageSets/Segmentation/val.txt").read_text().split()
    for folder, suffix in (("JPEGImages", ".jpg"), ("SegmentationClass", ".png")):
        path = own_data / folder / f"{names[1]}{suffix}"
        with Image.open(path) as image:
            image.crop((0, 8, 96, 56)).save(path)
    return own_data, names


def counts(tool, trained, root, folder, *options):
    places = ("--data-root", root, "--work-dir", folder)
    done = tool("test", trained.config, trained.best, *places, "--cfg-options", *options)
    assert done.code == 0, done.err
    return np.load(folder / "confusion.npy"), done.out


@pytest.fixture
def config_with_batches(trained, tmp_path):
    """The trained net's config, with a batch sampler: what a config says of it can't be said on the command line."""
    path = tmp_path / "batches.py"
    path.write_text(
        f"_base_ = {str(trained.config)!r}\n"
        'test_dataloader = dict(batch_size=2, batch_sampler=dict(type="SameSizeBatchSampler"))\n'
    )
    return path


def test_counts(tool, trained, unequal, config_with_batches, tmp_path):
    root, _ = unequal
    single, _ = counts(tool, trained, root, tmp_path / "single", "test_dataloader.batch_size=1")
    in_batches = replace(trained, config=config_with_batches)
    several, _ = counts(tool, in_batches, root, tmp_path / "several", "test_dataloader.num_workers=0")
    assert single.sum() == several.sum() > 0
    assert np.abs(single - several).sum() <= 2  # rounding decides where two classes tie


def test_a_broken_image_is_skipped(tool, trained, unequal, config_with_batches, tmp_path):
    root, names = unequal
    (root / "JPEGImages" / f"{names[0]}.jpg").write_bytes(b"no image")
    in_batches = replace(trained, config=config_with_batches)
    found, out = counts(tool, in_batches, root, tmp_path / "skip", "broken_files=skip")
    assert "1 broken samples were skipped" in out
    assert found.sum() > 0
