"""FiniteLossHook: a loss that is no number stops the run, or is left out, at the steps that are looked at."""

import logging
from types import SimpleNamespace

import pytest
import torch
from mmengine.logging import MessageHub
from mmengine.optim import OptimWrapper, OptimWrapperDict
from support.builders import sample
from support.refusals import refused

from fcn_plugin.engine.hooks.finite_loss import FiniteLossHook

BATCH = {"data_samples": [sample(torch.zeros(2, 2), img_path=f"{name}.jpg") for name in "ab"]}


def after_step(step, loss, interval=10, work_dir="nowhere"):
    runner = SimpleNamespace(iter=step - 1, work_dir=work_dir, message_hub=MessageHub("run"))
    FiniteLossHook(interval).after_train_iter(runner, step - 1, BATCH, {"loss": torch.tensor(loss)})


@pytest.mark.parametrize("loss", [float("nan"), float("inf"), -float("inf")])
def test_names_step_value_batch_checkpoint_and_remedy(tmp_path, loss):
    torch.save({}, tmp_path / "iter_10.pth")
    remedy = ("optim_wrapper.optimizer.lr", f"--resume from {tmp_path / 'iter_10.pth'}")
    with refused("loss-nan", f"loss is {loss} at step 20", "a.jpg, b.jpg", *remedy):
        after_step(20, loss, work_dir=str(tmp_path))


def test_says_that_there_is_no_checkpoint(tmp_path):
    with refused("loss-nan", "no checkpoint"):
        after_step(20, float("nan"), work_dir=str(tmp_path))


@pytest.mark.parametrize("loss", [0.0, -1.0, 3.4e38])
def test_numbers_pass(loss):
    after_step(20, loss)


@pytest.mark.parametrize("step, looked_at", [(1, False), (19, False), (20, True), (21, False)])
def test_looks_every_interval(step, looked_at):
    if looked_at:
        with refused("loss-nan"):
            after_step(step, float("nan"))
    else:
        after_step(step, float("nan"))


def test_every_step_on_request():
    with refused("loss-nan", "at step 1 "):
        after_step(1, float("nan"), interval=1)


class Run:
    """A weight and a running mean, trained with the hook by the optimizer wrapper of mmengine."""

    def __init__(self, hook, optimizer, **options):
        self.model = torch.nn.BatchNorm1d(1)
        self.optim_wrapper = OptimWrapper(optimizer([self.model.weight]), **options)
        self.hook, self.iter, self.work_dir = hook, 0, "nowhere"
        self.logger = logging.getLogger("finite")
        self.message_hub = MessageHub("run")
        hook.before_train(self)

    def step(self, factor):
        self.hook.before_train_iter(self, self.iter, BATCH)
        loss = (self.model.weight * factor).sum()
        self.optim_wrapper.update_params(loss)
        self.hook.after_train_iter(self, self.iter, BATCH, {"loss": loss.detach()})
        self.iter += 1


OPTIMIZERS = {
    "SGD": lambda p: torch.optim.SGD(p, lr=0.5, momentum=0.9, weight_decay=0.1),
    "AdamW": lambda p: torch.optim.AdamW(p, lr=0.5, weight_decay=0.1),
}


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("factor", [float("nan"), float("inf")])
def test_a_batch_left_out_changes_nothing(caplog, optimizer, factor):
    steps = [1.0, factor, 2.0, 3.0]
    with_it, without = (Run(FiniteLossHook(skip=1), OPTIMIZERS[optimizer]) for _ in range(2))
    for number in steps:
        with_it.step(number)
        if number > 0 and number != float("inf"):
            without.step(number)
    assert torch.equal(with_it.model.weight, without.model.weight)
    assert with_it.model.weight.item() != 1
    assert f"the loss is {factor} at step 2 (batch: a.jpg, b.jpg): skipped, 1 of at most 1" in caplog.text


def test_no_more_than_allowed():
    run = Run(FiniteLossHook(skip=2), OPTIMIZERS["SGD"])
    run.step(float("nan"))
    run.step(float("inf"))
    with refused("loss-nan", "nan at step 3 ", "after 2 skipped batches"):
        run.step(float("nan"))


def test_a_resumed_run_goes_on_counting():
    run = Run(FiniteLossHook(skip=2), OPTIMIZERS["SGD"])
    run.message_hub.update_info("skipped_batches", 2)
    with refused("loss-nan", "at step 1 ", "after 2 skipped batches"):
        run.step(float("nan"))


def test_a_gradient_that_is_not_finite_behind_a_finite_loss():
    run = Run(FiniteLossHook(skip=1), OPTIMIZERS["SGD"])
    run.model.weight.register_hook(lambda grad: grad * float("nan"))
    run.step(1.0)
    assert run.model.weight.item() == 1
    with refused("loss-nan", "gradient", "at step 2"):
        run.step(1.0)


def test_running_means_that_are_lost_stop_the_run():
    run = Run(FiniteLossHook(skip=5), OPTIMIZERS["SGD"])
    run.model.running_mean.fill_(float("nan"))
    with refused("loss-nan", "at step 1"):
        run.step(float("nan"))


def test_gradients_gathered_over_iterations():
    """A loss that is no number comes before the step that its gradient spoils; neither moves the weights."""
    run = Run(FiniteLossHook(skip=2), OPTIMIZERS["SGD"], accumulative_counts=2)
    for factor in (float("nan"), 1.0):
        run.step(factor)
    assert run.model.weight.item() == 1
    assert run.message_hub.get_info("skipped_batches") == 2
    for _ in range(2):
        run.step(1.0)
    assert run.model.weight.item() != 1
    assert run.message_hub.get_info("skipped_batches") == 2


def test_a_loss_that_is_no_number_beside_weights_that_moved():
    """Then something else is wrong than a batch."""
    run = Run(FiniteLossHook(skip=2), OPTIMIZERS["SGD"])
    run.hook.before_train_iter(run, 0, BATCH)
    run.optim_wrapper.update_params(run.model.weight.sum())
    with refused("loss-nan", "nan"):
        run.hook.after_train_iter(run, 0, BATCH, {"loss": torch.tensor(float("nan"))})


def test_several_optimizers():
    run = Run(FiniteLossHook(skip=1), OPTIMIZERS["SGD"])
    run.optim_wrapper = OptimWrapperDict(a=OptimWrapper(OPTIMIZERS["SGD"]([run.model.weight])))
    run.hook.before_train(run)
    run.hook.before_train_iter(run, 0, BATCH)
    run.optim_wrapper["a"].update_params(run.model.weight.sum() * float("nan"))
    assert run.hook.dropped
    assert run.model.weight.item() == 1
