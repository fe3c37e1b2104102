"""Metadata of an exported file: texts by name, stored as its format provides."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from ..errors import UserError
from ..version import __version__
from ..weights.preprocessing import channel_order, takes_bands

if TYPE_CHECKING:
    from ..models.fcn import FCN

FORMAT = 1  # increase it if older files can no longer be run
LATER = {"bands", "threshold", "multilabel"}  # texts that older files lack
KEY = "fcn_plugin"  # its value is the package's version; other programs' files lack it


@dataclass(frozen=True)
class Metadata:
    """Metadata of an exported file; each field is stored as one JSON text.

    Attributes:
        classes: C names.
        palette: C colours, R, G, B.
        output: ``labels``, ``probabilities`` or ``logits``.
        input: ``normalised``: (N, 3, H, W) float32 with channel order, mean and std applied; ``rgb``: (N, H, W, 3) uint8 RGB;
            ``bands``: (N, H, W, B) float32, in the units of the training images. For a net of B bands, read B instead of 3.
        channel_order: ``RGB`` or ``BGR``; for bands the colour of each, X for none: ``BGRX``.
        mean: mean of each channel in that order, 0..255 or in the images' units.
        std: divisor of each channel, after subtracting the mean.
        config: name of the config or run.
        precision: precision of the weights in the file.
        bands: whether the input is loaded with ``FCNLoadBands``.
        resize: ``scale`` [W, H] and ``keep_ratio`` of the test pipeline's ``Resize``, to be applied to images first.
        threshold: for sigmoids, the probability above which a pixel gets class 1 (one channel) or a label; None for softmax.
        multilabel: multi-label net; ``labels`` are then (N, C, H, W), 0 or 1.
    """

    classes: list[str]
    palette: list[list[int]]
    output: str
    input: str
    channel_order: str
    mean: list[float]
    std: list[float]
    config: str
    precision: str = "fp32"
    bands: bool = False
    resize: dict[str, Any] | None = None
    threshold: float | None = None
    multilabel: bool = False

    def texts(self) -> dict[str, str]:
        """Return name -> text, with the versions of the package and of the format."""
        return {KEY: __version__, "format": str(FORMAT), **{k: json.dumps(v) for k, v in asdict(self).items()}}

    @classmethod
    def of_texts(cls, texts: Mapping[str, str], path: str) -> Metadata:
        """Parse a file's :meth:`texts`; UserError: ``export-file`` for another program's file or another version."""
        if KEY not in texts:
            raise UserError("export-file", f"{path} was not written by fcn export: it has no metadata {KEY!r}")
        if texts.get("format") != str(FORMAT):
            found = f"{path} has format {texts.get('format')!r}, written by fcn_plugin {texts[KEY]}"
            raise UserError("export-file", f"{found}; fcn_plugin {__version__} reads format {FORMAT}: export it again")
        try:
            names = [field.name for field in fields(cls) if field.name not in LATER - texts.keys()]
            read = cls(**{name: json.loads(texts[name]) for name in names})
            if read.resize is not None:
                width, height = map(int, read.resize["scale"])
                read = replace(read, resize=dict(scale=(width, height), keep_ratio=bool(read.resize["keep_ratio"])))
            return read
        except (KeyError, ValueError, TypeError) as error:
            raise UserError("export-file", f"{path} has damaged metadata ({error!r}): export it again") from error


def resize_of(pipeline: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Return :attr:`Metadata.resize` for a test pipeline; None if it has no ``Resize`` to a fixed scale."""
    found = [step for step in pipeline if step["type"] == "Resize" and step.get("scale")]
    return dict(scale=list(found[0]["scale"]), keep_ratio=bool(found[0].get("keep_ratio"))) if found else None


def metadata_of(
    net: FCN,
    classes: Sequence[str],
    palette: Sequence[Sequence[int]],
    output: str,
    with_preprocessing: bool,
    config: str,
    resize: dict[str, Any] | None = None,
) -> Metadata:
    """Return the metadata of an exported ``FCN``; UserError: ``export-failed`` for a multi-task net."""
    if net.decision.maps(1) and not net.decision.multilabel:
        found = "the net has several tasks, and an exported file has one output map"
        raise UserError("export-failed", f"{found}: predict from the checkpoint, with fcn predict or fcn_plugin.load")
    _, mean, std = net.preprocessing.tolist()
    bands = takes_bands(net.data_preprocessor)
    return Metadata(
        classes=list(map(str, classes)),
        palette=[[int(value) for value in colour] for colour in palette],
        output=output,
        input=("bands" if bands else "rgb") if with_preprocessing else "normalised",
        channel_order=channel_order(net.preprocessing),
        mean=[round(value, 6) for value in mean],
        std=[round(value, 6) for value in std],
        config=config,
        bands=bands,
        resize=resize,
        **asdict(net.decision),
    )
