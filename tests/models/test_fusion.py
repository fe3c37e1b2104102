"""Late fusion: the mean of whole nets' scores, at any size; trunks of other bands and widths; where they start from."""

import pytest
import torch
from mmseg.registry import MODELS
from support.builders import STREAMS, build_fcn, fcn_config, sample
from support.refusals import refused

from fcn_plugin.engine.start import Fresh
from fcn_plugin.export.graph import ExportGraph
from fcn_plugin.models.label_maps import predict_tiles
from fcn_plugin.preflight.fill_in import fill_in_training

MEAN = [116.0, 97.0, 92.0, 132.0, 94.0, 118.0]
BOTH = dict(color=dict(bands=3), depth=dict(bands=3))


def images(mean=MEAN, rgb=(3, 2, 1)):
    return dict(_delete_=True, type="FCNBandsPreProcessor", mean=list(mean), std=[1.0] * len(mean), rgb=rgb)


def build_fusion(trunks=BOTH, mean=MEAN, **kwargs):
    return build_fcn(type="FCNFusion", trunks=trunks, data_preprocessor=images(mean), **kwargs)


def build_alone(mean, rgb, **kwargs):
    return build_fcn(data_preprocessor=images(mean, rgb), **kwargs)


@pytest.fixture(scope="module", params=[("aligned", "8s"), ("reference", "8s"), ("reference", "32s")], ids=str)
def nets(request, tmp_path_factory):
    """(late fusion of two files, the two nets)."""
    geometry, variant = request.param
    options = dict(geometry=geometry, streams=STREAMS[variant], neck=dict(dropout_ratio=0.0))
    torch.manual_seed(0)
    color, depth = build_alone(MEAN[:3], (3, 2, 1), **options), build_alone(MEAN[3:], (), **options)
    folder, source = tmp_path_factory.mktemp("trained"), {}
    for name, net in (("color", color), ("depth", depth)):
        source[name] = str(folder / f"{name}.pth")
        torch.save({"state_dict": net.state_dict(), "meta": {}}, source[name])
    cfg = fcn_config(type="FCNFusion", trunks=BOTH, data_preprocessor=images(), pretrained=source, **options)
    fused = MODELS.build(cfg.model)
    fused.init_weights()
    return fused.eval(), color, depth


@pytest.mark.parametrize("size", [(1, 1), (37, 50), (64, 96)], ids=str)
def test_scores_are_the_mean_of_two_trained_nets(nets, size):
    """Upsampling is linear, so that the mean of the scores is that of the logits."""
    fused, color, depth = nets
    image = 50 * torch.randn(2, 6, *size)
    with torch.no_grad():
        wanted = 0.5 * color(image[:, :3]) + 0.5 * depth(image[:, 3:])
        torch.testing.assert_close(fused(image), wanted, rtol=1e-4, atol=1e-4)
    assert fused.decode_head.crops == color.decode_head.crops


def test_tiles_and_exports_compute_what_the_net_computes(nets):
    fused = nets[0]
    image = torch.rand(6, 150, 70) * 255
    with torch.no_grad():
        batch = fused.data_preprocessor(dict(inputs=[image]))["inputs"]
        logits = fused(batch)
        if fused.geometry == "aligned":
            fused.test_cfg.tile = 64
            (found,) = predict_tiles(fused, dict(inputs=[image], data_samples=[sample(torch.zeros(150, 70))]))
            assert (found.pred_sem_seg.data[0] == logits[0].argmax(0)).float().mean() > 0.999
        elif fused.decode_head.streams == ("fr",):
            graph = ExportGraph(fused, "logits").program.module()
            assert (graph(batch) - logits).abs().max() <= 1e-4 * logits.abs().max()


def test_trunks_of_other_bands_and_widths():
    narrow = dict(bands=1, neck=dict(type="FCNSkipNeck", in_channels=(16, 32, 32), fc_channels=4))
    torch.manual_seed(1)
    net = build_fusion(dict(color=dict(bands=3), depth=narrow), MEAN[:4], head=dict(in_channels="auto", strides="auto"))
    assert net.backbone["depth"].features[0].conv.weight.shape[1] == 1
    assert net.decode_head.score_fr["color"].weight.shape == (3, 8, 1, 1)
    assert net.decode_head.score_fr["depth"].weight.shape == (3, 4, 1, 1)
    image = torch.randn(1, 4, 33, 65)
    with torch.no_grad():
        before = net(image)
        assert before.shape == (1, 3, 33, 65)
        for bands in (slice(0, 3), slice(3, 4)):  # either sensor counts
            changed = image.clone()
            changed[:, bands] += 1
            assert not torch.equal(net(changed), before)


