"""Every kind of file is told from the others, and its table puts each layer into the right place."""

import functools
import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from mmseg.registry import MODELS
from support.builders import build_fcn
from support.refusals import refused
from support.torchvision_nets import narrow, on_meta, randomised
from torch import nn

from fcn_plugin.models.necks.skip_neck import FCNSkipNeck
from fcn_plugin.weights.formats import formats, recognise
from fcn_plugin.weights.preprocessing import CAFFE, RECORD, TORCHVISION, TORCHVISION_GOOGLENET, record
from fcn_plugin.weights.rename import rename

pytestmark = [
    pytest.mark.filterwarnings("ignore:Unnecessary conv bias"),
    pytest.mark.filterwarnings("ignore:Default ``avg_non_ignore``"),
]
# convolutions of each stage (Simonyan and Zisserman, ICLR 2015, Table 1)
VGGS = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}
TORCHVISION_NAMES = {
    **{f"vgg{depth}{norm}": f"torchvision VGG{depth}{norm.upper()}" for depth in VGGS for norm in ("", "_bn")},
    "alexnet": "torchvision AlexNet",
    "googlenet": "torchvision GoogLeNet",
    **{f"resnet{depth}": f"torchvision ResNet-{depth}" for depth in (18, 34, 50, 101, 152)},
}
FC = 6  # channels of fc6 and fc7, 4096 in the real files


@functools.cache
def torchvision_layers(name):
    """Names of all layers with tensors."""
    return {key.rpartition(".")[0] for key in on_meta(name).state_dict()}


def tensors(*layers):
    """A file with these layers, empty but for their names."""
    return {f"{layer}.{kind}": torch.empty(1) for layer in layers for kind in ("weight", "bias")}


VGG16_CAFFE = [f"conv{stage}_{i}" for stage, n in enumerate(VGGS[16], 1) for i in range(1, n + 1)]
BLOCKS = ("3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b")
PARTS = ("1x1", "3x3_reduce", "3x3", "5x5_reduce", "5x5", "pool_proj")
GOOGLENET_CAFFE = ["conv1/7x7_s2", "conv2/3x3_reduce", "conv2/3x3"]
GOOGLENET_CAFFE += [f"inception_{block}/{part}" for block in BLOCKS for part in PARTS]
HEADS = {
    "classifier": ("fc8",),
    "32s": ("score_fr", "upscore"),
    "16s": ("score_fr", "score_pool4", "upscore2", "upscore16"),
    "8s": ("score_fr", "score_pool4", "score_pool3", "upscore2", "upscore_pool4", "upscore8"),
}
HEADS["at once"] = (*HEADS["8s"], "scale_pool4", "scale_pool3")


