"""Write ``areas.csv`` and ``areas.json``: pixels and share of the classes in each image."""

from __future__ import annotations

import csv
from typing import Any

from ...atomic_write import atomic_write
from ..item import Item
from ..prediction import Prediction
from .collected import Collected, write_list


class Areas(Collected):
    """One row or entry for each class that occurs in an image; shares sum to 1, except for multi-label nets."""

    folder, multilabel = "areas", True

    def part(self, item: Item, prediction: Prediction) -> dict[str, Any]:
        """Return name and size of the image and the areas of its classes."""
        height, width = prediction.labels.shape[-2:]
        counts = {name: pixels for name, pixels in prediction.areas().items() if pixels}
        areas = {
            name: dict(pixels=pixels, share=round(pixels / (height * width), 6)) for name, pixels in counts.items()
        }
        return dict(image=item.name, source=item.source, width=width, height=height, areas=areas)

    def finish(self) -> None:
        """Write both files."""
        with atomic_write(self.out_dir / "areas.json") as part, open(part, "w", encoding="utf-8") as file:
            write_list(file, self.parts())
            file.write("\n")
        with atomic_write(self.out_dir / "areas.csv") as part, open(part, "w", encoding="utf-8", newline="") as file:
            table = csv.writer(file)
            table.writerow(["image", "class", "pixels", "share"])
            for entry in self.parts():
                table.writerows([entry["image"], name, *area.values()] for name, area in entry["areas"].items())
