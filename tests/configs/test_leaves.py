"""Every config: four bases at most three files deep, registered types only, builds, and forwards to the input's size."""

import itertools
import re
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import RUNNERS, init_default_scope
from mmseg.registry import DATASETS, HOOKS, METRICS, MODELS, TRANSFORMS
from support.configs import own_config
from support.refusals import refused

import fcn_plugin
from fcn_plugin.configs import config_dir, config_name, get_config
from fcn_plugin.models.bands_preprocessor import input_channels

LEAVES = sorted(config_name(path) for path in config_dir().rglob("*.py") if "_base_" not in path.parts)
POOLS = ("fr", "pool4", "pool3", "pool2", "pool1")
STREAMS = {f"fcn{stride}s": POOLS[: i + 1] for i, stride in enumerate((32, 16, 8, 4, 2))}
# the deepest stream has a finer stride, so that fewer lie between
DERIVED = {
    "fcn8s-d8": ("fr",),
    "fcn8s-d16": ("fr", "pool3"),
    "fcn8s-aspp": ("fr", "pool3"),
    "deeplab-largefov": ("fr",),
    "segnet": ("fr",),
    "deconvnet": ("fr",),
}
CLASSES = {
    "voc": 21,
    "vocaug": 21,
    "minivoc": 21,
    "context": 59,
    "context60": 60,
    "coco-stuff": 171,
    "ade20k": 150,
    "cityscapes": 19,
    "siftflow": 36,  # 33 and 3
    "camvid": 11,
    "camvid-240x180": 11,
    "camvid-640x480": 11,
    "camvid-720x540": 11,
    "camvid-road": 2,
}


def classes_of(name):
    """The authors' nets for PASCAL-Context have background as a class."""
    if "_nyud_" in name:
        return 40
    return 60 if name.startswith("reference/") and name.endswith("_context") else CLASSES[name.split("_")[-1]]


def test_every_net_has_its_config():
    nets = ("fcn32s", "fcn16s", "fcn8s")
    vgg = {f"{net}_vgg16_voc" for net in (*nets, "fcn8s-atonce")}
    wanted = vgg | {f"{net}_vgg16bn_camvid" for net in nets} | {f"reference/{name}" for name in vgg}
    wanted |= {f"{net}_vgg16_vocaug" for net in nets} | {f"{net}_vgg16bn_minivoc" for net in nets}
    wanted |= {f"{net}_efficientnet-lite0_{data}" for net in nets for data in ("camvid", "voc", "minivoc")}
    wanted |= {f"reference/{net}_vgg16_siftflow" for net in nets}
    wanted |= {f"reference/{net}_vgg16_context" for net in nets} | {"fcn8s_vgg16_context", "fcn8s_vgg16_context60"}
    wanted |= {f"reference/fcn32s_vgg16_nyud_{images}" for images in ("color", "depth", "hha", "colorhha")}
    wanted |= {f"fcn8s_efficientnet-lite0_{data}" for data in ("coco-stuff", "ade20k", "cityscapes")}
    wanted |= {"fcn32s_alexnet_voc", "fcn32s_googlenet_voc", "fcn8s_r50_voc"}
    assert wanted | {"reference/fcn32s_caffenet_voc", "reference/fcn32s_googlenet_voc"} <= set(LEAVES)


@pytest.mark.parametrize("name", LEAVES)
def test_name_says_net_and_data(name):
    cfg = own_config(name)
    net, backbone, _ = name.removeprefix("reference/").split("_", 2)
    papers = ("fr", "layer3", "layer2") if backbone == "r50" else STREAMS.get(net.partition("-")[0])
    streams = DERIVED.get(net, papers)
    assert tuple(cfg.model.decode_head.streams) == streams
    vgg, resnet = "mmpretrain.VGG", "mmpretrain.ResNet"
    types = {"vgg16": vgg, "vgg16bn": vgg, "r50": resnet, "googlenet": "GoogLeNet", "efficientnet-lite0": "FCNTimm"}
    types |= {"fcn8s-d8": "ResNet", "deeplab-largefov": "DilatedVGG"}
    types |= dict.fromkeys(("segnet", "deconvnet"), "IndexedVGG")
    assert cfg.model.backbone.type == types.get(net, types.get(backbone, "AlexNet"))
    assert cfg.model.decode_head.num_classes == classes_of(name)
    data_set = cfg.train_dataloader.dataset
    names = set(data_set.get("class_map", {}).values()) or DATASETS.get(data_set.type).METAINFO["classes"]
    assert len(names) == classes_of(name)