class TestRecognition:
    """The name that a file gets, and what it expects of an image."""

    @pytest.mark.parametrize("name", TORCHVISION_NAMES)
    def test_torchvisions_classifiers(self, name):
        form = recognise(on_meta(name).state_dict(), "f")
        assert form.name == TORCHVISION_NAMES[name]
        assert form.preprocessing is (TORCHVISION_GOOGLENET if name == "googlenet" else TORCHVISION)
        assert not form.head

    @pytest.mark.parametrize("head", HEADS)
    def test_vgg16_under_the_authors_names(self, head):
        form = recognise(tensors(*VGG16_CAFFE, "fc6", "fc7", *HEADS[head]), "f")
        assert (form.name, form.fc6_kernel) == ("Caffe or torchfcn VGG16", 7)
        assert form.preprocessing is CAFFE
        expected = [None] if head == "classifier" else [f"decode_head.{name}" for name in HEADS[head]]
        assert [form.target(name) for name in HEADS[head]] == expected

    @pytest.mark.parametrize("head", ["classifier", "32s"])
    def test_caffenet(self, head):
        form = recognise(tensors(*(f"conv{i}" for i in range(1, 6)), "fc6", "fc7", *HEADS[head]), "f")
        assert (form.name, form.fc6_kernel) == ("Caffe CaffeNet", 6)
        assert form.preprocessing is CAFFE

    @pytest.mark.parametrize("head", ["loss3/classifier", "score_fr upscore", "loss1/conv loss1/fc loss2/classifier"])
    def test_caffes_googlenet(self, head):
        form = recognise(tensors(*GOOGLENET_CAFFE, *head.split()), "f")
        assert form.name == "Caffe GoogLeNet"
        assert form.preprocessing is CAFFE

    def test_googlenet_without_its_auxiliary_classifiers_and_mmpretrains_checkpoints(self):
        state = on_meta("googlenet", aux_logits=False).state_dict()
        assert recognise(state, "f").name == "torchvision GoogLeNet"
        form = recognise(mmpretrain_vgg16().state_dict(), "f")
        assert form.name == "OpenMMLab checkpoint"
        assert form.preprocessing is TORCHVISION
        resnet = tensors(*(f"backbone.{name}" for name in torchvision_layers("resnet50") if name != "fc"), "head.fc")
        assert recognise(resnet, "f").name == "OpenMMLab checkpoint"

    def test_a_checkpoint_of_ours_says_itself_what_images_it_expects(self):
        state = build_fcn().state_dict()
        form = recognise(state, "f")
        assert form.name == "OpenMMLab checkpoint"
        torch.testing.assert_close(form.preprocessing, TORCHVISION)
        own = record((2, 1, 0), (1, 2, 3), (4, 5, 6))
        assert recognise({**state, RECORD: own}, "f").preprocessing is own
        assert recognise({name: t for name, t in state.items() if name != RECORD}, "f").preprocessing is TORCHVISION

    @given(name=st.sampled_from([*TORCHVISION_NAMES]), data=st.data())
    def test_a_file_that_lacks_layers_is_still_of_its_kind(self, name, data):
        layers = torchvision_layers(name)
        lost = data.draw(st.sets(st.sampled_from(sorted(layers)), max_size=3))
        assert recognise(tensors(*layers - lost), "f").name == TORCHVISION_NAMES[name]

    @pytest.mark.parametrize("name", TORCHVISION_NAMES)
    def test_the_convolutions_alone_are_enough(self, name):
        layers = {layer for layer in torchvision_layers(name) if not layer.startswith(("classifier", "fc", "aux"))}
        assert recognise(tensors(*layers), "f").name == TORCHVISION_NAMES[name]

    @given(st.sets(st.sampled_from([*VGG16_CAFFE, "fc6", "fc7"]), max_size=3), st.sampled_from([*HEADS]))
    def test_an_fcn_that_lacks_layers_is_still_of_its_kind(self, lost, head):
        state = tensors(*{*VGG16_CAFFE, "fc6", "fc7"} - lost, *HEADS[head])
        assert recognise(state, "f").name == "Caffe or torchfcn VGG16"

    @pytest.mark.parametrize(
        "name", ["densenet121", "mobilenet_v2", "squeezenet1_0", "shufflenet_v2_x0_5", "vit_b_16", "efficientnet_b0"]
    )
    def test_torchvisions_other_nets_are_unknown(self, name):
        state = on_meta(name).state_dict()
        with refused("weights-format", "f.pth", f"{len(state)} tensors", "Caffe CaffeNet"):
            recognise(state, "f.pth")

    @pytest.mark.parametrize("state", [{}, {"weight": torch.ones(1)}, tensors("layer"), tensors("score_fr", "upscore")])
    def test_what_is_no_net_is_unknown(self, state):
        with refused("weights-format", "f.pth", *state):
            recognise(state, "f.pth")

    @given(st.sets(st.text(min_size=1), max_size=9))
    def test_any_other_names_are_unknown(self, names):
        with refused("weights-format"):
            recognise({name: torch.empty(1) for name in names}, "f")

    def test_no_two_formats_are_alike(self):
        for first, second in itertools.combinations(formats(), 2):
            assert first.likeness(set(second.layers)) < 0.9, f"{first.name}, {second.name}"
            assert first.likeness(set(first.layers)) == 1


def mmpretrain_vgg16():
    backbone = {"type": "mmpretrain.VGG", "depth": 16, "num_classes": 1000}
    parts = {"data_preprocessor": {"type": "mmpretrain.ClsDataPreprocessor"}, "head": {"type": "mmpretrain.ClsHead"}}
    with torch.device("meta"):
        return MODELS.build({"type": "mmpretrain.ImageClassifier", "backbone": backbone, **parts})


