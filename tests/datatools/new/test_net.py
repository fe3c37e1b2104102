"""Which net a new data set gets: by what is asked for and what is installed."""

import pytest
from support.refusals import refused

from fcn_plugin.datatools.new import net
from fcn_plugin.datatools.new.build import new_dataset
from fcn_plugin.datatools.new.net import WEIGHTS, choose_net
from fcn_plugin.datatools.new.options import Options

INSTALL = "pip install 'fcn-plugin[lite]'"
ALL = {"timm", WEIGHTS}


@pytest.fixture
def installed(monkeypatch):
    """``installed(*names)``: these packages are there, and no others."""
    return lambda *names: monkeypatch.setattr(net, "_installed", names.__contains__)


@pytest.mark.parametrize("from_scratch", [False, True])
def test_light_is_the_default_where_all_of_it_is_installed(installed, from_scratch):
    installed(*ALL)
    assert choose_net(None, from_scratch) == choose_net("light", from_scratch) == "light"
    for there in ([], ["timm"], [WEIGHTS]):
        installed(*there)
        assert choose_net(None, from_scratch) == choose_net("vgg16", from_scratch) == "vgg16"


@pytest.mark.parametrize(
    ("there", "from_scratch", "missing"),
    [
        ([], False, f"timm and {WEIGHTS}"),
        (["timm"], False, WEIGHTS),
        ([WEIGHTS], False, "timm"),
        ([], True, "timm"),
        ([WEIGHTS], True, "timm"),
    ],
)
def test_light_names_what_it_lacks(installed, there, from_scratch, missing):
    installed(*there)
    with refused("requirements", f"--net light needs {missing}: {INSTALL}"):
        choose_net("light", from_scratch)


def test_from_scratch_needs_no_weights(installed):
    installed("timm")
    assert choose_net("light", from_scratch=True) == "light"


def test_packages_are_found_by_their_metadata():
    assert net._installed("torch")
    assert not net._installed("no-such-package")


@pytest.fixture
def ids(photos, save, blocks):
    """Two images, masks of ids 0 and 1."""
    photos("a.png", "b.png")
    for name in "ab":
        save(f"masks/{name}.png", blocks(0, 1))
    return Options("roads", "photos", "masks")


def test_without_the_packages_the_report_says_what_brings_the_light_net(ids, installed):
    installed()
    report = new_dataset(ids).splitlines()
    assert [line for line in report if INSTALL in line] == [report[-4]]
    assert report[-1] == "  python tools/train.py configs/fcn8s_vgg16_roads.py"
    assert INSTALL not in new_dataset(ids._replace(net="vgg16", force=True))


def test_the_light_net_is_named_in_all_commands(ids, installed, here):
    installed(*ALL)
    report = new_dataset(ids)
    leaf = "configs/fcn8s_efficientnet-lite0_roads.py"
    assert report.endswith(f"next:\n  python tools/check_dataset.py {leaf}\n  python tools/train.py {leaf}")
    assert f"wrote {leaf}" in report and (here / leaf).is_file()
    assert "vgg16" not in report.lower() and "528 MB" not in report


def test_a_refused_net_leaves_nothing(ids, installed, hashes):
    installed()
    before = hashes()
    with refused("requirements", INSTALL):
        new_dataset(ids._replace(net="light"))
    assert hashes() == before
