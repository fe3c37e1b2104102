"""What --limits adds to a config's metrics."""

import pytest
from mmengine.config import Config
from support.refusals import refused

from fcn_plugin.preflight.limits import add_limits, add_report

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


def config(**model):
    return Config(dict(test_evaluator=ONE, model=dict(decode_head=dict(), **model)))


def test_a_report_stands_beside_the_metrics_and_takes_logits():
    cfg = config(test_cfg=dict(mode="slide"))
    add_report(cfg, 8, 4)
    assert cfg.test_evaluator == [ONE, dict(type="FCNReport", ignore_index=7, worst=8, best=4)]
    assert cfg.model.test_cfg == dict(mode="slide", keep_logits=True)


def test_tiles_give_a_report_without_logits():
    cfg = config(test_cfg=dict(mode="tiles"))
    add_report(cfg, 8, 4)
    assert cfg.model.test_cfg == dict(mode="tiles")


def test_several_labels_have_no_report():
    cfg = config()
    cfg.model.decode_head.multilabel = True
    with refused("config-value", "several labels"):
        add_report(cfg, 8, 4)
