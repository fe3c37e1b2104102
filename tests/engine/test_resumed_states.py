"""Momenta go to the parameters and the optimizer that they were computed for, or the resume is refused."""

import copy

import pytest
import torch
from mmengine.optim import OptimWrapper, OptimWrapperDict
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


def check(wrapper, saved, schedules=1, **meta):
    content = {"state_dict": {}, "meta": meta, "optimizer": saved, "param_schedulers": [{}] * schedules}
    require_same_states(wrapper, [None], Checkpoint("iter_5.pth", content))


@pytest.mark.parametrize("case", OTHERS)
def test_another_optimizer_is_refused(sgd, case):
    other, named = OTHERS[case]
    with refused("checkpoint-resume", "iter_5.pth", named, "--load-from"):
        check(sgd, other().state_dict())


@pytest.mark.parametrize(
    "state", [[], {"state": [], "param_groups": [{"params": [0, 1, 2, 3]}]}, {"state": {}, "param_groups": [3]}]
)
def test_what_is_no_state_is_refused(sgd, state):
    with refused("checkpoint-resume", "iter_5.pth"):
        check(sgd, state)


def test_the_type_and_the_schedules_count(sgd):
    """Adam and AdamW have the same states."""
    adam = wrapped(torch.optim.AdamW, net(3, 4))
    with refused("checkpoint-resume", "iter_5.pth", "'Adam'", "'AdamW'"):
        check(adam, OTHERS["Adam"][0]().state_dict(), optimizers=["Adam"])
    with refused("checkpoint-resume", "iter_5.pth", "2 schedules", "has 1"):
        check(adam, adam.state_dict(), 2)


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