BN = {"type": "BN"}
BACKBONES = {
    **{f"vgg{depth}": {"type": "mmpretrain.VGG", "depth": depth} for depth in VGGS},
    **{f"vgg{depth}_bn": {"type": "mmpretrain.VGG", "depth": depth, "norm_cfg": BN} for depth in VGGS},
    "alexnet": {"type": "AlexNet", "style": "torchvision"},
    "googlenet": {"type": "GoogLeNet", "style": "torchvision"},
}


def our_backbone(name, **kwargs):
    with torch.device("meta"):
        net = MODELS.build({**BACKBONES[name], **kwargs})
    net.eval()  # mmpretrain's nets return nothing
    return net


def parts(state, name):
    """A renamed file as (backbone, neck, rest), names without the part's."""
    result = rename(state, recognise(state, name), name)
    pieces = {"backbone": {}, "neck": {}}
    for key, tensor in result.tensors.items():
        part, _, rest = key.partition(".")
        pieces[part][rest] = tensor
    return pieces["backbone"], pieces["neck"], result.lines


def shapes(state):
    return {name: tuple(tensor.shape) for name, tensor in state.items()}


class TestTables:
    """Each layer of a real net against the layer of ours."""

    @pytest.mark.parametrize("name", BACKBONES)
    def test_names_and_shapes_are_those_of_our_backbone(self, name):
        backbone, neck, lines = parts(on_meta(name).state_dict(), name)
        assert shapes(backbone) == shapes(our_backbone(name).state_dict())
        if name == "googlenet":
            assert not neck
            assert all(line.startswith("dropped ") and (" aux" in line or " fc." in line) for line in lines)
        else:
            side, channels = (6, 256) if name == "alexnet" else (7, 512)
            with torch.device("meta"):
                own = FCNSkipNeck((channels,), fc6_kernel=side, scales=(1,))
            assert shapes(neck) == shapes(own.state_dict())
            assert [line.partition(") ")[2] for line in lines] == [
                f"classifier.6.{kind}: an FCN has no use for it" for kind in ("weight", "bias")
            ]

    def test_mmpretrains_vgg16(self):
        backbone, neck, lines = parts(mmpretrain_vgg16().state_dict(), "f")
        assert shapes(backbone) == shapes(our_backbone("vgg16").state_dict())
        fc6 = {"fc6.weight": (4096, 512, 7, 7), "fc6.bias": (4096,)}
        assert shapes(neck) == {**fc6, "fc7.weight": (4096, 4096, 1, 1), "fc7.bias": (4096,)}
        assert lines == [
            "dropped (1000, 4096) backbone.classifier.6.weight: an FCN has no use for it",
            "dropped (1000,) backbone.classifier.6.bias: an FCN has no use for it",
        ]

    def test_mmpretrains_vgg16_is_torchvisions_layer_for_layer(self):
        ours, theirs = mmpretrain_vgg16().state_dict(), on_meta("vgg16").state_dict()
        # both in the order of the net
        assert [*shapes(ours).values()] == [*shapes(theirs).values()]
        targets = [list(itertools.chain.from_iterable(parts(state, "f")[:2])) for state in (ours, theirs)]
        assert targets[0] == targets[1]

    def test_the_authors_names_are_the_convolutions_in_order(self):
        form = recognise(tensors(*VGG16_CAFFE, "fc6", "fc7"), "f")
        found = [form.target(name) for name in VGG16_CAFFE]
        modules = our_backbone("vgg16").named_modules()
        assert found == [f"backbone.{name}" for name, layer in modules if isinstance(layer, nn.Conv2d)]
        assert (form.target("fc6"), form.target("fc7"), form.target("fc8")) == ("neck.fc6", "neck.fc7", None)

    def test_caffenets_names(self):
        form = next(form for form in formats() if form.name == "Caffe CaffeNet")
        with torch.device("meta"):
            net = MODELS.build({"type": "AlexNet", "style": "caffenet"})
        ours = [f"backbone.{name}" for name in net.state_dict() if name.endswith("weight")]
        assert [f"{form.target(f'conv{i}')}.weight" for i in range(1, 6)] == ours

    def test_caffes_googlenets_names(self):
        form = recognise(tensors(*GOOGLENET_CAFFE), "f")
        with torch.device("meta"):
            state = MODELS.build({"type": "GoogLeNet", "style": "caffe"}).state_dict()
        assert {f"{form.target(name)}.{kind}" for name in GOOGLENET_CAFFE for kind in ("weight", "bias")} == {
            f"backbone.{name}" for name in state
        }
        # the name says the kernel's side
        for name in GOOGLENET_CAFFE:
            side = {"pool_proj": 1, "7x7_s2": 7}.get(name.partition("/")[2]) or int(name.partition("/")[2][0])
            kernel = state[f"{form.target(name)}.weight".removeprefix("backbone.")]
            assert kernel.shape[2:] == ((side, side) if "reduce" not in name else (1, 1))

    @pytest.mark.parametrize("head", ["32s", "16s", "8s"])
    def test_the_authors_heads_are_ours(self, head):
        form = recognise(tensors(*VGG16_CAFFE), "f")
        streams = {"32s": ("fr",), "16s": ("fr", "pool4"), "8s": ("fr", "pool4", "pool3")}[head]
        own = build_fcn(streams, head={"upsample": {"learnable": True}}).decode_head
        layers = {name.rpartition(".")[0] for name in own.state_dict()}
        assert {form.target(name) for name in HEADS[head]} == {f"decode_head.{layer}" for layer in layers}

    @pytest.mark.parametrize("depth", [18, 50])
    def test_resnets(self, depth):
        backbone, neck, lines = parts(on_meta(f"resnet{depth}").state_dict(), "f")
        own = MODELS.build({"type": "mmpretrain.ResNet", "depth": depth})
        assert shapes(backbone) == shapes(own.state_dict())
        assert not neck
        assert [line.partition(") ")[2].split(":")[0] for line in lines] == ["fc.weight", "fc.bias"]


