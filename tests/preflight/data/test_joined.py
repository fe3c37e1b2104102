"""ConcatDataset: other ids and colours of the same classes are joined, other classes are named."""

import copy

import pytest
from mmengine.config import Config
from mmseg.registry import DATASETS
from support.refusals import refused

from fcn_plugin.preflight.data.joined import allow_other_ids

FIRST = dict(type="ClassMapDataset", class_map={0: "sea", 1: "land"}, palette=[[0, 0, 0], [1, 1, 1]], lazy_init=True)
OTHER_IDS = dict(FIRST, class_map={0: "sea", 7: "land"}, ignore_ids=[9], palette=[[0, 0, 0], [2, 2, 2]])


def config(*datasets, **options):
    joined = dict(type="ConcatDataset", datasets=copy.deepcopy(datasets), lazy_init=True, **options)
    repeated = dict(type="RepeatDataset", times=2, dataset=joined)
    return Config(dict(train_dataloader=dict(dataset=repeated)), filename=__file__)


def test_other_ids_and_colours_of_the_same_classes():
    cfg = config(FIRST, OTHER_IDS)
    with pytest.raises(ValueError, match="does not match"):
        DATASETS.build(cfg.train_dataloader.dataset.dataset)
    allow_other_ids(cfg, "train")
    joined = DATASETS.build(cfg.train_dataloader.dataset.dataset)
    assert [part.label_map for part in joined.datasets] == [{0: 0, 1: 1, 255: 255}, {0: 0, 7: 1, 9: 255}]
    assert joined.metainfo["palette"] == FIRST["palette"]


def test_what_the_config_ignores_is_ignored():
    cfg = config(FIRST, OTHER_IDS, ignore_keys="name")
    allow_other_ids(cfg, "train")
    assert {"name", "palette", "label_map"} <= {*cfg.train_dataloader.dataset.dataset.ignore_keys}


@pytest.mark.parametrize(
    "classes, found",
    [
        ({0: "land", 1: "sea"}, "class 0 is 'sea' and 'land'"),
        ({0: "sea", 1: "land", 2: "ice"}, "2 and 3 classes"),
    ],
)
def test_other_classes(classes, found):
    with refused("config-data", __file__, "data sets 1 and 2 of ConcatDataset", found):
        allow_other_ids(config(FIRST, dict(FIRST, class_map=classes, palette=None)), "train")


def test_a_data_set_alone():
    cfg = Config(dict(train_dataloader=dict(dataset=copy.deepcopy(FIRST))))
    allow_other_ids(cfg, "train")
    assert "ignore_keys" not in cfg.train_dataloader.dataset
