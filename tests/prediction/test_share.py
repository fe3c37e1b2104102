"""Processes share the inputs, each one whole, and hear of each other's results."""

import pytest
import torch
from mmengine.config import ConfigDict
from support.forked import values

from fcn_plugin.engine.distributed import join_processes
from fcn_plugin.prediction.share import Share
from fcn_plugin.prediction.sources.inputs import Input

INPUTS = [Input("", f"{index}.png") for index in range(7)]


def part(rank):
    join_processes(ConfigDict(launcher="pytorch"))
    share = Share()
    mine = share.of(INPUTS)
    return [source.name for source in mine], share.gather(len(mine))


def test_one_process_has_all():
    share = Share()
    assert (share.of(INPUTS), share.gather("x"), share.rank) == (INPUTS, ["x"], 0)


@pytest.mark.skipif(torch.cuda.is_available(), reason="gloo, and processes forked without a GPU's threads")
def test_two_processes():
    assert values(2, part) == [(["0", "2", "4", "6"], [4, 3]), (["1", "3", "5"], [4, 3])]
