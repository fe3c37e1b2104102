"""What becomes of every tensor of a file in every net, and that nothing is taken where anything is wrong.

Files here have our names already, so that only the matching is at work; the nets are VGG16 with a sixteenth of the channels.
"""

import functools
import re

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support.builders import STREAMS, build_fcn
from support.refusals import refused

from fcn_plugin.errors import UserError
from fcn_plugin.layers.bilinear import bilinear_kernel
from fcn_plugin.weights.fit import fit
from fcn_plugin.weights.formats import recognise
from fcn_plugin.weights.kernels import subsample
from fcn_plugin.weights.preprocessing import CAFFE, RECORD, TORCHVISION, describe
from fcn_plugin.weights.rename import rename

# mmseg's advice on two classes
pytestmark = pytest.mark.filterwarnings("ignore:For binary segmentation")
FC = ("neck.fc6.weight", "neck.fc6.bias", "neck.fc7.weight", "neck.fc7.bias")
UPSCORES = {"upscore2": 4, "upscore_pool4": 4, "upscore8": 16}  # of FCN-8s, name -> kernel
CLASSES = 3
VARIANTS = {
    "8s": {},
    "16s": {"streams": STREAMS["16s"]},
    "two classes": {"num_classes": 2},
    "at once": {"neck": {"scales": (1, 0.01, 0.0001)}},
    "learnable": {"head": {"upsample": {"learnable": True}}},
    "dense": {"head": {"upsample": {"dense": True}}},
    "DeepLab's fc": {"fc_channels": 4, "neck": {"fc6_kernel": 3, "fc6_dilation": 3}},
    "wide fc": {"fc_channels": 32},
    "no fc": {"fc_channels": None, "head": {"in_channels": {"fr": 32}}},
    "BN": {"norm": {"type": "BN"}},
}
TRAINED = pytest.mark.parametrize("trained", [False, True], ids=["start", "trained"])


@functools.cache
def net(variant="8s"):
    """FCN-8s with 8 channels in fc6 and fc7, or what the variant says; never changed."""
    return build_fcn(**{"num_classes": CLASSES, **VARIANTS[variant]})


def file_of(variant="8s", **changes):
    """Random tensors for a net; changes by name with __ for the dot, None takes one away."""
    state = {
        name: torch.randn(tensor.shape) if tensor.is_floating_point() else tensor + 7
        for name, tensor in net(variant).state_dict().items()
        if name != RECORD
    }
    state |= {name.replace("__", "."): tensor for name, tensor in changes.items()}
    return {name: tensor for name, tensor in state.items() if tensor is not None}


def classifier(variant="8s", **changes):
    """A file without score layers."""
    state = file_of(variant, **changes)
    return {name: tensor for name, tensor in state.items() if not name.startswith("decode_head.")}


def fitted(variant, state, fc="copy", trained=False):
    return fit(net(variant), rename(state, recognise(state, "a.pth"), "a.pth"), fc, trained)


def misfit(variant, state, fc="copy", trained=False, code="weights-fit"):
    """The message."""
    with refused(code, "a.pth (OpenMMLab checkpoint)") as caught:
        fitted(variant, state, fc, trained)
    return caught.value.message


def wrong(message, shape, name, needs=None):
    """Whether a message says of the file's tensor which shape the net needs, or that it has no such layer."""
    reason = f"the net needs {needs}" if needs else "the net has no such layer"
    return re.search(rf"{re.escape(f'{shape} {name}')}( -> \S+)?: {re.escape(reason)}", message) is not None


def without(names, state):
    return {name: tensor for name, tensor in state.items() if name not in names}


def lines_with(result, name):
    return [line for line in result.lines if name in line]


