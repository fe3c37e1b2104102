"""A broken sample is named, or skipped on request; nothing else changes where the files are complete."""

import os
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmcv.transforms import LoadImageFromFile
from mmengine.dataset import Compose, RepeatDataset
from mmengine.registry import init_default_scope
from mmseg.datasets import BaseSegDataset
from mmseg.datasets.transforms import LoadAnnotations
from mmseg.registry import TRANSFORMS
from PIL import EpsImagePlugin, Image
from support.damaged_images import BOMB, EPS, changed_byte, encoded, png_of_rows
from support.gis_tiff import write_tiff
from support.processes import stop_workers
from support.refusals import refused

from fcn_plugin.data.broken_files import (
    MOST_IN_A_ROW,
    CheckedPipeline,
    SkippingPipeline,
    check_files,
    skip_broken_files,
    skipped,
)
from fcn_plugin.data.images import verify
from fcn_plugin.data.load_annotations import FCNLoadAnnotations

SIZE = 64  # W = H of the images


def fail(data):
    raise IndexError("no file named here")


def noise(*shape):
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


@pytest.fixture
def files(tmp_path):
    paths = {"img_path": str(tmp_path / "a.jpg"), "seg_map_path": str(tmp_path / "a.png"), "seg_fields": []}
    Image.fromarray(noise(SIZE, SIZE, 3)).save(paths["img_path"])
    Image.fromarray(noise(SIZE, SIZE)).save(paths["seg_map_path"])
    return paths


LOADERS = (LoadImageFromFile, FCNLoadAnnotations)
UNREADABLE = {"img_path": "image-unreadable", "seg_map_path": "mask-unreadable"}


def checked(*steps, loaders=LOADERS):
    return CheckedPipeline([*(loader() for loader in loaders), *steps])


def passes(files, *steps, **options):
    return "img" in checked(*steps, **options)(files)


@pytest.mark.parametrize("key", ["img_path", "seg_map_path"])
@pytest.mark.parametrize("keep", [0, 10, 2000])
def test_a_file_cut_short(files, key, keep):
    """OpenCV decodes what is left of the JPEG and says nothing."""
    os.truncate(files[key], keep)
    with refused(UNREADABLE[key], files[key], "can't be read ("):
        checked()(files)


@pytest.mark.parametrize("key", ["img_path", "seg_map_path"])
def test_bytes_after_a_whole_file(files, key):
    with open(files[key], "ab") as file:
        file.write(b"a film")
    assert passes(files)


@pytest.mark.parametrize("key", ["img_path", "seg_map_path"])
def test_a_file_that_is_missing_matters_where_it_is_needed(files, key):
    files[key] += ".gone"
    assert CheckedPipeline([dict])(files) == files
    with refused(UNREADABLE[key], files[key], "no such file"):
        checked()(files)


def wider(files):
    Image.fromarray(noise(SIZE, SIZE + 1)).save(files["seg_map_path"])
    return "mask-size", files["seg_map_path"], "65 x 64", files["img_path"], "64 x 64"


def turned(files):
    exif = Image.Exif()
    exif[0x0112] = 3
    Image.fromarray(noise(SIZE, SIZE, 3)).save(files["img_path"], exif=exif)
    return "image-turned", files["img_path"], "EXIF orientation 3"


def deep(files):
    files["img_path"] = files["img_path"].replace(".jpg", ".tif")
    Image.fromarray(noise(SIZE, SIZE).astype(np.uint16) * 16).save(files["img_path"])
    return "image-depth", files["img_path"], "16 bits", "scale it to 8 bits"


def coloured(files):
    Image.fromarray(noise(SIZE, SIZE, 3)).save(files["seg_map_path"])
    return "mask-colours", files["seg_map_path"], "mode RGB"


def lossy(files):
    files["seg_map_path"] = files["seg_map_path"].replace(".png", "_mask.jpg")
    Image.fromarray(noise(SIZE, SIZE)).save(files["seg_map_path"])
    return "mask-lossy", files["seg_map_path"], "a JPEG file", "PNG"


@pytest.mark.parametrize("spoil", [wider, turned, deep, coloured, lossy])
def test_what_the_engine_would_load_without_an_error(files, spoil):
    """Each time: a broken sample is not remembered as checked."""
    expected, pipeline = spoil(files), checked()
    for _ in range(2):
        with refused(*expected):
            pipeline(files | {"sample_idx": 0})


