"""Write predicted ids to files, named as by mmseg's ``IoUMetric``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ..atomic_write import atomic_write


def write_masks(samples: Iterable[dict[str, Any]], folder: str | Path) -> None:
    """Write ``pred_sem_seg`` of each sample, (1, H, W) ids below 256, as gray PNG ``folder/NAME.png`` with its image's name."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    for sample in samples:
        ids = sample["pred_sem_seg"]["data"][0].cpu().numpy()
        with atomic_write(Path(folder, Path(sample["img_path"]).stem + ".png")) as part:
            Image.fromarray(ids.astype(np.uint8)).save(part, "PNG")
