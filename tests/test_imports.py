"""Imports run one way, from commands down to layers, without circles; importing the package changes nothing but registries."""

import ast
import re
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import fcn_plugin

PACKAGE = Path(fcn_plugin.__file__).parent
FILES = [path for path in sorted(PACKAGE.rglob("*.py")) if ".mim" not in path.parts]
# single files that all may import
GROUND = {
    "errors",
    "version",
    "allocator",
    "atomic_write",
    "download",
    "file_lock",
    "signals",
    "label_ids",
    "listing",
    "compat",
    "requirements",
    "invocation",
}
# room -> rooms that it may import, beside the ground
ROOMS = {
    "configs": set(),
    "layers": set(),
    "checkpoints": set(),
    "data": set(),
    "evaluation": {"data"},
    "visualization": {"data"},
    "report": {"data", "evaluation", "models", "visualization"},
    "weights": {"layers", "checkpoints"},
    "models": {"layers", "weights"},
    "datatools": {"configs", "data", "evaluation", "visualization"},
    "engine": {"checkpoints", "data", "evaluation", "models", "weights"},
    "preflight": {"checkpoints", "data", "evaluation", "models", "engine"},
    "prediction": {"checkpoints", "configs", "data", "export", "models", "preflight", "visualization"},
    "registry": set(),
    "export": {"data", "models", "weights"},
}


def name_of(path):
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in FILES}


def imports_of(path, typing=False):
    """Modules of the package that a file imports, at its top or inside functions; those for types alone on request."""
    base = path.relative_to(PACKAGE.parent).parent.parts
    tree = ast.parse(path.read_text())
    for_types = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    names = set()
    for node in ast.walk(tree):
        if id(node) in for_types and not typing:
            continue
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            start = base[: len(base) - node.level + 1] if node.level else ()
            module = ".".join([*start, *([node.module] if node.module else [])])
            members = {f"{module}.{alias.name}" for alias in node.names}
            names |= {member if member in MODULES else module for member in members}
    return names


def room_of(module):
    return module.split(".")[1] if "." in module else ""


def test_every_file_has_a_room():
    assert {room_of(module) for module in MODULES} == {"", "commands", *GROUND, *ROOMS}


@pytest.mark.parametrize("room", [*ROOMS, *sorted(GROUND)])
def test_a_room_imports_lower_rooms_alone(room):
    allowed = {room, *GROUND, *ROOMS.get(room, ())}
    found = {
        (module, name)
        for module, path in MODULES.items()
        if room_of(module) == room
        for name in imports_of(path, typing=True)
        if name.startswith(("fcn_", "tools")) and room_of(name) not in allowed
    }
    assert found == set()


def test_there_are_no_circles():
    """Between single files, packages' own ``__init__`` included where they are imported."""
    graph = {module: {name for name in imports_of(path) if name in MODULES} for module, path in MODULES.items()}
    list(TopologicalSorter(graph).static_order())


def test_layers_are_plain_torch():
    top = {
        name.split(".")[0]
        for module, path in MODULES.items()
        if room_of(module) == "layers"
        for name in imports_of(path)
    }
    assert "torch" in top
    assert not {name for name in top if name.startswith("mm")}


def test_one_module_opens_images():
    """Of the accepted formats, with errors that name the file."""
    opening = re.compile(r"\b(Image\.open|imread\w*|imdecode\w*|imfrombytes|image\.imread)\(")
    assert [name for name, path in MODULES.items() if opening.search(path.read_text())] == ["fcn_plugin.data.images"]


DOORS = {"atomic_write", "durable_write", "atomic_folder"}
# in a new folder that a caller made; lines of several workers, in a folder that holds no link
WRITE_ELSEWHERE = {"fcn_plugin.datatools.minivoc.writer", "fcn_plugin.download", "fcn_plugin.data.broken_files"}


def names_in(node):
    names = {getattr(inner, "id", getattr(inner, "attr", None)) for inner in ast.walk(node)}
    return names - {None}


def writes(call):
    """Whether a call writes a file: by its name, or a mode of ``open``."""
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    modes = [
        value.value for value in (*call.args, *(key.value for key in call.keywords)) if isinstance(value, ast.Constant)
    ]
    return name in ("write_text", "write_bytes", "save", "savez", "imwrite", "copyfile") or (
        name == "open" and any(re.fullmatch("[rbt+]*[wax][bt+]*", str(mode)) for mode in modes)
    )


def test_one_module_decides_where_files_are_written():
    """Others write to the paths that it gives them, never through a link that somebody put in place of a file."""
    found = set()
    for module, path in MODULES.items():
        tree = ast.parse(path.read_text())
        given = set(DOORS)
        for node in ast.walk(tree):  # from the outside inwards
            for item in getattr(node, "items", ()) if isinstance(node, ast.With) else ():
                if item.optional_vars is not None and names_in(item.context_expr) & given:
                    given |= names_in(item.optional_vars)
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and writes(node)]
        found |= {module for call in calls if not names_in(call) & given}
    assert found == WRITE_ELSEWHERE


def test_rooms_are_small():
    lengths = {name_of(path): len(path.read_text().splitlines()) for path in FILES}
    assert {name: lines for name, lines in lengths.items() if lines > 200} == {}
    folders = [path.parent for path in FILES if path.parent != PACKAGE / "commands"]  # which has a module a command
    assert {str(folder): folders.count(folder) for folder in folders if folders.count(folder) > 15} == {}


PROBE = """
import gc, logging, signal, sys, warnings
import torch, mmengine.hooks, mmengine.runner, mmseg.datasets, mmseg.models
from mmengine.registry import DefaultScope, HOOKS
from mmengine.runner.checkpoint import CheckpointLoader
import mmseg.registry

def state():
    loaders = CheckpointLoader._schemes
    return dict(
        frozen=gc.get_freeze_count(), collects=gc.isenabled(), out=id(sys.stdout), filters=len(warnings.filters),
        threads=torch.get_num_threads(), signals=[signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)],
        handlers=len(logging.getLogger().handlers), globals=torch.serialization.get_safe_globals(),
        stock={name: mmseg.registry.HOOKS.get(name) for name in ("CheckpointHook", "LoggerHook", "EMAHook")},
        stores={prefix: loader for prefix, loader in loaders.items() if "s3" in prefix or "petrel" in prefix or "pavi" in prefix},
        paths=list(sys.path),
    )

before = state()
import fcn_plugin
after = state()
import importlib
importlib.reload(fcn_plugin)
assert state() == after == before, (before, after)
assert after["stock"]["CheckpointHook"] is mmengine.hooks.CheckpointHook
print(*sys.modules)
"""


def test_importing_changes_nothing_but_registries_and_safe_loaders():
    """Also twice, and beside another OpenMMLab package; plots and what predicts are not loaded."""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", PROBE], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    loaded = set(done.stdout.split())
    assert not {"matplotlib", "tensorboard", "IPython", "pycocotools", "rasterio", "fcn_plugin.prediction"} & loaded