class TestBackbone:
    """Convolutions and norms have to fit."""

    @pytest.mark.parametrize("variant", ["8s", "BN", "no fc"])
    def test_every_tensor_is_copied(self, variant):
        state = classifier(variant)
        result = fitted(variant, state)
        assert result.tensors.keys() == state.keys()
        assert all(result.tensors[name] is state[name] for name in state)
        name = "backbone.features.0.conv.weight"
        assert lines_with(result, name) == [f"copied (4, 3, 3, 3) {name} -> {name}"]

    def test_a_missing_layer_is_named(self):
        state = classifier(backbone__features__0__conv__weight=None, backbone__features__8__conv__bias=None)
        message = misfit("8s", state)
        assert "nothing for backbone.features.0.conv.weight (4, 3, 3, 3); " in message
        assert message.endswith("nothing for backbone.features.8.conv.bias (16,)")

    @pytest.mark.parametrize("fc", ["copy", "subsample", "random"])
    @pytest.mark.parametrize(
        ("i", "shape", "needs"),
        [(9, (16, 16, 3, 3), None), (0, (64, 3, 3, 3), (4, 3, 3, 3)), (1, (4, 4, 9), (4, 4, 3, 3))],
        ids=["one too many", "wider", "as many values"],
    )
    def test_another_layer_is_an_error_whatever_becomes_of_fc(self, fc, i, shape, needs):
        name = f"backbone.features.{i}.conv.weight"
        message = misfit("8s", classifier(**{name: torch.zeros(shape)}), fc)
        assert wrong(message, shape, name, needs)
        assert "nothing for" not in message
        assert "model.fc" not in message

    def test_six_problems_are_shown_and_the_others_counted(self):
        message = misfit("8s", without([f"backbone.features.{i}.conv.bias" for i in range(12)], classifier()))
        # features 2, 5 and 9 are pools
        assert message.count("nothing for") == 6
        assert message.endswith("; and 3 more")

    def test_counts_that_old_files_lack_are_no_problem(self):
        counts = [name for name in net("BN").state_dict() if name.endswith("num_batches_tracked")]
        result = fitted("BN", without(counts, classifier("BN")))
        assert len(counts) == 13
        assert all(result.tensors[name].item() == 0 for name in counts)
        assert len(lines_with(result, "newly initialised () ")) == 13
        whole = fitted("BN", without(counts, file_of("BN")), trained=True)
        assert {*whole.tensors, RECORD} == {*net("BN").state_dict()}


class TestFullyConnected:
    """fc6 and fc7 by ``fc``."""

    @pytest.mark.parametrize("name", FC)
    def test_missing_ones_and_other_widths_are_named_with_the_remedies(self, name):
        missing, wide = misfit("8s", without([name], classifier())), misfit("8s", classifier("wide fc"))
        assert f"nothing for {name} {tuple(net().state_dict()[name].shape)}" in missing
        assert wrong(wide, (32, 32, 7, 7), "neck.fc6.weight", (8, 32, 7, 7))
        assert all("model.fc='random'" in message and "'subsample'" in message for message in (missing, wide))

    @pytest.mark.parametrize("source", ["8s", "wide fc", "no fc"])
    def test_random_takes_none(self, source):
        state = classifier(source)
        result = fitted("8s", state, "random")
        assert result.tensors.keys() == without(FC, state).keys()
        assert [line for line in result.lines if line.startswith("newly") and "neck" in line] == [
            "newly initialised (8, 32, 7, 7) neck.fc6.weight",
            "newly initialised (8,) neck.fc6.bias",
            "newly initialised (8, 8, 1, 1) neck.fc7.weight",
            "newly initialised (8,) neck.fc7.bias",
        ]
        dropped = [line for line in result.lines if line.startswith("dropped")]
        assert dropped == [f"dropped {tuple(state[n].shape)} {n}: fc='random'" for n in FC if n in state]

    def test_subsampled_by_hand(self):
        state = classifier()
        result = fitted("DeepLab's fc", state, "subsample")
        # of 8 channels 0, 7/3, 14/3 and 7, rounded; of 7 taps 0, 3 and 6
        channels, taps = torch.tensor([0, 2, 5, 7]), torch.tensor([0, 3, 6])
        expected = {
            "neck.fc6.weight": state["neck.fc6.weight"][channels][:, :, taps][..., taps],
            "neck.fc6.bias": state["neck.fc6.bias"][channels],
            "neck.fc7.weight": state["neck.fc7.weight"][channels][:, channels],
            "neck.fc7.bias": state["neck.fc7.bias"][channels],
        }
        for name, tensor in expected.items():
            assert torch.equal(result.tensors[name], tensor)
            (line,) = lines_with(result, name)
            assert line.startswith(f"subsampled to {tuple(tensor.shape)}, ")
            assert str(tuple(state[name].shape)) in line

    def test_what_fits_is_copied_though_subsampling_is_allowed(self):
        state = classifier()
        result = fitted("8s", state, "subsample")
        assert all(result.tensors[name] is state[name] for name in FC)
        assert not lines_with(result, "subsampled")

    def test_wider_layers_missing_ones_and_other_axes_cannot_be_subsampled(self):
        message = misfit("wide fc", classifier(), "subsample")
        assert wrong(message, (8, 32, 7, 7), "neck.fc6.weight", (32, 32, 7, 7))
        message = misfit("8s", classifier(neck__fc6__weight=torch.zeros(8, 32, 49)), "subsample")
        assert wrong(message, (8, 32, 49), "neck.fc6.weight", (8, 32, 7, 7))
        assert "nothing for neck.fc6.weight (4, 32, 3, 3)" in misfit("DeepLab's fc", classifier("no fc"), "subsample")

    @pytest.mark.parametrize("fc", ["copy", "subsample", "random"])
    def test_a_net_without_them_drops_them(self, fc):
        state = classifier()
        result = fitted("no fc", state, fc)
        assert result.tensors.keys() == without(FC, state).keys()
        dropped = [line for line in result.lines if line.startswith("dropped")]
        assert [line.split(") ")[1].split(":")[0] for line in dropped] == [*FC]
        assert not [line for line in result.lines if line.startswith("newly") and "neck" in line]

    def test_a_trained_net_keeps_them(self):
        assert {*FC} <= fitted("8s", file_of(), "random", trained=True).tensors.keys()
        assert "neck.fc6.weight" in misfit("no fc", file_of("wide fc"), trained=True)  # score_fr fits both


