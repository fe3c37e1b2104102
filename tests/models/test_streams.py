"""What a config leaves to the parts: channels and strides, read off the built net."""

import pytest
import torch
from mmseg.registry import MODELS
from support.builders import STREAMS, build_fcn, fcn_config
from support.refusals import refused


@pytest.mark.parametrize("how", ["auto", "absent"])
def test_a_net_without_numbers_is_the_net_with_them(how):
    typed, cfg = build_fcn(), fcn_config()
    for part, keys in ((cfg.model.neck, ["in_channels"]), (cfg.model.decode_head, ["in_channels", "strides"])):
        for key in keys:
            part.pop(key)
            if how == "auto":
                part[key] = "auto"
    net = MODELS.build(cfg.model).eval()
    net.load_state_dict(typed.state_dict())
    image = torch.rand(1, 3, 40, 50)
    assert torch.equal(net(image), typed(image))
    assert net.decode_head.strides == (32, 16, 8)


def test_what_is_auto_is_derived_and_what_is_given_is_compared():
    cfg = fcn_config()
    cfg.model.decode_head.in_channels["pool4"] = cfg.model.decode_head.strides["pool3"] = "auto"
    assert MODELS.build(cfg.model).decode_head.in_channels == [8, 32, 16]
    cfg.model.decode_head.in_channels["pool3"] = 17
    with refused("config-value", "in_channels.pool3 is 17", "returns 16"):
        MODELS.build(cfg.model)


def test_fewer_streams_than_the_neck_returns():
    cfg = fcn_config(streams=STREAMS["32s"])
    cfg.model.decode_head.update(in_channels="auto", strides="auto")
    assert MODELS.build(cfg.model).decode_head.strides == (32,)


def test_more_streams_than_the_neck_returns():
    cfg = fcn_config(streams=(*STREAMS["8s"], "pool0"))
    cfg.model.decode_head.strides = "auto"
    with refused("config-value", "pool0", "the 3 "):
        MODELS.build(cfg.model)


def test_another_number_of_channels_than_of_maps():
    cfg = fcn_config()
    cfg.model.neck.in_channels = (16, 32)
    cfg.model.neck.scales = (1.0, 1.0)
    with refused("config-value", "compare in_channels"):
        MODELS.build(cfg.model)
