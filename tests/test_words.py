"""The package's docstrings, comments and messages, and the documentation, are in plain English."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# pattern of a tic, from the start of a word and in lower case -> what to write instead
BANNED = {
    r"mend(s|ed|ing)?\b": "fix, repair",
    r"anew\b": "again",
    r"(is|are|was|were) told\b": "gets, receives, reports",
    r"stands? in for\b": "replaces",
    r"leav(e|es|ing) away\b": "omit, skip",
    r"as (it|they) comes?\b": "unchanged",
    r"of old\b": "earlier, old",
    r"without a word\b": "silently",
    r"for nobody\b|nobody (who|has)\b": "say it without a riddle",
    r"^the same\.": "say what equals what",
    r"goe?s? on with --": "continue with",
    r"tells? whether\b": "return whether",
    r"be of use\b": "be useful",
    r"so that nothing is\b": "say what would happen",
    r"(is of|is) no known\b": "is unknown",
    r"is unknown: one of\b": "unknown X: give one of",
    r"all the same(?=[.,;:])": "anyway",
    r"strangers?\b": "name the thing",
    r"the engine's\b": "mmengine's",
    r"where there (is|are) (one|none|any)\b": "if any, if there is none",
    r"as of :(class|func|meth|mod):": "see, as in",
    r"what (it|they) (is|are) made of\b": "contents",
    r"(is|are) heard\b|hears\b": "receives",
    r"can't be helped\b": "say why",
    r"whatever else\b": "any other",
    r"take another copy\b": "use another copy",
    r"several labels at once\b": "multi-label",
}
PATTERN = re.compile(rf"\b(?:{'|'.join(f'(?P<tic{i}>{tic})' for i, tic in enumerate(BANNED))})", re.MULTILINE)
# documents that still have tics; take a file off as soon as it passes
EXEMPT: set[str] = set()


def tics(text: str) -> list[str]:
    """List the banned phrases of a text with their replacements."""
    advice = list(BANNED.values())
    return [f"{match[0]!r}: write {advice[int(match.lastgroup[3:])]}" for match in PATTERN.finditer(text.lower())]


def words(source: str) -> Iterator[tuple[int, str]]:
    """Yield line and text of each string and comment of a Python file."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string.lstrip("# ")


def test_package():
    files = sorted((ROOT / "fcn_plugin").rglob("*.py"))
    assert files
    found = [
        f"{path.relative_to(ROOT)}:{line}: {tic}"
        for path in files
        if PATTERN.search((source := path.read_text(encoding="utf-8")).lower())  # parsing every file would take seconds
        for line, text in words(source)
        for tic in tics(text)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("path", ["README.md", *sorted(f"docs/{file.name}" for file in (ROOT / "docs").glob("*.md"))])
def test_documents(path):
    lines = (ROOT / path).read_text(encoding="utf-8").splitlines()
    found = [f"{path}:{number}: {tic}" for number, line in enumerate(lines, 1) for tic in tics(line)]
    if path in EXEMPT:
        assert found, f"{path} passes now: take it off EXEMPT"
    else:
        assert not found, "\n".join(found)


def test_every_tic_is_found():
    source = '"""The same."""\nx = f"{1} is told of"  # made anew, all of it\n'
    assert [(line, *tics(text)) for line, text in words(source) if tics(text)] == [
        (1, "'the same.': write say what equals what"),
        (2, "'is told': write gets, receives, reports"),
        (2, "'anew': write again"),
    ]
