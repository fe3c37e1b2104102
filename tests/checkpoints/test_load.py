"""load_verified: a checkpoint that fits is loaded whole; another one is refused and changes nothing."""

import pytest
import torch
from mmengine.model import BaseTTAModel
from support.refusals import refused
from torch import nn

from fcn_plugin.checkpoints.load import load_verified
from fcn_plugin.checkpoints.read import open_checkpoint
from fcn_plugin.models.skip_head import FCNSkipHead


class Head(nn.Module):
    """Declares its tensors as the FCN head does."""

    class_dependent = staticmethod(FCNSkipHead.class_dependent)
    may_be_new = staticmethod(FCNSkipHead.may_be_new)
    is_upsampling = staticmethod(FCNSkipHead.is_upsampling)
    count_classes = staticmethod(FCNSkipHead.count_classes)


def make_net(classes=3, streams=("fr", "pool4"), value=0.0):
    """A backbone with batch norm and a head with a score layer per stream, all parameters of one value."""
    net = nn.Module()
    net.backbone = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4))
    net.decode_head = Head()
    for name in streams:
        net.decode_head.add_module(f"score_{name}", nn.Conv2d(4, classes, 1))
    for parameter in net.parameters():
        nn.init.constant_(parameter, value)
    return net


def save(path, state, **more):
    torch.save({"state_dict": state, **more}, path)
    return open_checkpoint(str(path))


def test_loads_every_value(tmp_path):
    source, net = make_net(value=2.0), make_net()
    source.backbone[1].running_mean.fill_(5.0)
    source.backbone[1].num_batches_tracked.fill_(7)
    checkpoint = save(tmp_path / "a.pth", source.state_dict(), meta={"iter": 9})
    content = load_verified(net, checkpoint)
    assert content["meta"] == {"iter": 9}
    assert all(torch.equal(net.state_dict()[name], t) for name, t in source.state_dict().items())


def test_loads_a_bare_state_dict(tmp_path):
    net = make_net()
    torch.save(make_net(value=2.0).state_dict(), tmp_path / "bare.pth")
    checkpoint = load_verified(net, open_checkpoint(str(tmp_path / "bare.pth")))
    assert net.backbone[0].weight.eq(2.0).all()
    assert checkpoint["meta"] == {}


def test_drops_the_prefix_of_wrapped_models(tmp_path):
    net = make_net()
    state = {f"module.{name}": t for name, t in make_net(value=2.0).state_dict().items()}
    load_verified(net, save(tmp_path / "wrapped.pth", state))
    assert net.decode_head.score_pool4.weight.eq(2.0).all()


def test_reaches_into_the_wrapper_of_test_time_augmentation(tmp_path):
    class Average(BaseTTAModel):
        def merge_preds(self, data_samples_list):
            raise NotImplementedError

    net = make_net()
    net.test_step = None  # all that the wrapper asks for
    load_verified(Average(module=net), save(tmp_path / "a.pth", make_net(value=2.0).state_dict()))
    assert net.backbone[0].weight.eq(2.0).all()


NORM = "backbone.1."


def five_classes(state):
    return make_net(classes=5, value=2.0).state_dict()


def lacking(state):
    return {name: tensor for name, tensor in state.items() if NORM not in name}


def with_neck(state):
    return state | {"neck.fc6.weight": torch.ones(1)}


def other_shape(state):
    return state | {"backbone.0.weight": torch.ones(4, 3, 3, 3)}


def replaced(name, value):
    def change(state):
        tensor = state[name].clone()
        tensor.view(-1)[0] = value
        return state | {name: tensor}

    return change


# what is changed in a checkpoint -> code, and what the message names
REFUSED = {
    "classes": (five_classes, ("checkpoint-classes", "trained for 5 classes", "num_classes=3")),
    "shape": (other_shape, ("checkpoint-fit", "backbone.0.weight", "(4, 3, 3, 3)", "(4, 3, 1, 1)")),
    "missing": (
        lacking,
        ("checkpoint-fit", "lacks 5", "11", f"({NORM}weight, {NORM}bias, {NORM}running_mean, and 2 more)"),
    ),
    "unexpected": (with_neck, ("checkpoint-fit", "1 of its tensors", "(neck.fc6.weight)")),
    "nan": (replaced("decode_head.score_fr.bias", float("nan")), ("checkpoint-nan", "decode_head.score_fr.bias")),
    "inf": (replaced("backbone.1.running_var", float("inf")), ("checkpoint-nan", "backbone.1.running_var")),
}


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("case", REFUSED)
def test_refuses_and_leaves_the_net_alone(tmp_path, case, training):
    change, refusal = REFUSED[case]
    net = make_net(value=1.0)
    before = {name: t.clone() for name, t in net.state_dict().items()}
    checkpoint = save(tmp_path / "other.pth", change(make_net(value=2.0).state_dict()))
    with refused(*refusal) as caught:
        load_verified(net, checkpoint, training)
    assert caught.value.message.startswith(checkpoint.path)
    assert all(torch.equal(net.state_dict()[name], t) for name, t in before.items())


