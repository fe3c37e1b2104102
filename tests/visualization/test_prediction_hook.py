"""PredictionHook: files are named after their images, those in subfolders too; a sample that replaces a broken one has none."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from support.builders import sample
from support.refusals import refused

from fcn_plugin.visualization.hook import PredictionHook

PALETTE = [[0, 0, 0], [200, 0, 0]]


@pytest.fixture
def images(tmp_path):
    for folder in ("day", "night"):
        (tmp_path / "images" / folder).mkdir(parents=True)
        Image.new("RGB", (4, 4)).save(tmp_path / "images" / folder / "a.jpg")
    return tmp_path / "images"


def run(images, out, dataset, *samples):
    hook = PredictionHook(mask_dir=str(out / "masks"), picture_dir=str(out / "pictures"))
    hook.before_test_epoch(SimpleNamespace(test_dataloader=SimpleNamespace(dataset=dataset)))
    hook.after_test_iter(None, 0, outputs=samples)
    return {str(path.relative_to(out)) for path in out.rglob("*.png")}


def predicted(path, value, **meta):
    ids = torch.full((4, 4), value)
    return sample(ids, ids, img_path=str(path), **meta)


def dataset(**options):
    return SimpleNamespace(metainfo=dict(palette=PALETTE), **options)


def test_one_name_in_two_subfolders(images, tmp_path):
    both = [predicted(images / folder / "a.jpg", value) for value, folder in enumerate(("day", "night"))]
    files = run(images, tmp_path / "out", dataset(data_prefix=dict(img_path=str(images))), *both)
    assert files == {f"{kind}/{folder}/a.png" for kind in ("masks", "pictures") for folder in ("day", "night")}
    for value, folder in enumerate(("day", "night")):
        assert (np.array(Image.open(tmp_path / "out" / "masks" / folder / "a.png")) == value).all()


@pytest.mark.parametrize("options", [dict(), dict(data_prefix=dict(img_path="elsewhere")), dict(data_prefix={})])
def test_the_bare_name_where_the_folder_is_not_known(images, tmp_path, options):
    files = run(images, tmp_path / "out", dataset(**options), predicted(images / "day" / "a.jpg", 1))
    assert files == {"masks/a.png", "pictures/a.png"}


def test_no_file_of_a_sample_that_replaces_a_broken_one(images, tmp_path):
    path = images / "day" / "a.jpg"
    files = run(images, tmp_path / "out", dataset(), predicted(path, 1), predicted(path, 0, stand_in=True))
    assert files == {"masks/a.png", "pictures/a.png"}
    assert (np.array(Image.open(tmp_path / "out" / "masks" / "a.png")) == 1).all()


def test_a_turned_photo_is_drawn_as_the_net_sees_it(tmp_path):
    """Upright 8 x 4 with a white left half; the file stores it turned, with EXIF orientation 6."""
    upright = np.zeros((8, 4, 3), np.uint8)
    upright[:, :2] = 255
    tags = Image.Exif()
    tags[0x0112] = 6
    stored = Image.fromarray(upright).transpose(Image.Transpose.ROTATE_90)
    stored.save(tmp_path / "a.jpg", exif=tags, quality=100, subsampling=0)
    ids = torch.from_numpy(upright[..., 0] // 255).long()
    run(tmp_path, tmp_path / "out", dataset(), sample(ids, ids, img_path=str(tmp_path / "a.jpg")))
    picture = np.asarray(Image.open(tmp_path / "out/pictures/a.png"))[16:, :, 0]
    scale = picture.shape[0] // 8
    image, truth, prediction = (picture[:, i * (4 * scale + 4) :][: 8 * scale, : 4 * scale] for i in range(3))
    assert image.shape == (8 * scale, 4 * scale)
    assert np.array_equal(image > 128, truth > 128)
    assert np.array_equal(truth, prediction)
    assert (image[:, : 2 * scale] > 128).all()


def test_a_planted_link_to_a_folder_is_refused(images, tmp_path):
    (tmp_path / "victim").mkdir()
    (tmp_path / "out/masks").mkdir(parents=True)
    (tmp_path / "out/masks/day").symlink_to(tmp_path / "victim")
    found = dataset(data_prefix=dict(img_path=str(images)))
    with refused("output-path", tmp_path / "out/masks/day"):
        run(images, tmp_path / "out", found, predicted(images / "day/a.jpg", 1))
    assert not list((tmp_path / "victim").iterdir())


def test_no_file_outside_the_folder(images, tmp_path):
    """A list may name an image above the folder of images."""
    found = dataset(data_prefix=dict(img_path=str(images / "day")))
    files = run(images, tmp_path / "out", found, predicted(images / "day/../night/a.jpg", 1))
    assert files == {"masks/a.png", "pictures/a.png"}
