"""What weights expect of an image: the record of a preprocessor, and its comparison on every way to load weights."""

import re
from functools import partial

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from mmengine.runner import load_checkpoint
from mmseg.models import SegDataPreProcessor
from support.builders import build_fcn
from support.refusals import refused
from torch import nn
from torchvision import models

from fcn_plugin.checkpoints.load import load_verified
from fcn_plugin.checkpoints.read import open_checkpoint
from fcn_plugin.weights.preprocessing import (
    BGR,
    CAFFE,
    RECORD,
    RGB,
    TORCHVISION,
    TORCHVISION_GOOGLENET,
    describe,
    of_preprocessor,
    record,
    require_same,
)

CODE = "weights-preprocessing"
PREPROCESSORS = {
    "RGB": dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True),
    "BGR": dict(mean=[104.00699, 116.66877, 122.67892], std=[1.0, 1.0, 1.0], bgr_to_rgb=False),
    "flipped": dict(mean=[1.0, 2.0, 3.0], std=[4.0, 5.0, 6.0], rgb_to_bgr=True),
    "one number": dict(mean=[127.5], std=[60.0], bgr_to_rgb=True),
    "RGB, not normalised": dict(bgr_to_rgb=True),
    "BGR, not normalised": dict(),
}


class TestRecord:
    """The (3, 3) tensor of order, mean and scale."""

    @pytest.mark.parametrize("kwargs", PREPROCESSORS.values(), ids=PREPROCESSORS)
    def test_it_says_what_the_preprocessor_does(self, kwargs):
        preprocessor = SegDataPreProcessor(**kwargs)
        order, mean, std = of_preprocessor(preprocessor)
        image = torch.randint(256, (3, 4, 5)).float()  # B, G, R
        colours = image.flip(0)  # R, G, B
        expected = (colours[order.long()] - mean[:, None, None]) / std[:, None, None]
        torch.testing.assert_close(preprocessor({"inputs": [image]})["inputs"][0], expected)

    def test_by_hand(self):
        found = {name: of_preprocessor(SegDataPreProcessor(**kwargs)) for name, kwargs in PREPROCESSORS.items()}
        assert found["BGR"].tolist() == torch.tensor([[2, 1, 0], [104.00699, 116.66877, 122.67892], [1, 1, 1]]).tolist()
        assert found["one number"].tolist() == [[0, 1, 2], [127.5] * 3, [60] * 3]
        assert found["BGR, not normalised"].tolist() == [[2, 1, 0], [0, 0, 0], [1, 1, 1]]
        torch.testing.assert_close(found["RGB"], TORCHVISION)
        torch.testing.assert_close(found["BGR"], CAFFE)

    @pytest.mark.parametrize("name", ["vgg16", "vgg16_bn", "vgg19", "alexnet", "resnet18", "resnet50", "resnet152"])
    def test_torchvision_trains_on_such_images(self, name):
        published = models.get_model_weights(name).IMAGENET1K_V1.transforms()
        mean, std = ([255 * value for value in values] for values in (published.mean, published.std))
        torch.testing.assert_close(TORCHVISION, record((0, 1, 2), mean, std))

    def test_torchvisions_googlenet_sees_images_from_minus_1_to_1(self):
        # the published net takes images normalised as for the others and undoes it inside
        published = models.GoogLeNet_Weights.DEFAULT.transforms()
        mean, std = (torch.tensor(values).view(3, 1, 1) for values in (published.mean, published.std))
        pixels = torch.arange(256.0).repeat(3, 1, 1)
        with torch.device("meta"):
            net = models.googlenet(init_weights=False, transform_input=True)
        seen = net._transform_input(((pixels / 255 - mean) / std)[None])[0]
        _, mean, std = TORCHVISION_GOOGLENET[..., None, None]
        torch.testing.assert_close((pixels - mean) / std, seen, rtol=0, atol=1e-5)
        assert (seen.min(), seen.max()) == (pytest.approx(-1, abs=1e-5), pytest.approx(1, abs=1e-5))

    def test_described(self):
        assert describe(CAFFE) == "BGR, mean (104.007, 116.669, 122.679), std (1, 1, 1)"
        assert describe(TORCHVISION) == "RGB, mean (123.675, 116.28, 103.53), std (58.395, 57.12, 57.375)"


means = st.lists(st.floats(0, 255), min_size=3, max_size=3)
scales = st.lists(st.floats(0.5, 255), min_size=3, max_size=3)


