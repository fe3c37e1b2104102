"""MkDocs hook: pages of the repository's top folder (SECURITY.md and others) are pages of the site too."""

from __future__ import annotations

import re
from pathlib import Path

from mkdocs.structure.files import File

PAGES = {"SECURITY.md": "security.md", "CHANGELOG.md": "changelog.md", "CONTRIBUTING.md": "contributing.md"}
UP = re.compile(rf"\]\(\.\./({'|'.join(map(re.escape, PAGES))})")
LOCAL = re.compile(r"\]\((?!https?:|mailto:|#)([^)\s]+)\)")


def to_site(text: str) -> str:
    """Rewrite links of a page of the top folder: any other than to ``docs/`` and such pages leads out of the site."""

    def target(link: re.Match) -> str:
        path, _, place = link[1].partition("#")
        inside = PAGES.get(path) or (path.removeprefix("docs/") if path.startswith("docs/") else f"../{path}")
        return f"]({inside}{'#' + place if place else ''})"

    return LOCAL.sub(target, text)


def on_files(files, config):
    """Add the pages to the site's files."""
    for name, page in PAGES.items():
        text = (Path(config.config_file_path).parent / name).read_text()
        files.append(File.generated(config, page, content=to_site(text)))
    return files


def on_page_markdown(markdown: str, **_) -> str:
    """Lead links of ``docs/`` to these pages within the site; runs before links out of the site are dropped."""
    return UP.sub(lambda link: f"]({PAGES[link[1]]}", markdown)
