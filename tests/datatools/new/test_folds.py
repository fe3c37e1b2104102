"""k folds and groups: what stays together, how even folds are, and the files of each."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from support.refusals import refused

from fcn_plugin.datatools.new.build import new_dataset
from fcn_plugin.datatools.new.folds import group_images, make_folds
from fcn_plugin.datatools.new.options import Options

pytest.importorskip("sklearn")


def lines(path):
    return Path(path).read_text().splitlines()


def test_groups_join_copies_and_what_the_pattern_finds():
    images = ["p1/a.png", "p1/b.png", "p2/a.png", "p3/a.png", "p4/x.png"]
    digests = [b"0", b"1", b"2", b"1", b"3"]  # a copy links p1 and p3
    alone = group_images(images, digests, None)
    assert alone[1] == alone[3] and len(set(alone)) == 4
    for pattern in (r"p(\d)/", r"p\d"):
        groups = group_images(images, digests, pattern)
        assert groups[0] == groups[1] == groups[3] and len(set(groups)) == 3


@pytest.mark.parametrize(("pattern", "value"), [("p(", "p("), (r"p[12]", "p3/a.png")])
def test_patterns_that_group_nothing(pattern, value):
    with refused("option-value", value):
        group_images(["p1/a.png", "p3/a.png"], [b"0", b"1"], pattern)


@pytest.mark.parametrize("seed", range(3))
def test_folds_share_out_the_rare_class_and_keep_groups(seed):
    generator = np.random.default_rng(seed)
    groups = generator.integers(0, 30, 120).tolist()
    shown = [{0, 1} | ({2} if group % 3 == 0 else set()) for group in groups]  # class 2 in ten groups
    folds = make_folds(groups, shown, 5, seed)
    assert sorted(i for val in folds for i in val) == list(range(120))
    owners = [{groups[i] for i in val} for val in folds]
    assert sum(map(len, owners)) == len(set(groups))  # none in two
    assert [sum(2 in shown[i] for i in val) > 0 for val in folds] == [True] * 5
    assert max(map(len, folds)) - min(map(len, folds)) <= max(Counter(groups).values()) + 2
    assert make_folds(groups, shown, 5, seed) == folds


def test_folds_that_can_not_be():
    with refused("dataset-empty", "2", "3 folds"):
        make_folds([0, 0, 1], [{0}, {1}, {0}], 3, 0)
    assert sorted(map(len, make_folds([0, 1, 2], [{0}, {1}, {2}], 3, 0))) == [1, 1, 1]  # no class is in all folds


def test_a_config_for_each_fold(here, photos, save, blocks):
    """The test folder stays out, patients stay together, the plain config is fold 0."""
    files = [f"{folder}/p{i // 2}_{i}.png" for folder, count in (("train", 8), ("test", 2)) for i in range(count)]
    photos(*files)
    for i, file in enumerate(files):
        save(f"masks/{file}", blocks(0, 1, i % 2))
    options = Options("kinds", "photos", "masks", net="vgg16", from_scratch=True, folds=4, group=r"train/(p\d)|test")
    with refused("option-value", "--val"):
        new_dataset(options._replace(val=0.3))
    report = new_dataset(options)
    assert "4 folds of 2, 2, 2, 2 val images" in report and "2 test" in report
    seen = []
    for number in range(4):
        cfg = Config.fromfile(f"configs/fcn8s_vgg16_kinds-fold{number}.py")
        train, val = (
            [line.partition("\t")[0] for line in lines(loader.dataset.ann_file)]
            for loader in (cfg.train_dataloader, cfg.val_dataloader)
        )
        assert cfg.test_dataloader.dataset.ann_file == cfg.val_dataloader.dataset.ann_file
        assert sorted(train + val) == files[:8]
        assert len({file[:8] for file in val}) == 1  # one patient
        seen += val
        if number == 0:
            whole = Config.fromfile("configs/fcn8s_vgg16_kinds.py")
            assert lines(whole.val_dataloader.dataset.ann_file)[0].startswith(val[0])
    assert sorted(seen) == files[:8]
    assert len(lines("data/kinds/test.txt")) == 2
    with refused("output-exists", "fold0"):
        new_dataset(options)


def test_a_group_validates_or_trains(here, photos, save, blocks):
    files = [f"p{i // 3}_{i}.png" for i in range(12)]
    photos(*files)
    for file in files:
        save(f"masks/{file}", blocks(0, 1))
    new_dataset(Options("kinds", "photos", "masks", net="vgg16", from_scratch=True, val=0.5, group=r"p\d"))
    train, val = (lines(f"data/kinds/{split}.txt") for split in ("train", "val"))
    assert {line[:2] for line in train}.isdisjoint(line[:2] for line in val)
    assert (len(train), len(val)) == (6, 6)
    with refused("option-value", "--group"):
        new_dataset(
            Options("more", "photos", "masks", net="vgg16", from_scratch=True, val_list="data/kinds/val.txt", group="p")
        )
