"""Base class of forms with one file for all images, joined from one part per image."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TextIO

from ...atomic_write import atomic_write, make_inside, read_plain
from ...listing import files_below
from ..item import Item
from ..prediction import Prediction
from .base import Form


class Collected(Form):
    """Write ``parts/folder/NAME.json``; :meth:`finish` joins all existing parts, including those of earlier runs."""

    folder = ""

    def files(self, name: str) -> list[Path]:
        """Return the part."""
        return [self.out_dir / "parts" / self.folder / f"{name}.json"]

    def part(self, item: Item, prediction: Prediction) -> dict[str, Any]:
        """Return this image's entry in the joined file."""
        raise NotImplementedError

    def write(self, item: Item, prediction: Prediction) -> None:
        """Write the part."""
        (path,) = self.files(item.name)
        make_inside(self.out_dir, path.parent)
        with atomic_write(path) as part:
            part.write_text(json.dumps(self.part(item, prediction)), encoding="utf-8")

    def parts(self) -> Iterator[dict[str, Any]]:
        """Read the parts in the order of their names."""
        folder = self.out_dir / "parts" / self.folder
        make_inside(self.out_dir, folder)
        for path in files_below(folder, [".json"]):
            yield json.loads(read_plain(Path(path), 2**31))


def write_list(file: TextIO, values: Iterable[Any]) -> None:
    """Write a JSON list, one value per line, without holding it in memory."""
    separator = "[\n"
    for value in values:
        file.write(separator + json.dumps(value))
        separator = ",\n"
    file.write("[]" if separator == "[\n" else "\n]")
