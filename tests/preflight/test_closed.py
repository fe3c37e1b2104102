"""After the door nothing writes to a config: looked for in the source, and in a training run and an evaluation."""

import ast
import copy
from pathlib import Path

import pytest
from support.processes import forget_runs

import fcn_plugin
from fcn_plugin.commands.test import test as evaluate
from fcn_plugin.commands.train import train
from fcn_plugin.configs import get_config
from fcn_plugin.preflight import prepare

PACKAGE = Path(fcn_plugin.__file__).parent
WRITERS = {"update", "setdefault", "merge_from_dict", "pop", "clear", "__setattr__", "__setitem__"}
# the door, and what reads a config and applies the command line before it
ALLOWED = {PACKAGE / "commands" / "options.py", *(PACKAGE / "preflight").glob("*.py")}


def root(node):
    """The name at the start of ``cfg.model["neck"]``."""
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return getattr(node, "id", None)


def writes(path):
    for node in ast.walk(ast.parse(path.read_text())):
        targets = node.targets if isinstance(node, (ast.Assign, ast.Delete)) else [getattr(node, "target", None)]
        for target in targets:
            if isinstance(target, (ast.Attribute, ast.Subscript)) and root(target) == "cfg":
                yield node.lineno
        call = node.func if isinstance(node, ast.Call) else None
        if isinstance(call, ast.Attribute) and call.attr in WRITERS and root(call.value) == "cfg":
            yield node.lineno


def test_only_the_door_and_the_command_line_write():
    found = {(path.name, line) for path in PACKAGE.rglob("*.py") if path not in ALLOWED for line in writes(path)}
    assert found == set()
    assert list(writes(PACKAGE / "preflight" / "fill_in.py"))


@pytest.fixture
def closed(monkeypatch):
    """Copies of each config as it left the door."""
    left = []
    for function in (prepare.fill_in, prepare.fill_in_training):

        def call(cfg, *args, function=function, **kwargs):
            prepared = function(cfg, *args, **kwargs)
            left.append(copy.deepcopy(cfg.to_dict()))
            return prepared

        monkeypatch.setattr(prepare, function.__name__, call)
    return left


def config(leaf, work_dir, **values):
    cfg = get_config(str(leaf))
    cfg.work_dir, cfg.launcher = str(work_dir), "none"
    cfg.merge_from_dict({"train_cfg": dict(max_iters=1, val_interval=1), **values})
    return cfg


@pytest.mark.parametrize("seed", [0, None])
def test_training_and_evaluation_leave_it_as_it_is(leaf, tmp_path, closed, seed):
    cfg = config(leaf, tmp_path / "work", randomness=dict(seed=seed))
    train(cfg)
    forget_runs()
    assert closed.pop() == cfg.to_dict()
    assert "keep_logits" not in cfg.model.get("test_cfg", {})  # what reads the dumped config decides itself
    (best,) = (tmp_path / "work").glob("best_*.pth")
    for tta in (False, True):
        cfg = config(leaf, tmp_path / "test")
        evaluate(cfg, str(best), masks=str(tmp_path / "masks"), tta=tta)
        forget_runs()
        assert closed.pop() == cfg.to_dict()
