"""What a run on ``meta`` tensors leaves out changes no shape."""

import pytest
import torch
import torch.nn.functional as F

from fcn_plugin.layers.meta_run import KEEP_SHAPE

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