def test_files_of_other_loaders_are_not_checked(files):
    """Colours that a transform of the user's turns into ids, images that are loaded in full depth."""
    coloured(files)
    assert passes(files, loaders=(LoadImageFromFile,))
    deep(files)
    whole = CheckedPipeline([LoadImageFromFile(color_type="unchanged")])(files)
    assert whole["img"].dtype == np.uint16


@pytest.mark.parametrize("dtype", [np.int32, np.float32, np.int64])
def test_masks_of_many_bits(files, dtype):
    files["seg_map_path"] = files["seg_map_path"].replace(".png", ".tif")
    write_tiff(files["seg_map_path"], noise(SIZE, SIZE).astype(dtype))
    assert passes(files)
    with refused("mask-depth", files["seg_map_path"], f"{np.dtype(dtype).itemsize * 8} bits"):
        passes(files, loaders=(LoadImageFromFile, LoadAnnotations))


@pytest.mark.parametrize("loader, kept", [(LoadAnnotations, False), (FCNLoadAnnotations, True)])
def test_masks_of_16_bits_and_a_loader_that_keeps_8(files, loader, kept):
    Image.fromarray(noise(SIZE, SIZE).astype(np.uint16)).save(files["seg_map_path"])
    files |= {"reduce_zero_label": False}
    if kept:
        assert passes(files)
    else:
        with refused("mask-depth", files["seg_map_path"], "16 bits", "FCNLoadAnnotations"):
            checked(loaders=(LoadImageFromFile, loader))(files)


def gray(files):
    Image.fromarray(noise(SIZE, SIZE)).save(files["img_path"])


def turned_with_its_mask(files):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(noise(20, SIZE, 3)).save(files["img_path"], exif=exif)
    Image.fromarray(noise(SIZE, 20)).save(files["seg_map_path"])


@pytest.mark.parametrize("change", [gray, turned_with_its_mask])
def test_warnings_pass(files, change):
    change(files)
    assert passes(files)


def test_an_error_of_the_pipeline_is_raised_as_it_is(files):
    with pytest.raises(IndexError, match="no file named here"):
        checked(fail)(files)


def test_files_are_checked_once_until_they_change(files, monkeypatch):
    looks = []
    for module in ("bands.readers", "broken_files"):  # of images, of masks
        place = f"fcn_plugin.data.{module}.verify"
        monkeypatch.setattr(place, lambda path, what="image": looks.append(path) or verify(path, what))
    pipeline = checked()
    for index in (0, 1, 0, 1):
        pipeline(files | {"sample_idx": index})
    assert looks == [files["img_path"], files["seg_map_path"]]
    expected = wider(files)
    with refused(*expected):
        pipeline(files | {"sample_idx": 0})


def test_a_file_that_vanishes_later(files):
    pipeline = checked()
    pipeline(files | {"sample_idx": 0})
    os.unlink(files["img_path"])
    with refused("image-unreadable", files["img_path"], "no such file"):
        pipeline(files | {"sample_idx": 0})


@pytest.mark.parametrize("when", ["between two draws", "between check and load"])
def test_an_image_swapped_for_another_size_in_mid_run(files, when):
    other = Image.fromarray(noise(SIZE, SIZE + 2, 3))

    class Swap(LoadImageFromFile):
        def transform(self, results):
            other.save(files["img_path"])
            return super().transform(results)

    if when == "between two draws":
        pipeline = checked()
        pipeline(files | {"seg_fields": []})
        other.save(files["img_path"])
    else:
        pipeline = checked(loaders=(Swap, FCNLoadAnnotations))
    with refused("mask-size", files["seg_map_path"], "64 x 64", "66 x 64"):
        pipeline(files)


def test_mmcv_hands_no_other_format_to_pillow(files, monkeypatch):
    """Its loader by Pillow takes any; depth and turns are up to the config."""
    loaders = (lambda: LoadImageFromFile(color_type="unchanged", imdecode_backend="pillow"),)
    turned(files)
    assert passes(files, loaders=loaders)
    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", None)  # calling it is a TypeError
    with open(files["img_path"], "wb") as file:
        file.write(EPS)
    with refused("image-unreadable", files["img_path"], "cannot identify"):
        checked(loaders=loaders)(files)


