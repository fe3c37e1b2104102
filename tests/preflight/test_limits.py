"""What --limits adds to a config's metrics."""

import pytest
from mmengine.config import Config

from fcn_plugin.preflight.limits import add_limits

ONE = dict(type="FCNMetric", ignore_index=7)
OTHER = dict(type="IoUMetric")


@pytest.mark.parametrize(
    ("given", "metrics", "void"),
    [
        (ONE, [ONE], 7),
        ([OTHER, ONE], [OTHER, ONE], 7),
        (dict(type="Evaluator", metrics=[OTHER]), [OTHER], 255),
        (dict(type="Evaluator", metrics=ONE), [ONE], 7),
    ],
)
def test_the_measures_stand_beside_the_metrics(given, metrics, void):
    cfg = Config(dict(test_evaluator=given))
    for _ in range(2):
        add_limits(cfg)
        assert cfg.test_evaluator == [*metrics, dict(type="FCNLimits", ignore_index=void)]
