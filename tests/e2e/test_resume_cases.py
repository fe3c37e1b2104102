"""Resuming under settings of the engine that few runs have: each ends as it would have ended."""

import shutil

import pytest
import torch
from mmengine.optim import OptimWrapper, OptimWrapperDict
from support.crash_runs import ALONE, differences, end_state, finish, load, write_config
from support.faults import DieAt
from support.processes import forget_runs
from support.refusals import refused

from fcn_plugin.commands.train import train
from fcn_plugin.engine.hooks import stop as stop_hook
from fcn_plugin.engine.optim_wrappers import gathers_gradients

pytestmark = pytest.mark.skipif(torch.cuda.is_available(), reason="processes are forked without a GPU's threads")

STEPS = 8


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    return write_config(tmp_path_factory.mktemp("cases"), STEPS, saves=3, validations=4)


def stop(step, **more):
    return [dict(type="SignalGroup", step=step, name="SIGTERM", **more)]


@pytest.fixture(scope="module")
def stopped(config, tmp_path_factory):
    """The folder of a run that was stopped after 5 steps; nobody may change it."""
    work_dir = tmp_path_factory.mktemp("stopped") / "work"
    assert finish(load(config, work_dir, custom_hooks=stop(5), **ALONE)).code == 99
    return work_dir


@pytest.fixture
def own_stopped(stopped, tmp_path):
    """A copy of it, to go on with."""
    return shutil.copytree(stopped, tmp_path / "work")


def both_ends(config, folder, **more):
    """(end of an undisturbed run, end of one that was stopped after 5 steps, its folder)."""
    assert finish(load(config, folder / "whole", **ALONE, **more)).code == 0
    assert finish(load(config, folder / "work", custom_hooks=stop(5), **ALONE, **more)).code == 99
    resumed = finish(load(config, folder / "work", **ALONE, **more))
    assert resumed.code == 0, resumed.said()
    return end_state(folder / "whole", STEPS), end_state(folder / "work", STEPS), folder / "work"


def test_the_best_of_whatever_score_comes_first(config, tmp_path):
    """The engine learns of the score's name in the first validation, and of the last best file before it."""
    first, second, work_dir = both_ends(config, tmp_path, default_hooks__checkpoint__save_best="auto")
    assert differences(first, second) == []
    assert len(list(work_dir.glob("best_aAcc_*.pth"))) == 1


def test_a_schedule_with_a_function_in_its_state(config, tmp_path):
    cycle = [dict(type="OneCycleLR", eta_max=0.05, total_steps=STEPS, by_epoch=False)]
    first, second, _ = both_ends(config, tmp_path, param_scheduler=cycle)
    assert differences(first, second) == []


def test_a_seed_of_the_engines_choice(config, tmp_path):
    work_dir = tmp_path / "work"
    drawn = dict(randomness__seed=None, **ALONE)
    assert finish(load(config, work_dir, custom_hooks=stop(5), **drawn)).code == 99
    seed = torch.load(work_dir / "iter_5.pth", weights_only=False)["meta"]["seed"]
    assert finish(load(config, work_dir, **drawn)).code == 0
    assert finish(load(config, tmp_path / "whole", randomness__seed=seed, **ALONE)).code == 0
    assert differences(end_state(tmp_path / "whole", STEPS), end_state(work_dir, STEPS)) == []


def test_an_error_after_a_validation(config, tmp_path):
    """The average had left the net again: what is saved then are the trained weights."""
    assert finish(load(config, tmp_path / "whole", **ALONE)).code == 0
    work_dir = tmp_path / "work"
    run = finish(load(config, work_dir, custom_hooks=[dict(type="FailAfterValidation", step=4)], **ALONE))
    assert run.code == 2
    assert f"stopped after step 4: continue with --resume, from {work_dir / 'iter_4.pth'}" in run.said()
    assert finish(load(config, work_dir, **ALONE)).code == 0
    assert differences(end_state(tmp_path / "whole", STEPS)["weights"], end_state(work_dir, STEPS)["weights"]) == []