def test_a_pipe_is_not_waited_for(files):
    os.unlink(files["img_path"])
    os.mkfifo(files["img_path"])
    with refused("image-unreadable", files["img_path"], "not a regular file"):
        checked()(files)


def test_what_the_loader_alone_refuses(files):
    """Pillow takes the missing rows for zeros."""
    path = files["img_path"].replace(".jpg", "_rows.png")
    with open(path, "wb") as file:
        file.write(png_of_rows(9, SIZE, SIZE))
    with refused("image-unreadable", path, "OpenCV can't decode it"):
        checked()(files | {"img_path": path})


def test_a_sample_without_files():
    with pytest.raises(IndexError):
        CheckedPipeline([fail])({})


def test_reaches_through_wrappers():
    plain = [SimpleNamespace(pipeline=Compose([fail])) for _ in range(3)]
    repeated = SimpleNamespace(dataset=plain[1])
    check_files(SimpleNamespace(datasets=[plain[0], repeated, SimpleNamespace(datasets=[plain[2]])]))
    assert all(type(one.pipeline) is CheckedPipeline for one in plain)
    assert all(one.pipeline.transforms == [fail] for one in plain)


# ---- skipping them

STEPS = [dict(type="LoadImageFromFile"), dict(type="FCNLoadAnnotations"), dict(type="PackSegInputs")]


@pytest.fixture
def dataset(tmp_path):
    """Three images, of gray value and class 10, 20 and 30."""
    init_default_scope("mmseg")
    for value in (10, 20, 30):
        Image.new("RGB", (8, 8), (value,) * 3).save(tmp_path / f"{value}.jpg")
        Image.new("L", (8, 8), value).save(tmp_path / f"{value}.png")
    return BaseSegDataset(data_prefix=dict(img_path=str(tmp_path), seg_map_path=str(tmp_path)), pipeline=STEPS)


def seen(item):
    """Gray value of the image, ids of the mask."""
    return int(item["inputs"].float().mean().round()), item["data_samples"].gt_sem_seg.data.unique().tolist()


def test_evaluation_puts_a_void_neighbour_in_the_place(dataset, tmp_path):
    (tmp_path / "30.png").write_bytes(b"")
    skip_broken_files(dataset, training=False, notes=tmp_path / "notes.txt")
    assert [seen(item) for item in dataset] == [(10, [10]), (20, [20]), (10, [255])]
    assert [seen(item) for item in dataset][2] == (10, [255])
    assert [item["data_samples"].get("stand_in", False) for item in dataset] == [False, False, True]
    (line,) = skipped(tmp_path / "notes.txt")
    assert line.startswith(f"[mask-unreadable] {tmp_path / '30.png'}: can't be read (cannot identify")


def test_two_neighbours_that_are_broken(dataset, tmp_path):
    for name in ("20.jpg", "30.png"):
        (tmp_path / name).write_bytes(b"")
    skip_broken_files(dataset, training=False, notes=tmp_path / "notes.txt")
    assert [seen(item) for item in dataset] == [(10, [10]), (10, [255]), (10, [255])]
    found = [line.split(":")[0] for line in skipped(tmp_path / "notes.txt")]
    assert found == [f"[image-unreadable] {tmp_path / '20.jpg'}", f"[mask-unreadable] {tmp_path / '30.png'}"]


def test_training_draws_another(dataset, tmp_path):
    (tmp_path / "20.jpg").write_bytes(b"")
    np.random.seed(0)
    wrapped = RepeatDataset(dataset, times=20)
    skip_broken_files(wrapped, training=True, notes=tmp_path / "notes.txt")
    drawn = [seen(wrapped[i]) for i in range(60)]
    assert drawn[::3] == [(10, [10])] * 20
    assert {value for value, _ in drawn[1::3]} == {10, 30}  # not one neighbour alone
    assert all(ids == [value] for value, ids in drawn)
    assert len(skipped(tmp_path / "notes.txt")) == 1


