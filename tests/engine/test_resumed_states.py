"""Momenta go to the parameters and the optimizer that they were computed for, or the resume is refused."""

import copy

import pytest
import torch
from mmengine.optim import CosineAnnealingMomentum, OptimWrapper, OptimWrapperDict, PolyLR, ReduceOnPlateauLR
from support.processes import forget_runs
from support.refusals import refused
from torch import nn

from fcn_plugin.checkpoints.read import Checkpoint
from fcn_plugin.engine.resumed_states import require_same_states


def wrapped(kind, net, groups=1, **settings):
    """A wrapper whose optimizer has made a step."""
    weights = list(net.parameters())
    parts = [{"params": weights[number::groups]} for number in range(groups)]
    wrapper = OptimWrapper(kind(parts, lr=0.1, **settings))
    sum(weight.sum() for weight in weights).backward()
    wrapper.step()
    return wrapper


def net(*sizes):
    return nn.Sequential(*(nn.Linear(size, 2) for size in sizes))


@pytest.fixture
def sgd():
    """A wrapper as the config makes it; the engine's logger, which comes with it, goes."""
    yield wrapped(torch.optim.SGD, net(3, 4), momentum=0.9)
    forget_runs()


OTHERS = {
    "Adam": (lambda: wrapped(torch.optim.Adam, net(3, 4)), "betas"),
    "RMSprop": (lambda: wrapped(torch.optim.RMSprop, net(3, 4)), "alpha"),
    "two groups": (lambda: wrapped(torch.optim.SGD, net(3, 4), 2, momentum=0.9), "2 groups of 2, 2 parameters"),
    "fewer": (lambda: wrapped(torch.optim.SGD, net(3), momentum=0.9), "1 groups of 2 parameters"),
    "another order": (lambda: wrapped(torch.optim.SGD, net(4, 3), momentum=0.9), "(2, 4), not (2, 3)"),
}


def check(wrapper, saved, schedules=(), own=(), returns=0, **meta):
    hub = {"runtime_info": {"returns": returns}}
    content = dict(state_dict={}, meta=meta, optimizer=saved, param_schedulers=[*schedules], message_hub=hub)
    require_same_states(wrapper, [*own], Checkpoint("iter_5.pth", content))


@pytest.mark.parametrize("case", OTHERS)
def test_another_optimizer_is_refused(sgd, case):
    other, named = OTHERS[case]
    with refused("checkpoint-resume", "iter_5.pth", named, "--load-from"):
        check(sgd, other().state_dict())


@pytest.mark.parametrize(
    "state", [None, [], {"state": [], "param_groups": [{"params": [0, 1, 2, 3]}]}, {"state": {}, "param_groups": [3]}]
)
def test_what_is_no_state_is_refused(sgd, state):
    with refused("checkpoint-resume", "iter_5.pth"):
        check(sgd, state)


def test_the_type_and_the_schedules_count(sgd):
    """Adam and AdamW have the same states."""
    adam = wrapped(torch.optim.AdamW, net(3, 4))
    with refused("checkpoint-resume", "iter_5.pth", "'Adam'", "'AdamW'"):
        check(adam, OTHERS["Adam"][0]().state_dict(), optimizers=["Adam"])
    with refused("checkpoint-resume", "iter_5.pth", "2 schedules", "has 0"):
        check(adam, adam.state_dict(), [{}, {}])


@pytest.mark.parametrize(
    "kind", [torch.optim.SGD, torch.optim.AdamW, torch.optim.Adadelta, torch.optim.Adafactor, torch.optim.Rprop]
)
def test_its_own_state_is_taken(sgd, kind):
    wrapper = wrapped(kind, net(3, 4))
    saved = copy.deepcopy(wrapper.state_dict())
    check(wrapper, saved, optimizers=[kind.__name__])
    for group in saved["param_groups"]:  # what a release adds, or takes away
        group.pop(next(name for name in group if name not in ("params", "lr")))
    check(wrapper, saved)


def test_several_optimizers(sgd):
    both = OptimWrapperDict(a=sgd, b=OTHERS["Adam"][0]())
    check(both, both.state_dict())
    with refused("checkpoint-resume", "betas"):
        check(both, dict(zip("ba", both.state_dict().values(), strict=True)))


@pytest.fixture
def begun(sgd):
    """(wrapper, schedules, its state and theirs after 5 steps) of a run with a schedule for the rate."""
    own = [PolyLR(sgd, power=0.9, eta_min=1e-4, begin=0, end=8, by_epoch=False), ReduceOnPlateauLR(sgd)]
    fresh = copy.deepcopy(own[0].state_dict()), sgd.param_groups[0]["lr"]
    for _ in range(5):
        own[0].step()
    saved = copy.deepcopy(sgd.state_dict()), [copy.deepcopy(each.state_dict()) for each in own]
    own[0].load_state_dict(fresh[0])
    sgd.param_groups[0]["lr"] = fresh[1]
    return sgd, own, *saved


