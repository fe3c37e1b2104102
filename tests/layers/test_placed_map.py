"""Feature maps are read where they lie on the image."""

import pytest
import torch
from torch import nn

from fcn_plugin.layers.coord_map import CoordMap
from fcn_plugin.layers.placed_map import PlacedMap
from fcn_plugin.layers.trace import trace_coord_maps

SIDE = 150
BORDERS = pytest.mark.parametrize("border", [0, 99], ids=["aligned", "reference"])


class Averages(nn.Module):
    """Convolutions and poolings that average: what they make of an image of coordinates is each cell's own coordinate."""

    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Conv2d(3, 3, 3, 2, 1), nn.Conv2d(3, 3, 5, 2, 2), nn.AvgPool2d(2)])
        for conv in self.layers[:2]:
            conv.weight.data = torch.eye(3)[..., None, None].expand_as(conv.weight) / conv.weight[0, 0].numel()
            conv.bias.data.zero_()

    def forward(self, x):
        maps = []
        for layer in self.layers:
            x = layer(x)
            maps.append(x)
        return maps


def coordinates(height=SIDE, width=SIDE):
    y, x = torch.meshgrid(torch.arange(height).float(), torch.arange(width).float(), indexing="ij")
    return torch.stack([x, y, x + y])[None]


def inner_points(count=50):
    return torch.randint(40, SIDE - 40, (1, 1, count, 2), generator=torch.Generator().manual_seed(0))


@BORDERS
def test_coordinates_are_read_back(border):
    net = Averages()
    grids = trace_coord_maps([net], CoordMap().pad(border), any_size=border > 0)
    image = nn.functional.pad(coordinates(), [border, border + 8] * 2)
    points = inner_points()
    with torch.no_grad():
        for values, grid, stride in zip(net(image), grids, (2, 4, 8), strict=True):
            assert grid.scale == stride
            found = PlacedMap(values, grid).at(points)[..., :2]
            torch.testing.assert_close(found, points.float(), rtol=0, atol=1e-4)


@BORDERS
def test_a_few_rows_give_the_same(border):
    values, grid = torch.randn(2, 3, 40, 45), CoordMap().down(4, 4).pad(border // 4)
    whole, points = PlacedMap(values, grid), torch.randint(160, (2, 1, 300, 2))
    for top, rows in ((0, 160), (0, 1), (57, 12), (159, 1)):
        points[..., 1] = points[..., 1] % rows + top
        part = whole.around(top, rows)
        assert part.values.shape[2] <= rows // 4 + 3
        torch.testing.assert_close(part.at(points), whole.at(points), rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(part.of(1).at(points[1:]), whole.at(points)[1:], rtol=1e-4, atol=1e-4)


def test_single_cells_and_half_precision():
    """Before the middle of the first cell a value is this cell's; coordinates stay exact beside bf16 values."""
    cell = PlacedMap(torch.full((1, 1, 1, 1), 7.0), CoordMap().down(8, 8))
    assert (cell.at(torch.tensor([[[[0, 0], [3, 7], [500, 2]]]])) == 7).all()
    row = torch.tensor([0.0, 1.0]).bfloat16().expand(1, 1, 1, 300, 2).flatten(3)  # 0 1 0 1 ...
    with torch.autocast("cpu", torch.bfloat16):
        found = PlacedMap(row, CoordMap()).at(torch.tensor([[[[598.25, 0.0]]]]))
    assert found.dtype == torch.float32
    assert found.item() == pytest.approx(0.25, abs=1e-3)
