"""MkDocs hook: read pages as GitHub does, so that one text serves both.

Lists are indented by two columns, and may follow a paragraph without an empty line. A link to a file outside ``docs/`` becomes its
text: the address of the repository is not known here. ``\\|`` in code within a table is a bar.
"""

from __future__ import annotations

import re

from markdown import Markdown
from markdown.extensions import Extension

OUTSIDE = re.compile(r"(?<!!)\[([^\]]+)\]\(\.\./[^)\s]*\)")
FENCE = re.compile(r"^ *(```|~~~)")
ITEM = re.compile(r"^ *([-*+]|\d+\.) ")
BAR = re.compile(r"(<code>[^<]*?)\\\|")


class ListsByTwo(Extension):
    """Set the width of an indentation to two columns, before other extensions add their parts."""

    def extendMarkdown(self, md: Markdown) -> None:
        """Build the parser again: its parts keep the width that they begin with."""
        md.tab_length = 2
        md.build_parser()


def on_config(config):
    """Add the extension in front of the others."""
    config.markdown_extensions.insert(0, ListsByTwo())
    return config


def on_page_markdown(markdown: str, **_) -> str:
    """Turn links that lead out of the site into text, and separate lists from the paragraph above them."""
    lines, fenced, before = [], False, ""
    for line in markdown.splitlines():
        if FENCE.match(line):
            fenced = not fenced
        elif not fenced:
            line = OUTSIDE.sub(r"\1", line)
            if ITEM.match(line) and before.strip() and not ITEM.match(before) and not before.startswith(" "):
                lines.append("")
        lines.append(line)
        before = line
    return "\n".join(lines)


def on_page_content(html: str, **_) -> str:
    """Drop the backslash of bars in code, which Markdown's tables need."""
    while (found := BAR.sub(r"\1|", html)) != html:
        html = found
    return html
