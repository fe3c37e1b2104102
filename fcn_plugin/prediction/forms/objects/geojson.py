"""Write ``geojson/NAME.geojson``: polygons in the coordinate system of the source."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ....atomic_write import atomic_write, make_inside
from ...item import Item
from ...prediction import Prediction
from ..base import Form
from .pieces import background_of


class GeoJson(Form):
    """One feature per connected piece, with ``class`` and ``class_id``; in pixels if the source has no georeference.

    RFC 7946 allows only longitude and latitude. Other coordinate systems are named in ``crs``, as in GeoJSON 2008, which GDAL and
    QGIS read. A class named ``background`` is left out.
    """

    package = "rasterio"

    def files(self, name: str) -> list[Path]:
        """Return the file."""
        return [self.out_dir / "geojson" / f"{name}.geojson"]

    def write(self, item: Item, prediction: Prediction) -> None:
        """Write the file."""
        from rasterio.crs import CRS
        from rasterio.features import shapes
        from rasterio.transform import IDENTITY

        place = item.georeference or {}
        labels = prediction.labels
        found = shapes(labels, labels != background_of(self.classes), transform=place.get("transform") or IDENTITY)
        features = [
            dict(type="Feature", properties={"class": self.classes[int(id)], "class_id": int(id)}, geometry=outline)
            for outline, id in found
        ]
        content: dict[str, Any] = dict(type="FeatureCollection", name=item.name, features=features)
        crs = CRS.from_user_input(place["crs"]) if place.get("crs") else None
        if crs and crs.to_epsg() != 4326:
            authority = crs.to_authority()
            name = "urn:ogc:def:crs:{}::{}".format(*authority) if authority else crs.to_wkt()
            content["crs"] = dict(type="name", properties=dict(name=name))
        (path,) = self.files(item.name)
        make_inside(self.out_dir, path.parent)
        with atomic_write(path) as part:
            part.write_text(json.dumps(content), encoding="utf-8")
