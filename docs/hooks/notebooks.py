"""Turn the notebooks in docs/guide into pages of the site: text, code, printed output and pictures."""

from __future__ import annotations

import base64
import json
from pathlib import Path

from mkdocs.structure.files import File


def on_files(files, config):
    """Add a page, and its pictures, for each notebook."""
    for path in sorted(Path(config.docs_dir, "guide").glob("*.ipynb")):
        pictures: dict[str, bytes] = {}
        parts = [_cell(cell, path.stem, pictures) for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]]
        files.append(File.generated(config, f"guide/{path.stem}.md", content="\n\n".join(parts)))
        for name, content in pictures.items():
            files.append(File.generated(config, f"guide/{name}", content=content))
    return files


def _cell(cell: dict, stem: str, pictures: dict[str, bytes]) -> str:
    source = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        return source
    parts = [f"```python\n{source}\n```"]
    for output in cell["outputs"]:
        data = output.get("data", {})
        if "image/png" in data:
            name = f"{stem}_{len(pictures)}.png"
            pictures[name] = base64.b64decode(data["image/png"])
            parts.append(f"![output of the cell above]({name})")
        else:
            text = "".join(output.get("text") or data.get("text/plain", ""))
            parts.append(f"```text\n{text.rstrip()}\n```")
    return "\n\n".join(parts)