@pytest.mark.parametrize(
    "change",
    [
        *(dict(lr=value) for value in ("x", None, -1.0, float("nan"), [1], torch.zeros(3), True)),
        *(dict(initial_lr=0.2), dict(momentum=2), dict(momentum="x"), dict(maximize=True), dict(weight_decay=0.5)),
        *(dict(dampening=torch.zeros(3)), dict(nesterov="x")),
    ],
)
def test_settings_are_the_configs(begun, change):
    wrapper, own, saved, schedules = begun
    saved["param_groups"][0].update(change)
    (name,) = change
    with refused("checkpoint-resume", "iter_5.pth", f"{name.removeprefix('initial_')} of group 0"):
        check(wrapper, saved, schedules, own, iter=5)


@pytest.mark.parametrize(
    "change",
    [
        *(dict(last_step=value) for value in ("x", 10**9, None)),
        *(dict(base_values=value) for value in ([1], ["x"], "x", [], 3)),
        *(dict(end=4), dict(power="x"), dict(total_iters=0), dict(by_epoch=True), dict(param_name="betas")),
        *(dict(_global_step=None), dict(_global_step=6), dict(begin=torch.zeros(2)), dict(_last_value=[-1])),
    ],
)
def test_schedules_are_the_configs(begun, change):
    wrapper, own, saved, schedules = begun
    schedules[0].update(change)
    with refused("checkpoint-resume", "iter_5.pth", f"param_scheduler.0.{next(iter(change))}"):
        check(wrapper, saved, schedules, own, iter=5)


def test_an_end_that_follows_the_run(begun):
    """Where the config names none, a longer run keeps the schedule that it began with."""
    wrapper, own, saved, schedules = begun
    schedules[0].update(end=6, total_iters=5)
    content = dict(state_dict={}, meta={"iter": 5}, optimizer=saved, param_schedulers=schedules)
    checkpoint = Checkpoint("iter_5.pth", content)
    for entries in (None, [dict(end=8), {}]):
        with refused("checkpoint-resume", "param_scheduler.0.end is 6", "8"):
            require_same_states(wrapper, own, checkpoint, entries)
    require_same_states(wrapper, own, checkpoint, [{}, {}])
    assert (own[0].end, own[0].total_iters) == (6, 5)


@pytest.mark.parametrize("schedules", ["x", None, ["x", "x"], [3, 3], [{}, {}], {"a": [{}]}, 3])
def test_what_is_no_schedule_is_refused(begun, schedules):
    wrapper, own, saved, _ = begun
    with refused("checkpoint-resume", "iter_5.pth"):
        content = dict(state_dict={}, meta={"iter": 5}, optimizer=saved, param_schedulers=schedules)
        require_same_states(wrapper, own, Checkpoint("iter_5.pth", content))


@pytest.mark.parametrize("value", ["x", 3.0, None, [1], torch.zeros(1), torch.zeros(2, 1), torch.ones(2, 3).bool()])
def test_a_momentum_has_the_shape_of_its_parameter(begun, value):
    wrapper, own, saved, schedules = begun
    saved["state"][0]["momentum_buffer"] = value
    if value is None:  # torch's own before the first step
        check(wrapper, saved, schedules, own, iter=5)
        return
    with refused("checkpoint-resume", "iter_5.pth", "momentum_buffer of parameter 0"):
        check(wrapper, saved, schedules, own, iter=5)


def test_what_the_engine_would_put_in_place_of_methods_is_left_out(begun):
    wrapper, own, saved, schedules = begun
    schedules[0].update(step=5, optimizer=3, verbose=True)
    check(wrapper, saved, schedules, own, iter=5)
    assert not {"step", "optimizer", "verbose"} & schedules[0].keys()
    assert schedules[0]["last_step"] == 5


def test_a_run_that_has_returned_has_lower_rates(begun):
    wrapper, own, saved, schedules = begun
    saved["param_groups"][0].update(initial_lr=0.05, lr=0.01)
    schedules[0].update(base_values=[0.05])
    check(wrapper, saved, schedules, own, returns=1, iter=5)
    with refused("checkpoint-resume", "lr of group 0"):
        check(wrapper, saved, schedules, own, iter=5)


@pytest.mark.parametrize("kind", [torch.optim.SGD, torch.optim.AdamW])
def test_a_schedule_of_the_momentum(sgd, kind):
    """Adam's is the first of its betas."""
    more = dict(momentum=0.9) if kind is torch.optim.SGD else {}
    wrappers = [wrapped(kind, net(3, 4), **more) for _ in range(2)]
    ours, theirs = (CosineAnnealingMomentum(each, T_max=8, by_epoch=False) for each in wrappers)
    for _ in range(5):
        theirs.step()
    saved = copy.deepcopy(wrappers[1].state_dict()), [copy.deepcopy(theirs.state_dict())]
    check(wrappers[0], *saved, [ours], iter=5)
    group = saved[0]["param_groups"][0]
    assert group["momentum"] < 0.9
    assert group.get("betas", (group["momentum"],))[0] == group["momentum"]
