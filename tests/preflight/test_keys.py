"""Names that are nearly those that are read are refused with the likely name; whatever else a config defines passes."""

import inspect

import pytest
from mmengine.config import Config
from mmengine.runner import Runner

from fcn_plugin.configs import config_dir, get_config
from fcn_plugin.errors import UserError
from fcn_plugin.preflight.keys import DEFAULT_HOOKS, READ, check_keys

SHIPPED = sorted(
    p for p in config_dir().rglob("*.py") if not p.parent.parts[-1].startswith("_") and "_base_" not in p.parts
)


def config(**entries):
    return Config(entries, filename=__file__)


def refusal(cfg):
    with pytest.raises(UserError) as error:
        check_keys(cfg)
    return str(error.value)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_configs_pass(path):
    check_keys(get_config(str(path)))


def test_whatever_the_runner_takes_is_known():
    assert set(inspect.signature(Runner.__init__).parameters) - {"self", "cfg"} <= set(READ)


def test_the_engines_default_hooks_are_known():
    class Hooks:
        def register_hook(self, hook):
            self.types = [*getattr(self, "types", []), hook["type"]]

    hooks = Hooks()
    Runner.register_default_hooks(hooks)
    assert sorted(hooks.types) == sorted(DEFAULT_HOOKS.values())


@pytest.mark.parametrize(
    "key, value, meant",
    [
        ("optim_wraper", dict(type="OptimWrapper"), "optim_wrapper"),
        ("train_dataloder", dict(batch_size=1), "train_dataloader"),
        ("trian_cfg", dict(max_iters=1), "train_cfg"),
        ("param_schedulers", [], "param_scheduler"),
        ("custom_hook", [dict(type="A")], "custom_hooks"),
        ("defaut_hooks", dict(), "default_hooks"),
        ("val_evaluater", dict(type="FCNMetric"), "val_evaluator"),
        ("load_form", "a.pth", "load_from"),
        ("load_form", None, "load_from"),
        ("resmue", True, "resume"),
        ("broken_file", "skip", "broken_files"),
        ("runner_typ", "FCNRunner", "runner_type"),
        ("find_unused_parameter", True, "find_unused_parameters"),
        ("randomnes", dict(seed=1), "randomness"),
    ],
)
def test_near_misses_are_refused(key, value, meant):
    message = refusal(config(**{key: value}))
    assert message.startswith(f"{__file__}: {key} is no key that is read: did you mean {meant}? ")


@pytest.mark.parametrize(
    "key, value",
    [
        ("crop_size", (256, 256)),
        ("scale", (480, 360)),
        ("max_iters", 100),
        ("loader", dict()),
        ("load", []),
        ("conv_cfg", dict()),
        ("norm_cfg", dict()),
        ("train_pipeline", []),
        ("test_pipeline", []),
        ("models", "vgg16"),  # no entries, which a model has
        ("resumes", 3),
        ("metainfo", dict()),
        ("dataset_type", "CamVidDataset"),
    ],
)
def test_variables_of_ones_own_pass(key, value):
    check_keys(config(**{key: value}))


def test_types_are_looked_up_too():
    assert "custom_hooks.0.type is 'EMAHok', which is unknown" in refusal(config(custom_hooks=[dict(type="EMAHok")]))


@pytest.mark.parametrize(
    "hooks, said",
    [
        (dict(checkpont=dict(interval=2)), "checkpont is no default hook: did you mean default_hooks.checkpoint?"),
        (dict(loger=None), "loger is no default hook: did you mean default_hooks.logger?"),
        (dict(mine=dict(type="EMAHook"), mien={}), "mien is no default hook: did you mean default_hooks.mine?"),
        (dict(average={}), "there are checkpoint, logger, param_scheduler, runtime_info, sampler_seed, timer."),
        (dict(timer={}), "timer has no type: inherit configs/_base_/default_runtime.py, or add type='IterTimerHook'"),
    ],
)
def test_default_hooks(hooks, said):
    assert said in refusal(config(default_hooks=hooks))


def test_default_hooks_that_are_left_out_or_ones_own_pass():
    check_keys(config(default_hooks=dict(timer=None, average=dict(type="EMAHook"))))


def saving(save_best, evaluator):
    hook = dict(type="CheckpointHook", save_best=save_best)
    return config(default_hooks=dict(checkpoint=hook), val_evaluator=evaluator)


ONE = dict(type="FCNMetric")
OTHER = dict(type="IoUMetric")
PREFIXED = dict(type="FCNMetric", prefix="val")


@pytest.mark.parametrize(
    "save_best, evaluator, wrong, meant",
    [
        ("miou", ONE, "miou", "mIoU"),
        ("mIou", [ONE], "mIou", "mIoU"),
        (["mIoU", "aACC"], ONE, "aACC", "aAcc"),
        ("mIoU", PREFIXED, "mIoU", "val/mIoU"),
        ("val/mIou", [PREFIXED], "val/mIou", "val/mIoU"),
        ("miou", dict(type="Evaluator", metrics=[ONE]), "miou", "mIoU"),
    ],
)
def test_scores_to_save_by(save_best, evaluator, wrong, meant):
    message = refusal(saving(save_best, evaluator))
    assert f"{__file__}: default_hooks.checkpoint.save_best is {wrong!r}, which is no score of FCNMetric" in message
    assert f"did you mean {meant!r}? There are " in message


def test_a_score_far_from_all_lists_them():
    assert refusal(saving("accuracy", ONE)).endswith("of FCNMetric: There are aAcc, mAcc, mIoU, fwIoU")


@pytest.mark.parametrize(
    "save_best, evaluator",
    [
        (None, ONE),
        ("auto", ONE),
        ("fwIoU", ONE),
        (["mIoU", "aAcc"], [ONE]),
        ("val/mIoU", PREFIXED),
        (["val/mIoU", "mIoU"], [ONE, PREFIXED]),
        ("mDice", OTHER),
        ("mDice", [ONE, OTHER]),
        ("mDice", None),
    ],
)
def test_known_scores_and_other_metrics_pass(save_best, evaluator):
    check_keys(saving(save_best, evaluator))


def test_a_hook_that_is_switched_off():
    check_keys(config(default_hooks=dict(finite_loss=None, visualization=None)))
