"""Every code that the package can raise is in docs/errors.md, and the other way round."""

import ast
import re
from pathlib import Path

import fcn_plugin
from fcn_plugin.data.problems import KINDS

PACKAGE = Path(fcn_plugin.__file__).parent
FILES = [path for path in PACKAGE.rglob("*.py") if ".mim" not in path.parts]
ROWS = re.findall(r"^\| (`[^|]*`) \|", (PACKAGE.parent / "docs" / "errors.md").read_text(), re.MULTILINE)
TABLE = [code for row in ROWS for code in re.findall(r"`([\w-]+)`", row)]


def raised(path):
    """Arguments of each UserError that a file makes."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "UserError":
            yield node.args


def test_every_error_has_a_code_of_the_table():
    calls = [(path.name, arguments) for path in FILES for arguments in raised(path)]
    assert [name for name, arguments in calls if len(arguments) not in (2, 3)] == []
    codes = {arguments[0].value for _, arguments in calls if isinstance(arguments[0], ast.Constant)}
    assert codes | set(KINDS) <= set(TABLE)


def test_the_table_holds_codes_that_are_raised_each_once():
    texts = {
        node.value
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert set(TABLE) - texts == set()
    assert len(TABLE) == len(set(TABLE))
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", code) for code in TABLE)
