"""compat.py alone touches private names of mmengine, mmcv and mmseg, and each of them exists in what is installed."""

import ast
import importlib
import inspect
import textwrap
from pathlib import Path

import pytest

import fcn_plugin
from fcn_plugin import compat

PACKAGE = Path(fcn_plugin.__file__).parent
NAMES = {place.rpartition("=")[2] if "=" in place else place.rpartition(".")[2] for place in compat.PRIVATE_NAMES}


def find(place):
    """Whether ``module:Class.name`` exists, or the method of ``module:Class.method=name`` uses the name."""
    module, _, rest = place.partition(":")
    path, _, name = rest.partition("=")
    target = importlib.import_module(module)
    for part in path.split("."):
        target = inspect.getattr_static(target, part, None)
        if target is None:
            return False
    source = textwrap.dedent(inspect.getsource(target.fget if isinstance(target, property) else target))
    return not name or name in source


@pytest.mark.parametrize(("place", "workaround"), compat.PRIVATE_NAMES.items(), ids=list(compat.PRIVATE_NAMES))
def test_the_installed_version_has_the_name(place, workaround):
    assert find(place), f"{place} is gone from what is installed: {workaround} broke; see fcn_plugin/compat.py"


def test_a_name_that_is_gone_is_noticed():
    assert not find("mmengine.hooks:EMAHook._no_such_method")
    assert not find("mmengine.runner:Runner.load_or_resume=_no_such_attribute")


def test_texts_and_functions_that_are_matched_exist():
    root = Path(importlib.import_module("mmengine").__file__).parent
    sources = {path.stem: path.read_text() for path in root.rglob("*.py")}
    for module, function in compat.LOG_FILE_ONLY:
        assert f"def {function}(" in sources[module], (
            f"{module}.{function} is gone from mmengine: its dump shows on the console"
        )


def private_uses(path):
    """Private attributes that a file reads or sets on anything, and private methods that its classes define."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.startswith("__"):
            yield node.attr
        elif isinstance(node, ast.FunctionDef):
            yield node.name
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("_"):
            yield node.value


def test_no_other_file_touches_them():
    found = {
        (str(path.relative_to(PACKAGE)), name)
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.name != "compat.py" and ".mim" not in path.parts
        for name in private_uses(path)
        if name in NAMES
    }
    assert found == set()
