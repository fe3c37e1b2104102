"""What is said when the installed stack does not carry the package."""

import importlib

import pytest

from fcn_plugin import requirements

ENOUGH = {name: lowest for name, (lowest, _) in requirements.REQUIRED.items()}


def check(monkeypatch, **versions):
    installed = {**ENOUGH, **versions}
    monkeypatch.setattr(requirements, "installed_version", installed.get)
    requirements.check_requirements()


def test_this_stack_carries_the_package():
    requirements.check_requirements()


@pytest.mark.parametrize("name", ENOUGH)
def test_installed_versions_are_those_of_the_modules(name):
    assert requirements.installed_version(name) == importlib.import_module(name).__version__


def test_a_missing_package_has_no_version():
    assert requirements.installed_version("no_such_package_of_fcn") is None


def test_lowest_versions_are_enough(monkeypatch):
    check(monkeypatch)


@pytest.mark.parametrize("version", ["2.11.0", "2.11.0+cu128", "2.100", "3.0.0a1"])
def test_higher_versions_are_enough(monkeypatch, version):
    check(monkeypatch, torch=version)


@pytest.mark.parametrize("version", ["2.2.1", "2.10.1+cpu", "1.99", "2"])
def test_an_old_torch_is_named(monkeypatch, version):
    with pytest.raises(ImportError) as error:
        check(monkeypatch, torch=version)
    assert str(error.value) == f"fcn_plugin needs torch >= 2.11, found {version}: pip install -U 'torch>=2.11'"


@pytest.mark.parametrize("name", ENOUGH)
def test_a_missing_package_is_named(monkeypatch, name):
    lowest, distribution = requirements.REQUIRED[name]
    with pytest.raises(ImportError) as error:
        check(monkeypatch, **{name: None})
    assert (
        str(error.value)
        == f"fcn_plugin needs {name} >= {lowest}, found none: pip install -U '{distribution}>={lowest}'"
    )


@pytest.mark.parametrize(
    ("name", "found", "old"),
    [
        ("mmengine", "0.10.7", "mmengine"),
        ("mmcv", "2.1.0", "mmcv mmcv-lite"),
        ("mmseg", "1.2.2", "mmsegmentation"),
        ("mmpretrain", "1.2.0", "mmpretrain"),
    ],
)
def test_stopped_distributions_are_to_be_removed_first(monkeypatch, name, found, old):
    with pytest.raises(ImportError, match=f"found {found}: pip uninstall -y {old} && pip install -U 'onedl-mm"):
        check(monkeypatch, **{name: found})
