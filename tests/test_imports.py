"""Which part of the package may import which, read off the source; what importing the package does to a program."""

import ast
from pathlib import Path

import pytest

import fcn_plugin

PACKAGE = Path(fcn_plugin.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))
PARTS = ("models", "datasets", "evaluation")


def imports_of(path):
    """Absolute names of all modules and members that a file imports, at its top or inside functions."""
    package = ("fcn_plugin", *path.relative_to(PACKAGE).parent.parts)
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*base, *([node.module] if node.module else [])])
            names |= {module} | {f"{module}.{alias.name}" for alias in node.names}
    return names


def imported_by(part, roots):
    """(file, name) of every import from the roots in a part of the package."""
    return [
        (str(path.relative_to(PACKAGE)), name)
        for path in FILES
        if path.is_relative_to(PACKAGE / part)
        for name in sorted(imports_of(path))
        if any(name == root or name.startswith(f"{root}.") for root in roots)
    ]


def test_the_reader_sees_imports_of_every_form():
    seen = imports_of(PACKAGE / "models" / "segmentors" / "fcn.py")
    assert {"torch", "mmseg.registry.MODELS", "fcn_plugin.layers.CoordMap", "fcn_plugin.models.weights"} <= seen
    assert "fcn_plugin.engine" in imports_of(PACKAGE / "__init__.py")


def test_layers_are_plain_torch():
    top = {name.split(".")[0] for path in (PACKAGE / "layers").rglob("*.py") for name in imports_of(path)}
    assert "torch" in top
    assert not {name for name in top if name.startswith("mm")}
    assert imported_by("layers", [f"fcn_plugin.{part}" for part in (*PARTS, "engine", "visualization")]) == []


@pytest.mark.parametrize("part", PARTS)
def test_parts_do_not_know_each_other(part):
    others = [f"fcn_plugin.{other}" for other in (*PARTS, "engine", "visualization") if other != part]
    assert imported_by(part, others) == []


def test_nothing_imports_the_tools():
    assert imported_by(".", ["tools", "fcn_plugin.tools"]) == []
