"""Import mmseg without its notices about parts that nothing here uses, and without waiting for the garbage collector."""

from __future__ import annotations

import contextlib
import gc
import io
import sys
import warnings
from collections.abc import Iterator


def import_mmseg() -> None:
    """Import mmseg's models and data sets; drop the notices of optional parts, pass everything else on.

    mmseg prints "Could not import OneDL" with no logger; mmcv without compiled ops warns about deformable
    attention; both until those packages send such notices to their loggers.
    """
    printed = io.StringIO()
    with warnings.catch_warnings(), contextlib.redirect_stdout(printed), uncollected():
        warnings.filterwarnings("ignore", message=".*MultiScaleDeformableAttention.*")
        import mmseg.datasets
        import mmseg.models  # noqa: F401
    for line in printed.getvalue().splitlines():
        if "OneDL" not in line:
            print(line)


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Imports make 700 000 objects that stay: looking through them for garbage takes an eighth of the imports' time.

    A program that has just begun leaves them out of every later collection too (``gc.freeze``): mmengine collects for each data
    set it builds, and data loader processes share the objects. One that already uses torch may hold garbage, and keeps its ways.
    """
    was_on, young = gc.isenabled(), "torch" not in sys.modules
    gc.disable()
    try:
        yield
    finally:
        if young:
            gc.freeze()
        if was_on:
            gc.enable()
