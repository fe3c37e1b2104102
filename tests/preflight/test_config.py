"""check_config and make_dir: contradictions and missing files are found before anything is built."""

import copy
import os

import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope

from fcn_plugin.errors import UserError
from fcn_plugin.preflight.config import check_config, check_start, make_dir
from fcn_plugin.preflight.missing_files import check_files_there

SPLITS = ("train", "val")
DATASET = dict(
    type="PascalVOCDataset",
    data_prefix=dict(img_path="JPEGImages", seg_map_path="SegmentationClass"),
    ann_file="names.txt",
)


@pytest.fixture(autouse=True)
def scope():
    init_default_scope("mmseg")


@pytest.fixture
def root(tmp_path):
    for folder in ("JPEGImages", "SegmentationClass"):
        (tmp_path / folder).mkdir()
    (tmp_path / "JPEGImages" / "a.jpg").touch()
    (tmp_path / "SegmentationClass" / "a.png").touch()
    (tmp_path / "names.txt").write_text("a\n")
    return tmp_path


def config(root, num_classes=21, **options):
    dataset = copy.deepcopy(DATASET) | {"data_root": str(root)} | options
    loaders = {f"{split}_dataloader": dict(dataset=copy.deepcopy(dataset)) for split in SPLITS}
    return Config(dict(model=dict(decode_head=dict(num_classes=num_classes)), data_help="Draw it", **loaders))


def refusal(cfg, splits=SPLITS):
    with pytest.raises(UserError) as error:
        check_config(cfg, splits)
    return str(error.value)


def test_a_whole_config_passes(root):
    check_config(config(root), SPLITS)


@pytest.mark.parametrize("number", [None, "21", 1, 0, -3, 2.0])
def test_num_classes_is_a_number_of_classes(root, number):
    message = refusal(config(root, number))
    assert f"model.decode_head.num_classes is {number!r}" in message
    assert "background included" in message


def test_classes_agree_with_the_data_set(root):
    message = refusal(config(root, 20))
    assert "num_classes is 20, but the train data set PascalVOCDataset has 21 classes: set num_classes=21" in message


def test_a_config_may_name_other_classes(root):
    names = ("road", "sky")
    check_config(config(root, 2, metainfo=dict(classes=names)), SPLITS)
    assert "has 2 classes: set num_classes=2" in refusal(config(root, 21, metainfo=dict(classes=names)))


def test_only_the_asked_splits_are_looked_at(root):
    cfg = config(root)
    cfg.val_dataloader.dataset.data_root = "nowhere"
    cfg.test_dataloader = None
    check_config(cfg, ("train",))
    check_config(cfg, ())
    assert "the val data root nowhere does not exist" in refusal(cfg)
    assert "has no test_dataloader" in refusal(cfg, ("test",))


@pytest.mark.parametrize(
    "path, what",
    [
        ("JPEGImages", "image folder"),
        ("SegmentationClass", "mask folder"),
        ("names.txt", "split file"),
    ],
)
def test_missing_parts_are_named_with_the_remedies(root, path, what):
    (root / path).rename(root / "moved")
    message = refusal(config(root))
    assert f"the train {what} {root / path} does not exist. Draw it" in message
    assert "configs/fcn8s_vgg16_minivoc.py" in message


def test_a_split_file_names_images(root):
    (root / "names.txt").write_text(" \n\n")
    assert f"the train split is empty: {root / 'names.txt'} names no image" in refusal(config(root))


def test_without_a_split_file_images_are_looked_for(root):
    check_config(config(root, ann_file=""), SPLITS)
    message = refusal(config(root, ann_file="", img_suffix=".png"))
    assert f"the train split is empty: no *.png in {root / 'JPEGImages'}" in message


@pytest.mark.parametrize("depth", [1, 2])
def test_reaches_through_wrappers(root, depth):
    cfg = config(root)
    for _ in range(depth):
        cfg.train_dataloader.dataset = dict(
            type="ConcatDataset", datasets=[dict(type="RepeatDataset", times=2, dataset=cfg.train_dataloader.dataset)]
        )
    check_config(cfg, SPLITS)
    (root / "names.txt").unlink()
    assert f"split file {root / 'names.txt'} does not exist" in refusal(cfg)


def test_unknown_type_of_data_set(root):
    assert "data set's type 'VOCDataset' is unknown" in refusal(config(root, type="VOCDataset"))


