"""Batch norms fold into the convolutions before them where nothing else reads these; the outputs stay."""

import pytest
import torch
from torch import nn

from fcn_plugin.layers.fold import fold_batch_norms


def norm(channels=4, kind=nn.BatchNorm2d, **kwargs):
    """Return a batch norm with statistics of a trained net."""
    layer = kind(channels, **kwargs)
    if layer.running_mean is not None:
        layer.running_mean.normal_()
        layer.running_var.uniform_(0.5, 2)
    if layer.affine:
        nn.init.normal_(layer.weight, 1)
        nn.init.normal_(layer.bias)
    return layer


class Branch(nn.Module):
    """The output of the convolution is read by the batch norm and by a sum."""

    def __init__(self):
        super().__init__()
        self.conv, self.bn = nn.Conv2d(3, 4, 3), norm()

    def forward(self, x):
        x = self.conv(x)
        return self.bn(x) + x


class Shared(nn.Module):
    """Two batch norms, one convolution."""

    def __init__(self):
        super().__init__()
        self.conv, self.first, self.second = nn.Conv2d(3, 4, 3), norm(), norm()

    def forward(self, x):
        return self.first(self.conv(x)) + self.second(self.conv(x + 1))


def with_activation():
    kind = pytest.importorskip("timm.layers").BatchNormAct2d
    return nn.Sequential(nn.Conv2d(3, 4, 3, bias=False), norm(kind=kind, act_layer=nn.ReLU6), nn.Conv2d(4, 4, 1))


@pytest.mark.parametrize(
    "build, folded",
    [
        (lambda: nn.Sequential(nn.Conv2d(3, 4, 3), norm()), 1),
        (
            lambda: nn.Sequential(
                nn.Conv2d(3, 4, 1, bias=False), norm(), nn.ReLU(), nn.Conv2d(4, 4, 3, groups=4), norm()
            ),
            2,
        ),
        (with_activation, 1),
        (lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), norm()), 0),
        (lambda: nn.Sequential(nn.Conv2d(3, 4, 3), norm(affine=False)), 0),
        (lambda: nn.Sequential(nn.Conv2d(3, 4, 3), norm(track_running_stats=False)), 0),
        (Branch, 0),
        (Shared, 0),
    ],
    ids=[
        "plain",
        "depthwise",
        "with activation",
        "relu between",
        "no weights",
        "no statistics",
        "read twice",
        "called twice",
    ],
)
def test_fold(build, folded):
    torch.manual_seed(0)
    net, image = build().eval(), torch.randn(2, 3, 9, 7)
    with torch.no_grad():
        expected = net(image)
        norms = sum(isinstance(layer, nn.BatchNorm2d) for layer in net.modules())
        assert fold_batch_norms(net, lambda: net(image)) == folded
        assert sum(isinstance(layer, nn.BatchNorm2d) for layer in net.modules()) == norms - folded
        torch.testing.assert_close(net(image), expected, rtol=1e-5, atol=1e-5)
