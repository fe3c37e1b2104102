"""mmengine's loaders of paths and links end in our reader; object stores keep theirs."""

import json

import pytest
import torch
from mmengine.model import BaseModule
from mmengine.runner import CheckpointLoader, load_checkpoint
from support.refusals import refused

from fcn_plugin.checkpoints.checksum import seal
from fcn_plugin.weights import links, schemes


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "net.pth"
    torch.save({"state_dict": {"backbone.weight": torch.ones(1, 1), "head.weight": torch.zeros(1)}}, path)
    return path


@pytest.fixture
def fetched(monkeypatch, file):
    """Links that were asked for; each gives the file."""
    asked = []
    monkeypatch.setattr(links, "fetch", lambda link: asked.append(link) or str(file))
    return asked


def test_every_loader_but_those_of_object_stores_is_ours():
    """Also those that a later mmengine may add."""
    stores = {r"(\S+\:)?s3://": "load_from_ceph", r"(\S+\:)?petrel://": "load_from_ceph", "pavi://": "load_from_pavi"}
    for prefix, loader in CheckpointLoader._schemes.items():
        if prefix in stores:
            assert (loader.__module__, loader.__name__) == ("mmengine.runner.checkpoint", stores[prefix])
        else:
            assert loader.__module__ == schemes.__name__, prefix


LINKS = {
    "https://example.org/a.pth": "https://example.org/a.pth",
    "torchvision://vgg16": "https://download.pytorch.org/models/vgg16-397923af.pth",
    "modelzoo://resnet50": "https://download.pytorch.org/models/resnet50-0676ba61.pth",
    "torchvision://resnet50.imagenet1k_v2": "https://download.pytorch.org/models/resnet50-11ad3fa6.pth",
    "open-mmlab://vgg16_caffe": "/third_party/vgg16_caffe-292e1171.pth",
    "openmmlab://vgg16_caffe": "/third_party/vgg16_caffe-292e1171.pth",
    "open-mmlab://resnet50_v1c": "/third_party/resnet50_v1c-2cccc1ad.pth",
}


@pytest.mark.parametrize("name", LINKS)
def test_names_and_links_are_fetched_our_way(fetched, name):
    content = CheckpointLoader.load_checkpoint(name, "cpu")
    assert content["state_dict"]["backbone.weight"] == 1
    (link,) = fetched
    assert link.startswith("https://")
    assert link.endswith(LINKS[name])


def test_of_a_classifier_the_backbone(fetched):
    content = CheckpointLoader.load_checkpoint("mmcls://vgg16", "cpu")
    assert {name: one.tolist() for name, one in content["state_dict"].items()} == {"weight": [[1]]}
    assert "vgg16_batch256_imagenet" in fetched[0]


def test_a_users_own_names_may_be_files_and_the_home_folder_a_tilde(monkeypatch, tmp_path, file):
    (tmp_path / "open_mmlab.json").write_text(json.dumps({"mine": "net.pth"}))
    monkeypatch.setenv("MMENGINE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("open-mmlab://mine", "~/net.pth"):
        assert "state_dict" in CheckpointLoader.load_checkpoint(name, "cpu")


@pytest.mark.parametrize(
    "name, near",
    [
        ("torchvision://vgg16z", "vgg16,"),
        ("open-mmlab://vgg16_cafe", "vgg16_caffe"),
        ("mmcls://qqq", "none is similar"),
    ],
)
def test_an_unknown_name_is_refused_with_those_similar_to_it(fetched, name, near):
    with refused("weights-link", name, near, "https://"):
        CheckpointLoader.load_checkpoint(name, "cpu")
    assert fetched == []


def test_http_is_refused():
    with refused("weights-link", "http://example.org/a.pth", "https://"):
        CheckpointLoader.load_checkpoint("http://example.org/a.pth", "cpu")


class Net(BaseModule):
    def __init__(self, init_cfg=None):
        super().__init__(init_cfg)
        self.backbone = torch.nn.Linear(1, 1, bias=False)


def test_stock_loading_works_and_compares_sums(file):
    net = Net(dict(type="Pretrained", checkpoint=str(file)))
    net.init_weights()
    assert net.backbone.weight.item() == 1
    seal(file)
    load_checkpoint(net, str(file), map_location="cpu")
    content = bytearray(file.read_bytes())
    content[200] ^= 1
    file.write_bytes(content)
    with refused("checkpoint-damaged", file):
        load_checkpoint(net, str(file))
    with refused("checkpoint-damaged", file):
        Net(dict(type="Pretrained", checkpoint=str(file), prefix="backbone")).init_weights()
