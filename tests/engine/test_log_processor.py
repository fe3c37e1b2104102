"""The training line's images per second: batch x processes / seconds per step."""

from types import SimpleNamespace

import pytest
from mmengine.runner import LogProcessor

from fcn_plugin.engine import logging as log_processor
from fcn_plugin.engine.logging import FCNLogProcessor


def line(monkeypatch, batch_size, tag, processes=1, mode="train"):
    monkeypatch.setattr(LogProcessor, "get_log_after_iter", lambda *args: (dict(tag), "Iter"))
    monkeypatch.setattr(log_processor, "get_world_size", lambda: processes)
    runner = SimpleNamespace(train_dataloader=SimpleNamespace(batch_size=batch_size))
    return FCNLogProcessor(by_epoch=False).get_log_after_iter(runner, 0, mode)


@pytest.mark.parametrize(
    "batch_size, seconds, processes, expected",
    [(4, 0.5, 1, 8.0), (4, 0.5, 2, 16.0), (1, 2.0, 1, 0.5), (None, 0.25, 1, 4.0)],
)
def test_images_per_second(monkeypatch, batch_size, seconds, processes, expected):
    tag, text = line(monkeypatch, batch_size, {"time": seconds, "loss": 1.0}, processes)
    assert tag == {"time": seconds, "loss": 1.0, "images_per_s": expected}
    assert text == f"Iter  images/s: {expected:.1f}"


@pytest.mark.parametrize("tag, mode", [({"time": 0.5}, "val"), ({"time": 0.5}, "test"), ({"loss": 1.0}, "train")])
def test_left_out_where_no_training_step_was_timed(monkeypatch, tag, mode):
    assert line(monkeypatch, 4, tag, mode=mode) == (tag, "Iter")


def test_the_loss_per_pixel_is_averaged_as_the_sum_is():
    pattern = FCNLogProcessor(by_epoch=False).mean_pattern
    assert pattern.match("train/decode.loss_ce") and pattern.match("train/decode.ce_per_pixel")
