"""A run that diverges goes back to its last good checkpoint with a lower learning rate, a few times at most."""

import pickle
import re

import pytest
import torch
from support.crash_runs import ALONE, differences, end_state, finish, load, write_config
from support.refusals import refused

from fcn_plugin.engine.divergence import Diverged
from fcn_plugin.engine.hooks.finite_loss import FiniteLossHook

pytestmark = pytest.mark.skipif(torch.cuda.is_available(), reason="processes are forked without a GPU's threads")

STEPS = 12


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    return write_config(tmp_path_factory.mktemp("divergence"), STEPS, saves=3, validations=6)


def diverging(config, work_dir, step, lr, returns, **more):
    """A run that diverges at a step while its rate is above ``lr``."""
    hooks = [dict(type="DivergeAbove", step=step, lr=lr), *more.pop("custom_hooks", [])]
    return load(config, work_dir, custom_hooks=hooks, default_hooks__finite_loss__returns=returns, **ALONE, **more)


def rates(run):
    """(step, learning rate) of the log's lines."""
    return [(int(step), float(lr)) for step, lr in re.findall(r"Iter\(train\) \[ *(\d+)/12\]  lr: (\S+)", run.said())]


@pytest.fixture(scope="module")
def twice(config, tmp_path_factory):
    """(run, work dir) of a run that has to return twice."""
    work_dir = tmp_path_factory.mktemp("twice") / "work"
    return finish(diverging(config, work_dir, step=8, lr=0.015, returns=3)), work_dir


def test_returns_until_it_holds(twice):
    run, work_dir = twice
    assert run.code == 0, run.said()
    said = run.said()
    for number, rate in ((1, 0.5), (2, 0.5)):
        back = f"back to {work_dir / 'iter_6.pth'} with the learning rate x {rate:g}"
        assert f"{back}, retry {number} of at most 3" in said
    assert "retry 1: the learning rate is" in said
    steps = rates(run)
    assert [step for step, _ in steps] == [*range(1, 8), 7, 7, *range(8, 13)]
    first, second, third = (lr for step, lr in steps if step == 7)
    assert (first, second, third) == pytest.approx((first, first / 2, first / 4), rel=1e-3)
    # the schedule goes on from there: all later rates are a quarter, but for its floor
    last = torch.load(work_dir / "iter_12.pth", weights_only=False)
    assert last["message_hub"]["runtime_info"]["returns"] == 2


def test_a_killed_run_knows_of_its_returns(config, twice, tmp_path):
    """The lower rate and the count are in the checkpoints."""
    work_dir = tmp_path / "work"
    stop = [dict(type="SignalGroup", step=10, name="SIGTERM")]
    assert finish(diverging(config, work_dir, step=8, lr=0.015, returns=3, custom_hooks=stop)).code == 99
    again = finish(diverging(config, work_dir, step=8, lr=0.015, returns=3))
    assert again.code == 0, again.said()
    assert differences(end_state(twice[1], STEPS), end_state(work_dir, STEPS)) == []


def test_not_more_often_than_allowed(config, tmp_path):
    work_dir = tmp_path / "work"
    run = finish(diverging(config, work_dir, step=8, lr=0.0, returns=1))
    assert run.code == 2
    error = run.said().splitlines()[-1]
    assert "error: [loss-nan] the loss is nan at step 8" in error
    assert "after 1 retries with a lower learning rate" in error
    assert f"continue with --resume from {work_dir / 'iter_6.pth'}" in error


def test_to_the_start_before_the_first_checkpoint(config, tmp_path):
    run = finish(diverging(config, tmp_path / "work", step=2, lr=0.01, returns=1))
    assert run.code == 0, run.said()
    assert "back to the start with the learning rate x 0.5, retry 1 of at most 1" in run.said()
    assert [step for step, _ in rates(run)] == [1, 1, *range(2, 13)]
    assert rates(run)[1][1] == pytest.approx(rates(run)[0][1] / 2)


def test_the_error_passes_between_processes():
    error = Diverged("loss-nan", "the loss is nan")
    error.factor, error.most = 0.5, 3
    again = pickle.loads(pickle.dumps(error))
    assert (again.code, again.message, again.factor, again.most) == ("loss-nan", "the loss is nan", 0.5, 3)


@pytest.mark.parametrize("factor", [0, 1, 2])
def test_a_factor_that_lowers_nothing_is_refused(factor):
    with refused("config-value", f"finite_loss.lr_factor is {factor}"):
        FiniteLossHook(returns=1, lr_factor=factor)
