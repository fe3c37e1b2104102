"""NYUDv2's ``.mat`` files become images, depth, HHA, labels and lists, which the configs read at the pixel."""

import shutil

import numpy as np
import pytest
from mmseg.registry import DATASETS
from PIL import Image
from scipy.io import savemat
from support.builders import init_default_scope
from support.configs import own_config
from support.nyud_trees import MAT, class_of, label_map, make_release, picture
from support.refusals import refused

from fcn_plugin import requirements
from fcn_plugin.datatools.nyud.build import FILES, build_nyud, name_of
from fcn_plugin.datatools.nyud.frames import read_mapping, read_split

CROP = np.s_[45:470, 40:600]
COLOR = picture(1)[CROP]


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    return make_release(tmp_path_factory.mktemp("nyud"))


@pytest.fixture(scope="module")
def built(release):
    """(tree, report), to read."""
    return release, build_nyud(release, hha=True, jobs=1)


@pytest.fixture
def tree(release, tmp_path):
    """The release's files alone, to spoil."""
    for name in FILES:
        shutil.copy(release / name, tmp_path / name)
    return tmp_path


def read(path):
    with Image.open(path) as image:
        return np.asarray(image)


def test_every_frame_without_its_border(built):
    root, report = built
    np.testing.assert_array_equal(read(root / "images/img_5001.png"), COLOR)
    depth = read(root / "depth/img_5001.png")
    assert (depth == 2000).all() and depth.dtype == np.uint16 and depth.shape == (425, 560)
    labels = read(root / "labels/img_5001.png")
    wanted = label_map()[CROP]
    np.testing.assert_array_equal(labels, np.where(wanted == 0, 0, class_of(wanted)))
    for folder in ("images", "depth", "labels", "color_depth", "hha", "color_hha"):
        assert {path.stem for path in (root / folder).iterdir()} == {name_of(i) for i in range(3)}
    assert (root / "trainval.txt").read_text() == "img_5001\nimg_5003\n"
    assert (root / "test.txt").read_text() == "img_5002\n"
    assert f"warning: {root / 'test.txt'}: 1 images, the full release has 654" in report
    assert report[-1].startswith("no train.txt and val.txt: put those of https://")


def test_joined_images(built):
    root = built[0]
    early = np.load(root / "color_depth/img_5001.npz")["arr_0"]
    assert early.dtype == np.float32
    np.testing.assert_array_equal(early[..., :3], COLOR[..., ::-1])
    np.testing.assert_allclose(early[..., 3], 7.6009, atol=1e-4)  # ln 2000
    both = np.load(root / "color_hha/img_5001.npz")["arr_0"]
    assert both.dtype == np.uint8
    np.testing.assert_array_equal(both[..., :3], COLOR[..., ::-1])
    np.testing.assert_array_equal(both[..., 3:], read(root / "hha/img_5001.png"))


def test_hha_of_a_wall_at_2_m(built):
    """31000 / 200 = 155; 90 + 38; a row is 200 / 519.47 cm, the last one (425 - (253.736 - 45)) of them below the camera: 83.3 cm,
    so that the ground is taken to lie at 130."""
    hha = read(built[0] / "hha/img_5001.png").astype(int)
    assert (hha[..., 0] == 155).all()
    measured = np.ones(425, bool)
    measured[57:63] = False  # 10 rows without a depth from 55 on: one known row within 3 rows, or none
    assert (hha[measured, :, 2] == 128).all() and (hha[~measured, :, 2] == 0).all()
    below = (np.arange(1, 426) - (253.73616633400465 - 45)) * 200 / 519.46961112127485
    np.testing.assert_array_equal(hha[:, 7, 1], np.floor(130 - below + 0.5))


@pytest.mark.parametrize("images, bands", [("color", 3), ("hha", 3), ("depth", 4), ("colorhha", 6)])
def test_configs_read_classes_from_0_and_void(built, images, bands):
    cfg = own_config(f"reference/fcn32s_vgg16_nyud_{images}")
    if images == "hha":
        pytest.importorskip("rasterio")
    init_default_scope("mmseg")
    entry = cfg.train_dataloader.dataset
    entry.data_root = str(built[0])
    dataset = DATASETS.build(entry)
    assert len(dataset) == 2
    assert (dataset.metainfo["classes"][0], dataset.metainfo["classes"][39]) == ("wall", "otherprop")
    item = dataset[0]
    assert item["inputs"].shape == (bands, 425, 560)
    labels = item["data_samples"].gt_sem_seg.data[0, 0].numpy()
    wanted = label_map()[45, 40:600]
    np.testing.assert_array_equal(labels, np.where(wanted == 0, 255, class_of(wanted) - 1))


