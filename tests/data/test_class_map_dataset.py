"""Images and masks of any ids and names: pairs, classes, void, and what is refused."""

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS
from PIL import Image
from support.refusals import refused

from fcn_plugin.data.camvid import CamVidDataset
from fcn_plugin.data.class_map import ClassMap
from fcn_plugin.data.class_map_dataset import ClassMapDataset

PIPELINE = [dict(type="LoadImageFromFile"), dict(type="FCNLoadAnnotations"), dict(type="PackSegInputs")]
BINARY = {0: "background", 255: "object"}
MASK = np.array([[0, 255, 255], [0, 0, 255]], np.uint8)


@pytest.fixture
def folder(tmp_path):
    init_default_scope("mmseg")
    for name in ("images/day 1", "images/night", "masks/day 1"):
        (tmp_path / name).mkdir(parents=True)
    photo = Image.fromarray(np.full((2, 3, 3), 90, np.uint8))
    photo.save(tmp_path / "images/day 1/a b.JPG")
    photo.save(tmp_path / "images/night/c.png")
    for i, name in enumerate(("day 1/a b_mask.png", "c_mask.png")):
        Image.fromarray(np.roll(MASK, i, 1)).save(tmp_path / "masks" / name)
    (tmp_path / "train.txt").write_text("day 1/a b.JPG\tday 1/a b_mask.png\nnight/c.png\tc_mask.png\n")
    return tmp_path


def build(folder, **options):
    options = dict(class_map=BINARY, ann_file="train.txt", pipeline=PIPELINE) | options
    prefix = dict(img_path="images", seg_map_path="masks")
    return DATASETS.build(dict(type="ClassMapDataset", data_root=str(folder), data_prefix=prefix, **options))


def test_pairs_of_other_names(folder):
    data = build(folder)
    samples = [item["data_samples"] for item in data]
    assert [s.img_path for s in samples] == [str(folder / "images" / n) for n in ("day 1/a b.JPG", "night/c.png")]
    masks = [str(folder / "masks" / name) for name in ("day 1/a b_mask.png", "c_mask.png")]
    assert [s.seg_map_path for s in samples] == masks
    assert samples[0].gt_sem_seg.data.tolist() == [[[0, 1, 1], [0, 0, 1]]]
    assert samples[1].gt_sem_seg.data.tolist() == [[[1, 0, 1], [1, 0, 0]]]
    assert data.metainfo["classes"] == ("background", "object")
    assert len(data.metainfo["palette"]) == 2


def test_pairs_without_a_data_root(folder, monkeypatch):
    monkeypatch.chdir(folder)
    prefix = dict(img_path="images/", seg_map_path="masks")
    data = ClassMapDataset(class_map=BINARY, ann_file="train.txt", data_prefix=prefix, pipeline=PIPELINE)
    assert data[1]["data_samples"].seg_map_path == "masks/c_mask.png"
    assert data[1]["data_samples"].img_path == "images/night/c.png"


def test_pairs_with_a_path_of_their_own(folder):
    (folder / "train.txt").write_text(f"{folder / 'images/night/c.png'}\t{folder / 'masks/c_mask.png'}\n")
    item = build(folder)[0]["data_samples"]
    assert (item.img_path, item.seg_map_path) == (str(folder / "images/night/c.png"), str(folder / "masks/c_mask.png"))


def test_lists_as_editors_write_them(folder):
    (folder / "train.txt").write_bytes(b"\xef\xbb\xbfnight/c.png\tc_mask.png\r\n\r\n  \r\n")
    data = build(folder)
    assert [item["img_path"] for item in data.load_data_list()] == [str(folder / "images/night/c.png")]


@pytest.mark.parametrize(
    "line, fragments",
    [
        (b"c.png    c_mask.png", ["'c.png    c_mask.png'", "tab"]),
        (b"Stra\xdfe.jpg\tc_mask.png", ["0xdf", "UTF-8"]),
        (b"a.png\tb.png\tc.png", [r"'a.png\tb.png\tc.png'"]),
        (b"a.png\t\tb.png", [r"'a.png\t\tb.png'"]),
    ],
)
def test_invalid_lists(folder, line, fragments):
    (folder / "train.txt").write_bytes(b"night/c.png\tc_mask.png\n" + line)
    with refused("list-file", folder / "train.txt", *fragments):
        build(folder)