def test_one_source_starts_every_trunk(tmp_path):
    alone = build_alone(MEAN[:3], ())
    path = str(tmp_path / "alone.pth")
    torch.save({"state_dict": alone.state_dict(), "meta": {}}, path)
    cfg = fcn_config(type="FCNFusion", trunks=BOTH, data_preprocessor=images(MEAN[:3] * 2, ()), pretrained=path)
    net = MODELS.build(cfg.model)
    net.init_weights()
    for trunk in BOTH:
        assert torch.equal(net.neck[trunk].fc6.weight, alone.neck.fc6.weight)
        assert torch.equal(net.decode_head.score_pool4[trunk].weight, alone.decode_head.score_pool4.weight)


def test_a_net_of_other_images_is_no_start(tmp_path):
    path = str(tmp_path / "other.pth")
    torch.save({"state_dict": build_alone([1.0, 2.0, 3.0], (3, 2, 1)).state_dict(), "meta": {}}, path)
    net = MODELS.build(
        fcn_config(type="FCNFusion", trunks=BOTH, data_preprocessor=images(), pretrained=dict(color=path)).model
    )
    with refused("weights-preprocessing", path, "mean (1, 2, 3)"):
        net.init_weights()


@pytest.mark.parametrize(
    "trunks, part",
    [
        ({}, "no bands"),
        (dict(one=dict(bands=6)), "6 bands of an image of 6"),
        (dict(one=dict(bands=3), two=dict(bands=4)), "3 + 4 bands of an image of 6"),
        (dict(one=dict(bands=6), two={}), "6 + 0 bands"),
    ],
    ids=["none", "one", "more", "nothing"],
)
def test_bands_that_the_image_has_not(trunks, part):
    with refused("config-value", "model.trunks", part):
        build_fusion(trunks)


def test_a_source_for_no_trunk():
    with refused("config-value", "model.pretrained names 'hha'", "color, depth"):
        build_fusion(pretrained=dict(hha="net.pth"))


def test_trunks_on_other_grids():
    resnet = dict(type="mmpretrain.ResNet", depth=18, out_indices=(1, 2, 3))
    other = dict(bands=3, backbone=resnet, neck=dict(type="FCNSkipNeck", in_channels=(128, 256, 512), fc_channels=8))
    with refused("geometry", "'color' and 'other'", "stride 32 from 15.5", "backbones of one kind"):
        build_fusion(dict(color=dict(bands=3), other=other), head=dict(in_channels="auto", strides="auto"))


def test_a_start_that_is_not_there():
    cfg = fcn_config(pretrained=dict(color="gone.pth"))
    with refused("weights-missing", "no weights at gone.pth", "trunk color", "model.pretrained.color=PATH"):
        fill_in_training(cfg, Fresh())


SIDE = 64


def depth_scenes(count=4):
    """One picture in colour for all, and quadrants that are near or far, by chance: (colour, ln depth less its mean, labels)."""
    rng = torch.Generator().manual_seed(4)
    near = torch.randint(0, 2, (count, 2, 2), generator=rng)
    near[:2] = torch.tensor([[[0, 1], [1, 0]], [[1, 0], [0, 1]]])
    labels = near.repeat_interleave(SIDE // 2, 1).repeat_interleave(SIDE // 2, 2)
    color = torch.randn(1, 3, SIDE, SIDE, generator=rng).expand(count, -1, -1, -1)
    depth = torch.where(labels == 1, 1.0, 4.0).log() - 0.7 + 0.01 * torch.randn(count, SIDE, SIDE, generator=rng)
    return color, depth[:, None], labels


def mean_iu(net, image, labels, steps=40):
    """After training on the images: mean IU on them, counted here."""
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
    net.train()
    for _ in range(steps):
        loss = sum(
            value for name, value in net(image, [sample(one) for one in labels], mode="loss").items() if "loss" in name
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    net.eval()
    with torch.no_grad():
        found = net(image).argmax(1)
    ius = [((found == c) & (labels == c)).sum() / ((found == c) | (labels == c)).sum() for c in (0, 1)]
    return float(sum(ius)) / 2


@pytest.mark.parametrize("kind", ["color", "early", "late"])
def test_classes_that_differ_in_depth_alone_need_depth(kind):
    """Both fusions learn them to 0.9 mean IU and above; colour alone, where all images look alike, can't."""
    color, depth, labels = depth_scenes()
    both = torch.cat([color, depth], 1)
    options = dict(norm=dict(type="BN"), num_classes=2, neck=dict(dropout_ratio=0.0))
    torch.manual_seed(0)
    if kind == "color":
        net, image = build_fcn(**options), color
    elif kind == "early":
        net, image = build_alone(MEAN[:4], (3, 2, 1), **options), both
    else:
        net, image = build_fusion(dict(color=dict(bands=3), depth=dict(bands=1)), MEAN[:4], **options), both
    score = mean_iu(net, image, labels)
    assert score < 0.7 if kind == "color" else score >= 0.9
