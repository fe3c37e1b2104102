"""load_verified: a checkpoint that fits is loaded whole; another one is refused and changes nothing."""

import pytest
import torch
from mmengine.model import BaseTTAModel
from torch import nn

from fcn_plugin.checkpoints.load import load_verified
from fcn_plugin.errors import UserError

MAY_ADD = ("score_", "upscore")


def make_net(classes=3, streams=("fr", "pool4"), value=0.0):
    """A backbone with batch norm and a head with a score layer per stream, all parameters of one value."""
    net = nn.Module()
    net.backbone = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4))
    net.decode_head = nn.Module()
    for name in streams:
        net.decode_head.add_module(f"score_{name}", nn.Conv2d(4, classes, 1))
    for parameter in net.parameters():
        nn.init.constant_(parameter, value)
    return net


def save(path, state, **more):
    torch.save({"state_dict": state, **more}, path)
    return str(path)


def test_loads_every_value(tmp_path):
    source, net = make_net(value=2.0), make_net()
    source.backbone[1].running_mean.fill_(5.0)
    source.backbone[1].num_batches_tracked.fill_(7)
    path = save(tmp_path / "a.pth", source.state_dict(), meta={"iter": 9})
    checkpoint = load_verified(net, path)
    assert checkpoint["meta"] == {"iter": 9}
    assert all(torch.equal(net.state_dict()[name], t) for name, t in source.state_dict().items())


def test_loads_a_bare_state_dict(tmp_path):
    net = make_net()
    torch.save(make_net(value=2.0).state_dict(), tmp_path / "bare.pth")
    checkpoint = load_verified(net, str(tmp_path / "bare.pth"))
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


def other_shape(state):
    return state | {"backbone.0.weight": torch.ones(4, 3, 3, 3)}


def replaced(name, value):
    def change(state):
        tensor = state[name].clone()
        tensor.view(-1)[0] = value
        return state | {name: tensor}

    return change


REFUSED = {
    "classes": (
        lambda state: make_net(classes=5, value=2.0).state_dict(),
        "it was trained for 5 classes, the config has num_classes=3",
    ),
    "shape": (other_shape, "backbone.0.weight has shape (4, 3, 3, 3), the config's net needs (4, 3, 1, 1)"),
    "missing": (
        lambda state: {name: t for name, t in state.items() if "backbone.1" not in name},
        "it lacks 5 of the net's 11 tensors (backbone.1.weight, backbone.1.bias, backbone.1.running_mean, ... 2 more)",
    ),
    "unexpected": (
        lambda state: state | {"neck.fc6.weight": torch.ones(1)},
        "1 of its tensors are no part of the net (neck.fc6.weight)",
    ),
    "nan": (replaced("decode_head.score_fr.bias", float("nan")), "NaN or infinite values in decode_head.score_fr.bias"),
    "inf": (replaced("backbone.1.running_var", float("inf")), "NaN or infinite values in backbone.1.running_var"),
    "nothing": (lambda state: {}, "it lacks 11 of the net's 11 tensors"),
}


@pytest.mark.parametrize("may_add", [(), MAY_ADD])
@pytest.mark.parametrize("case", [name for name in REFUSED if name != "nothing"])
def test_refuses_and_leaves_the_net_alone(tmp_path, case, may_add):
    change, message = REFUSED[case]
    net = make_net(value=1.0)
    before = {name: t.clone() for name, t in net.state_dict().items()}
    path = save(tmp_path / "other.pth", change(make_net(value=2.0).state_dict()))
    with pytest.raises(UserError) as refusal:
        load_verified(net, path, may_add)
    assert str(refusal.value).startswith(path)
    assert message in str(refusal.value)
    assert all(torch.equal(net.state_dict()[name], t) for name, t in before.items())


def test_refuses_an_empty_one(tmp_path):
    with pytest.raises(UserError, match="it lacks 11 of the net's 11 tensors"):
        load_verified(make_net(), save(tmp_path / "empty.pth", {}))


