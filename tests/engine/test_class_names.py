"""Classes of the same number and other names load: a resumed run is refused, and others say it."""

from types import SimpleNamespace

import pytest
from mmengine.config import Config
from support.refusals import refused

from fcn_plugin.engine import class_names
from fcn_plugin.engine.class_names import check_class_names

CFG = Config(
    dict(
        train_dataloader=dict(dataset=dict(type="ClassMapDataset", class_map={0: "sky", 1: "car", 2: "road"})),
        val_dataloader=None,
    )
)


def checkpoint(**meta):
    return SimpleNamespace(path="iter_2.pth", meta=meta)


@pytest.fixture
def logged(monkeypatch):
    lines = []
    monkeypatch.setattr(class_names, "print_log", lambda line, **options: lines.append(line))
    return lines


SWAPPED = checkpoint(dataset_meta=dict(classes=["sky", "road", "car"]))


def test_a_run_of_other_names_is_not_resumed(logged):
    with refused(
        "checkpoint-classes",
        "iter_2.pth",
        "1 is 'road' in the checkpoint, 'car' in",
        "2 is 'car' in the checkpoint",
        "--load-from",
    ):
        check_class_names(SWAPPED, CFG, "train", resuming=True)


def test_other_starts_say_it(logged):
    check_class_names(SWAPPED, CFG, "train", resuming=False)
    (line,) = logged
    assert "1 is 'road' in the checkpoint, 'car' in the config" in line


@pytest.mark.parametrize(
    "opened",
    [
        checkpoint(dataset_meta=dict(classes=("sky", "car", "road"))),
        checkpoint(dataset_meta=dict(classes=["a", "b"])),  # the shapes differ: load_verified says so
        checkpoint(dataset_meta=dict(classes="names.txt")),
        checkpoint(dataset_meta=None),
        checkpoint(),
    ],
)
def test_equal_and_unknown_names_pass(logged, opened):
    check_class_names(opened, CFG, "train", resuming=True)
    for split in ("val", "test"):
        check_class_names(SWAPPED, CFG, split, resuming=True)
    assert logged == []
