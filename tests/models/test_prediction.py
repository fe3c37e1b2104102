"""What a prediction holds, and the ways to one: whole, tiles, in the precision that inference computes in, compiled."""

import copy

import pytest
import torch
from mmengine.config import ConfigDict
from mmseg.structures import SegDataSample
from support.builders import STREAMS, balance_classes, build_fcn, sample
from support.refusals import refused

from fcn_plugin.models.label_maps import windows

LABEL_MAPS = {"keep_logits": False}


def photo(height, width):
    """(3, H, W) uint8, and the data sample of an image that came as it is."""
    meta = {"ori_shape": (height, width), "img_shape": (height, width), "img_path": "photo7.jpg"}
    return torch.randint(0, 256, (3, height, width), dtype=torch.uint8), SegDataSample(metainfo=meta)


def step(model, *photos):
    images, samples = zip(*photos, strict=True)
    with torch.inference_mode():
        return model.test_step({"inputs": list(images), "data_samples": [s.clone() for s in samples]})


@pytest.fixture(scope="module")
def model():
    """FCN-8s whose classes all win somewhere on noise."""
    torch.manual_seed(0)
    one = build_fcn(num_classes=5)
    balance_classes(one, one.data_preprocessor({"inputs": [photo(128, 128)[0]]}, False)["inputs"])
    return one


def with_test_cfg(model, **options):
    one = copy.deepcopy(model)
    one.test_cfg = ConfigDict({"mode": "whole", **options})
    return one


def test_label_maps_without_logits_are_those_with_them(model):
    photos = [photo(70, 90), photo(70, 90)]
    full, lean = step(model, *photos), step(with_test_cfg(model, **LABEL_MAPS), *photos)
    for a, b in zip(full, lean, strict=True):
        assert a.seg_logits.data.shape == (5, 70, 90)
        assert "seg_logits" not in b
        assert a.pred_sem_seg.data.unique().numel() > 2
        assert torch.equal(a.pred_sem_seg.data, b.pred_sem_seg.data)


@pytest.mark.parametrize(
    "meta",
    [
        {"ori_shape": (140, 180)},
        {"flip": True, "flip_direction": "horizontal"},
        {"img_padding_size": (0, 10, 0, 20), "ori_shape": (50, 80)},
    ],
    ids=["resized", "turned", "padded"],
)
def test_images_that_were_changed_on_the_way(model, meta):
    image, one = photo(70, 90)
    one.set_metainfo(meta)
    (full,), (lean,) = step(model, (image, one)), step(with_test_cfg(model, **LABEL_MAPS), (image, one))
    assert full.pred_sem_seg.shape == one.ori_shape
    assert torch.equal(full.pred_sem_seg.data, lean.pred_sem_seg.data)
    assert "seg_logits" not in lean


def test_sliding_windows_drop_their_logits_too(model):
    given = photo(70, 90)
    kept, dropped = (
        step(with_test_cfg(model, mode="slide", crop_size=(64, 64), stride=(32, 32), keep_logits=keep), given)[0]
        for keep in (True, False)
    )
    assert "seg_logits" in kept
    assert "seg_logits" not in dropped
    assert torch.equal(kept.pred_sem_seg.data, dropped.pred_sem_seg.data)


@pytest.mark.parametrize("geometry", ["aligned", "reference"])
@pytest.mark.parametrize("variant", STREAMS)
def test_tiles_give_the_label_map_of_the_whole(variant, geometry):
    """With a quarter of the context the border of the tiles shows: the test can tell."""
    model = build_fcn(STREAMS[variant], geometry, num_classes=5)
    given = photo(333, 420)
    balance_classes(model, model.data_preprocessor({"inputs": [given[0]]}, False)["inputs"])
    (whole,) = step(model, given)
    tiled = with_test_cfg(model, mode="tiles", tile=96)
    (found,) = step(tiled, given)
    assert found.pred_sem_seg.data.dtype == torch.uint8
    assert whole.pred_sem_seg.data.unique().numel() > 2
    # rounding decides where two classes tie
    assert (found.pred_sem_seg.data == whole.pred_sem_seg.data).float().mean() > 0.9999
    tiled.decode_head.reach = tiled.decode_head.reach // 8
    assert (step(tiled, given)[0].pred_sem_seg.data == whole.pred_sem_seg.data).float().mean() < 0.9999


def test_windows():
    found = [(tile.start, tile.stop, window.start, window.stop) for tile, window in windows(200, 96, 32)]
    assert found == [(0, 96, 0, 128), (96, 192, 64, 200), (192, 200, 160, 200)]


