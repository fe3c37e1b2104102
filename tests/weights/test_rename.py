"""From a file's names and shapes to ours, on a toy format: matrices, precisions, scales, and no tensor forgotten."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from support.refusals import refused

from fcn_plugin.weights.formats import WeightFormat, formats, recognise
from fcn_plugin.weights.preprocessing import CAFFE
from fcn_plugin.weights.rename import rename

TOY = WeightFormat(
    "a toy", {"c": "backbone.c", "fc6": "neck.fc6", "fc7": "neck.fc7"}, unused=("fc8",), fc6_kernel=2, head=True
)
LAYERS = ["c", "fc6", "fc7", "fc8", "score_fr", "score_pool4", "upscore2", "upscore", "scale_pool4", "conv9"]
LAYERS += ["module.c", "c.c", "score", "scale_", "scale", "scores", "decode_head.score_fr", ""]
KINDS = ["weight", "running_mean", "num_batches_tracked", ""]
KEYS = st.builds("{}.{}".format, st.sampled_from(LAYERS), st.sampled_from(KINDS))


def renamed(**state):
    return rename({name.replace("__", "."): tensor for name, tensor in state.items()}, TOY, "toy.pth")


class TestMatrices:
    """Fully connected layers become kernels, row by row."""

    def test_by_hand(self):
        result = renamed(fc6__weight=torch.arange(8.0).view(1, 8))
        assert result.tensors["neck.fc6.weight"].tolist() == [[[[0, 1], [2, 3]], [[4, 5], [6, 7]]]]
        assert result.how == {"neck.fc6.weight": "reshaped (1, 8) -> (1, 2, 2, 2) fc6.weight -> neck.fc6.weight"}
        result = renamed(fc7__weight=torch.arange(6.0).view(2, 3))
        assert result.tensors["neck.fc7.weight"].tolist() == [[[[0]], [[1]], [[2]]], [[[3]], [[4]], [[5]]]]
        assert result.how == {"neck.fc7.weight": "reshaped (2, 3) -> (2, 3, 1, 1) fc7.weight -> neck.fc7.weight"}

    @given(out=st.integers(1, 4), channels=st.integers(1, 4), seed=st.integers(0, 99))
    def test_the_convolution_is_the_matrix(self, out, channels, seed):
        rng = torch.Generator().manual_seed(seed)
        shapes = (out, channels * 4), (out,), (channels, 2, 2)
        matrix, bias, x = (torch.randn(shape, generator=rng) for shape in shapes)
        result = renamed(fc6__weight=matrix, fc6__bias=bias).tensors
        found = F.conv2d(x[None], result["neck.fc6.weight"], result["neck.fc6.bias"]).flatten()
        torch.testing.assert_close(found, F.linear(x.flatten(), matrix, bias))

    @pytest.mark.parametrize("inputs", [1, 2, 6, 9])
    def test_a_matrix_that_is_no_windows_is_refused(self, inputs):
        with refused("weights-format", "toy.pth", "fc6.weight", f"(3, {inputs})", "2 x 2", "a toy"):
            renamed(fc6__weight=torch.zeros(3, inputs))

    @pytest.mark.parametrize(
        ("name", "side", "fits", "other"),
        [("Caffe or torchfcn VGG16", 7, 512 * 49, 256 * 36), ("Caffe CaffeNet", 6, 256 * 36, 512 * 49)],
    )
    def test_the_side_is_the_formats(self, name, side, fits, other):
        form = next(form for form in formats() if form.name == name)
        kernel = rename({"fc6.weight": torch.zeros(1, fits)}, form, "f").tensors["neck.fc6.weight"]
        assert kernel.shape == (1, fits // side**2, side, side)
        with refused("weights-format", f"{side} x {side}", name):
            rename({"fc6.weight": torch.zeros(1, other)}, form, "f")

    def test_kernels_biases_and_matrices_elsewhere_stay(self):
        tensors = {
            "fc6__weight": torch.randn(3, 2, 2, 2),
            "fc6__bias": torch.randn(3),
            "c__weight": torch.randn(3, 8),
            "score_fr__weight": torch.randn(3, 8),
        }
        result = renamed(**tensors)
        for (name, tensor), ours in zip(tensors.items(), ("neck.", "neck.", "backbone.", "decode_head."), strict=True):
            name = name.replace("__", ".")
            assert result.tensors[ours + name] is tensor
            assert result.how[ours + name] == f"copied {tuple(tensor.shape)} {name} -> {ours}{name}"


class TestPrecision:
    """All floating-point numbers become float32."""

    @pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16], ids=str)
    def test_other_floats_become_float32_and_the_report_says_so(self, dtype):
        values = torch.tensor([[1 / 3, -2.5, 1e-3, 0]], dtype=dtype)
        result = renamed(c__weight=values, fc6__weight=values)
        found = result.tensors["backbone.c.weight"]
        assert found.dtype == torch.float32
        assert found.double().tolist() == [[float(torch.tensor(v).float()) for v in values[0].tolist()]]
        assert result.origin["backbone.c.weight"] == "(1, 4) c.weight"
        assert result.how["backbone.c.weight"] == "copied as float32 (1, 4) c.weight -> backbone.c.weight"
        assert result.tensors["neck.fc6.weight"].dtype == torch.float32
        assert "float32" in result.how["neck.fc6.weight"]
        assert "(1, 4)" in result.how["neck.fc6.weight"]
        assert "(1, 1, 2, 2)" in result.how["neck.fc6.weight"]

    def test_counts_stay_whole(self):
        result = renamed(c__num_batches_tracked=torch.tensor(2**40 + 1))
        assert result.tensors["backbone.c.num_batches_tracked"].item() == 2**40 + 1
        assert "float32" not in result.how["backbone.c.num_batches_tracked"]


class TestScales:
    """The at-once nets' Scale layers: one factor for a whole stream."""

    @pytest.mark.parametrize("shape", [(), (1,), (5,), (1, 5, 1, 1)], ids=str)
    def test_a_constant_is_the_factor(self, shape):
        result = renamed(scale_pool4__weight=torch.full(shape, 0.25))
        assert result.scales == {"pool4": 0.25}
        assert not result.tensors

    def test_each_stream_has_its_own(self):
        result = renamed(scale_pool3__weight=torch.full((2,), 1e-4), scale_pool4__weight=torch.full((4,), 1e-2))
        assert result.scales == {"pool3": pytest.approx(1e-4), "pool4": pytest.approx(1e-2)}

    @pytest.mark.parametrize(
        "values", [[0.01, 0.02], [0.01, 0.01, -0.01], [], [float("nan")], [1, float("nan")]], ids=str
    )
    def test_what_is_no_one_factor_is_refused(self, values):
        with refused("weights-format", "toy.pth", "scale_pool4.weight", f"({len(values)},)"):
            renamed(scale_pool4__weight=torch.tensor(values, dtype=torch.float32))

    def test_a_bias_is_no_factor(self):
        result = renamed(scale_pool4__weight=torch.full((5,), 0.25), scale_pool4__bias=torch.zeros(5))
        assert (result.scales, len(result.lines)) == ({"pool4": 0.25}, 1)
        with refused("weights-format", "toy.pth", "scale_pool4.bias", "0.5"):
            renamed(scale_pool4__bias=torch.full((5,), 0.5))

    def test_a_format_without_the_authors_names_has_none(self):
        plain = WeightFormat("plain", {"c": "backbone.c"})
        result = rename({"scale_pool4.weight": torch.ones(3), "score_fr.bias": torch.ones(3)}, plain, "f")
        assert not result.scales
        assert result.lines == ["dropped (3,) scale_pool4.weight: unknown", "dropped (3,) score_fr.bias: unknown"]