class TestScoreLayers:
    """A start may leave them out, a trained net may not."""

    def test_a_start_without_them_gets_new_ones(self):
        result = fitted("8s", classifier())
        new = [line for line in result.lines if line.startswith("newly initialised")]
        assert new == [
            f"newly initialised {shape} decode_head.score_{name}"
            for stream, channels in (("fr", 8), ("pool4", 32), ("pool3", 16))
            for name, shape in ((f"{stream}.weight", (CLASSES, channels, 1, 1)), (f"{stream}.bias", (CLASSES,)))
        ]

    def test_those_of_a_parent_are_taken(self):
        state = file_of("16s")
        result = fitted("8s", state)
        assert result.tensors.keys() == state.keys()
        new = [line for line in result.lines if line.startswith("newly initialised")]
        assert [line.split()[-1] for line in new] == ["decode_head.score_pool3.weight", "decode_head.score_pool3.bias"]

    @pytest.mark.parametrize("kind", ["weight", "bias"])
    def test_a_trained_net_lacks_none(self, kind):
        assert f"nothing for decode_head.score_pool3.{kind}" in misfit("8s", file_of("16s"), trained=True)
        message = misfit("16s", file_of(), trained=True)
        assert wrong(message, (3, 16, 1, 1), "decode_head.score_pool3.weight")

    def test_a_start_may_have_one_too_many(self):
        result = fitted("16s", file_of())
        assert lines_with(result, "score_pool3.weight") == [
            "dropped (3, 16, 1, 1) decode_head.score_pool3.weight: no such layer in this net"
        ]

    def test_other_classes_are_dropped_from_a_start_and_an_error_for_a_trained_net(self):
        message = misfit("two classes", file_of(), trained=True)
        assert wrong(message, (3, 8, 1, 1), "decode_head.score_fr.weight", (2, 8, 1, 1))
        result = fitted("two classes", file_of())
        assert result.tensors.keys() == classifier().keys()
        assert lines_with(result, "score_fr") == [
            "dropped (3, 8, 1, 1) decode_head.score_fr.weight: the net needs (2, 8, 1, 1)",
            "dropped (3,) decode_head.score_fr.bias: the net needs (2,)",
            "newly initialised (2, 8, 1, 1) decode_head.score_fr.weight",
            "newly initialised (2,) decode_head.score_fr.bias",
        ]

    def test_a_trained_net_is_taken_whole(self):
        state = file_of()
        result = fitted("8s", state, trained=True)
        assert all(result.tensors[name] is state[name] for name in state)
        assert {*result.tensors, RECORD} == {*net().state_dict()}
        assert len(result.lines) == len(state)

    def test_a_layer_comes_whole_or_not_at_all(self):
        result = fitted("8s", file_of(decode_head__score_fr__weight=torch.zeros(CLASSES, 32, 1, 1)))
        assert "decode_head.score_fr.bias" not in result.tensors


