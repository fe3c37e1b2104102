"""The training line: iteration, lr, ETA, images per second, losses."""

from __future__ import annotations

from mmengine.dist import get_world_size
from mmengine.registry import LOG_PROCESSORS
from mmengine.runner import LogProcessor


@LOG_PROCESSORS.register_module()
class FCNLogProcessor(LogProcessor):
    """mmengine's line with the throughput of all processes together.

    Args:
        mean_pattern: values averaged over the last steps; the engine's own shows the last step's loss per pixel beside a mean sum.
        kwargs: of mmengine's ``LogProcessor``.
    """

    def __init__(self, mean_pattern: str = r".*(loss|per_pixel|time|data_time|grad_norm).*", **kwargs) -> None:
        super().__init__(mean_pattern=mean_pattern, **kwargs)

    def get_log_after_iter(self, runner, batch_idx: int, mode: str) -> tuple[dict, str]:
        tag, line = super().get_log_after_iter(runner, batch_idx, mode)
        if mode == "train" and tag.get("time"):
            batch = runner.train_dataloader.batch_size or 1
            tag["images_per_s"] = batch * get_world_size() / tag["time"]
            line += f"  images/s: {tag['images_per_s']:.1f}"
        return tag, line
