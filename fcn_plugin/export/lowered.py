"""Convert an exported file to fp16 or int8 with its runtime's own tools.

int8 activation ranges are calibrated on images; weights have a scale per channel. With int8, upsampling stays in float32, since its
bilinear kernels gain little.
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
    """Write the copy, and for OpenVINO its weights (``.bin``).

    Args:
        source: ``.onnx`` or ``.xml`` file written by ``fcn export``.
        target: file to write, with the same suffix; its metadata include the precision.
        precision: ``fp16`` or ``int8``.
        images: inputs of the file, some tens, to calibrate int8.

    Raises:
        UserError: ``requirements``; ``export-failed`` if the runtime's tools can't convert the net.
    """
    kind = next(kind for kind, suffix in SUFFIXES.items() if suffix == source.suffix)
    try:
        with quiet():
            model = MAKERS[kind](source, precision, images)
    except (UserError, OSError, MemoryError):
        raise
    except Exception as error:  # the tools have no common error class
        reason = printable(" ".join(str(error).split()), 300)
        raise UserError("export-failed", f"can't convert {source} to {precision}: {reason}") from error
    if kind == "openvino":
        with atomic_write(target) as part, atomic_write(target.with_suffix(".bin")) as weights:
            save_openvino(model, part, weights, fp16=precision == "fp16")
    else:
        with atomic_write(target) as part:
            part.write_bytes(model.SerializeToString())