# the operation on files that is the second save's: notes lie in the work dir, and count where it is that of the checkpoints
@pytest.mark.parametrize(("own", "number"), [("out_dir", 10), ("filename_tmpl", 27)])
def test_checkpoints_of_another_place_or_name(config, tmp_path, own, number):
    """A kill in the second save: the first is found, and the best score is known."""
    work_dir, out = tmp_path / "work", tmp_path / "out"
    more = {"out_dir": str(out)} if own == "out_dir" else {"filename_tmpl": "step_{}.pth"}
    saved = {f"default_hooks__checkpoint__{name}": value for name, value in more.items()}
    folder = out / "work" if own == "out_dir" else work_dir
    assert finish(load(config, work_dir, **saved, **ALONE), first=DieAt(folder, number)).code == -9
    (first,) = folder.glob("[is]*_3.pth")
    resumed = finish(load(config, work_dir, **saved, **ALONE))
    assert resumed.code == 0, resumed.said()
    assert f"resuming from {first}" in resumed.said()
    assert len(list(folder.glob("best_*.pth"))) == 1


class TestEpochs:
    """A loop that resumes at the ends of epochs: 3 steps each."""

    @pytest.fixture
    def by_epoch(self, config):
        schedule = [dict(type="PolyLR", power=0.9, begin=0, end=3, by_epoch=True)]
        return dict(
            train_cfg=dict(_delete_=True, type="EpochBasedTrainLoop", max_epochs=3, val_interval=1),
            train_dataloader__sampler=dict(type="DefaultSampler", shuffle=True),
            param_scheduler=schedule,
            default_hooks__checkpoint__by_epoch=True,
            default_hooks__checkpoint__interval=2,
            **ALONE,
        )

    def weights(self, work_dir):
        return torch.load(work_dir / "epoch_3.pth", weights_only=False)["state_dict"]

    def same(self, first, second):
        first, second = self.weights(first), self.weights(second)
        return all(torch.equal(first[name], second[name]) for name in first)

    def test_a_signal_is_heard_at_the_end_of_the_epoch(self, config, by_epoch, tmp_path):
        assert finish(load(config, tmp_path / "whole", **by_epoch)).code == 0
        work_dir = tmp_path / "work"
        run = finish(load(config, work_dir, custom_hooks=stop(2), **by_epoch))
        assert run.code == 99
        assert f"SIGTERM: stopped after epoch 1; continue with --resume, from {work_dir / 'epoch_1.pth'}" in run.said()
        resumed = finish(load(config, work_dir, **by_epoch))
        assert resumed.code == 0, resumed.said()
        assert self.same(tmp_path / "whole", work_dir)

    def test_an_epoch_that_does_not_end_in_time(self, config, by_epoch, tmp_path):
        often = {**by_epoch, "default_hooks__checkpoint__interval": 1}
        assert finish(load(config, tmp_path / "whole", **often)).code == 0
        work_dir = tmp_path / "work"
        run = finish(
            load(config, work_dir, custom_hooks=stop(5), **often), first=lambda: setattr(stop_hook, "PATIENCE", 0)
        )
        assert run.code == 99, run.said()
        assert [path.name for path in work_dir.glob("epoch_*.pth")] == ["epoch_1.pth"]
        assert finish(load(config, work_dir, **often)).code == 0
        assert self.same(tmp_path / "whole", work_dir)

    def test_a_lost_validation_is_made_up_for(self, config, by_epoch, tmp_path):
        work_dir = tmp_path / "work"
        assert finish(load(config, work_dir, custom_hooks=stop(9, place="val"), **by_epoch)).code == 99
        resumed = finish(load(config, work_dir, **by_epoch))
        assert resumed.code == 0, resumed.said()
        assert "Iter(val) [3/3]" in resumed.said()


def test_weights_alone_are_not_resumed(config, stopped, tmp_path):
    """A best checkpoint has neither momenta nor a place in the schedule."""
    (best,) = stopped.glob("best_*.pth")
    with refused("checkpoint-resume", best, "lacks optimizer, param_schedulers", "--load-from"):
        train(load(config, tmp_path / "other", **ALONE), str(best))
    torch.save(torch.load(best, weights_only=False)["state_dict"], tmp_path / "bare.pth")
    with refused("checkpoint-resume", "bare.pth", "lacks meta.iter, meta.epoch, optimizer"):
        train(load(config, tmp_path / "third", **ALONE), str(tmp_path / "bare.pth"))


