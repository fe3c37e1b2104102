"""A pipeline that fails names the file at fault, and nothing else where the files are whole."""

from types import SimpleNamespace

import numpy as np
import pytest
from mmengine.dataset import Compose
from PIL import Image

from fcn_plugin.engine.broken_files import NamingPipeline, name_broken_files
from fcn_plugin.errors import UserError


def fail(data):
    raise IndexError("no file named here")


@pytest.fixture
def files(tmp_path):
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    paths = {"img_path": tmp_path / "a.jpg", "seg_map_path": tmp_path / "a.png"}
    for path in paths.values():
        image.save(path)
    return paths


@pytest.mark.parametrize("key", ["img_path", "seg_map_path"])
@pytest.mark.parametrize("keep", [0, 10, 2000])
def test_names_the_broken_one_of_the_files(files, key, keep):
    files[key].write_bytes(files[key].read_bytes()[:keep])
    with pytest.raises(UserError) as error:
        NamingPipeline([fail])({name: str(path) for name, path in files.items()})
    assert str(error.value).startswith(f"{files[key]} can't be read (")
    assert isinstance(error.value.__cause__, IndexError)


def test_a_fault_of_the_pipeline_stays_one(files):
    with pytest.raises(IndexError, match="no file named here"):
        NamingPipeline([fail])({name: str(path) for name, path in files.items()})


def test_a_sample_without_files(files):
    with pytest.raises(IndexError):
        NamingPipeline([fail])({})


def test_changes_nothing_where_all_is_well():
    assert NamingPipeline([lambda data: data | {"seen": True}])({"img_path": "nowhere"})["seen"]


def test_reaches_through_wrappers():
    plain = [SimpleNamespace(pipeline=Compose([fail])) for _ in range(3)]
    repeated = SimpleNamespace(dataset=plain[1])
    name_broken_files(SimpleNamespace(datasets=[plain[0], repeated, SimpleNamespace(datasets=[plain[2]])]))
    assert all(type(one.pipeline) is NamingPipeline for one in plain)
    assert all(one.pipeline.transforms == [fail] for one in plain)
