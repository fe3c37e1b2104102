"""MLflow's backend: pictures have the suffix that it wants, and runs are kept in a database unless the config says where."""

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from mmengine.logging import MMLogger
from mmengine.visualization import WandbVisBackend

from fcn_plugin.visualization import FCNMLflowVisBackend


class MLflow(SimpleNamespace):
    """What of MLflow's module is called, noted."""

    def __init__(self):
        self.calls = {}

    def __getattr__(self, name):
        return lambda *args, **kwargs: self.calls.update({name: (args, kwargs)})


@pytest.fixture
def mlflow(monkeypatch, tmp_path):
    module = MLflow()
    monkeypatch.setitem(sys.modules, "mlflow", module)
    MMLogger.get_instance(f"mlflow {tmp_path}", log_file=str(tmp_path / "log.txt"))
    return module


@pytest.mark.parametrize("uri", [None, "http://server:5000"])
def test_where_runs_are_kept(mlflow, tmp_path, uri):
    backend = FCNMLflowVisBackend(save_dir=str(tmp_path), tracking_uri=uri, exp_name="streets")
    backend.add_scalar("mIoU", 0.5, 4)
    assert mlflow.calls["set_tracking_uri"] == ((uri or f"sqlite:///{tmp_path}/mlflow.db",), {})
    place = None if uri else Path(tmp_path, "mlflow").as_uri()
    assert mlflow.calls["create_experiment"] == (("streets",), dict(artifact_location=place))


def test_a_picture_has_its_step_and_suffix(mlflow, tmp_path):
    picture = np.zeros((2, 3, 3), np.uint8)
    FCNMLflowVisBackend(save_dir=str(tmp_path)).add_image("val_a", picture, 40)
    assert mlflow.calls["log_image"] == ((picture, "val_a_40.png"), {})


def test_wandb_offline(tmp_path, monkeypatch):
    """The line of the docs, with wandb itself."""
    pytest.importorskip("wandb", reason="wandb is not installed")
    monkeypatch.chdir(tmp_path)
    backend = WandbVisBackend(save_dir=str(tmp_path), init_kwargs=dict(project="fcn", mode="offline"))
    backend.add_scalar("mIoU", 0.5, 4)
    backend.add_image("val_a", np.zeros((2, 3, 3), np.uint8), 4)
    backend.close()
    assert list(tmp_path.glob("wandb/offline-run-*/run-*.wandb"))