def test_a_parent_may_lack_the_finer_scores(tmp_path):
    """The added layer keeps its initial values; everything else is the parent's."""
    path = save(tmp_path / "parent.pth", make_net(streams=("fr",), value=2.0).state_dict())
    net = make_net(value=1.0)
    with pytest.raises(UserError, match=r"it lacks 2 .*score_pool4"):
        load_verified(net, path)
    load_verified(net, path, MAY_ADD)
    assert net.decode_head.score_pool4.weight.eq(1.0).all()
    assert net.decode_head.score_fr.weight.eq(2.0).all()
    assert net.backbone[0].weight.eq(2.0).all()


def test_a_parent_may_have_another_upsampling(tmp_path):
    state = make_net(value=2.0).state_dict() | {"decode_head.upscore.weight": torch.ones(3, 1, 64, 64)}
    path = save(tmp_path / "parent.pth", state)
    with pytest.raises(UserError, match=r"no part of the net \(decode_head.upscore.weight\)"):
        load_verified(make_net(), path)
    net = make_net()
    load_verified(net, path, MAY_ADD)
    assert net.decode_head.score_fr.weight.eq(2.0).all()


def test_may_add_does_not_excuse_the_backbone(tmp_path):
    state = {name: t for name, t in make_net().state_dict().items() if not name.startswith("backbone.0")}
    with pytest.raises(UserError, match=r"it lacks 2 of .*backbone\.0\.weight"):
        load_verified(make_net(), save(tmp_path / "headless.pth", state), MAY_ADD)


@pytest.fixture
def logged(monkeypatch):
    """Lines that load_verified logs."""
    lines = []
    monkeypatch.setattr("fcn_plugin.checkpoints.load.print_log", lambda text, **kwargs: lines.append(text))
    return lines


def test_adapts_to_another_number_of_classes(tmp_path, logged):
    net = make_net(classes=2, value=5.0)
    path = save(tmp_path / "parent.pth", make_net(classes=21, value=2.0).state_dict())
    load_verified(net, path, MAY_ADD, adapt_classes=True)
    assert net.backbone[0].weight.eq(2.0).all()
    assert net.decode_head.score_fr.weight.eq(5.0).all()
    assert net.decode_head.score_pool4.bias.eq(5.0).all()
    (line,) = [line for line in logged if "trained for" in line]
    names = [f"decode_head.score_{stream}.{kind}" for stream in ("fr", "pool4") for kind in ("weight", "bias")]
    assert line == f"{path} was trained for 21 classes: newly initialised for 2 are {', '.join(names)}"


def test_adapting_changes_nothing_where_classes_agree(tmp_path, logged):
    net = make_net(classes=3, value=5.0)
    load_verified(net, save(tmp_path / "same.pth", make_net(value=2.0).state_dict()), MAY_ADD, adapt_classes=True)
    assert net.decode_head.score_fr.weight.eq(2.0).all()
    assert not [line for line in logged if "trained for" in line]


def test_adapting_does_not_excuse_the_backbone(tmp_path):
    state = make_net(classes=21, value=2.0).state_dict() | {"backbone.0.weight": torch.zeros(5, 3, 1, 1)}
    with pytest.raises(UserError, match=r"backbone.0.weight has shape \(5, 3, 1, 1\)"):
        load_verified(make_net(classes=2), save(tmp_path / "a.pth", state), MAY_ADD, adapt_classes=True)


@pytest.mark.parametrize("may_add, hint", [((), False), (MAY_ADD, True)])
def test_training_is_told_how_to_adapt(tmp_path, may_add, hint):
    path = save(tmp_path / "a.pth", make_net(classes=21).state_dict())
    with pytest.raises(UserError, match="trained for 21 classes, the config has num_classes=2") as refusal:
        load_verified(make_net(classes=2), path, may_add)
    assert ("--adapt-classes" in str(refusal.value)) == hint
