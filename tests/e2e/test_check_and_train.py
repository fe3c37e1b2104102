"""The check and training agree on random data sets: what the check lets pass trains, what it names is refused by that name."""

import tempfile
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from mmengine.dataset import pseudo_collate
from mmseg.registry import DATASETS
from PIL import Image
from support.builders import build_fcn
from support.drawn_data import class_maps, drawn_data
from support.refusals import refused

from fcn_plugin.commands.check_dataset import check_dataset
from fcn_plugin.data.broken_files import check_files
from fcn_plugin.data.class_map import IGNORED, ClassMap
from fcn_plugin.errors import UserError

# of the check, what the loading of a sample can see; it does not know other samples
PER_FILE = ["image-unreadable", "mask-unreadable", "mask-size", "image-turned", "image-depth", "mask-colours"]
PER_FILE += ["mask-lossy", "mask-ids"]


@lru_cache
def net(num_classes):
    return build_fcn(num_classes=num_classes, train_cfg=dict()).train()


def build(cfg, split):
    # packing the list of files collects garbage each time, which takes longer than all the rest
    dataset = DATASETS.build(dict(cfg[f"{split}_dataloader"].dataset, serialize_data=False))
    check_files(dataset)
    return dataset


def expected_mask(path, classes):
    with Image.open(path) as mask:
        ids = np.asarray(mask).astype(np.int64)
    return classes.convert(ids, path)


def assert_step(dataset, num_classes):
    """All samples as one batch: a finite loss and finite gradients, 0 where all is void."""
    model = net(num_classes)
    model.zero_grad()
    batch = model.data_preprocessor(pseudo_collate([dataset[i] for i in range(len(dataset))]), training=True)
    losses = model(**batch, mode="loss")
    loss, _ = model.parse_losses(losses)
    loss.backward()
    assert torch.isfinite(loss)
    assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None)
    void = all((sample.gt_sem_seg.data == IGNORED).all() for sample in batch["data_samples"])
    assert void == (loss.item() == 0)


def assert_prediction(packed, num_classes):
    model = net(num_classes)
    model.eval()
    with torch.no_grad():
        batch = model.data_preprocessor(pseudo_collate([packed]), training=False)
        (sample,) = model(**batch, mode="predict")
    model.train()
    assert sample.pred_sem_seg.data.shape == sample.gt_sem_seg.data.shape


def assert_same_faults(dataset, found, classes):
    """A sample loads as its files are, or is refused with the code and value of a problem that the check found in it."""
    for i in range(len(dataset)):
        info = dataset.get_data_info(i)
        paths = [info["img_path"], info["seg_map_path"]]
        own = [problem for problem in found if problem.path in paths]
        if own:
            with pytest.raises(UserError) as refusal:
                dataset[i]
            expected = [f"[{p.code}] {p.path}: {p.found}" for p in own]
            if any(p.code.endswith("-unreadable") for p in own):  # loading may see another fault in the header first
                expected = [f"[{code}] {path}: " for path in paths for code in PER_FILE]
            assert str(refusal.value).startswith(tuple(expected)), own
        else:
            sample = dataset[i]["data_samples"]
            assert tuple(dataset[i]["inputs"].shape[-2:]) == tuple(sample.gt_sem_seg.data.shape[-2:])
            assert np.array_equal(sample.gt_sem_seg.data[0].numpy(), expected_mask(paths[1], classes))


# without shrinking: a failing example is small, and making it smaller takes minutes
@settings(max_examples=250, phases=[Phase.generate])
@given(data=drawn_data())
def test_check_and_training_agree(data):
    with tempfile.TemporaryDirectory() as folder:
        cfg = data.write(Path(folder))
        classes = ClassMap.of(data.class_map, data.ignore_ids)
        try:
            report = check_dataset(cfg, Path(folder, "sheet.png"))
        except UserError as error:
            assert data.num_classes == len(classes.classes) + 1, error
            return
        problems = [problem for _, _, kept in report.findings for problem in kept]
        per_file = [problem for problem in problems if problem.code in PER_FILE]
        assert not (data.sound and per_file)
        training = build(cfg, "train")
        cfg.train_dataloader.dataset.pipeline = cfg.val_dataloader.dataset.pipeline
        whole = {split: build(cfg, split) for split in ("train", "val")}
        for dataset in whole.values():
            assert_same_faults(dataset, per_file, classes)
        if not report.exit_code():
            assert_step(training, len(classes.classes))
            for packed in whole["val"]:
                assert_prediction(packed, len(classes.classes))


@settings(max_examples=100)
@given(drawn=class_maps(), seed=st.integers(0, 2**32 - 1), height=st.integers(1, 9), width=st.integers(1, 9))
def test_class_map_keeps_every_pixel(drawn, seed, height, width):
    """Pixels of a class are those of its ids; numbers follow the smallest ids; what is ignored is 255 unless it is a class."""
    names, ignored = drawn
    classes = ClassMap.of(names, ignored)
    smallest = {name: min(id for id, one in names.items() if one == name) for name in names.values()}
    assert list(classes.classes) == sorted(smallest, key=smallest.get)
    ids = np.random.default_rng(seed).choice([*names, *ignored], (height, width))
    for dtype in (np.uint16, np.int32, np.int64):
        indices = classes.convert(ids.astype(dtype), "mask.png")
        assert indices.dtype == np.uint8
        for i, name in enumerate(classes.classes):
            assert np.array_equal(indices == i, np.isin(ids, [id for id, one in names.items() if one == name]))
        assert np.array_equal(indices == IGNORED, ~np.isin(ids, list(names)))


@settings(max_examples=100)
@given(drawn=class_maps(), strange=st.sampled_from([-1, 4, 77, 65534, 65536]), count=st.integers(1, 6))
def test_class_map_names_what_it_does_not_know(drawn, strange, count):
    names, ignored = drawn
    mask = np.resize(np.array(list(names)), (4, 6))
    mask.flat[:count] = strange
    with refused("mask-ids", f"mask.png: id {strange} ({count} px) outside the classes"):
        ClassMap.of(names, ignored).convert(mask, "mask.png")