class TestScales:
    """The factors of the at-once nets' skips."""

    def scaled(self, **factors):
        scales = {f"decode_head__scale_{name}__weight": torch.full((5,), factor) for name, factor in factors.items()}
        return file_of(**scales)

    @TRAINED
    def test_equal_ones_are_checked(self, trained):
        result = fitted("at once", self.scaled(pool4=0.01, pool3=0.0001), trained=trained)
        assert [line for line in result.lines if "scale" in line] == [
            "checked scale_pool4: 0.01 as in neck.scales",
            "checked scale_pool3: 0.0001 as in neck.scales",
        ]
        assert not [name for name in result.tensors if "scale" in name]

    @TRAINED
    def test_others_are_an_error(self, trained):
        message = misfit("8s", self.scaled(pool4=0.01, pool3=0.0001), trained=trained)
        assert "scale_pool4 is 0.01, but the net's neck.scales has 1" in message
        assert "scale_pool3 is 0.0001, but the net's neck.scales has 1" in message
        message = misfit("at once", self.scaled(pool4=0.0001, pool3=0.01), trained=trained)
        assert "scale_pool4 is 0.0001, but the net's neck.scales has 0.01" in message

    def test_factors_are_compared_relative_to_their_size_and_need_a_stream(self):
        assert "scale_pool3" in misfit("at once", self.scaled(pool3=0.0001001))
        fitted("8s", self.scaled(pool4=1 + 1e-7))
        assert "scale_pool3 is 0.0001, but the net's neck.scales has None" in misfit("16s", self.scaled(pool3=0.0001))

    def test_a_file_without_factors_for_a_net_with_some(self):
        """torchfcn keeps its factors in code; in a .caffemodel they must be."""
        unchecked = lines_with(fitted("at once", file_of(), trained=True), "unchecked scale_")
        assert [line.split()[1] for line in unchecked] == ["scale_pool4:", "scale_pool3:"]
        renamed = rename(file_of(), recognise(file_of(), "a.pth"), "a.pth", from_caffe=True)
        with refused("weights-fit", "a.pth", "no scale_pool4", "0.01"):
            fit(net("at once"), renamed, trained=True)


def kernels(form, factors=(1, 1, 1), between=0.0, names=UPSCORES):
    """Upsampling layers of a file: bilinear times a factor for each class, and one value between the first two classes."""
    state = {}
    for name in names:
        size = UPSCORES[name]
        kernel = (bilinear_kernel(size) * torch.tensor(factors)[:, None, None])[:, None]
        if form == "dense":
            kernel = torch.eye(len(factors))[..., None, None] * kernel
            kernel[0, 1, 0, 0] = between
        state[f"decode_head.{name}.weight"] = kernel
    return state


LEARNED = (1, 0.5, 2)
FORMS = pytest.mark.parametrize("form", ["dense", "grouped"])


