"""Run the guide and write it as notebooks, in English and Korean: ``python docs/guide/build.py``.

The code and the English text are in fcn.py, the Korean text in ko.md, a block for each text cell. The code runs once.
"""

import copy
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).parent


def translate(notebook: nbformat.NotebookNode, texts: list[str]) -> nbformat.NotebookNode:
    """Return a copy of a notebook with other text cells, in the same order."""
    result = copy.deepcopy(notebook)
    cells = [cell for cell in result.cells if cell.cell_type == "markdown"]
    for cell, text in zip(cells, texts, strict=True):
        cell.source = text.strip()
    return result


def korean_texts() -> list[str]:
    """Return the blocks of ko.md."""
    return (HERE / "ko.md").read_text(encoding="utf-8").split("<!-- cell -->")


def main() -> None:
    """Execute fcn.py and write fcn.ipynb and fcn_ko.ipynb."""
    notebook = jupytext.read(HERE / "fcn.py")
    for index, cell in enumerate(notebook.cells):
        cell.id = f"cell-{index}"  # the same in every build
    NotebookClient(
        notebook, timeout=120, record_timing=False, coalesce_streams=True, resources=dict(metadata=dict(path=str(HERE)))
    ).execute()
    notebook.metadata.pop("language_info", None)
    for name, result in (("fcn", notebook), ("fcn_ko", translate(notebook, korean_texts()))):
        nbformat.write(result, HERE / f"{name}.ipynb")


if __name__ == "__main__":
    main()
