"""mmseg's visualizer and mmengine's MLflow backend, each with a fix."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from mmengine.visualization import MLflowVisBackend
from mmseg.registry import VISBACKENDS, VISUALIZERS
from mmseg.visualization import SegLocalVisualizer


@VISUALIZERS.register_module()
class FCNVisualizer(SegLocalVisualizer):
    """``SegLocalVisualizer`` with a default name.

    mmengine keeps one visualizer per name in a process, so with a name in the config a second run would write to the first one's
    folder. Runs therefore pass their own names; mmseg 1.2's ``browse_dataset`` passes none and needs this default.
    """

    @classmethod
    def get_instance(cls, name: str = "visualizer", **kwargs: Any) -> FCNVisualizer:
        """Return the visualizer of a name, created at the first call."""
        return super().get_instance(name, **kwargs)


@VISBACKENDS.register_module()
class FCNMLflowVisBackend(MLflowVisBackend):
    """mmengine's ``MLflowVisBackend`` that can log pictures, and by default writes to a database in the work dir.

    mmengine 0.10 names pictures without the suffix that MLflow needs, and MLflow 3 refuses its default folder store.

    Args:
        save_dir: folder of the database ``mlflow.db``; set by the Runner.
        tracking_uri: another location, such as a server's address.
        kwargs: other arguments of mmengine's backend, such as ``exp_name`` and ``run_name``.
    """

    def __init__(self, save_dir: str, tracking_uri: str | None = None, **kwargs: Any) -> None:
        if tracking_uri is None:
            folder = Path(save_dir).resolve()
            tracking_uri = f"sqlite:///{folder}/mlflow.db"
            kwargs.setdefault("artifact_location", (folder / "mlflow").as_uri())
        super().__init__(save_dir, tracking_uri=tracking_uri, **kwargs)

    def add_image(self, name: str, image: np.ndarray, step: int = 0, **kwargs: Any) -> None:
        """Log a picture (H, W, 3) uint8 as the artifact ``NAME_STEP.png``."""
        super().add_image(f"{name}_{step}.png", image, step, **kwargs)