class TestKernels:
    """Upsampling layers by what the file learned and what the net can hold."""

    @TRAINED
    @FORMS
    def test_bilinear_ones_are_those_of_a_net_with_fixed_ones(self, form, trained):
        state = file_of() | kernels(form)
        result = fitted("8s", state, trained=trained)
        assert not [name for name in result.tensors if "upscore" in name]
        assert len(lines_with(result, "upscore")) == 3
        assert lines_with(result, "upscore2") == [
            f"checked {tuple(state['decode_head.upscore2.weight'].shape)} decode_head.upscore2.weight: "
            "the bilinear kernels that the net has"
        ]

    @TRAINED
    @pytest.mark.parametrize(
        ("state", "remedy"),
        [
            (kernels("dense", LEARNED), "learnable"),
            (kernels("grouped", LEARNED), "learnable"),
            (kernels("dense", LEARNED, 0.1), "dense"),
            (kernels("dense", between=1e-6), "dense"),
        ],
        ids=["dense", "grouped", "between classes", "almost bilinear"],
    )
    def test_learned_ones_need_a_net_that_has_some_and_the_remedy_is_one(self, state, remedy, trained):
        message = misfit("8s", file_of() | state, trained=trained)
        assert re.search(rf"upscore2\.weight: .*model\.decode_head\.upsample\.{remedy}=True", message)
        result = fitted(remedy, file_of() | state, trained=trained)
        assert {*state} <= result.tensors.keys()

    @FORMS
    def test_learned_ones_in_a_net_with_one_for_each_class(self, form):
        result = fitted("learnable", file_of() | kernels(form, LEARNED), trained=True)
        for name, expected in kernels("grouped", LEARNED).items():
            assert torch.equal(result.tensors[name], expected)
            assert len(lines_with(result, name)) == 1

    def test_values_between_classes_do_not_fit_one_for_each_class(self):
        message = misfit("learnable", file_of() | kernels("dense", between=0.1), trained=True)
        assert "upsample.dense=True" in message
        # named once: as the file's, not as missing in the net, too
        assert message.count("decode_head.upscore2.weight") == 1

    @pytest.mark.parametrize("between", [0.0, 0.1])
    def test_dense_ones_and_ones_for_each_class_in_a_dense_net(self, between):
        state = kernels("dense", LEARNED, between)
        result = fitted("dense", file_of() | state, trained=True)
        assert all(result.tensors[name] is state[name] for name in state)
        grouped = fitted("dense", file_of() | kernels("grouped", LEARNED), trained=True).tensors
        assert all(torch.equal(grouped[name], kernel) for name, kernel in kernels("dense", LEARNED).items())

    @pytest.mark.parametrize("variant", ["learnable", "dense"])
    def test_a_net_that_learns_starts_from_bilinear_ones_of_the_file_or_new_ones(self, variant):
        result = fitted(variant, file_of() | kernels("dense"), trained=True)
        expected = kernels("dense" if variant == "dense" else "grouped")
        assert all(torch.equal(result.tensors[name], kernel) for name, kernel in expected.items())
        result = fitted(variant, file_of())
        assert [line.split()[-1] for line in lines_with(result, "upscore")] == [*kernels("dense")]
        assert all(line.startswith("newly initialised") for line in lines_with(result, "upscore"))
        assert "nothing for decode_head.upscore2.weight" in misfit(variant, file_of(), trained=True)

    @FORMS
    def test_bilinear_ones_of_another_size_are_no_loss_for_a_start(self, form):
        parent = file_of("16s") | kernels(form, names=["upscore2"])
        parent["decode_head.upscore16.weight"] = torch.eye(CLASSES)[..., None, None] * bilinear_kernel(32)
        result = fitted("8s", parent)
        (line,) = lines_with(result, "upscore16")
        assert line.startswith("dropped (3, 3, 32, 32) decode_head.upscore16.weight: bilinear kernels of another")
        assert "decode_head.upscore16.weight: the net upsamples differently" in misfit("8s", parent, trained=True)
        parent["decode_head.upscore16.weight"][0, 0, 0, 0] = 1
        assert "decode_head.upscore16.weight: the net upsamples differently" in misfit("8s", parent)

    def test_bilinear_ones_for_other_classes(self):
        result = fitted("two classes", file_of() | kernels("dense"))
        assert len([line for line in lines_with(result, "upscore") if line.startswith("dropped")]) == 3

    @pytest.mark.parametrize(
        ("variant", "name", "shape"),
        [
            ("8s", "upscore2.bias", (3,)),
            ("8s", "upscore2.weight", (3, 3, 4, 8)),
            ("dense", "upscore2.weight", (3, 5, 4, 4)),
            ("dense", "upscore2.weight", (3, 2, 4, 4)),
        ],
    )
    def test_what_is_no_kernel_is_misfit(self, variant, name, shape):
        state = file_of("8s", **{f"decode_head.{name}": torch.zeros(shape)})
        assert name in misfit(variant, state)