def assert_same(found, expected):
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected, strict=True):
        assert theirs.std() > 0
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4 * theirs.abs().max().item())


def outputs_of(net, layers, image):
    """What some layers of a net give for an image."""
    found = {}
    for layer in layers:
        layer.register_forward_hook(lambda layer, _, output: found.__setitem__(layer, output))
    net(image)
    return [found[layer] for layer in layers]


class TestFeatures:
    """torchvision's nets and ours give the same maps with the same file: convolution k went to convolution k."""

    @pytest.fixture(autouse=True)
    def no_grad(self):
        with torch.no_grad():
            yield

    @pytest.mark.parametrize("name", ["vgg16", "vgg16_bn", "vgg19", "alexnet"])
    def test_pools_and_fc7(self, name):
        net = randomised(narrow(on_meta(name), FC))
        backbone, neck, _ = parts(net.state_dict(), name)
        alexnet = name == "alexnet"
        ours = our_backbone(name, out_indices=(0, 1, 2) if alexnet else (2, 3, 4))
        ours.load_state_dict(backbone, assign=True)
        pools = [layer for layer in net.features if isinstance(layer, nn.MaxPool2d)]
        # of this size no pool of AlexNet has to round
        image = torch.randn(1, 3, 95 if alexnet else 64, 95 if alexnet else 64)
        assert_same(ours(image), outputs_of(net.features, pools[-3:], image))

        side, channels = (6, 256) if alexnet else (7, 512)
        fc = FCNSkipNeck((channels,), FC, fc6_kernel=side, scales=(1,), geometry="reference").eval()
        fc.load_state_dict(neck)
        pool5 = torch.randn(2, channels, side, side)
        assert_same([fc([pool5])[0].flatten(1)], [net.classifier[:-1](pool5.flatten(1))])

    def test_googlenet(self):
        net = randomised(on_meta("googlenet"))
        ours = our_backbone("googlenet")
        ours.load_state_dict(parts(net.state_dict(), "f")[0], assign=True)
        image = torch.randn(1, 3, 64, 64)
        assert_same(ours(image), outputs_of(net, (net.inception3b, net.inception4e, net.inception5b), image))

    def test_resnet50(self):
        net = randomised(on_meta("resnet50"))
        ours = MODELS.build({"type": "mmpretrain.ResNet", "depth": 50, "out_indices": (1, 2, 3)})
        ours.eval()
        ours.load_state_dict(parts(net.state_dict(), "f")[0], assign=True)
        image = torch.randn(1, 3, 64, 64)
        assert_same(ours(image), outputs_of(net, (net.layer2, net.layer3, net.layer4), image))