def test_a_second_call_does_what_is_missing(release, built):
    lost = release / "labels/img_5002.png"
    before, kept = lost.read_bytes(), release / "labels/img_5003.png"
    stamp = kept.stat().st_mtime_ns
    lost.unlink()
    report = build_nyud(release, hha=True, jobs=1)
    assert f"{release / 'labels'}: 1 masks written, 2 existed" in report
    assert lost.read_bytes() == before
    assert kept.stat().st_mtime_ns == stamp


def test_the_authors_lists(built):
    root = built[0]
    try:
        (root / "train.txt").write_text("5003\n")
        (root / "val.txt").write_text("5001")
        for _ in range(2):  # theirs, then ours
            report = build_nyud(root, jobs=1)
            assert (root / "train.txt").read_text() == "img_5003\n"
            assert (root / "val.txt").read_text() == "img_5001\n"
        assert f"warning: {root / 'val.txt'}: 1 images, the full release has 414" in report
        (root / "val.txt").write_text("5002\n")
        with refused("list-file", "not the 2 training frames", "fcn.berkeleyvision.org"):
            build_nyud(root, jobs=1)
    finally:
        (root / "train.txt").unlink()
        (root / "val.txt").unlink()


def test_published_hha(tree, tmp_path):
    published = tmp_path / "published"
    published.mkdir()
    mine = np.random.default_rng(0).integers(0, 256, (425, 560, 3), np.uint8)
    for i in range(3):
        Image.fromarray(mine).save(published / f"img_{5001 + i}.png")
    (published / "img_5003.png").unlink()
    with refused("file-missing", published, "1 of 3", "img_5003.png"):
        build_nyud(tree, hha_dir=published, jobs=1)
    Image.fromarray(mine[1:]).save(published / "img_5003.png")
    with refused("mask-size", "img_5003.png is 560 x 424"):
        build_nyud(tree, hha_dir=published, jobs=1)
    Image.fromarray(mine).save(published / "img_5003.png")
    build_nyud(tree, hha_dir=published, jobs=1)
    np.testing.assert_array_equal(read(tree / "hha/img_5002.png"), mine)
    np.testing.assert_array_equal(np.load(tree / "color_hha/img_5002.npz")["arr_0"][..., 3:], mine)


def test_missing_files_are_asked_for_by_link_and_place(tmp_path):
    with refused("dataset-missing", f"{tmp_path} lacks 3 of the files of NYUDv2") as error:
        build_nyud(tmp_path)
    lines = error.value.message.splitlines()[1:]
    assert lines[0] == (
        f"  {tmp_path / MAT} from http://horatio.cs.nyu.edu/mit/silberman/nyu_depth_v2/nyu_depth_v2_labeled.mat"
    )
    assert [line.split()[0].rpartition("/")[2] for line in lines] == [*FILES]


def test_damaged_files(tree):
    whole = (tree / MAT).read_bytes()
    (tree / MAT).write_bytes(whole[: len(whole) // 2])
    with refused("archive-damaged", tree / MAT, "download it again"):
        build_nyud(tree, jobs=1)
    (tree / MAT).write_bytes(b"no HDF5")
    with refused("archive-damaged", tree / MAT):
        build_nyud(tree, jobs=1)


def test_mappings_and_splits(tmp_path):
    """Of files of MATLAB 5, which need no h5py."""
    path = tmp_path / "file.mat"
    savemat(path, {"mapClass": np.arange(894)[None] % 40 + 1})
    mapping = read_mapping(path)
    assert mapping[[0, 1, 40, 41, 894]].tolist() == [0, 1, 40, 1, 14]
    savemat(path, {"mapClass": np.arange(894)[None]})
    with refused("class-file", "894 values from 0 to 893"):
        read_mapping(path)
    with refused("list-file", path, "no trainNdxs"):
        read_split(path, 4)
    for train, test, code, part in (
        ([1, 2], [2, 3], "lists-overlap", "share 1 frames"),
        ([1, 5], [2], "list-file", "trainval names frames"),
        ([1], [0], "list-file", "test names frames"),
    ):
        savemat(path, {"trainNdxs": np.array([train]).T, "testNdxs": np.array([test]).T})
        with refused(code, part):
            read_split(path, 4)


def test_without_h5py_one_line_says_how_to_install_it(tmp_path, monkeypatch):
    savemat(tmp_path / "splits.mat", {"trainNdxs": np.array([[1]]), "testNdxs": np.array([[2]])})
    savemat(tmp_path / "classMapping40.mat", {"mapClass": np.arange(894)[None] % 40 + 1})
    (tmp_path / MAT).write_bytes(b"")

    def missing(name):
        raise ModuleNotFoundError(name=name)

    monkeypatch.setattr(requirements, "import_module", missing)
    with refused("requirements", "h5py is not installed: pip install 'fcn-plugin[nyud]'"):
        build_nyud(tmp_path)
