"""Import mmseg without its notices about parts that nothing here uses."""

from __future__ import annotations

import contextlib
import io
import warnings


def import_mmseg() -> None:
    """Import mmseg's models and data sets; drop the notices of optional parts, pass everything else on.

    mmseg prints "Could not import OneDL" with no logger; mmcv without compiled ops warns about deformable
    attention; both until those packages send such notices to their loggers.
    """
    printed = io.StringIO()
    with warnings.catch_warnings(), contextlib.redirect_stdout(printed):
        warnings.filterwarnings("ignore", message=".*MultiScaleDeformableAttention.*")
        import mmseg.datasets
        import mmseg.models  # noqa: F401
    for line in printed.getvalue().splitlines():
        if "OneDL" not in line:
            print(line)
