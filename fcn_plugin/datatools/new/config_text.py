"""Write the data set's config: the differences from the package's ``_base_/datasets/voc.py``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from string import Template

from ..bands.config import TEST_PIPELINE
from .classes import Classes

MARK = "written by tools/new_dataset.py"  # in the first line of files that --force may replace
STRIDE = 32
LARGEST_CROP = 480
STOCK = "LoadImageFromFile"

Sizes = Sequence[tuple[int, int]]

DATASET = """\
# $name: $counts; $mark, may be edited.
# Folders and lists are relative to the working directory. Everything else is as for VOC.
_base_ = "$base/datasets/voc.py"
data_root = None
class_map = {
$class_map
}
ignore_ids = $ignore_ids  # left out of loss and scores; any other id is an error
palette = [
$palette
]
crop_size = ($crop, $crop)  # a multiple of 32, to avoid padding
train_pipeline = [
    dict(type="$loader"),
    dict(type="FCNLoadAnnotations"),
    # about the median size of the images; a smaller scale shows more of an image, a larger one more detail
    dict(type="RandomResize", scale=$scale, ratio_range=(0.6, 1.4), keep_ratio=True),
    dict(type="RandomCrop", crop_size=crop_size, cat_max_ratio=0.75),
    dict(type="RandomFlip", prob=0.5),
${colours}    dict(type="PackSegInputs"),
]
${test_pipeline}pairs = dict(
    type="ClassMapDataset",
    data_root=data_root,
    data_prefix=dict(
        img_path="$images",
        seg_map_path="$masks",
    ),
    class_map=class_map,
    ignore_ids=ignore_ids,
    palette=palette,
)
train_dataloader = dict(
    batch_size=4,
    dataset=dict(**pairs, ann_file="$train", pipeline=train_pipeline),
)
val_dataloader = dict(
    batch_size=1,  # images may differ in size
    batch_sampler=None,  # VOC's config batches images of equal size
    dataset=dict(**pairs, ann_file="$val"$pipeline),
)
${test}test_dataloader = val_dataloader
del pairs
"""


def dataset_config(
    name: str,
    base: str,
    images: str,
    masks: str,
    lists: Mapping[str, tuple[str, int]],
    classes: Classes,
    sizes: Sizes,
    loader: str = STOCK,
) -> str:
    """Write ``_base_/datasets/NAME.py``.

    Args:
        base: the package's folder ``configs/_base_``, absolute or relative to the config's folder.
        lists: file and number of images of each split: train, val and optionally test.
        sizes: (W, H) of the images.
        loader: name of the transform that loads the images.
    """
    test = "# choose on val; for the final score on test: --cfg-options test_dataloader.dataset.ann_file={}\n"
    texts = dict(base=base, images=images, masks=masks, train=lists["train"][0], val=lists["val"][0])
    return Template(DATASET).substitute(
        {key: escaped(text) for key, text in texts.items()},
        name=name,
        loader=loader,
        colours="" if loader == "FCNLoadBands" else '    dict(type="PhotoMetricDistortion"),\n',
        test_pipeline="" if loader == STOCK else TEST_PIPELINE.format(loader),
        pipeline="" if loader == STOCK else ", pipeline=test_pipeline",
        mark=MARK,
        counts=", ".join(f"{count} {split}" for split, (_, count) in lists.items()) + " images",
        class_map="\n".join(f'    {id}: "{escaped(label)}",' for id, label in sorted(classes.class_map.items())),
        ignore_ids=list(classes.ignore_ids),
        palette="\n".join(f"    {list(colour)}," for colour in classes.palette),
        crop=crop_side(sizes),
        scale=_median(sizes),
        test=test.format(escaped(lists["test"][0])) if "test" in lists else "",
    )


def escaped(text: str) -> str:
    """Escape any text for use between double quotes in Python.

    Braces are escaped too, since mmengine replaces ``{{ ... }}`` in the text of a config.
    """
    return "".join(c if c.isprintable() and c not in '"\\{' else f"\\U{ord(c):08x}" for c in text)


def crop_side(sizes: Sizes) -> int:
    """Return the side of the training crop: a multiple of 32, at least 32, at most 480 and the median image's shorter side."""
    return max(STRIDE, min(LARGEST_CROP, min(_median(sizes)) // STRIDE * STRIDE))


def _median(sizes: Sizes) -> tuple[int, int]:
    """Return (W, H) of the median image by area."""
    return sorted(sizes, key=lambda size: size[0] * size[1])[len(sizes) // 2]
