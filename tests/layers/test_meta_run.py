"""What a run on ``meta`` tensors leaves out changes no shape, and norms that do not fit still fail."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from fcn_plugin.layers.meta_run import KEEP_SHAPE, output_shapes

ARGS = {
    F.batch_norm: (torch.zeros(6), torch.ones(6)),
    F.group_norm: (3,),
    F.layer_norm: ((5, 4),),
    F.local_response_norm: (2,),
}


@pytest.mark.parametrize("function", KEEP_SHAPE, ids=lambda function: function.__name__)
def test_shape_and_type_stay(function):
    value = torch.rand(2, 6, 5, 4)
    result = function(value, *ARGS.get(function, ()))
    assert (result.shape, result.dtype) == (value.shape, value.dtype)


@pytest.mark.parametrize("norm", [nn.BatchNorm2d(5), nn.LayerNorm(9), nn.LayerNorm([3, 8, 8])], ids=str)
def test_norms_of_another_size(norm):
    assert output_shapes([norm], size=10) is None


@pytest.mark.parametrize(
    "norm", [nn.BatchNorm2d(3), nn.BatchNorm2d(3, track_running_stats=False), nn.LayerNorm([3, 8, 8])], ids=str
)
def test_norms_that_fit(norm):
    assert output_shapes([norm], size=8) == [(1, 3, 8, 8)]


class ByName(nn.Module):
    def forward(self, x):
        return torch.sigmoid(input=x)


def test_arguments_by_name():
    assert output_shapes([ByName()], size=8) == [(1, 3, 8, 8)]
