"""What the classes of a config's types take."""

import pytest

from fcn_plugin.preflight.parameters import parameters_of


@pytest.mark.parametrize(
    "kind, named, inherited, closed",
    [
        ("FCNMetric", {"ignore_index", "out_dir", "prefix"}, set(), True),
        ("FCNLogProcessor", {"mean_pattern"}, {"by_epoch", "window_size"}, False),
        ("IterBasedTrainLoop", {"max_iters", "val_interval"}, set(), True),
        ("AdamW", {"lr", "weight_decay", "fused"}, set(), True),
        ("mmpretrain.VGG", {"depth", "norm_cfg"}, set(), True),
        ("FCN", {"geometry", "pretrained"}, {"test_cfg", "auxiliary_head"}, False),
        ("MissedValidationHook", set(), set(), True),
        ("NoSuchThing", set(), set(), False),
        (dict, set(), set(), False),
        (None, set(), set(), False),
    ],
)
def test_parameters(kind, named, inherited, closed):
    own, passed_on, no_others = parameters_of(kind)
    assert named <= own
    assert inherited <= passed_on
    assert bool(named) == bool(own)
    assert bool(inherited) == bool(passed_on)
    assert no_others == closed
    assert not {"self", "kwargs", "args"} & (own | passed_on)