@pytest.mark.parametrize("training", [True, False])
def test_a_data_set_without_a_whole_sample(dataset, tmp_path, training):
    for path in tmp_path.glob("*.jpg"):
        path.write_bytes(b"")
    skip_broken_files(dataset, training, notes=tmp_path / "notes.txt")
    with refused("image-unreadable", f"{MOST_IN_A_ROW} broken samples in a row", "0.jpg"):
        dataset[0]


def test_void_under_test_time_augmentation(dataset, tmp_path):
    branches = [[dict(type="RandomFlip", prob=p) for p in (0.0, 1.0)], STEPS[1:2], STEPS[2:]]
    dataset.pipeline = Compose([STEPS[0], dict(type="TestTimeAug", transforms=branches)])
    (tmp_path / "10.jpg").write_bytes(b"")
    skip_broken_files(dataset, training=False, notes=tmp_path / "notes.txt")
    assert [s.gt_sem_seg.data.unique().tolist() for s in dataset[0]["data_samples"]] == [[255], [255]]
    assert [s.gt_sem_seg.data.unique().tolist() for s in dataset[1]["data_samples"]] == [[20], [20]]


def test_a_fault_of_the_pipeline_is_not_skipped(dataset, tmp_path):
    pipeline = SkippingPipeline([fail], dataset, True, tmp_path / "notes.txt")
    with pytest.raises(IndexError):
        pipeline({"sample_idx": 0})
    assert skipped(tmp_path / "notes.txt") == []


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("name, what", [("20.jpg", "image"), ("20.png", "mask")])
@pytest.mark.parametrize("spoil", [changed_byte, lambda raw: EPS, lambda raw: BOMB])
def test_damage_inside_a_file_is_named_or_skipped(dataset, tmp_path, workers, name, what, spoil):
    """Header and end of the changed PNG are whole."""
    (tmp_path / name).write_bytes(spoil(encoded(Image.fromarray(noise(8, 8)), "PNG")))
    loader = torch.utils.data.DataLoader(dataset, batch_size=None, num_workers=workers)
    check_files(dataset)
    with refused(f"{what}-unreadable", tmp_path / name):
        list(loader)
    stop_workers()
    skip_broken_files(dataset, training=False, notes=tmp_path / "notes.txt")
    assert [seen(item)[0] for item in loader] == [10, 30, 30]
    (line,) = skipped(tmp_path / "notes.txt")
    assert line.startswith(f"[{what}-unreadable] {tmp_path / name}: ")


def test_notes_of_two_workers_are_one_list(dataset, tmp_path):
    (tmp_path / "20.jpg").write_bytes(b"")
    skip_broken_files(dataset, training=False, notes=tmp_path / "notes.txt")
    loader = torch.utils.data.DataLoader(RepeatDataset(dataset, times=4), batch_size=None, num_workers=2)
    assert [seen(item)[0] for item in loader] == [10, 30, 30] * 4
    assert len((tmp_path / "notes.txt").read_text().splitlines()) == 2
    assert len(skipped(tmp_path / "notes.txt")) == 1


def test_broken_samples_here_and_there_are_no_broken_data_set(dataset, tmp_path, monkeypatch):
    monkeypatch.setattr("fcn_plugin.data.broken_files.MOST_IN_A_ROW", 2)
    (tmp_path / "20.jpg").write_bytes(b"")
    skip_broken_files(dataset, training=False, notes=tmp_path / "notes.txt")
    for _ in range(3):
        assert [seen(item)[0] for item in dataset] == [10, 30, 30]


@pytest.mark.parametrize(
    ("size", "step"),
    [
        (
            (1, 1),
            dict(type="RandomFlip", prob=1.0),
        ),  # mmcv hands one pixel on with negative strides, which torch refuses
        ((4000, 2), dict(type="RandomResize", scale=(480, 360), ratio_range=(0.6, 0.6), keep_ratio=True)),
    ],
    ids=["flipped", "resized"],
)
def test_thin_images_are_named(files, size, step):
    for key in ("img_path", "seg_map_path"):
        Image.new("L", size).save(files[key])
    pipeline = checked(TRANSFORMS.build(step), TRANSFORMS.build(dict(type="PackSegInputs")))
    with refused("image-thin", files["img_path"], f"{size[0]} x {size[1]}"):
        pipeline({**files, "label_map": None, "reduce_zero_label": False})
