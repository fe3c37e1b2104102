"""The index in OpenMMLab's format: every config by its name, and no score that was not measured."""

from pathlib import Path

from mmengine.fileio import load
from mmseg.apis import MMSegInferencer

from fcn_plugin.configs import config_dir, config_name, get_config

ROOT = Path(__file__).parents[2]
INDEX = load(ROOT / "model-index.yml")
META = load(ROOT / INDEX["Import"][0])


def test_every_config_is_listed():
    leaves = {config_name(path) for path in config_dir().rglob("*.py") if "_base_" not in path.parts}
    names = MMSegInferencer.list_models("fcn_plugin")
    assert len(names) == len(set(names))
    assert set(names) == leaves


def test_entries():
    (collection,) = META["Collections"]
    for model in META["Models"]:
        assert model["Config"] == f"configs/{model['Name']}.py"
        assert (ROOT / model["Config"]).is_file()
        assert model["In Collection"] == collection["Name"]
        assert model["Weights"] is None
        assert model["Metadata"]["Training Data"] in collection["Metadata"]["Training Data"]


def test_every_name_and_alias_is_a_config():
    names = [name for model in META["Models"] for name in (model["Name"], *model.get("Alias", []))]
    assert [name for name in names if not (config_dir() / f"{name}.py").is_file()] == []
    for name in ("reference/fcn8s_vgg16_voc", "fcn8s_vgg16_minivoc"):
        assert config_name(get_config(name).filename) == name


def test_every_net_has_its_size_and_speed():
    keys = ["Training Data", "Parameters (M)", "GFLOP", "CPU ms"]
    assert all(list(model["Metadata"]) == keys for model in META["Models"]), "run docs/hooks/count_nets.py --time"


def test_scores_are_those_of_the_results():
    results = (ROOT / "docs" / "results.md").read_text()
    scores = {model["Name"]: model["Results"][0]["Metrics"]["mIoU"] for model in META["Models"] if "Results" in model}
    assert len(scores) == 15
    assert all(f"{score:.2f}" in results for score in scores.values())
