"""prepare: contradictions and missing files are found before anything is built, and what follows from the config is filled in."""

import copy
import os

import pytest
from mmengine.config import Config
from support.refusals import refused

from fcn_plugin.atomic_write import make_dir
from fcn_plugin.engine.start import Asked, resolve_start
from fcn_plugin.preflight.prepare import prepare

SPLITS = ("train", "val")
PREFIX = dict(img_path="JPEGImages", seg_map_path="SegmentationClass")


@pytest.fixture
def root(tmp_path):
    for folder in ("JPEGImages", "SegmentationClass"):
        (tmp_path / folder).mkdir()
    (tmp_path / "JPEGImages" / "a.jpg").touch()
    (tmp_path / "SegmentationClass" / "a.png").touch()
    (tmp_path / "names.txt").write_text("a\n")
    return tmp_path


def config(root, num_classes=21, **options):
    dataset = dict(type="PascalVOCDataset", data_prefix=PREFIX, ann_file="names.txt", data_root=str(root)) | options
    loaders = {f"{split}_dataloader": dict(dataset=copy.deepcopy(dataset)) for split in SPLITS}
    model = dict(type="FCN", decode_head=dict(type="FCNSkipHead", num_classes=num_classes))
    return Config(dict(model=model, **loaders), filename=__file__)


def refuse(cfg, code, *fragments, splits=SPLITS):
    """Preparing the config must end with this code, and name these files and values."""
    with refused(code, *fragments):
        prepare(cfg, splits)


def test_a_whole_config_passes(root):
    prepare(config(root), SPLITS)


@pytest.mark.parametrize("number", [None, "21", 1, 0, -3, 2.0])
def test_num_classes_is_a_number_of_classes(root, number):
    refuse(config(root, number), "classes-count", f"model.decode_head.num_classes is {number!r}")


MAPPED = dict(type="ClassMapDataset", class_map={0: "background", 255: "road", 7: "car"}, ignore_ids=(9,))
NAMED = dict(metainfo=dict(classes=("road", "sky")))
ENTRIES = {  # num_classes and the data sets' entries, what the message must name
    "of the data set": ((20, {}), "classes-count", "is 20", "train data set PascalVOCDataset", "set num_classes=21"),
    "of the config": ((21, NAMED), "classes-count", "set num_classes=2"),
    "of the class map": ((21, MAPPED), "classes-count", "is 21", "train data set ClassMapDataset", "num_classes=3"),
    "no mask fits": ((None, MAPPED | dict(class_map={-1: "a", 0: "b"})), "class-map", "-1"),
    "unknown type": ((21, dict(type="VOCDataset")), "config-type", "train_dataloader.dataset", "'VOCDataset'"),
    "no masks": ((21, dict(data_prefix=dict(img_path="JPEGImages"))), "config-data", "train", "seg_map_path"),
    "no image": ((21, dict(ann_file="", img_suffix=".png")), "dataset-empty", "train", "*.png in ", "JPEGImages"),
}


@pytest.mark.parametrize("case", ENTRIES)
def test_classes_and_entries_that_contradict(root, case):
    (number, options), *expected = ENTRIES[case]
    refuse(config(root, number, **options), *expected)


@pytest.mark.parametrize(
    "number, options",
    [(2, NAMED), (3, MAPPED), (21, dict(ann_file="")), (21, dict(data_prefix=dict(img_path="JPEGImages", seg_map_path="")))],
)  # fmt: skip
def test_classes_and_entries_that_agree(root, number, options):
    """Without a list images are looked for; masks may lie beside the images."""
    prepare(config(root, number, **options), SPLITS)


def test_only_the_asked_splits_are_looked_at(root):
    cfg = config(root)
    cfg.val_dataloader.dataset.data_root = "nowhere"
    cfg.test_dataloader = None
    prepare(cfg, ("train",))
    prepare(cfg, ())
    refuse(cfg, "dataset-missing", "val data root nowhere")
    refuse(cfg, "config-data", "test_dataloader", splits=("test",))


@pytest.mark.parametrize(
    "path, what", [("JPEGImages", "image folder"), ("SegmentationClass", "mask folder"), ("names.txt", "split file")]
)
def test_missing_parts_are_named_with_the_remedies(root, path, what):
    (root / path).rename(root / "moved")
    remedies = "voc_sbd.py", "configs/fcn8s_vgg16bn_minivoc.py"
    there = f"{root} has no {path}, it has "
    refuse(config(root), "dataset-missing", f"train {what} {root / path}", there, "moved", *remedies)


def test_what_is_like_a_missing_name_is_named(root):
    refuse(
        config(root, data_prefix=dict(PREFIX, img_path="JPEGImage")),
        "dataset-missing",
        "has no JPEGImage, it has JPEGImages.",
    )
    refuse(
        config(root, data_root=str(root / "names.txt")),
        "dataset-missing",
        f"{root / 'names.txt'} is a file",
    )


def test_a_split_file_names_images(root):
    (root / "names.txt").write_text(" \n\n")
    refuse(config(root), "dataset-empty", "train", root / "names.txt")


