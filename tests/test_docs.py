"""The documentation: links, headings and files resolve, commands and options exist, generated pages are up to date."""

import argparse
import ast
import importlib.util
import re
import shlex
from itertools import chain
from pathlib import Path

import pytest
import yaml
from mmengine.fileio import load

import fcn_cli

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
TEXTS = {page: page.read_text() for page in PAGES}
FENCED = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)\s]+)\)")
named = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def anchors(text):
    """Anchors of the headings, as GitHub and the site make them."""
    found = set()
    for title in re.findall(r"^#{1,6} (.*)$", FENCED.sub("", text), re.MULTILINE):
        found.add(re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-"))
    return found


@named
def test_links_resolve(page):
    text = FENCED.sub("", TEXTS[page])
    for link in LINK.findall(text):
        path, _, place = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{page.name}: {link}"
        if place:
            assert place in anchors(target.read_text()), f"{page.name}: {link}"


def parser_of(name):
    parser = argparse.ArgumentParser(exit_on_error=False)
    fcn_cli._module(name).add_arguments(parser)
    return parser


PARSERS = {name: parser_of(name) for name in fcn_cli.COMMANDS}
# tools/NAME.py, fcn NAME; a tool of a subfolder too
CALL = re.compile(r"(?:\btools/(?:[a-z]+_[a-z]+/)?(\w+)\.py|(?:^|[\s/])fcn (\w+))(?= |$)([^\n|#;&]*)")


def commands(text):
    """(name, words) of the calls in code blocks, with continued lines joined, and in code spans."""
    body = chain(
        (block for language, block in FENCED.findall(text) if language != "python"), re.findall(r"`([^`\n]+)`", text)
    )
    for block in body:
        for tool, command, rest in CALL.findall(block.replace("\\\n", " ")):
            yield tool or command, rest


@named
def test_commands_and_options_exist(page):
    for name, rest in commands(TEXTS[page]):
        if name == "COMMAND":
            continue
        assert name in PARSERS, f"{page.name}: {name}"
        known = {option for action in PARSERS[name]._actions for option in action.option_strings}
        for word in shlex.split(rest.replace("'", "").replace('"', "").replace("[", " ").replace("]", " ")):
            if word.startswith("--"):
                assert word.partition("=")[0].rstrip(",.:)") in known, f"{page.name}: fcn {name} {word}"


def test_there_are_commands_to_check():
    assert sum(len(list(commands(text))) for text in TEXTS.values()) > 80


def test_every_page_is_in_the_navigation():
    text = (ROOT / "mkdocs.yml").read_text()
    nav = set(re.findall(r": (\w+\.md)$", text, re.MULTILINE))
    pages = {page.name for page in (ROOT / "docs").glob("*.md")}
    assert nav == pages | {"security.md", "changelog.md", "contributing.md"}


def test_the_config_reference_has_every_registered_type():
    listed = set(re.findall(r"^::: (fcn_plugin\.\S+)$", TEXTS[ROOT / "docs" / "config_reference.md"], re.MULTILINE))
    types = {
        ".".join((*path.relative_to(ROOT).with_suffix("").parts, node.name))
        for path in (ROOT / "fcn_plugin").rglob("*.py")
        if ".mim" not in path.parts
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.ClassDef)
        and any("register_module" in ast.unparse(line) for line in node.decorator_list)
    }
    assert len(types) > 40
    assert types == listed - {"fcn_plugin.models.local_crf.refine"}


def test_the_zoo_is_that_of_the_index():
    spec = importlib.util.spec_from_file_location("zoo", ROOT / "docs" / "hooks" / "zoo.py")
    zoo = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(zoo)
    assert TEXTS[ROOT / "docs" / "zoo.md"] == zoo.page(), "run python docs/hooks/zoo.py"
    names = {model["Name"] for model in load(ROOT / "configs" / "metafile.yml")["Models"]}
    assert {name for name in names if f"| `{name}`" not in TEXTS[ROOT / "docs" / "zoo.md"]} == set()


def test_citation_has_the_version():
    import fcn_plugin

    assert yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"] == fcn_plugin.__version__
