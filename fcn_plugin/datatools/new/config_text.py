"""The two configs, as a person would write them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from string import Template

MARK = "written by tools/new_dataset.py"  # in the first line: what --force may replace
STRIDE = 32
LARGEST_CROP = 480

DATASET = Template("""\
# $name: $counts; $mark, yours to edit.
# Folders and lists are relative to the working directory.
class_map = {
$class_map
}
ignore_ids = $ignore_ids  # count in no loss and no score; any other id is an error
palette = [
$palette
]
crop_size = ($crop, $crop)  # a multiple of 32: nothing is spent on padding
train_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="FCNLoadAnnotations"),
    # about the median size of the images; small shows more of one, large its details
    dict(type="RandomResize", scale=($width, $height), ratio_range=(0.6, 1.4), keep_ratio=True),
    dict(type="RandomCrop", crop_size=crop_size, cat_max_ratio=0.75),
    dict(type="RandomFlip", prob=0.5),
    dict(type="PhotoMetricDistortion"),
    dict(type="PackSegInputs"),
]
# native size: the net takes any
test_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="FCNLoadAnnotations"),
    dict(type="PackSegInputs"),
]
pairs = dict(
    type="ClassMapDataset",
    data_prefix=dict(
        img_path=$images,
        seg_map_path=$masks,
    ),
    class_map=class_map,
    ignore_ids=ignore_ids,
    palette=palette,
)
train_dataloader = dict(
    batch_size=4,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type="InfiniteSampler", shuffle=True),
    dataset=dict(**pairs, ann_file=$train, pipeline=train_pipeline),
)
val_dataloader = dict(
    batch_size=1,  # images may differ in size
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type="DefaultSampler", shuffle=False, round_up=False),  # no image counted twice
    dataset=dict(**pairs, ann_file=$val, pipeline=test_pipeline),
)
$test
val_evaluator = dict(type="FCNMetric")
test_evaluator = val_evaluator
del pairs
""")

BASES = """\
_base_ = [
    "${base}_base_/models/fcn_vgg16.py",
    "_base_/datasets/$name.py",
    "${base}_base_/schedules/schedule_20k.py",
    "${base}_base_/tta.py",
    "${base}_base_/default_runtime.py",
]
"""

PRETRAINED = Template(
    "# FCN-8s on $name, from an ImageNet VGG16; $mark, yours to edit.\n"
    + BASES
    + """\
model = dict(
    precision="auto",  # bf16 where the device computes in it
    pretrained="torchvision://vgg16",  # torchvision's VGG16: this name (downloads 528 MB), or the path of the file
    decode_head=dict(num_classes=$classes),
)
optim_wrapper = dict(optimizer=dict(lr=0.001))  # a net without batch norm bears a tenth of the usual rate
"""
)

FROM_SCRATCH = Template(
    "# FCN-8s on $name, from scratch; $mark, yours to edit.\n"
    + BASES
    + """\
fc_channels = 1024  # 4096 is ImageNet's width; small data without it needs less
max_iters = 1200  # as for CamVid, whose training took about an hour on two CPU cores
model = dict(
    precision="auto",  # bf16 where the device computes in it
    backbone=dict(norm_cfg=dict(type="BN")),  # a plain VGG16 hardly trains from scratch
    # nothing is pretrained: half of fc7 would be missing in a short run
    neck=dict(fc_channels=fc_channels, dropout_ratio=0.1),
    decode_head=dict(in_channels=dict(fr=fc_channels), num_classes=$classes),
)
train_cfg = dict(max_iters=max_iters, val_interval=200)
optim_wrapper = dict(optimizer=dict(_delete_=True, type="AdamW", lr=1e-3, weight_decay=0.02, fused=True))
param_scheduler = [
    dict(type="LinearLR", start_factor=0.05, begin=0, end=50, by_epoch=False),
    dict(type="PolyLR", eta_min=1e-6, power=0.9, begin=50, end=max_iters, by_epoch=False),
]
default_hooks = dict(logger=dict(interval=25), checkpoint=dict(interval=200))
"""
)


def dataset_config(
    name: str,
    images: str,
    masks: str,
    lists: Mapping[str, str],
    counts: Mapping[str, int],
    class_map: Mapping[int, str],
    ignore_ids: Sequence[int],
    palette: Sequence[Sequence[int]],
    sizes: Sequence[tuple[int, int]],
) -> str:
    """``_base_/datasets/NAME.py``.

    Args:
        name: of the data set.
        images, masks: folders.
        lists: file of each split: train, val and perhaps test.
        counts: images of each split.
        class_map, ignore_ids, palette: arguments of ``ClassMapDataset``.
        sizes: (W, H) of the images.
    """
    width, height = _median(sizes)
    test = "test_dataloader = val_dataloader"
    if "test" in lists:
        option = f"test_dataloader.dataset.ann_file={lists['test']}"
        test = f"# choose on val; for the one figure on test: --cfg-options {option}\n{test}"
    return DATASET.substitute(
        name=name,
        mark=MARK,
        counts=", ".join(f"{count} {split}" for split, count in counts.items()) + " images",
        class_map="\n".join(f"    {id}: {_quoted(label)}," for id, label in sorted(class_map.items())),
        ignore_ids=list(ignore_ids),
        palette="\n".join(f"    {list(colour)}," for colour in palette),
        crop=crop_side(sizes),
        width=width,
        height=height,
        images=_quoted(images),
        masks=_quoted(masks),
        train=_quoted(lists["train"]),
        val=_quoted(lists["val"]),
        test=test,
    )


def model_config(name: str, num_classes: int, base: PurePath, from_scratch: bool) -> str:
    """``fcn8s_vgg16_NAME.py``.

    Args:
        name: of the data set.
        num_classes: C.
        base: the package's config folder, relative to the new config's.
        from_scratch: batch norm and AdamW in place of ImageNet weights and SGD.
    """
    text = FROM_SCRATCH if from_scratch else PRETRAINED
    return text.substitute(
        name=name, mark=MARK, classes=num_classes, base="" if base == PurePath() else f"{base.as_posix()}/"
    )


def crop_side(sizes: Sequence[tuple[int, int]]) -> int:
    """Side of the training crop: a multiple of 32, at most 480 and the shorter side of the median image, at least 32."""
    return max(STRIDE, min(LARGEST_CROP, min(_median(sizes)) // STRIDE * STRIDE))


def _median(sizes: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """The image in the middle by area; (W, H)."""
    return sorted(sizes, key=lambda size: size[0] * size[1])[len(sizes) // 2]


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
