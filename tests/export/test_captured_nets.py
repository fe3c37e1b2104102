"""Nets with further layers, captured once: the graph computes what the net does at sizes it has not seen."""

from functools import partial

import pytest
import torch
from support.builders import FINE, build_dilated, build_fcn, build_points, build_unpool

from fcn_plugin.export.graph import ExportGraph

ASPP = dict(type="FCNASPPNeck", in_channels="auto", channels=8, dilations=(1, 3), separable=True)
NETS = {
    "2s": partial(build_fcn, FINE["2s"]),
    "ASPP and pool3": partial(build_dilated, 16, ("pool3",), neck=ASPP),
    "SegNet": build_unpool,
    "DeconvNet": partial(build_unpool, 8),
    "points": build_points,
}


@pytest.mark.parametrize("name", NETS)
def test_the_graph_computes_what_the_net_computes(name):
    torch.manual_seed(0)
    net = NETS[name]()
    graph = ExportGraph(net, "logits").program.module()
    for batch, height, width in ((1, 1, 1), (2, 17, 23), (1, 64, 80)):
        image = torch.randn(batch, 3, height, width)
        with torch.no_grad():
            torch.testing.assert_close(graph(image), net(image), rtol=1e-4, atol=1e-4)
