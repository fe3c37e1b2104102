"""Coordinate maps and crop offsets of the authors' nets, from layer lists typed by hand."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st
from support.refusals import refused

from fcn_plugin.layers.coord_map import CoordMap

# (kernel, stride, padding) of the layers that end in a stream
VGG_CONVS = {"pool3": (2, 2, 3), "pool4": (3,), "pool5": (3,)}
POOL, CONV = (3, 2, 0), (3, 1, 1)
CAFFENET = [(11, 4, 100), POOL, (5, 1, 2), POOL, CONV, CONV, CONV, POOL, (6, 1, 0), (1, 1, 0)]


def vgg_maps(border):
    """Maps of VGG16's pool3, pool4, pool5, and of fc7 with an unpadded fc6, for an image padded by border."""
    grid, maps = CoordMap().pad(border), {}
    for name, stages in VGG_CONVS.items():
        for convs in stages:
            for _ in range(convs):
                grid = grid.down(3, padding=1)
            grid = grid.down(2, 2)
        maps[name] = grid
    maps["fc7"] = grid.down(7).down(1)
    return maps


def test_vgg_streams():
    maps = vgg_maps(border=0)
    for name, scale, twice in (("pool3", 8, 7), ("pool4", 16, 15), ("pool5", 32, 31)):
        assert maps[name] == CoordMap(Fraction(scale), Fraction(twice, 2))
    # conv1_1 pads 100: the same as 99 zeros around the image and a padding of 1
    assert vgg_maps(border=99)["fc7"] == CoordMap(Fraction(32), Fraction(25, 2))


def test_crop_offsets_of_the_vgg_nets():
    maps = vgg_maps(99)
    assert maps["fc7"].up(64, 32).crop_offset(CoordMap()) == 19
    fused = maps["fc7"].up(4, 2)
    assert maps["pool4"].crop_offset(fused) == 5
    assert fused.up(32, 16).crop_offset(CoordMap()) == 27
    fused = fused.up(4, 2)
    assert maps["pool3"].crop_offset(fused) == 9
    assert fused.up(16, 8).crop_offset(CoordMap()) == 31


def test_crop_offset_of_the_alexnet_net():
    grid = CoordMap()
    for kernel, stride, padding in CAFFENET:
        grid = grid.down(kernel, stride, padding)
    assert grid == CoordMap(Fraction(32), Fraction(13))
    assert grid.up(63, 32).crop_offset(CoordMap()) == 18


def test_dilation_widens_the_kernel_and_cutting_off_moves_the_first_pixel_right():
    assert CoordMap(Fraction(2)).down(3, dilation=4, padding=1) == CoordMap(Fraction(2), Fraction(6))
    assert CoordMap(Fraction(4), Fraction(1)).pad(-2) == CoordMap(Fraction(4), Fraction(9))
    # negative where the target begins earlier
    assert CoordMap(Fraction(2), Fraction(4)).crop_offset(CoordMap(Fraction(2), Fraction(-2))) == -3


def test_no_crop_at_half_offsets_and_across_strides():
    with refused("geometry", "crop offset 1/2"):
        CoordMap().crop_offset(CoordMap(shift=Fraction(1, 2)))
    with refused("geometry", "16 and 8"):
        CoordMap(Fraction(16)).crop_offset(CoordMap(Fraction(8)))


@given(
    scale=st.fractions(min_value=Fraction(1, 8), max_value=64),
    shift=st.fractions(min_value=-100, max_value=100),
    kernel=st.integers(1, 70),
    stride=st.integers(1, 40),
    padding=st.integers(0, 100),
)
def test_up_undoes_down(scale, shift, kernel, stride, padding):
    grid = CoordMap(scale, shift)
    assert grid.down(kernel, stride, padding).up(kernel, stride, padding) == grid
    assert grid.up(kernel, stride, padding).down(kernel, stride, padding) == grid


@given(offset=st.integers(0, 300), stride=st.integers(1, 64), shift=st.fractions(min_value=-50, max_value=50))
def test_crop_offset_finds_how_much_was_padded(offset, stride, shift):
    target = CoordMap(Fraction(stride), shift)
    assert target.pad(offset).crop_offset(target) == offset


def test_reach_is_half_the_receptive_field():
    """404 pixels for VGG16's fc7 (CVPR 2015, Table 1); an upsampling by 32 sees a cell of 32 px further, less half a pixel."""
    fc7 = vgg_maps(99)["fc7"]
    assert 2 * fc7.reach + 1 == 404
    assert fc7.up(64, 32).reach == fc7.reach + Fraction(63, 2)
    assert fc7.pad(7).reach == fc7.reach
    # a sum reaches as far as the farther map
    near, far = CoordMap().down(3), CoordMap().down(5)
    assert near.added(far).reach == far.added(near).reach == 2
    assert CoordMap(reach=Fraction(3)) == CoordMap()
