"""Make a copy of an exported file in fp16 or int8, by its runtime's own tools.

Ranges of int8 activations come from images that pass the net; weights have a scale for each channel. In int8 upsampling stays in
float32: its kernels are bilinear, and there is little to gain.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ..atomic_write import atomic_write
from ..errors import UserError, printable
from . import lowered_onnx, lowered_openvino
from .formats import save_openvino
from .graph import quiet
from .suffixes import SUFFIXES

PRECISIONS = ("fp16", "int8")
MAKERS = {"onnx": lowered_onnx.lowered, "openvino": lowered_openvino.lowered}


def lower(source: Path, target: Path, precision: str, images: Iterable[np.ndarray] = ()) -> None:
    """Write the copy, with OpenVINO's weights (``.bin``) beside it.

    Args:
        source: ``.onnx`` or ``.xml`` file of ``fcn export``.
        target: the copy, of the same suffix; its metadata state the precision.
        precision: ``fp16`` or ``int8``.
        images: some tens, as the file takes them; int8 is calibrated on them.

    Raises:
        UserError: ``requirements``; ``export-failed`` where the runtime's tools can't convert the net.
    """
    kind = next(kind for kind, suffix in SUFFIXES.items() if suffix == source.suffix)
    try:
        with quiet():
            model = MAKERS[kind](source, precision, images)
    except (UserError, OSError, MemoryError):
        raise
    except Exception as error:  # the tools' have no common class
        reason = printable(" ".join(str(error).split()), 300)
        raise UserError("export-failed", f"{source} can't be written in {precision}: {reason}") from error
    if kind == "openvino":
        with atomic_write(target) as part, atomic_write(target.with_suffix(".bin")) as weights:
            save_openvino(model, part, weights, fp16=precision == "fp16")
    else:
        with atomic_write(target) as part:
            part.write_bytes(model.SerializeToString())
