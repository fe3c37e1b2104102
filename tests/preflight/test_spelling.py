"""Near misses of names, and words that are no near miss."""

import pytest

from fcn_plugin.preflight.spelling import nearest

NAMES = ["model", "tta_pipeline", "env_cfg", "test_cfg", "custom_hooks", "load_from", "EMAHook", "pool4", "lr"]


@pytest.mark.parametrize(
    "word, meant",
    [
        ("modle", "model"),
        ("models", "model"),
        ("tset_cfg", "test_cfg"),
        ("testcfg", "test_cfg"),
        ("costum_hook", None),  # three slips
        ("custom_keys", None),
        ("view_pipeline1", None),
        ("custom_hoks", "custom_hooks"),
        ("load_form", "load_from"),
        ("EmaHook", "EMAHook"),
        ("lrr", "lr"),
        ("conv_cfg", None),
        ("norm_cfg", None),
        ("act_cfg", None),
        ("pool5", None),  # another stream
        ("scale", None),
        ("loader", None),
        ("model", None),  # it is one
    ],
)
def test_nearest(word, meant):
    assert nearest(word, NAMES) == meant


def test_the_nearest_of_several():
    assert nearest("val_evaluaters", ("val_evaluator", "val_evaluators")) == "val_evaluators"
