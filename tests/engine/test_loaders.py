"""Data loaders of a config without worker processes."""

import pytest

from fcn_plugin.configs import get_config
from fcn_plugin.engine.runner import FCNRunner

OPTIONS = dict(persistent_workers=True, prefetch_factor=2, timeout=5, multiprocessing_context="fork")


@pytest.mark.parametrize("split", ["train", "val", "test"])
@pytest.mark.parametrize("number", [0, None])
def test_options_of_workers_are_left_out_where_there_are_none(data, split, number):
    runner = object.__new__(FCNRunner)
    runner.cfg = get_config("fcn8s_vgg16bn_minivoc")
    runner._train_dataloader = None
    loader = runner.cfg[f"{split}_dataloader"]
    loader.update(OPTIONS, num_workers=number)
    loader.dataset.data_root = str(data)
    if number is None:
        del loader.num_workers
    assert next(iter(runner.build_dataloader(loader, seed=0)))["inputs"]
    assert loader.timeout == 5  # the config stays as it is
