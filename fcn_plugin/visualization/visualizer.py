"""mmseg's visualizer and mmengine's MLflow backend, each with a fix."""

from __future__ import annotations

from pathlib import Path

from mmengine.visualization import MLflowVisBackend
from mmseg.registry import VISBACKENDS, VISUALIZERS
from mmseg.visualization import SegLocalVisualizer


@VISUALIZERS.register_module()
class FCNVisualizer(SegLocalVisualizer):
    """``SegLocalVisualizer`` that needs no name in the config.

    The engine keeps one visualizer for each name in a process. A name in the config would make a second run write into the first
    one's folder, so runs give theirs; mmseg 1.2's ``browse_dataset`` gives none and fails, for which there is a default here.
    """

    @classmethod
    def get_instance(cls, name: str = "visualizer", **kwargs) -> FCNVisualizer:
        """Return the visualizer of a name, made at the first call."""
        return super().get_instance(name, **kwargs)


@VISBACKENDS.register_module()
class FCNMLflowVisBackend(MLflowVisBackend):
    """mmengine's ``MLflowVisBackend`` that can log pictures, and writes to a database in the work dir by default.

    mmengine 0.10's names pictures without the suffix that MLflow wants, and its default folder store is refused by MLflow 3.

    Args:
        save_dir: folder of the database ``mlflow.db``; the Runner gives it.
        tracking_uri: another place, such as a server's address.
        kwargs: the others of mmengine's backend, such as ``exp_name`` and ``run_name``.
    """

    def __init__(self, save_dir: str, tracking_uri: str | None = None, **kwargs) -> None:
        if tracking_uri is None:
            folder = Path(save_dir).resolve()
            tracking_uri = f"sqlite:///{folder}/mlflow.db"
            kwargs.setdefault("artifact_location", (folder / "mlflow").as_uri())
        super().__init__(save_dir, tracking_uri=tracking_uri, **kwargs)

    def add_image(self, name: str, image, step: int = 0, **kwargs) -> None:
        """Log a picture (H, W, 3) uint8 as the artifact ``NAME_STEP.png``."""
        super().add_image(f"{name}_{step}.png", image, step, **kwargs)
