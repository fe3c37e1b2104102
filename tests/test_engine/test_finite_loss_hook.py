"""FiniteLossHook: a loss that is no number stops the run, at the steps that are looked at."""

from types import SimpleNamespace

import pytest
import torch
from builders import sample

from fcn_plugin.engine import FiniteLossHook
from fcn_plugin.errors import UserError

BATCH = {"data_samples": [sample(torch.zeros(2, 2), img_path=f"{name}.jpg") for name in "ab"]}


def after_step(step, loss, interval=10):
    runner = SimpleNamespace(iter=step - 1, work_dir="work_dirs/net")
    FiniteLossHook(interval).after_train_iter(runner, step - 1, BATCH, {"loss": torch.tensor(loss)})


@pytest.mark.parametrize("loss", [float("nan"), float("inf"), -float("inf")])
def test_names_step_value_batch_and_remedy(loss):
    with pytest.raises(UserError) as stop:
        after_step(20, loss)
    message = str(stop.value)
    assert f"the loss is {loss} at step 20 (batch: a.jpg, b.jpg)" in message
    assert "lower optim_wrapper.optimizer.lr" in message
    assert "--resume from the last checkpoint in work_dirs/net" in message


@pytest.mark.parametrize("loss", [0.0, -1.0, 3.4e38])
def test_numbers_pass(loss):
    after_step(20, loss)


@pytest.mark.parametrize("step, looked_at", [(1, False), (19, False), (20, True), (21, False)])
def test_looks_every_interval(step, looked_at):
    if looked_at:
        with pytest.raises(UserError):
            after_step(step, float("nan"))
    else:
        after_step(step, float("nan"))


def test_every_step_on_request():
    with pytest.raises(UserError, match="at step 1 "):
        after_step(1, float("nan"), interval=1)
