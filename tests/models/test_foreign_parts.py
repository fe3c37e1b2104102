"""A head of mmseg in an FCN, and an FCN's head in a segmentor of mmseg: one message each, no traceback."""

import pytest
import torch
from mmengine.config import ConfigDict
from support.builders import MODELS, fcn_config, sample
from support.refusals import refused

from fcn_plugin.models.score_names import require_own_segmentor

FCN_HEAD = dict(type="FCNHead", in_channels=8, in_index=0, channels=8, num_convs=1, num_classes=3)
UPER_HEAD = dict(type="UPerHead", in_channels=[4, 8], in_index=[0, 1], channels=8, num_classes=3)


@pytest.mark.parametrize("head", [FCN_HEAD, UPER_HEAD, {**FCN_HEAD, "type": "mmseg.FCNHead"}], ids=lambda h: h["type"])
def test_a_stock_head_in_an_fcn(head):
    cfg = {**fcn_config().model, "decode_head": head}
    with refused("config-value", head["type"].split(".")[-1], "use FCNSkipHead", "EncoderDecoder"):
        MODELS.build(cfg)
    MODELS.build({**fcn_config().model, "auxiliary_head": FCN_HEAD})  # beside the FCN's it may be


def stock(streams, channels, strides):
    own = {**fcn_config().model.decode_head, "streams": streams, "in_channels": channels, "strides": strides}
    backbone = dict(type="NarrowVGG", depth=16, out_indices=(2, 3, 4))
    return dict(type="EncoderDecoder", backbone=backbone, decode_head=own, test_cfg=ConfigDict(mode="whole"))


@pytest.mark.parametrize("mode", ["tensor", "loss", "predict"])
@pytest.mark.parametrize("streams", [("fr",), ("fr", "pool4")], ids=str)
def test_an_fcn_head_in_a_stock_segmentor(mode, streams):
    cfg = stock(streams, dict(fr=16, pool4=32), dict(fr=8, pool4=4))
    model, image = MODELS.build(cfg), torch.zeros(1, 3, 64, 64)
    meta = dict(ori_shape=(64, 64), img_shape=(64, 64), pad_shape=(64, 64))
    samples = [sample(torch.zeros(64, 64).long(), **meta)] if mode != "tensor" else None
    with refused("config-value", "FCNSkipHead", "model.type='FCN'", "FCNSkipNeck"):
        model(image, samples, mode=mode)


def test_a_config_is_refused_before_anything_is_built():
    with refused("config-value", "FCNSkipHead in EncoderDecoder", "model.type='FCN'"):
        require_own_segmentor(stock(("fr",), "auto", "auto"))
    require_own_segmentor(fcn_config().model)
    require_own_segmentor(dict(type="EncoderDecoder", decode_head=FCN_HEAD))