def test_a_refused_resume_leaves_the_folder_as_it_is(config, own_stopped):
    """And so does a start that fails before its first step."""
    work_dir = own_stopped
    (best,) = work_dir.glob("best_*.pth")
    assert finish(load(config, work_dir, **ALONE), str(best)).code == 2
    assert finish(load(config, work_dir, **ALONE, default_hooks__ema__nonsense=1), None).code != 0
    resumed = finish(load(config, work_dir, **ALONE))
    assert resumed.code == 0
    assert f"resuming from {work_dir / 'iter_5.pth'}" in resumed.said()


def test_a_kill_in_the_first_save_after_a_start_from_elsewhere(config, stopped, tmp_path):
    start, work_dir = stopped / "iter_5.pth", tmp_path / "work"
    cfg = load(config, work_dir, **ALONE)
    assert finish(cfg, str(start), first=DieAt(work_dir, 9)).code == -9
    resumed = finish(cfg)
    assert resumed.code == 0, resumed.said()
    assert f"resuming from {start}" in resumed.said()


def test_the_engines_own_average(config, tmp_path):
    """By its full name, and stopped in a validation that has no checkpoint yet."""
    own = dict(default_hooks__ema__type="mmengine.EMAHook", **ALONE)
    assert finish(load(config, tmp_path / "whole", **own)).code == 0
    work_dir = tmp_path / "work"
    assert finish(load(config, work_dir, custom_hooks=stop(4, place="val"), **own)).code == 99
    assert finish(load(config, work_dir, **own)).code == 0
    assert differences(end_state(tmp_path / "whole", STEPS), end_state(work_dir, STEPS)) == []


def test_another_optimizer_is_refused(config, own_stopped):
    """Before the first step; and the folder can be resumed as before."""
    work_dir = own_stopped
    adam = dict(_delete_=True, type="AdamW", lr=0.01)
    linear = dict(type="LinearLR", start_factor=0.1, begin=0, end=7, by_epoch=False)
    for other in (
        dict(optim_wrapper__optimizer=adam),
        dict(optim_wrapper__paramwise_cfg=dict(bias_lr_mult=2.0)),
        dict(optim_wrapper__optimizer__lr=0.5),
        dict(optim_wrapper__optimizer__weight_decay=0.5),
        dict(param_scheduler=None),
        dict(param_scheduler=[linear]),
        dict(param_scheduler=[linear, dict(type="PolyLR", eta_min=1e-4, power=0.9, begin=7, end=16, by_epoch=False)]),
        dict(train_cfg__max_iters=4),
    ):
        with refused("checkpoint-resume", work_dir / "iter_5.pth"):
            train(load(config, work_dir, **other, **ALONE), "auto")
        forget_runs()
    resumed = finish(load(config, work_dir, train_cfg__max_iters=STEPS + 1, **ALONE))
    assert resumed.code == 0, resumed.said()
    assert (work_dir / f"iter_{STEPS + 1}.pth").is_file()


def test_several_optimizers():
    weights = [torch.nn.Parameter(torch.zeros(1)) for _ in range(2)]
    wrappers = [
        OptimWrapper(torch.optim.SGD([weight], lr=0.1), accumulative_counts=count)
        for weight, count in zip(weights, (1, 2), strict=True)
    ]
    both = OptimWrapperDict(a=wrappers[0], b=wrappers[1])
    found = []
    for _ in range(2):
        for weight, wrapper in zip(weights, wrappers, strict=True):
            wrapper.update_params(weight.sum())
        found.append(gathers_gradients(both))
    assert found == [True, False]


def test_early_stopping_ends_at_the_same_step(config, tmp_path):
    """The validation at step 2 sets the best score; those at 4 and 6 bring no whole point more."""
    hook = dict(type="FCNEarlyStoppingHook", monitor="mIoU", min_delta=100.0, patience=2)
    options = dict(train_cfg__val_interval=2, **ALONE)
    assert finish(load(config, tmp_path / "whole", custom_hooks=[hook], **options)).code == 0
    work_dir = tmp_path / "work"
    assert finish(load(config, work_dir, custom_hooks=[hook, *stop(5)], **options)).code == 99
    assert finish(load(config, work_dir, custom_hooks=[hook], **options)).code == 0
    assert differences(end_state(tmp_path / "whole", 6), end_state(work_dir, 6)) == []
    assert finish(load(config, work_dir, custom_hooks=[hook], **options)).code == 0  # asked to go on, it is at its end
    assert not list(work_dir.glob("iter_[78].pth"))
