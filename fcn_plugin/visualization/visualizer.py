"""mmseg's visualizer under a name of its own."""

from __future__ import annotations

from mmseg.registry import VISUALIZERS
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
