"""What an exported file says about itself: texts by name, in the place that its format has for them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from ..errors import UserError
from ..version import __version__
from ..weights.preprocessing import channel_order, takes_bands

FORMAT = 1  # goes up where a file of before can't be run any more
LATER = {"bands", "threshold", "multilabel"}  # texts that files of before lack
KEY = "fcn_plugin"  # its value is the package's version; a file without it is not ours


@dataclass(frozen=True)
class Metadata:
    """Each field is one text of the file, as JSON.

    Attributes:
        classes: C names.
        palette: C colours, R, G, B.
        output: ``labels``, ``probabilities`` or ``logits``.
        input: ``normalised`` for (N, 3, H, W) float32 after channel order, mean and std; ``rgb`` for (N, H, W, 3) uint8 RGB;
            ``bands`` for (N, H, W, B) float32, in the units of the training images. With B bands, 3 is B everywhere.
        channel_order: ``RGB`` or ``BGR``; of bands the colour of each, X for none: ``BGRX``.
        mean: of each channel in that order, 0..255 or in the images' units.
        std: of each channel, divisor after the mean is subtracted.
        config: name of the config, or of the run.
        precision: of the weights in the file.
        bands: whether it takes images as ``FCNLoadBands`` loads them.
        resize: ``scale`` [W, H] and ``keep_ratio`` of the test pipeline's ``Resize``, which images pass before the file.
        threshold: of sigmoids, the probability of class 1 (one channel), or of each label, above which a pixel is of it; None for
            a softmax.
        multilabel: several labels at once; ``labels`` are then (N, C, H, W), 0 or 1.
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
        """Return name -> text, with the version of the package and of this list."""
        return {KEY: __version__, "format": str(FORMAT), **{k: json.dumps(v) for k, v in asdict(self).items()}}

    @classmethod
    def of_texts(cls, texts: Mapping[str, str], path: str) -> Metadata:
        """Read :meth:`texts` of a file; UserError: ``export-file`` where it is not ours or of another version."""
        if KEY not in texts:
            raise UserError("export-file", f"{path} was not written by fcn export: it has no metadata {KEY!r}")
        if texts.get("format") != str(FORMAT):
            found = f"{path} is of format {texts.get('format')!r}, written by fcn_plugin {texts[KEY]}"
            raise UserError("export-file", f"{found}; fcn_plugin {__version__} reads format {FORMAT}: export it again")
        try:
            names = [field.name for field in fields(cls) if field.name not in LATER - texts.keys()]
            found = cls(**{name: json.loads(texts[name]) for name in names})
            if found.resize is not None:
                width, height = map(int, found.resize["scale"])
                found = replace(found, resize=dict(scale=(width, height), keep_ratio=bool(found.resize["keep_ratio"])))
            return found
        except (KeyError, ValueError, TypeError) as error:
            raise UserError("export-file", f"{path} has damaged metadata ({error!r}): export it again") from error


def resize_of(pipeline: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Return what :attr:`Metadata.resize` says of a test pipeline; None where it has no ``Resize`` to one scale."""
    found = [step for step in pipeline if step["type"] == "Resize" and step.get("scale")]
    return dict(scale=list(found[0]["scale"]), keep_ratio=bool(found[0].get("keep_ratio"))) if found else None


def metadata_of(
    net: Any,
    classes: list[str],
    palette: list,
    output: str,
    with_preprocessing: bool,
    config: str,
    resize: dict[str, Any] | None = None,
) -> Metadata:
    """Describe the export of an ``FCN``; UserError: ``export-failed`` for a net of several tasks."""
    if net.decision.maps(1) and not net.decision.multilabel:
        found = "the net has several tasks, and an exported file gives one map"
        raise UserError("export-failed", f"{found}: use the checkpoint, which fcn predict and fcn_plugin.load take")
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