class TestPreprocessing:
    """Weights for other images."""

    @TRAINED
    def test_other_images_are_an_error_that_shows_both(self, trained):
        message = misfit("8s", {**file_of(), RECORD: CAFFE}, trained=trained, code="weights-preprocessing")
        assert all(text in message for text in (describe(CAFFE), describe(TORCHVISION), "--images"))

    def test_the_formats_images_count_where_the_file_does_not_say_and_the_record_is_no_tensor(self):
        assert recognise(file_of(), "a.pth").preprocessing is TORCHVISION
        fitted("8s", file_of())
        result = fitted("8s", {**file_of(), RECORD: TORCHVISION}, trained=True)
        assert RECORD not in result.tensors
        assert not lines_with(result, f" {RECORD}")


def source_of(line):
    """The file's tensor that a line is about."""
    found = re.search(r"\) (\S+)(?: ->|:)", line)
    return found[1] if found and not line.startswith("newly") else None


def target_of(line):
    """The net's tensor that a line is about."""
    found = re.search(r"^newly initialised \([\d, ]*\) (\S+)$|-> ([a-z]\S*?)(?:,|$)", line)
    return (found[1] or found[2]) if found and not line.startswith(("dropped", "checked")) else None


SCORES = [f"decode_head.score_{name}.{kind}" for name in ("fr", "pool3") for kind in ("weight", "bias")]
TOUCHED = [*FC, "backbone.features.0.conv.bias", *SCORES]
EXTRA = {
    "backbone.features.99.conv.bias": torch.zeros(2),
    "decode_head.score_pool2.bias": torch.zeros(3),
    "head.fc.weight": torch.zeros(9, 9),
    "optimizer": torch.zeros(()),
    **kernels("dense"),
}


# what some net takes, and any two
SUITED = [("8s", "8s"), ("8s", "learnable"), ("8s", "dense"), ("16s", "16s"), ("16s", "8s"), ("8s", "16s")]
SUITED += [("8s", "DeepLab's fc"), ("no fc", "no fc"), ("wide fc", "8s"), ("8s", "two classes"), ("8s", "no fc")]
ANY = st.tuples(st.sampled_from([*without(["BN"], VARIANTS)]), st.sampled_from([*without(["BN"], VARIANTS)]))


@pytest.mark.parametrize(
    ("fc", "trained"),
    [("copy", False), ("subsample", False), ("random", False), ("copy", True), ("subsample", True)],
    ids=str,
)
@given(
    source_and_variant=st.one_of(st.sampled_from(SUITED), ANY),
    lost=st.sets(st.sampled_from(TOUCHED), max_size=1),
    extra=st.one_of(st.just(set()), st.just({*kernels("dense")}), st.sets(st.sampled_from([*EXTRA]), max_size=2)),
)
def test_every_tensor_of_both_sides_has_exactly_one_line(fc, trained, source_and_variant, lost, extra):
    source, variant = source_and_variant
    state = without(lost, file_of(source) | {name: EXTRA[name] for name in extra})
    own = {name: tensor for name, tensor in net(variant).state_dict().items() if name != RECORD}
    before = {name: tensor.clone() for name, tensor in own.items()}
    try:
        result = fitted(variant, state, fc, trained)
    except UserError as error:
        assert any(name in error.message for name in {*state, *own}), "says what is wrong"
    else:
        assert sorted(filter(None, map(source_of, result.lines))) == sorted(state)
        assert sorted(filter(None, map(target_of, result.lines))) == sorted(own)
        assert all(source_of(line) or target_of(line) or line.startswith("unchecked scale_") for line in result.lines)
        assert all(tensor.shape == own[name].shape for name, tensor in result.tensors.items())
        taken = {target_of(line) for line in result.lines if not line.startswith("newly")} - {None}
        assert result.tensors.keys() == taken
        assert not trained or taken == own.keys()
        for name, tensor in result.tensors.items():
            if "upscore" not in name:
                assert torch.equal(tensor, subsample(state[name], own[name].shape))
    assert all(torch.equal(tensor, before[name]) for name, tensor in own.items()), "fit changes no net"