def test_more_than_256_classes_fit():
    model = with_test_cfg(build_fcn(num_classes=300), mode="tiles", tile=32)
    with torch.no_grad():
        model.decode_head.score_fr.bias[299] = 1e4
    (found,) = step(model, photo(40, 40))
    assert (found.pred_sem_seg.data == 299).all()


@pytest.mark.parametrize(
    ("options", "meta", "named"),
    [
        ({"tile": 100}, {}, ["test_cfg.tile is 100", "stride, 32"]),
        ({"tile": 0}, {}, ["test_cfg.tile is 0"]),
        ({}, {"ori_shape": (99, 99)}, ["photo7.jpg: (99, 99) became (40, 40)", "mode='whole'"]),
        ({}, {"flip": True}, ["photo7.jpg", "mode='whole'"]),
        ({"keep_logits": True}, {}, ["without logits", "mode='whole'"]),
    ],
)
def test_what_tiles_can_not_do(model, options, meta, named):
    image, one = photo(40, 40)
    one.set_metainfo(meta)
    with refused("config-value", *named):
        step(with_test_cfg(model, mode="tiles", **options), (image, one))


def test_kernels_kept_in_bf16_give_what_autocast_gives():
    model = build_fcn(precision="bf16", norm={"type": "BN"})
    image = torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        expected = model(image)
        found = copy.deepcopy(model).to_inference()(image)
    assert torch.equal(found, expected)
    model.to_inference()
    kept = {name: tensor.dtype for name, tensor in model.named_parameters()}
    assert kept["backbone.features.0.conv.weight"] == kept["neck.fc6.weight"] == torch.bfloat16
    assert kept["backbone.features.0.bn.weight"] == torch.float32
    assert model.decode_head.upscore8.weight.dtype == torch.float32
    full = build_fcn().train().to_inference()  # in fp32
    assert {tensor.dtype for tensor in full.parameters()} == {torch.float32}
    assert not full.training


def test_batch_norms_are_folded():
    model = build_fcn(norm={"type": "BN"})
    norms = [layer for layer in model.modules() if isinstance(layer, torch.nn.BatchNorm2d)]
    for norm in norms:
        norm.running_mean.normal_()
        norm.running_var.uniform_(0.5, 2)
    image = torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        expected = model.eval()(image)
        found = model.to_inference()(image)
    assert len(norms) == 13 and not [layer for layer in model.modules() if isinstance(layer, torch.nn.BatchNorm2d)]
    assert (found - expected).abs().max() < 1e-5 * expected.abs().max()


def test_only_the_folded_net_is_compiled():
    graphs = []

    def backend(graph, inputs):
        graphs.append(graph)
        return graph.forward

    model = build_fcn(compile={"backend": backend}, norm={"type": "BN"}).to_inference()
    assert graphs == []
    model(torch.randn(1, 3, 160, 160))
    operations = {str(node.target) for graph in graphs for node in graph.graph.nodes}
    assert any("conv2d" in name for name in operations) and not any("batch_norm" in name for name in operations)


def test_compiled_forward():
    """Backbone and neck are compiled, not the step; the second size makes them ready for others, but for thresholds of torch's."""
    graphs = []

    def backend(graph, inputs):
        graphs.append(graph)
        return graph.forward

    model = build_fcn(compile={"backend": backend})
    plain = build_fcn()
    plain.load_state_dict(model.state_dict())
    for side in (160, 192, 224):
        image = torch.randn(1, 3, side, side)
        with torch.inference_mode():
            torch.testing.assert_close(model(image), plain(image))
    assert 2 <= len(graphs) < 2 * 3
    # a copy, as a hook for averages makes, has weights of its own
    average = copy.deepcopy(model)
    with torch.no_grad():
        for parameter in average.parameters():
            parameter.zero_()
        assert (average(image) == 0).all()
        assert (model(image) != 0).any()


def test_gradients_of_a_compiled_forward():
    model = build_fcn(compile={"backend": "eager"}, neck={"dropout_ratio": 0.0}).train()
    plain = build_fcn(neck={"dropout_ratio": 0.0}).train()
    plain.load_state_dict(model.state_dict())
    images, samples = torch.randn(1, 3, 40, 40), [sample(torch.ones(40, 40, dtype=torch.int64))]
    for one in (model, plain):
        one(images, samples, mode="loss")["decode.loss_ce"].backward()
    for a, b in zip(model.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(a.grad, b.grad)