@pytest.mark.parametrize("name", LEAVES)
def test_types_are_registered(name):
    cfg = own_config(name)
    init_default_scope(cfg.default_scope)
    assert RUNNERS.get(cfg.runner_type) is fcn_plugin.engine.FCNRunner
    for split in ("train", "val", "test"):
        dataset = cfg[f"{split}_dataloader"].dataset
        assert DATASETS.get(dataset.type) is not None
        assert all(TRANSFORMS.get(step.type) is not None for step in dataset.pipeline)
    metrics = [cfg[f"{split}_evaluator"] for split in ("val", "test")]
    metrics = [each for entry in metrics for each in (entry if isinstance(entry, list) else [entry])]
    assert all(METRICS.get(metric.type) is not None for metric in metrics)
    hooks = [*cfg.default_hooks.values(), *cfg.get("custom_hooks", [])]
    assert all(HOOKS.get(hook.type) is not None for hook in hooks)
    task = f"{metrics[0].task}/" if "task" in metrics[0] else ""
    assert cfg.default_hooks.checkpoint.save_best == f"{task}mIoU"


@pytest.mark.parametrize("name", LEAVES)
def test_net_forwards_to_the_size_of_its_input(name):
    cfg = own_config(name)
    init_default_scope(cfg.default_scope)
    cfg.merge_from_dict({"model": dict(pretrained=None, precision="fp32")})
    if cfg.model.neck.get("fc_channels") is not None:
        cfg.model.neck.fc_channels = 8
        if cfg.model.decode_head.in_channels != "auto":
            cfg.model.decode_head.in_channels.fr = 8
    model = MODELS.build(cfg.model).eval()
    with torch.no_grad():
        channels = cfg.model.decode_head.get("out_channels") or classes_of(name)
        bands = input_channels(cfg.model.data_preprocessor)
        assert model(torch.rand(1, bands, 37, 50)).shape == (1, channels, 37, 50)


@pytest.mark.parametrize("folder", ["", "reference/"])
def test_at_once_scales_its_skips(folder):
    assert tuple(own_config(f"{folder}fcn8s-atonce_vgg16_voc").model.neck.scales) == (1, 0.01, 0.0001)


COLOR, HHA = (116.190, 97.203, 92.318), (132.431, 94.076, 118.477)  # of NYUDv2; others: ImageNet's
MEANS = {"nyud_color": COLOR, "nyud_hha": HHA, "nyud_depth": (*COLOR, 7.844), "nyud_colorhha": COLOR + HHA}
MEANS["siftflow"] = (114.578, 115.294, 108.353)


@pytest.mark.parametrize("name", [name for name in LEAVES if name.startswith("reference/")])
def test_reference_nets_see_images_as_the_authors_do(name):
    cfg = own_config(name)
    assert cfg.model.geometry == "reference"
    preprocessor = MODELS.build(cfg.model.data_preprocessor)
    means = MEANS.get(name.partition("vgg16_")[2], (104.00699, 116.66877, 122.67892))
    image = torch.arange(1.0, 1 + len(means)).mul(10)[:, None, None]  # B, G, R first
    seen = preprocessor(dict(inputs=[image], data_samples=None))["inputs"].flatten()
    torch.testing.assert_close(seen, image.flatten() - torch.tensor(means))
    assert cfg.train_dataloader.batch_size == cfg.val_dataloader.batch_size == 1
    steps = [step.type for step in cfg.train_dataloader.dataset.pipeline]
    loader = "LoadImageFromFile" if len(means) == 3 and "hha" not in name else "FCNLoadBands"
    several = "Tasks" if name.endswith("_siftflow") else ""
    assert steps == [loader, f"{several or 'FCN'}LoadAnnotations", f"{several}PackSegInputs"]


NYUD_LISTS = dict(train="trainval.txt", val="test.txt", test="test.txt")
NYUD_FILES = dict(color=("images", ".png"), hha=("hha", ".png"), depth=("color_depth", ".npz"))
NYUD_FILES |= dict(colorhha=("color_hha", ".npz"))


@pytest.mark.parametrize("name", [name for name in LEAVES if name.startswith("reference/")])
def test_reference_nets_use_the_authors_lists(name):
    cfg = own_config(name)
    data = {split: cfg[f"{split}_dataloader"].dataset for split in ("train", "val", "test")}
    if name.endswith("_context"):
        prefix = dict(img_path="JPEGImages", seg_map_path="SegmentationClassContext")
        assert {split: (part.ann_file, part.data_prefix) for split, part in data.items()} == {
            split: (f"ImageSets/Main/{split.replace('test', 'val')}.txt", prefix) for split in data
        }
        return
    if "_nyud_" in name:
        folder, suffix = NYUD_FILES[name.rpartition("_")[2]]
        prefix = dict(img_path=folder, seg_map_path="labels")
        for split, part in data.items():
            assert (part.ann_file, part.data_prefix) == (NYUD_LISTS[split], prefix)
            assert part.get("img_suffix", ".png") == suffix
        return
    if name.endswith("_siftflow"):
        assert {split: part.ann_file for split, part in data.items()} == NYUD_LISTS
        return
    assert {split: (part.ann_file.rpartition("/")[2], part.data_prefix) for split, part in data.items()} == {
        "train": ("sbd_train.txt", dict(img_path="JPEGImages", seg_map_path="SegmentationClassSBD")),
        "val": ("seg11valid.txt", dict(img_path="JPEGImages", seg_map_path="SegmentationClass2011")),
        "test": ("seg11valid.txt", dict(img_path="JPEGImages", seg_map_path="SegmentationClass2011")),
    }