@pytest.mark.parametrize("depth", [1, 2])
def test_reaches_through_wrappers(root, depth):
    cfg = config(root)
    for _ in range(depth):
        cfg.train_dataloader.dataset = dict(
            type="ConcatDataset", datasets=[dict(type="RepeatDataset", times=2, dataset=cfg.train_dataloader.dataset)]
        )
    prepare(cfg, SPLITS)
    (root / "names.txt").unlink()
    refuse(cfg, "dataset-missing", f"split file {root / 'names.txt'}")


def test_make_dir(tmp_path):
    make_dir(str(tmp_path / "a" / "b"), "--out")
    make_dir(str(tmp_path / "a" / "b"), "--out")
    assert (tmp_path / "a" / "b").is_dir()
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with refused("output-path", path, "--out"):
            make_dir(str(path), "--out")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_make_dir_without_permission(tmp_path):
    tmp_path.chmod(0o500)
    for path in (tmp_path / "a", tmp_path):
        with refused("output-path", path, "--out"):
            make_dir(str(path), "--out")


def test_unknown_optimizer(root):
    cfg = config(root)
    cfg.optim_wrapper = dict(optimizer=dict(type="SGDD", lr=0.1))
    refuse(cfg, "config-type", "optim_wrapper.optimizer.type", "'SGDD'")
    prepare(cfg, ("val",))  # evaluation needs none
    cfg.optim_wrapper.optimizer.type = "SGD"
    prepare(cfg, SPLITS)


def test_the_number_of_classes_comes_from_the_class_map(root):
    cfg = config(root, None, **MAPPED)
    prepare(cfg, SPLITS)
    assert cfg.model.decode_head.num_classes == 3


def test_class_maps_of_two_splits_agree(root):
    cfg = config(root, None, **MAPPED)
    cfg.val_dataloader.dataset.class_map = {0: "background", 7: "car"}
    refuse(cfg, "classes-count", "num_classes is 3", "val data set ClassMapDataset", "2 classes")


@pytest.mark.parametrize("several", [False, True])
def test_a_weight_for_each_class(root, several):
    cfg = config(root)
    loss = dict(type="FCNCrossEntropyLoss", class_weight=[1.0] * 11)
    cfg.model.decode_head.loss_decode = [dict(type="FCNDiceLoss"), loss] if several else loss
    refuse(cfg, "class-weights", "11 weights", "num_classes is 21", "tools/class_weights.py")


def test_what_becomes_of_broken_files(root):
    cfg = config(root)
    cfg.broken_files = "skipp"
    refuse(cfg, "config-value", "broken_files is 'skipp'", "stop, skip")
    cfg.broken_files = "skip"
    prepare(cfg, SPLITS)


@pytest.mark.parametrize("head", [None, [dict(num_classes=21)], "FCNSkipHead"])
def test_one_head(root, head):
    cfg = config(root)
    cfg.model.decode_head = head
    refuse(cfg, "config-value", f"model.decode_head is {cfg.model.decode_head!r}")


def test_a_test_split_may_have_no_masks(root):
    cfg = config(root, data_prefix=dict(img_path="JPEGImages"))
    cfg.test_dataloader = cfg.val_dataloader  # a server has the masks
    prepare(cfg, ("test",))


def test_suffix_of_the_data_set_s_class(root):
    """Cityscapes' class looks for _leftImg8bit.png."""
    cfg = config(root, 19, type="CityscapesDataset", ann_file="")
    refuse(cfg, "dataset-empty", "*_leftImg8bit.png", root / "JPEGImages")
    (root / "JPEGImages" / "a_leftImg8bit.png").touch()
    prepare(cfg, SPLITS)


def test_classes_of_no_checkpoint_can_be_adapted(tmp_path):
    with refused("option-value", "--adapt-classes", "--load-from PATH"):
        resolve_start(str(tmp_path), Asked.of(Config(dict(adapt_classes=True)), None, None, False))


def test_files_of_all_splits_are_there(root):
    cfg = config(root)
    prepare(cfg, SPLITS, look_for_files=True)
    (root / "names.txt").write_text("a\nb\nc\n")
    (root / "JPEGImages" / "b.jpg").touch()
    with refused(
        "mask-unreadable", root / "SegmentationClass/b.png", "3 files of the train split", "listed in names.txt"
    ):
        prepare(cfg, SPLITS, look_for_files=True)
    cfg.broken_files = "skip"
    prepare(cfg, SPLITS, look_for_files=True)


@pytest.mark.parametrize("line, remedy", [("a.jpg", "without suffix"), ("x\\a", "write / between folders")])
def test_a_slip_in_every_line_of_a_list(root, line, remedy):
    (root / "names.txt").write_text(f"{line}\n")
    with refused("image-unreadable", f"{line}.jpg", "names.txt", remedy):
        prepare(config(root), SPLITS, look_for_files=True)


def test_a_data_set_that_can_not_be_built_is_named_with_its_split(root):
    cfg = config(root, 3, **MAPPED)
    cfg.val_dataloader.dataset.palette = [[0, 0, 0]]
    with refused("class-map", "val data set", "palette has 1 colours", "3 classes"):
        prepare(cfg, SPLITS, look_for_files=True)
