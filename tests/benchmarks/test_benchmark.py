"""A whole benchmark of narrow nets: the rows, what they say of differences, the table and the plot."""

import json

import pytest
import torch
from support.refusals import refused

from benchmarks import run as run_module
from benchmarks.report import plot, table
from benchmarks.run import benchmark
from benchmarks.variants import variants_of

CONFIG = """
_base_ = {base!r}
custom_imports = dict(imports=["fcn_plugin", "support.builders"], allow_failed_imports=False)
model = dict(
    backbone=dict(type="NarrowVGG"),
    neck=dict(in_channels=(16, 32, 32), fc_channels=8),
    decode_head=dict(in_channels=dict(_delete_=True, fr=8, pool4=32, pool3=16)),
)
"""


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    from fcn_plugin.configs import config_dir

    path = tmp_path_factory.mktemp("config") / "narrow8s.py"
    path.write_text(CONFIG.format(base=str(config_dir() / "fcn8s_vgg16_voc.py")))
    return str(path)


def options(**changes):
    return dict(batch=[1], size=[(64, 64)], classes=[5], geometry=["aligned"], layout=["channels_last"]) | changes


@pytest.fixture(scope="module")
def result(config):
    wanted = options(geometry=["reference", "aligned"], conv=["winograd", "direct"])
    return benchmark(variants_of([config], [], wanted, train=False), rounds=2, device="cpu", with_memory=False)


def test_rows(result):
    rows = result["rows"]
    assert [row["label"].split(" ", 1)[1] for row in rows] == [
        "reference winograd",
        "reference direct",
        "aligned winograd",
        "aligned direct",
    ]
    for row in rows:
        assert row["seconds"] > 0
        assert row["gflop_per_s"] == pytest.approx(row["gflop"] / row["seconds"])
        assert row["images_per_s"] == pytest.approx(1 / row["seconds"])
        assert row["peak_share"] == pytest.approx(row["gflop_per_s"] / result["peak_gflop_per_s"]["fp32"])
        assert len(row["all_seconds"]) == 2
    assert rows[0]["ratio"] == 1
    assert rows[0]["gflop"] == rows[1]["gflop"] > 3 * rows[2]["gflop"]


def test_differences_are_those_of_one_function(result):
    """The two ways of one geometry differ by rounding; the geometries are not compared with each other."""
    found = [row["difference"] for row in result["rows"]]
    assert found[0] is None and found[2] is None
    assert 0 < found[1] < 1e-4
    assert 0 < found[3] < 1e-4
    assert result["rows"][1]["agreement"] > 0.99


def test_table_and_json(result):
    text = table(result)
    assert "times faster" in text
    assert text.count("\n| ") == 6
    assert f"{result['machine']['cores']} cores" in text
    assert json.loads(json.dumps(result)) == result


def test_training_steps_move_weights(config):
    variants = variants_of([config], ["plain"], options(), train=True)
    result = benchmark(variants[1:], rounds=1, device="cpu", with_memory=False)
    (row,) = result["rows"]
    forward = benchmark(variants_of([config], [], options(), train=False), 1, "cpu", False)["rows"][0]
    assert 2.5 * forward["gflop"] < row["gflop"] < 3 * forward["gflop"]
    assert "differs" not in table(result)


def test_peak_memory_is_measured_in_a_process_of_its_own(monkeypatch, config):
    asked = []
    monkeypatch.setattr(run_module.memory, "peak_mib", lambda *args: asked.append(args) or 12.0)
    result = benchmark(variants_of([config], [], options(), train=False), 1, "cpu", True)
    assert [row["peak_mib"] for row in result["rows"]] == [12.0]
    assert asked[0][1:] == ("cpu", torch.get_num_threads())


@pytest.mark.parametrize("name", ["size", "batch", "classes"])
def test_plot(config, tmp_path, name):
    values = dict(size=[(32, 32), (64, 64)], batch=[1, 2], classes=[2, 5])[name]
    result = benchmark(variants_of([config], [], options(**{name: values}), train=False), 1, "cpu", False)
    plot(result, tmp_path / "a.part", "png")
    assert (tmp_path / "a.part").read_bytes().startswith(b"\x89PNG")


def test_a_plot_needs_one_input_that_varies(result, tmp_path):
    with refused("option-value", "--plot", "--size"):
        plot(result, tmp_path / "a.png", "png")
    assert list(tmp_path.iterdir()) == []


def test_a_gpu_that_is_not_there(config, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with refused("option-value", "--device cuda"):
        benchmark(variants_of([config], [], options(), train=False), 1, "cuda")
