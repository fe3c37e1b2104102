"""An average of the weights that knows where it is."""

from __future__ import annotations

from mmengine.hooks import EMAHook
from mmseg.registry import HOOKS


@HOOKS.register_module(name="EMAHook")
class FCNEMAHook(EMAHook):
    """mmengine's, which says whether average and trained weights have changed places: what is saved in a validation depends on it.

    It stands for the name in every config of mmseg's scope.
    """

    swapped = False

    def swap_back(self) -> None:
        """Give the trained weights their place in the net."""
        if self.swapped:
            self._swap_ema_parameters()

    def _swap_ema_parameters(self) -> None:
        super()._swap_ema_parameters()
        self.swapped = not self.swapped
