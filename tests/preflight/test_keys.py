"""Near misses of names that are read are refused with the likely name; whatever else a config defines passes."""

import inspect

import pytest
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner
from support.refusals import refused

from fcn_plugin.configs import config_dir, get_config
from fcn_plugin.preflight.keys import DEFAULT_HOOKS, READ, check_arguments, check_keys

SHIPPED = sorted(path for path in config_dir().rglob("*.py") if "_base_" not in path.parts)


def config(**entries):
    return Config(entries, filename=__file__)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_configs_pass(path):
    cfg = get_config(str(path))
    check_keys(cfg)
    check_keys(cfg)
    check_arguments(cfg)


def test_arguments_of_the_runner_are_known():
    assert set(inspect.signature(Runner.__init__).parameters) - {"self", "cfg"} <= set(READ)


def test_default_hooks_of_mmengine_are_known():
    class Hooks:
        def register_hook(self, hook):
            self.types = [*getattr(self, "types", []), hook["type"]]

    hooks = Hooks()
    Runner.register_default_hooks(hooks)
    assert len(hooks.types) == len(DEFAULT_HOOKS)


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
    with refused("config-key", f"{__file__}: ", f" {key}: did you mean {meant}? "):
        check_keys(config(**{key: value}))


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
    with refused("config-type", "custom_hooks.0.type is 'EMAHok'"):
        check_keys(config(custom_hooks=[dict(type="EMAHok")]))


@pytest.mark.parametrize(
    "hooks, meant", [(dict(loger=None), "logger"), (dict(mine=dict(type="EMAHook"), mien=None), "mine")]
)
def test_a_default_hook_that_does_not_exist_is_not_switched_off(hooks, meant):
    with refused("config-key", __file__, f"default_hooks.{[*hooks][-1]} ", f"did you mean default_hooks.{meant}?"):
        check_keys(config(default_hooks=hooks))


def test_default_hooks_that_are_switched_off_or_ones_own_pass():
    check_keys(config(default_hooks=dict(timer=None, finite_loss=None, visualization=None, mine=Hook())))
    check_keys(config(default_hooks=dict(average=dict(type="EMAHook"))))


def saving(save_best, evaluator):
    hook = dict(type="CheckpointHook", save_best=save_best)
    return config(default_hooks=dict(checkpoint=hook), val_evaluator=evaluator)


ONE = dict(type="FCNMetric")
OTHER = dict(type="IoUMetric")
PREFIXED = dict(type="FCNMetric", prefix="val")
DETAILED = dict(type="FCNMetric", detail=True)


@pytest.mark.parametrize(
    "save_best, evaluator, wrong, meant",
    [
        ("miou", ONE, "miou", "mIoU"),
        ("mIou", [ONE], "mIou", "mIoU"),
        (["mIoU", "aACC"], ONE, "aACC", "aAcc"),
        ("mIoU", PREFIXED, "mIoU", "val/mIoU"),
        ("val/mIou", [PREFIXED], "val/mIou", "val/mIoU"),
        ("mDIce", DETAILED, "mDIce", "mDice"),
        ("miou", dict(type="Evaluator", metrics=[ONE]), "miou", "mIoU"),
    ],
)
def test_scores_to_save_by(save_best, evaluator, wrong, meant):
    with refused("config-value", __file__, f"checkpoint.save_best is {wrong!r}", f"did you mean {meant!r}?"):
        check_keys(saving(save_best, evaluator))


def test_a_score_unlike_all_lists_them():
    with refused("config-value", __file__, "checkpoint.save_best is 'accuracy'", ": There are aAcc, mAcc, mIoU, fwIoU"):
        check_keys(saving("accuracy", ONE))


@pytest.mark.parametrize(
    "save_best, evaluator",
    [
        (None, ONE),
        ("auto", ONE),
        ("fwIoU", ONE),
        (["mIoU", "aAcc"], [ONE]),
        ("val/mIoU", PREFIXED),
        (["val/mIoU", "mIoU"], [ONE, PREFIXED]),
        ("image_mIoU", DETAILED),
        ("mDice", OTHER),
        ("mDice", [ONE, OTHER]),
        ("mDice", None),
    ],
)
def test_known_scores_and_other_metrics_pass(save_best, evaluator):
    check_keys(saving(save_best, evaluator))


def test_the_loss_on_val_must_fall():
    check_keys(saving("val_loss", ONE))
    cfg = saving("val_loss", ONE)
    cfg.default_hooks.checkpoint.rule = "greater"
    with refused("config-value", __file__, "greatest val_loss", "'less'"):
        check_keys(cfg)
