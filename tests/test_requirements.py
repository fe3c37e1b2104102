"""What is said when an installed version does not fit."""

import importlib

import pytest
from packaging.requirements import Requirement

from fcn_plugin import requirements

NEEDED = {name: Requirement(needed) for name, (needed, _) in requirements.REQUIRED.items()}
LOWEST = {name: next(bound.version for bound in of.specifier if bound.operator == ">=") for name, of in NEEDED.items()}
NEXT = {"mmengine": "0.11.0", "mmcv": "2.4.0", "mmseg": "1.5.0", "mmpretrain": "1.4.0"}


def check(monkeypatch, **versions):
    monkeypatch.setattr(requirements, "installed_version", {**LOWEST, **versions}.get)
    requirements.check_requirements()


def refusal(monkeypatch, name, version):
    with pytest.raises(ImportError) as caught:
        check(monkeypatch, **{name: version})
    return str(caught.value)


def test_the_installed_versions_fit():
    requirements.check_requirements()


@pytest.mark.parametrize("name", NEEDED)
def test_installed_versions_are_those_of_the_modules(name):
    assert requirements.installed_version(name) == importlib.import_module(name).__version__
    assert requirements.installed_version(f"no_such_{name}") is None


@pytest.mark.parametrize("version", [LOWEST["torch"], "2.11.0", "2.11.0a0+nv", "2.11.0+cu128", "2.100", "3.0.0a1"])
def test_these_versions_of_torch_are_enough(monkeypatch, version):
    check(monkeypatch, torch=version)


@pytest.mark.parametrize("version", ["2.2.1", "2.10.1+cpu", "1.99", "2"])
def test_an_old_torch_is_named(monkeypatch, version):
    message = f"fcn_plugin needs torch>=2.11, found torch {version}: pip install -U 'torch>=2.11'"
    assert refusal(monkeypatch, "torch", version) == message


@pytest.mark.parametrize("name", NEEDED)
def test_a_missing_package_is_named(monkeypatch, name):
    needed = requirements.REQUIRED[name][0]
    assert refusal(monkeypatch, name, None) == f"fcn_plugin needs {needed}, found none: pip install -U '{needed}'"


@pytest.mark.parametrize("name", NEXT)
def test_the_next_minor_version_is_refused(monkeypatch, name):
    assert f"found {name} {NEXT[name]}: " in refusal(monkeypatch, name, NEXT[name])
    assert f"found {name} {NEXT[name]}rc1: " in refusal(monkeypatch, name, f"{NEXT[name]}rc1")


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
    message = refusal(monkeypatch, name, found)
    assert f"found {name} {found}: pip uninstall -y {old} && pip install -U 'onedl-mm" in message
