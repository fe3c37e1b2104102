"""MkDocs hook: read pages as GitHub does, so that one text serves both.

Lists are indented by two columns, and may follow a paragraph without an empty line. A link to a file outside ``docs/`` becomes its
text: the address of the repository is not known here. ``\\|`` in code within a table is a bar. For ``site.css``, blocks of commands
are marked as such, to be wrapped; short code and numbers such as 1e-10 and 84.2 ± 0.3 get a class, to stay on one line.
"""

from __future__ import annotations

import re

from markdown import Markdown
from markdown.extensions import Extension

OUTSIDE = r"(?<!!)\[([^\]]+)\]\({up}[^)\s]*\)"  # up: the path from a page's folder to the folder above docs/
FENCE = re.compile(r"^ *(```|~~~)")
COMMANDS = re.compile(r"^(```)\n(?=(\.venv/bin/|fcn |python3? |pip |make |torchrun |bash |[A-Z_]+=\S+ ))", re.MULTILINE)
ITEM = re.compile(r"^ *([-*+]|\d+\.) ")
BAR = re.compile(r"(<code>[^<]*?)\\\|")
SHORT = re.compile(r"(?<!<pre>)<code>(?=[^<]{1,24}</code>)")
NUMBER = re.compile(r"(?<=<td>)[\d.]+(?:e-\d+| ± [\d.]+)(?=</td>)")


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


def on_page_markdown(markdown: str, *, page, **_) -> str:
    """Turn links that lead out of the site into text, and separate lists from the paragraph above them."""
    outside = re.compile(OUTSIDE.format(up=re.escape("../" * (page.file.src_uri.count("/") + 1))))
    lines, fenced, before = [], False, ""
    for line in COMMANDS.sub(r"\1sh\n", markdown).splitlines():
        if FENCE.match(line):
            fenced = not fenced
        elif not fenced:
            line = outside.sub(r"\1", line)
            if ITEM.match(line) and before.strip() and not ITEM.match(before) and not before.startswith(" "):
                lines.append("")
        lines.append(line)
        before = line
    return "\n".join(lines)


def on_page_content(html: str, **_) -> str:
    """Drop the backslash of bars in code, which Markdown's tables need; mark short code and numbers."""
    while (found := BAR.sub(r"\1|", html)) != html:
        html = found
    return NUMBER.sub(r'<span class="number">\g<0></span>', SHORT.sub('<code class="short">', html))