def test_make_dir(tmp_path):
    make_dir(str(tmp_path / "a" / "b"), "--out")
    make_dir(str(tmp_path / "a" / "b"), "--out")
    assert (tmp_path / "a" / "b").is_dir()
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(UserError, match=r"can't write to the folder .*file.*: give another with --out"):
            make_dir(str(path), "--out")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_make_dir_without_permission(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(UserError, match="give another with --out"):
        make_dir(str(tmp_path / "a"), "--out")
    with pytest.raises(UserError, match="no permission"):
        make_dir(str(tmp_path), "--out")


def test_unknown_optimizer(root):
    cfg = config(root)
    cfg.optim_wrapper = dict(optimizer=dict(type="SGDD", lr=0.1))
    assert "optim_wrapper.optimizer.type is 'SGDD', which is unknown" in refusal(cfg)
    check_config(cfg, ("val",))  # evaluation needs none
    cfg.optim_wrapper.optimizer.type = "SGD"
    check_config(cfg, SPLITS)


MAPPED = dict(type="ClassMapDataset", class_map={0: "background", 255: "road", 7: "car"}, ignore_ids=(9,))


def test_the_number_of_classes_comes_from_the_class_map(root):
    cfg = config(root, None, **MAPPED)
    check_config(cfg, SPLITS)
    assert cfg.model.decode_head.num_classes == 3


def test_the_number_of_classes_agrees_with_the_class_map(root):
    check_config(config(root, 3, **MAPPED), SPLITS)
    message = refusal(config(root, 21, **MAPPED))
    assert "num_classes is 21, but the train data set ClassMapDataset has 3 classes: set num_classes=3" in message


def test_class_maps_of_two_splits_agree(root):
    cfg = config(root, None, **MAPPED)
    cfg.val_dataloader.dataset.class_map = {0: "background", 7: "car"}
    assert "num_classes is 3, but the val data set ClassMapDataset has 2 classes" in refusal(cfg)


def test_a_class_map_that_no_mask_fits(root):
    assert "class_map holds the id -1" in refusal(config(root, None, **MAPPED | dict(class_map={-1: "a", 0: "b"})))


@pytest.mark.parametrize("several", [False, True])
def test_a_weight_for_each_class(root, several):
    cfg = config(root)
    loss = dict(type="FCNCrossEntropyLoss", class_weight=[1.0] * 11)
    cfg.model.decode_head.loss_decode = [dict(type="FCNDiceLoss"), loss] if several else loss
    message = refusal(cfg)
    assert "class_weight has 11 weights, num_classes is 21: count new ones (tools/class_weights.py)" in message


def test_what_becomes_of_broken_files(root):
    cfg = config(root)
    cfg.broken_files = "skipp"
    assert "broken_files is 'skipp': 'stop' or 'skip'" in refusal(cfg)
    cfg.broken_files = "skip"
    check_config(cfg, SPLITS)


@pytest.mark.parametrize("head", [None, [dict(num_classes=21)], "FCNSkipHead"])
def test_one_head(root, head):
    cfg = config(root)
    cfg.model.decode_head = head
    assert "model.decode_head is" in refusal(cfg)


def test_no_folder_of_masks(root):
    prefix = dict(img_path="JPEGImages")
    cfg = config(root, data_prefix=prefix)
    assert "names no folder of masks: add data_prefix.seg_map_path" in refusal(cfg)
    cfg.test_dataloader = cfg.val_dataloader  # a server has the masks
    check_config(cfg, ("test",))


def test_masks_beside_the_images(root):
    check_config(config(root, data_prefix=dict(img_path="JPEGImages", seg_map_path="")), SPLITS)


def test_suffix_of_the_data_set_s_class(root):
    """Cityscapes' class looks for _leftImg8bit.png."""
    cfg = config(root, 19, type="CityscapesDataset", ann_file="")
    assert "no *_leftImg8bit.png in" in refusal(cfg)
    (root / "JPEGImages" / "a_leftImg8bit.png").touch()
    check_config(cfg, SPLITS)


@pytest.mark.parametrize("source", [123, ["a.pth"], True])
def test_pretrained_is_a_name(root, source):
    cfg = config(root)
    cfg.model.pretrained = source
    with pytest.raises(UserError, match=r"model.pretrained is .*: give a path, a link or torchvision://NAME"):
        check_start(cfg)


def test_classes_of_no_checkpoint_can_be_adapted(root):
    cfg = config(root)
    cfg.adapt_classes = True
    with pytest.raises(UserError, match="name it with --load-from PATH"):
        check_start(cfg)


def test_files_of_all_splits_are_there(root):
    cfg = config(root)
    check_files_there(cfg, SPLITS)
    (root / "names.txt").write_text("a\nb\nc\n")
    (root / "JPEGImages" / "b.jpg").touch()
    with pytest.raises(UserError) as refusal:
        check_files_there(cfg, SPLITS)
    assert str(refusal.value).startswith(f"{root / 'SegmentationClass/b.png'}: can't be read (no such file); ")
    assert str(refusal.value).endswith("(3 files of the train split are missing)")
    cfg.broken_files = "skip"
    check_files_there(cfg, SPLITS)


def test_a_data_set_that_can_not_be_built_is_named_with_its_split(root):
    cfg = config(root, 3, **MAPPED)
    cfg.val_dataloader.dataset.palette = [[0, 0, 0]]
    with pytest.raises(UserError, match=r"val data set: palette has 1 colours, class_map 3 classes"):
        check_files_there(cfg, SPLITS)