def test_refuses_an_empty_one(tmp_path):
    with refused("checkpoint-fit", "empty.pth", "lacks 11 of the net's 11"):
        load_verified(make_net(), save(tmp_path / "empty.pth", {}))


def test_a_parent_may_lack_the_finer_scores(tmp_path):
    """The added layer keeps its initial values; everything else is the parent's."""
    checkpoint = save(tmp_path / "parent.pth", make_net(streams=("fr",), value=2.0).state_dict())
    net = make_net(value=1.0)
    with refused("checkpoint-fit", checkpoint.path, "lacks 2", "score_pool4"):
        load_verified(net, checkpoint)
    load_verified(net, checkpoint, training=True)
    assert net.decode_head.score_pool4.weight.eq(1.0).all()
    assert net.decode_head.score_fr.weight.eq(2.0).all()
    assert net.backbone[0].weight.eq(2.0).all()


def test_a_parent_may_have_another_upsampling(tmp_path):
    state = make_net(value=2.0).state_dict() | {"decode_head.upscore.weight": torch.ones(3, 1, 64, 64)}
    checkpoint = save(tmp_path / "parent.pth", state)
    with refused("checkpoint-fit", checkpoint.path, "(decode_head.upscore.weight)"):
        load_verified(make_net(), checkpoint)
    net = make_net()
    load_verified(net, checkpoint, training=True)
    assert net.decode_head.score_fr.weight.eq(2.0).all()


def test_may_add_does_not_excuse_the_backbone(tmp_path):
    state = {name: t for name, t in make_net().state_dict().items() if not name.startswith("backbone.0")}
    with refused("checkpoint-fit", "headless.pth", "lacks 2 of", "backbone.0.weight"):
        load_verified(make_net(), save(tmp_path / "headless.pth", state), training=True)


@pytest.fixture
def logged(monkeypatch):
    """Lines that load_verified logs."""
    lines = []
    monkeypatch.setattr("fcn_plugin.checkpoints.load.print_log", lambda text, **kwargs: lines.append(text))
    return lines


def test_adapts_to_another_number_of_classes(tmp_path, logged):
    net = make_net(classes=2, value=5.0)
    checkpoint = save(tmp_path / "parent.pth", make_net(classes=21, value=2.0).state_dict())
    load_verified(net, checkpoint, training=True, adapt_classes=True)
    assert net.backbone[0].weight.eq(2.0).all()
    assert net.decode_head.score_fr.weight.eq(5.0).all()
    assert net.decode_head.score_pool4.bias.eq(5.0).all()
    (line,) = [line for line in logged if "trained for" in line]
    names = [f"decode_head.score_{stream}.{kind}" for stream in ("fr", "pool4") for kind in ("weight", "bias")]
    assert line == f"{checkpoint.path} was trained for 21 classes: newly initialised for 2: {', '.join(names)}"


def test_adapting_changes_nothing_where_classes_agree(tmp_path, logged):
    net = make_net(classes=3, value=5.0)
    load_verified(net, save(tmp_path / "same.pth", make_net(value=2.0).state_dict()), training=True, adapt_classes=True)
    assert net.decode_head.score_fr.weight.eq(2.0).all()
    assert not [line for line in logged if "trained for" in line]


def test_adapting_does_not_excuse_the_backbone(tmp_path):
    state = make_net(classes=21, value=2.0).state_dict() | {"backbone.0.weight": torch.zeros(5, 3, 1, 1)}
    with refused("checkpoint-fit", "a.pth", "backbone.0.weight", "(5, 3, 1, 1)"):
        load_verified(make_net(classes=2), save(tmp_path / "a.pth", state), training=True, adapt_classes=True)


def test_one_channel_and_two_are_told_apart(tmp_path):
    """Both are of two classes."""
    checkpoint = save(tmp_path / "a.pth", make_net(classes=1).state_dict())
    with refused("checkpoint-classes", checkpoint.path, "have 1 channels", "net has 2 (out_channels)"):
        load_verified(make_net(classes=2), checkpoint)


@pytest.mark.parametrize("training", [False, True])
def test_training_names_the_option_that_adapts(tmp_path, training):
    checkpoint = save(tmp_path / "a.pth", make_net(classes=21).state_dict())
    with refused("checkpoint-classes", checkpoint.path, "trained for 21 classes", "num_classes=2") as caught:
        load_verified(make_net(classes=2), checkpoint, training)
    assert ("--adapt-classes" in caught.value.message) == training