def test_names_without_suffix_as_in_mmseg(folder):
    (folder / "train.txt").write_text("day 1/a b\n")
    item = build(folder, img_suffix=".JPG", seg_map_suffix="_mask.png")[0]["data_samples"]
    assert item.gt_sem_seg.data.tolist() == [[[0, 1, 1], [0, 0, 1]]]


def test_images_without_masks_to_predict(folder):
    prefix = dict(img_path="images")
    data = ClassMapDataset(class_map=BINARY, ann_file="train.txt", data_root=str(folder), data_prefix=prefix)
    assert "seg_map_path" not in data.get_data_info(0)


@pytest.mark.parametrize(
    "options, fragments",
    [
        (dict(class_map=None), ["ClassMapDataset", "class_map={id: name}"]),
        (dict(class_map=None, metainfo=dict(classes=("a", "b"))), ["ClassMapDataset", "class_map={id: name}"]),
        (dict(reduce_zero_label=True), ["reduce_zero_label", "add 0 to ignore_ids"]),
        (dict(palette=[[0, 0, 0]]), ["palette", "1 colours", "2 classes"]),
        (dict(palette=[[0, 0, 0], [0, 0, 256]]), ["palette", "[0, 0, 256]"]),
        (dict(palette=[1, 2]), ["palette", "holds 1:"]),
        (dict(pipeline=[dict(type="LoadAnnotations")]), ["LoadAnnotations", "FCNLoadAnnotations"]),
        (dict(pipeline=[dict(type="TestTimeAug", transforms=[[dict(type="mmseg.LoadAnnotations")]])]), ["LoadAnn"]),
    ],
)
def test_contradictions(folder, options, fragments):
    with refused("class-map", *fragments):
        build(folder, **options)


def test_stock_loader_serves_where_every_index_is_an_id(folder):
    """What it passes on is then an id beyond the classes, which the head and the metric refuse."""
    pipeline = [dict(type="LoadAnnotations")]
    data = build(folder, class_map={0: "background", 1: "object"}, ignore_ids=(255,), pipeline=pipeline)
    assert data[0]["gt_seg_map"].tolist() == MASK.tolist()


def test_the_map_survives_a_config_file(folder):
    (folder / "base.py").write_text(
        "data = dict(type='ClassMapDataset', class_map={0: 'sea', 40: 'land'}, ignore_ids=(3,))\n"
    )
    (folder / "leaf.py").write_text("_base_ = 'base.py'\ndata = dict(class_map={41: 'land'})\n")
    cfg = Config.fromfile(folder / "leaf.py")
    (folder / "dump.py").write_text(cfg.pretty_text)
    for one in (cfg, Config.fromfile(folder / "dump.py")):
        built = DATASETS.build(dict(one.data, lazy_init=True)).class_map
        assert built == ClassMap({3: 255, 0: 0, 40: 1, 41: 1}, ("sea", "land"))


def test_camvid_has_an_extra_id(folder):
    assert CamVidDataset(lazy_init=True).class_map.ids == {**{i: i for i in range(11)}, 11: 255, 255: 255}
    custom = CamVidDataset(lazy_init=True, class_map={3: "road", 4: "road", 8: "car"}, ignore_ids=(255, 11))
    assert custom.class_map.classes == ("road", "car")
    assert len(custom.metainfo["palette"]) == 2


def test_255_is_no_id_like_others_where_nothing_is_ignored(folder):
    Image.fromarray(np.array([[0, 1, 255], [0, 0, 1]], np.uint8)).save(folder / "masks/c_mask.png")
    data = build(folder, class_map={0: "background", 1: "object"}, ignore_ids=())
    assert ClassMap.of_dataset(data).ids == {0: 0, 1: 1}
    with refused("mask-ids", folder / "masks/c_mask.png", "id 255 (1 px)", "classes 0..1"):
        data[1]
