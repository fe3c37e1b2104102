"""A resumed run validates first where its step has a validation, and nowhere else."""

from types import SimpleNamespace

import pytest
from mmengine.runner import IterBasedTrainLoop

from fcn_plugin.engine.hooks.missed_validation import MissedValidationHook


class Validation:
    runs = 0

    def run(self):
        self.runs += 1


def validations(step, val_loop, begin=1, last=None):
    loop = IterBasedTrainLoop.__new__(IterBasedTrainLoop)
    loop._iter, loop._max_iters, loop.val_interval, loop.val_begin = step, 10, 4, begin
    loop.dynamic_milestones, loop.dynamic_intervals = [0], [4]
    hub = SimpleNamespace(runtime_info={"last_validation": last})
    MissedValidationHook().before_train(SimpleNamespace(train_loop=loop, val_loop=val_loop, message_hub=hub))
    return val_loop and val_loop.runs


@pytest.mark.parametrize(("step", "runs"), [(0, 0), (3, 0), (4, 1), (5, 0), (8, 1), (10, 1)])
def test_validates_at_the_steps_that_have_a_validation(step, runs):
    assert validations(step, Validation()) == runs


def test_not_before_validation_begins():
    assert validations(4, Validation(), begin=5) == 0


def test_a_run_without_validation_goes_on():
    assert validations(4, None) is None


@pytest.mark.parametrize(("last", "runs"), [(4, 1), (8, 0)])
def test_not_again_what_the_checkpoint_knows_of(last, runs):
    assert validations(8, Validation(), last=last) == runs
