"""Types that are not registered are refused with their place and the likely name."""

import pytest
from mmengine.config import Config
from mmengine.hooks import Hook
from support.refusals import refused

from fcn_plugin.preflight.keys import check_keys

FLIP = dict(type="RandomFlip", prob=0.5)


def loaders(dataset):
    return dict(train_dataloader=dict(dataset=dataset))


def piped(name):
    return dict(pipeline=[dict(type=name)])


def tta(*names):
    return dict(tta_pipeline=[dict(type="TestTimeAug", transforms=[[FLIP], [dict(type=name) for name in names]])])


TRAIN = "train_dataloader.dataset"


@pytest.mark.parametrize(
    "entries, place, wrong, meant",
    [
        (dict(custom_hooks=[dict(type="FiniteLossHok")]), "custom_hooks.0", "FiniteLossHok", "FiniteLossHook"),
        (dict(custom_hooks=[dict(type="EmaHook")]), "custom_hooks.0", "EmaHook", "EMAHook"),
        (dict(default_hooks=dict(a=dict(type="LogerHook"))), "default_hooks.a", "LogerHook", "LoggerHook"),
        (dict(val_evaluator=dict(type="FCNMetrics")), "val_evaluator", "FCNMetrics", "FCNMetric"),
        (dict(test_evaluator=[dict(type="IOUMetrik")]), "test_evaluator.0", "IOUMetrik", "IoUMetric"),
        (dict(val_evaluator=dict(metrics=[dict(type="FMetric")])), "val_evaluator.metrics.0", "FMetric", "FCNMetric"),
        (dict(param_scheduler=dict(type="PolLr")), "param_scheduler", "PolLr", "PolyLR"),
        (dict(param_scheduler=[dict(type="PolyLR"), dict(type="LinerLR")]), "param_scheduler.1", "LinerLR", "LinearLR"),
        (loaders(dict(pipeline=[FLIP, dict(type="RandomCorp")])), f"{TRAIN}.pipeline.1", "RandomCorp", "RandomCrop"),
        (loaders(dict(dataset=piped("Rezise"))), f"{TRAIN}.dataset.pipeline.0", "Rezise", "Resize"),
        (loaders(dict(datasets=[{}, piped("Rot")])), f"{TRAIN}.datasets.1.pipeline.0", "Rot", None),
        (tta("LoadAnnotation"), "tta_pipeline.0.transforms.1.0", "LoadAnnotation", "LoadAnnotations"),
    ],
)
def test_near_misses_name_the_place(entries, place, wrong, meant):
    hint = f"did you mean {meant!r}? " if meant else ""
    with refused("config-type") as caught:
        check_keys(Config(entries, filename=__file__))
    assert caught.value.message == (
        f"{__file__}: {place}.type is {wrong!r}, which is unknown: {hint}Correct it, or add its module to custom_imports"
    )


@pytest.mark.parametrize("name", ["Wholly", "mmnothing.EMAHook"])
def test_names_unlike_all_have_no_suggestion(name):
    with refused("config-type", f"'{name}', which is unknown: Correct it") as caught:
        check_keys(Config(dict(custom_hooks=[dict(type=name)]), filename=__file__))
    assert "did you mean" not in caught.value.message


@pytest.mark.parametrize(
    "entries",
    [
        dict(custom_hooks=None, default_hooks=None, val_evaluator=None, param_scheduler=None),
        dict(custom_hooks=[dict(type="mmpretrain.EMAHook"), dict(type="mmengine.EMAHook"), Hook(), dict(type=Hook)]),
        loaders(dict(pipeline=None)),
        loaders(dict(pipeline=[FLIP, dict(type="RandomApply", transforms=[dict(type="PhotoMetricDistortion")])])),
        dict(train_dataloader=None),
        tta("FCNLoadAnnotations", "PackSegInputs"),
    ],
)
def test_known_types_scopes_and_objects_pass(entries):
    check_keys(Config(entries))


def test_transforms_of_another_library():
    steps = [dict(type="Albu", transforms=[dict(type="RandomBrightnessContrast")])]
    check_keys(Config(dict(train_dataloader=dict(dataset=dict(pipeline=steps)))))


def test_schedules_of_several_optimizers():
    both = dict(gen=[dict(type="PolyLR")], disc=dict(type="LinearLR"))
    check_keys(Config(dict(param_scheduler=both)))
    both["gen"][0]["type"] = "PolyLr2"
    with refused("config-type", "param_scheduler.gen.0.type is 'PolyLr2'"):
        check_keys(Config(dict(param_scheduler=both)))