class TestComparison:
    """require_same on records."""

    @given(order=st.sampled_from([RGB, BGR]), mean=means, std=scales)
    def test_a_record_is_the_same_as_itself(self, order, mean, std):
        require_same(record(order, mean, std), record(order, mean, std))

    @given(st.lists(st.floats(-0.99, 0.99), min_size=3, max_size=3))
    def test_releases_that_differ_by_less_than_a_grey_level_are_the_same(self, change):
        other = CAFFE.clone()
        other[1] += torch.tensor(change)
        for same in (other, record(BGR, (103.939, 116.779, 123.68), (1, 1, 1))):
            require_same(CAFFE, same)
            require_same(same, CAFFE)

    @given(channel=st.integers(0, 2), change=st.floats(3, 255), sign=st.sampled_from([-1, 1]))
    def test_another_mean_in_any_channel_is_refused(self, channel, change, sign):
        other = TORCHVISION.clone()
        other[1, channel] += sign * change
        for pair in ((TORCHVISION, other), (other, TORCHVISION)):
            with refused(CODE, "expect RGB"):
                require_same(*pair)

    def test_the_same_numbers_in_another_order_are_refused(self):
        grey = record(RGB, (128, 128, 128), (1, 1, 1))
        with refused(CODE, "expect RGB, ", "gives BGR, "):
            require_same(grey, torch.cat([torch.tensor([BGR]), grey[1:]]))

    @pytest.mark.parametrize("weights", [CAFFE, TORCHVISION, TORCHVISION_GOOGLENET], ids=["CAFFE", "TV", "GoogLeNet"])
    @pytest.mark.parametrize("config", PREPROCESSORS)
    def test_the_remedy_that_the_message_gives_is_one(self, weights, config):
        given = of_preprocessor(SegDataPreProcessor(**PREPROCESSORS[config]))
        if torch.allclose(given, weights):
            return
        with refused(CODE, describe(weights), describe(given)) as caught:
            require_same(weights, given)
        remedy = eval(re.search(r"data_preprocessor to (dict\(.*\))$", caught.value.message)[1])
        torch.testing.assert_close(of_preprocessor(SegDataPreProcessor(**remedy)), weights)

    def test_another_scale_is_refused_but_not_for_a_digit(self):
        for std in (0.1, 0.5, 1.9):
            with refused(CODE):
                require_same(CAFFE, record(BGR, CAFFE[1], (std, std, std)))
        require_same(TORCHVISION, record(RGB, TORCHVISION[1], (58.4, 57.1, 57.4)))

    @pytest.mark.parametrize("shape", [(), (5,), (2, 3), (4, 3)], ids=str)
    def test_a_record_of_another_shape_is_refused(self, shape):
        with refused("weights-damaged", shape):
            require_same(torch.zeros(shape), CAFFE)


def net(kind, **kwargs):
    everything = {"mean": None, "std": None, "bgr_to_rgb": False, **PREPROCESSORS[kind]}
    return build_fcn(data_preprocessor=everything, **kwargs)


@pytest.fixture(scope="module")
def nets():
    """Nets that differ in all weights."""
    torch.manual_seed(1)
    return {kind: net(kind) for kind in ("RGB", "BGR", "BGR, not normalised")}


def by_torch(model, path, strict=True):
    model.load_state_dict(torch.load(path, weights_only=True)["state_dict"], strict)


def by_mmengine(model, path):
    load_checkpoint(model, path, map_location="cpu")


def verified(model, path):
    load_verified(model, open_checkpoint(path))


LOADERS = {
    "torch": by_torch,
    "torch, leniently": partial(by_torch, strict=False),
    "mmengine": by_mmengine,
    "ours": verified,
}
WAYS = pytest.mark.parametrize("load", LOADERS.values(), ids=LOADERS)


@pytest.fixture
def saved(tmp_path):
    def save(state):
        torch.save({"state_dict": state, "meta": {}}, tmp_path / "a.pth")
        return str(tmp_path / "a.pth")

    return save


def values(model):
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def same(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


class TestLoading:
    """A checkpoint of one net into another, in all the ways that users and engines load."""

    def test_a_checkpoint_holds_the_record(self, nets):
        assert torch.equal(nets["BGR"].state_dict()[RECORD], CAFFE)
        assert RECORD not in dict(nets["BGR"].named_parameters())

    @WAYS
    @pytest.mark.parametrize(
        ("weights", "config"), [("RGB", "BGR"), ("BGR", "RGB"), ("BGR", "BGR, not normalised")], ids=str
    )
    def test_other_images_are_refused_and_nothing_changes(self, nets, saved, load, weights, config):
        path, model = saved(nets[weights].state_dict()), nets[config]
        before = values(model)
        with refused(CODE, describe(nets[weights].preprocessing), describe(model.preprocessing)) as caught:
            load(model, path)
        assert (path in caught.value.message) == (load is verified)
        assert same(values(model), before)

    @WAYS
    def test_the_same_images_load_whole(self, nets, saved, load):
        model = net("RGB")
        assert not same(values(model), values(nets["RGB"]))
        load(model, saved(nets["RGB"].state_dict()))
        assert same(values(model), values(nets["RGB"]))

    @WAYS
    def test_weights_without_a_record_load(self, nets, saved, load):
        state = {name: tensor for name, tensor in nets["RGB"].state_dict().items() if name != RECORD}
        model = net("BGR")
        load(model, saved(state))
        assert same(values(model), {**state, RECORD: CAFFE})

    def test_the_callers_state_dict_stays_as_it_is(self, nets):
        state = {name: tensor for name, tensor in nets["RGB"].state_dict().items() if name != RECORD}
        names = list(state)
        net("RGB").load_state_dict(state)
        assert list(state) == names

    @WAYS
    @pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64], ids=str)
    def test_the_precision_of_a_file_makes_no_other_images(self, nets, saved, load, dtype):
        state = {name: tensor.to(dtype) for name, tensor in nets["BGR"].state_dict().items()}
        model = net("BGR")
        load(model, saved(state))
        bias = model.decode_head.score_fr.bias
        assert torch.equal(bias, state["decode_head.score_fr.bias"].float())
        with refused(CODE, "expect BGR"):
            load(net("RGB"), saved(state))

    @WAYS
    def test_a_mean_of_another_release_loads(self, nets, saved, load):
        state = nets["BGR"].state_dict()
        state[RECORD] = record(BGR, (103.53, 116.28, 123.675), (1, 1, 1))  # OpenMMLab's
        model = net("BGR")
        load(model, saved(state))
        assert torch.equal(model.neck.fc6.weight, state["neck.fc6.weight"])

    def test_a_net_inside_another_module_is_compared_as_well(self, nets):
        outer = nn.ModuleDict({"student": net("BGR")})
        state = {f"student.{name}": tensor for name, tensor in nets["RGB"].state_dict().items()}
        with refused(CODE, "expect RGB", "gives BGR"):
            outer.load_state_dict(state)