@pytest.mark.parametrize("net", ["fcn32s", "fcn16s", "fcn8s"])
def test_vocaug_differs_from_voc_in_its_train_data_alone(net):
    voc, aug = own_config(f"{net}_vgg16_voc"), own_config(f"{net}_vgg16_vocaug")
    train = aug.train_dataloader.dataset
    assert train.ann_file == "ImageSets/Segmentation/trainaug.txt"
    assert train.data_prefix == dict(img_path="JPEGImages", seg_map_path="SegmentationClassAug")
    train.update({key: voc.train_dataloader.dataset[key] for key in ("ann_file", "data_prefix")})
    assert aug.to_dict() == voc.to_dict()


@pytest.mark.parametrize(
    ("name", "crops"),
    [
        ("fcn32s_vgg16_voc", [19]),
        ("fcn16s_vgg16_voc", [5, 27]),
        ("fcn8s_vgg16_voc", [5, 9, 31]),
        ("fcn8s-atonce_vgg16_voc", [5, 9, 31]),
        ("fcn32s_vgg16_context", [19]),
        ("fcn16s_vgg16_context", [5, 27]),
        ("fcn8s_vgg16_context", [5, 9, 31]),
        ("fcn32s_vgg16_nyud_depth", [19]),
        ("fcn32s_vgg16_nyud_colorhha", [19]),
        ("fcn32s_vgg16_siftflow", [19]),
        ("fcn16s_vgg16_siftflow", [5, 27]),
        ("fcn8s_vgg16_siftflow", [5, 9, 31]),
        ("fcn32s_caffenet_voc", [18]),
    ],
)
def test_reference_nets_crop_as_the_authors_do(name, crops):
    cfg = own_config(f"reference/{name}")
    with torch.device("meta"):
        head = MODELS.build(cfg.model).decode_head
    assert list(head.crops.values()) == crops
    kernel = head.get_submodule(head.last_upscore).kernel_size[0]
    assert kernel == {18: 63, 19: 64, 27: 32, 31: 16}[crops[-1]]


def test_validation_counts_no_image_twice():
    for name in LEAVES:
        assert own_config(name).val_dataloader.sampler.round_up is False


@pytest.mark.parametrize("path", sorted(config_dir().rglob("*.py")), ids=lambda path: path.stem)
def test_inheritance_is_at_most_three_files_deep(path):
    assert _depth(path) <= 3


def test_unknown_config_names_the_known_ones():
    with refused("config-file", "fcn1s_vgg16_voc", "fcn2s_vgg16_voc"):
        get_config("fcn1s_vgg16_voc")


def _depth(path: Path) -> int:
    bases = re.search(r"_base_ = (\[.*?\]|\".*?\")", path.read_text(), re.DOTALL)
    files = re.findall(r'"([^"]+)"', bases[1]) if bases else []
    return 1 + max((_depth(path.parent / file) for file in files), default=0)


def test_schedules_hold_their_length():
    lengths = {
        f"schedule_{name}": int(name.partition("k")[0]) for name in ("20k", "40k", "80k", "20k_adamw", "80k_adamw")
    }
    for name, thousand in lengths.items():
        cfg = Config.fromfile(config_dir() / "_base_" / "schedules" / f"{name}.py")
        assert cfg.train_cfg.max_iters == cfg.param_scheduler[-1].end == 1000 * thousand


@pytest.mark.parametrize("name", LEAVES)
def test_first_lines_say_what_it_is_and_how_to_run_it(name):
    lines = (config_dir() / f"{name}.py").read_text().splitlines()
    comment = "\n".join(itertools.takewhile(lambda line: line.startswith("#"), lines))
    if name == "fcn8s_vgg16_minivoc":
        assert comment == "# The former name of fcn8s_vgg16bn_minivoc.py."
    else:
        assert f"{name}.py" in comment or "make " in comment
        assert "Mean IU on val" in comment or "no score" in comment


def test_the_former_name_is_the_same_config():
    former, config = own_config("fcn8s_vgg16_minivoc"), own_config("fcn8s_vgg16bn_minivoc")
    assert former.to_dict() == config.to_dict()


def test_test_time_augmentation_has_one_source():
    ratios = {
        "camvid-240x180": (0.375, 0.5, 0.625),
        "camvid-640x480": tuple(4 / 3 * ratio for ratio in (0.75, 1.0, 1.25)),
        "camvid-720x540": (1.125, 1.5, 1.875),
        "minivoc": None,
    }
    for name in LEAVES:
        cfg = own_config(name)
        *scales, flips, labels, pack = cfg.tta_pipeline[1].transforms
        wanted = ratios.get(name.rpartition("_")[2], (0.75, 1.0, 1.25))
        assert [step["scale_factor"] for steps in scales for step in steps] == list(wanted or ())
        assert [(step["type"], step["prob"]) for step in flips] == [("RandomFlip", 0.0), ("RandomFlip", 1.0)]
        assert [step["type"] for step in (*labels, *pack)] == ["FCNLoadAnnotations", "PackSegInputs"]
