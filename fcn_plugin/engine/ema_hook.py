"""Whether an average of the weights and the trained ones have changed places: what is saved in a validation depends on it."""

from __future__ import annotations

from mmengine.hooks import EMAHook


def watch_swaps(hook: EMAHook) -> None:
    """Let mmengine's hook, or one derived from it, note its swaps in ``swapped``."""
    swap = hook._swap_ema_parameters
    hook.swapped = False

    def noted() -> None:
        swap()
        hook.swapped = not hook.swapped

    hook._swap_ema_parameters = noted


def swap_back(hook: EMAHook) -> None:
    """Give the trained weights their place in the net."""
    if hook.swapped:
        hook._swap_ema_parameters()
