"""Output forms by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import UserError
from ...requirements import import_extra

if TYPE_CHECKING:
    from .base import Form

FORMS = {
    "masks": "masks:Masks",
    "per-class": "per_class:PerClass",
    "overlays": "overlays:Overlays",
    "confidence": "certainty:Confidence",
    "entropy": "certainty:Entropy",
    "probabilities": "probabilities:Probabilities",
    "probabilities-tiff": "probabilities:ProbabilitiesTiff",
    "coco": "objects.coco:Coco",
    "polygons": "objects.polygons:Polygons",
    "labelme": "objects.labelme:Labelme",
    "cvat": "cvat:Cvat",
    "voc": "voc:Voc",
    "geotiff": "geotiff:GeoTiff",
    "geojson": "objects.geojson:GeoJson",
    "areas": "areas:Areas",
    "video": "video:Video",
}


def make_forms(
    names: Sequence[str],
    out_dir: str | Path,
    classes: Sequence[str],
    palette: Sequence[Sequence[int]],
    opacity: float = 0.5,
    legend: bool = False,
    multilabel: bool = False,
    tasks: Mapping[str, int] | None = None,
) -> list[Form]:
    """Make the writers of the named forms, each once, in order.

    Args:
        names: keys of ``FORMS``.
        out_dir: folder of all results.
        classes: C names.
        palette: C colours, RGB.
        opacity: opacity of the classes' colours in overlays, 0 (image) .. 1 (classes).
        legend: draw the names of the classes that occur below each overlay.
        multilabel: predictions are multi-label.
        tasks: number of classes of each task of a multi-task net; each task's files go to a folder of its name.

    Raises:
        UserError: ``option-value`` for an unknown form, a single-label form of a multi-label net, or an invalid opacity;
            ``requirements`` if a form's package is not installed; ``classes-count`` if a form can't hold that many classes.
    """
    forms: list[Form] = []
    if tasks:
        from .of_task import OfTask  # which imports what --help must not

        sizes = list(tasks.values())
        for index, name in enumerate(tasks):
            own = slice(sum(sizes[:index]), sum(sizes[: index + 1]))
            titles = [each.removeprefix(f"{name}: ") for each in classes[own]]
            inner = make_forms(names, Path(out_dir, name), titles, palette[own], opacity, legend)
            forms += [OfTask(form, index, name, sizes) for form in inner]
        return forms
    for name in dict.fromkeys(names):
        if name not in FORMS:
            near = get_close_matches(name, FORMS, 1)
            meant = f"did you mean {near[0]}? " if near else ""
            raise UserError("option-value", f"no form {name!r}: {meant}there are {', '.join(FORMS)}")
        module, kind = FORMS[name].split(":")
        options = dict(overlays=dict(opacity=opacity, legend=legend), video=dict(opacity=opacity)).get(name, {})
        form = getattr(import_module(f"{__name__}.{module}"), kind)
        if multilabel and not form.multilabel:
            message = f"form {name!r} holds one class per pixel, but the net predicts several labels: use per-class or overlays"
            raise UserError("option-value", message)
        if form.package:
            import_extra(form.package, "'fcn-plugin[forms]'")
        forms.append(form(Path(out_dir), classes, palette, **options))
    return forms