class TestReport:
    """A line for everything."""

    def test_what_has_no_place_is_named_with_the_reason(self):
        result = renamed(fc8__weight=torch.zeros(2, 3), prob=torch.zeros(1), conv9__bias=torch.zeros(()))
        assert result.lines == [
            "dropped (2, 3) fc8.weight: an FCN has no use for it",
            "dropped (1,) prob: unknown",
            "dropped () conv9.bias: unknown",
        ]
        assert not result.tensors

    def test_the_record_is_compared_elsewhere(self):
        result = renamed(preprocessing=CAFFE, c__bias=torch.zeros(1))
        assert list(result.tensors) == ["backbone.c.bias"]
        assert not result.lines

    @given(st.sets(st.one_of(st.text(max_size=12), KEYS), max_size=12))
    def test_every_tensor_is_in_exactly_one_place(self, names):
        scales = [name.partition(".")[0] for name in names if name.startswith("scale_") and "." in name]
        if len(set(scales)) < len(scales):
            return  # two numbers for one factor, which no file has
        names = sorted(names)
        result = rename({name: torch.full((2,), float(i)) for i, name in enumerate(names)}, TOY, "toy.pth")
        assert result.tensors.keys() == result.origin.keys() == result.how.keys()
        for i, name in enumerate(names):
            places = [ours for ours, tensor in result.tensors.items() if tensor[0] == i]
            places += [stream for stream, factor in result.scales.items() if factor == i]
            places += [line for line in result.lines if line.startswith(f"dropped (2,) {name}: ")]
            assert len(places) == (name != "preprocessing")
            if places and places[0] in result.tensors:
                assert result.origin[places[0]] == f"(2,) {name}"
                assert result.how[places[0]] == f"copied (2,) {name} -> {places[0]}"
                assert places[0].rpartition(".")[2] == name.rpartition(".")[2]
        assert len(result.tensors) + len(result.scales) + len(result.lines) == len({*names} - {"preprocessing"})

    def test_two_layers_for_one_place(self):
        state = {"neck.fc6.bias": torch.zeros(2), "backbone.classifier.0.bias": torch.ones(2)}
        with refused("weights-format", "two.pth", *state):
            rename(state, recognise(state, "two.pth"), "two.pth")
