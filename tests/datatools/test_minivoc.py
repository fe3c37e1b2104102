"""The built-in mini dataset: bytes, layout, labels, and what it refuses to overwrite."""

import hashlib
import json

import numpy as np
import pytest
from PIL import Image, ImageDraw
from support.refusals import refused, tool_refused

from fcn_plugin.data.palette import CLASS_NAMES, VOID, voc_palette
from fcn_plugin.datatools.minivoc import writer
from fcn_plugin.datatools.minivoc.objects import SHAPES
from fcn_plugin.datatools.minivoc.scene import draw_object, draw_scene, void_ring
from fcn_plugin.datatools.minivoc.writer import make_minivoc

SMALL = {"seed": 3, "train": 11, "val": 10, "size": (96, 64)}
TINY = {"seed": 0, "train": 2, "val": 1, "size": (48, 32)}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A small dataset that the tests only read."""
    path = tmp_path_factory.mktemp("minivoc") / "VOC2012"
    assert make_minivoc(path, **SMALL)
    return path


def files_of(root):
    return sorted(p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file())


def digest(root):
    total = hashlib.sha256()
    for name in files_of(root):
        total.update(name.encode() + b"\0" + (root / name).read_bytes())
    return total.hexdigest()


def names_of(root, split):
    return (root / "ImageSets" / "Segmentation" / f"{split}.txt").read_text().split()


def mask_of(root, name):
    return np.array(Image.open(root / "SegmentationClass" / f"{name}.png"))


def run_lengths(mask):
    """Lengths of the horizontal runs of True in a bool (H, W) array."""
    edges = np.diff(np.pad(mask, ((0, 0), (1, 1))).astype(int), axis=1)
    return np.nonzero(edges == -1)[1] - np.nonzero(edges == 1)[1]


def test_palette_is_vocs():
    palette = voc_palette()
    assert palette.shape == (256, 3) and palette.dtype == np.uint8
    assert palette[[0, 1, 2, 4]].tolist() == [[0, 0, 0], [128, 0, 0], [0, 128, 0], [0, 0, 128]]
    assert palette[[8, 15, 20, 255]].tolist() == [[64, 0, 0], [192, 128, 128], [0, 64, 128], [224, 224, 192]]


def test_class_ids_are_vocs():
    assert len(CLASS_NAMES) == 21
    assert [CLASS_NAMES.index(name) for name in ("aeroplane", "person", "tvmonitor")] == [1, 15, 20]
    assert set(SHAPES) <= set(CLASS_NAMES[1:])


def test_layout(root):
    train = [f"2012_{i:06d}" for i in range(1, 12)]
    val = [f"2012_{i:06d}" for i in range(500001, 500011)]
    assert names_of(root, "train") == train
    assert names_of(root, "val") == val
    assert names_of(root, "trainval") == train + val
    files = [f for name in train + val for f in (f"JPEGImages/{name}.jpg", f"SegmentationClass/{name}.png")]
    lists = [f"ImageSets/Segmentation/{split}.txt" for split in ("train", "val", "trainval")]
    assert files_of(root) == sorted([*files, *lists, "minivoc.json"])
    assert [path.name for path in root.parent.iterdir()] == ["VOC2012"]  # no leftovers


def test_image_and_mask_files(root):
    for name in names_of(root, "trainval"):
        with Image.open(root / "JPEGImages" / f"{name}.jpg") as image:
            assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (96, 64))
            assert [layer[1:3] for layer in image.layer] == [(1, 1)] * 3  # 4:4:4
        with Image.open(root / "SegmentationClass" / f"{name}.png") as mask:
            assert (mask.format, mask.mode, mask.size) == ("PNG", "P", (96, 64))
            assert bytes(mask.getpalette()) == voc_palette().tobytes()


def test_labels(root):
    drawn = {CLASS_NAMES.index(name) for name in SHAPES}
    for split in ("train", "val"):
        found = set()
        for name in names_of(root, split):
            ids = set(np.unique(mask_of(root, name)).tolist())
            assert ids <= drawn | {0, VOID}
            found |= ids
        assert found == drawn | {0, VOID}


def test_image_shows_what_the_label_says():
    image, labels = draw_scene(0, 0, (160, 128))
    assert image.shape == (128, 160, 3) and labels.shape == (128, 160)
    # The first object of scene 0 is an aeroplane: far bluer than any background.
    plane = image[labels == 1].astype(float).mean(0)
    assert plane[2] - plane[0] > 30


def test_void_ring_by_hand():
    mask = np.zeros((4, 5), dtype=bool)
    mask[1, 1] = mask[1, 2] = True
    ring = [[1, 1, 1, 1, 0], [1, 0, 0, 1, 0], [1, 1, 1, 1, 0], [0, 0, 0, 0, 0]]
    assert void_ring(mask).astype(int).tolist() == ring


def test_void_lies_between_every_object_and_all_else(root):
    for name in names_of(root, "trainval"):
        labels = mask_of(root, name)
        for class_id in set(np.unique(labels).tolist()) - {0, VOID}:
            assert set(labels[void_ring(labels == class_id)].tolist()) == {VOID}


@pytest.mark.parametrize("name", SHAPES)
def test_every_class_has_its_size(name):
    sprite = draw_object(np.random.default_rng(1), name, 128)
    assert 40 <= max(sprite.mask.shape) <= 110
    assert sprite.colours.min() >= 0 and sprite.colours.max() <= 255
    assert sprite.coverage.max() == 1


@pytest.mark.parametrize("name", ["bicycle", "chair", "boat"])
def test_holes(name):
    mask = np.pad(draw_object(np.random.default_rng(1), name, 128).mask, 1)
    picture = Image.fromarray(np.uint8(mask))
    ImageDraw.floodfill(picture, (0, 0), 1)  # all that the outside reaches
    holes = np.asarray(picture) == 0
    assert np.count_nonzero(holes) > 0.1 * np.count_nonzero(mask)


def test_thin_parts_keep_their_labels(root):
    for class_name in ("bicycle", "sheep", "pottedplant"):
        class_id = CLASS_NAMES.index(class_name)
        runs = [run_lengths(mask_of(root, n) == class_id) for n in names_of(root, "trainval")]
        assert np.count_nonzero(np.concatenate(runs) <= 3) >= 20


def test_same_seed_same_bytes(root, tmp_path):
    make_minivoc(tmp_path / "again", **SMALL)
    make_minivoc(tmp_path / "other", **{**SMALL, "seed": 4})
    assert digest(tmp_path / "again") == digest(root)
    assert digest(tmp_path / "other") != digest(root)


def test_images_do_not_depend_on_the_counts(root, tmp_path):
    make_minivoc(tmp_path / "few", **{**SMALL, "train": 1, "val": 2})
    few = [name for name in files_of(tmp_path / "few") if name.endswith((".jpg", ".png"))]
    assert len(few) == 6
    for name in few:
        assert (tmp_path / "few" / name).read_bytes() == (root / name).read_bytes()


def test_complete_dataset_is_kept(root):
    before = (root / "minivoc.json").stat().st_mtime_ns
    assert make_minivoc(root, **SMALL) is False
    assert (root / "minivoc.json").stat().st_mtime_ns == before


def test_missing_file_is_redrawn(tmp_path):
    make_minivoc(tmp_path / "a", **TINY)
    whole = digest(tmp_path / "a")
    (tmp_path / "a" / "JPEGImages" / "2012_000002.jpg").unlink()
    assert make_minivoc(tmp_path / "a", **TINY) is True
    assert digest(tmp_path / "a") == whole


def test_other_parameters_need_force(tmp_path):
    make_minivoc(tmp_path, **TINY)
    with refused("output-exists", tmp_path, "'seed': 0", "'seed': 1", "--force"):
        make_minivoc(tmp_path, **{**TINY, "seed": 1})
    assert make_minivoc(tmp_path, **{**TINY, "seed": 1}, force=True) is True
    assert json.loads((tmp_path / "minivoc.json").read_text())["seed"] == 1


def test_foreign_files_are_never_deleted(tmp_path):
    make_minivoc(tmp_path / "a", **TINY)
    mine = tmp_path / "a" / "JPEGImages" / "holiday.jpg"
    mine.write_text("precious")
    with refused("output-exists", tmp_path / "a", "JPEGImages/holiday.jpg"):
        make_minivoc(tmp_path / "a", **TINY, force=True)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "notes.txt").write_text("precious")
    with refused("output-exists", tmp_path / "b", "notes.txt"):
        make_minivoc(tmp_path / "b", **TINY, force=True)
    for out_dir in (mine, mine / "below"):
        with refused("output-path", mine):
            make_minivoc(out_dir, **TINY)
    assert mine.read_text() == (tmp_path / "b" / "notes.txt").read_text() == "precious"


def test_interrupted_run_leaves_nothing(tmp_path, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(writer, "draw_scene", stop)
    with pytest.raises(KeyboardInterrupt):
        make_minivoc(tmp_path / "a", **TINY)
    assert list(tmp_path.iterdir()) == []


def test_tool(tool, tmp_path):
    small = ("make_minivoc", "--out-dir", tmp_path / "a", "--train", 2, "--val", 1, "--size", 48, 32)
    for told in ("drew 2 train and 1 val images in", "exist already"):
        done = tool(*small)
        assert done.code == 0
        assert told in done.out
    tool_refused(tool(*small, "--seed", 1), tmp_path / "a", "output-exists", tmp_path / "a", "--force")
    assert tool(*small, "--seed", 1, "--force").code == 0


@pytest.mark.parametrize("wrong", [("--train", 0), ("--val", -1), ("--size", 31, 64), ("--seed", -2)])
def test_tool_refuses_wrong_numbers(tool, tmp_path, wrong):
    done = tool("make_minivoc", "--out-dir", tmp_path / "a", *wrong)
    assert done.code == 2
    assert f"argument {wrong[0]}: {wrong[1]} is less than" in done.err
    assert list(tmp_path.iterdir()) == []
