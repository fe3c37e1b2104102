"""Convert SGD settings between a summed and a mean loss (CVPR 2015, sec. 4.3; PAMI 2016, sec. 4.2).

N labelled pixels per batch, image size W x H, b images, momentum m. The sum's gradient is N times the mean's:

    lr_sum (g_sum + wd_sum w) = (lr_sum N) (g_mean + (wd_sum / N) w)

so with ``lr_mean = lr_sum N`` and ``wd_mean = wd_sum / N`` both take the same steps. Changes of batch and momentum follow rules of
thumb: each image moves the weights as far as before.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass, replace
from typing import Any

from .. import invocation
from ..errors import UserError

OTHER = {"sum": "mean", "mean": "sum"}
MOST = sys.float_info.max  # below infinity
LIMITS = {  # least, most, what to give
    "lr": (0, MOST, "a number of at least 0"),
    "batch": (1, MOST, "a number of images"),
    "momentum": (0, math.nextafter(1, 0), "a number from 0 to below 1"),
    "weight_decay": (0, MOST, "a number of at least 0"),
    "labelled": (sys.float_info.min, 1, "a share above 0, at most 1"),
    "size": (1, MOST, "W x H in pixels"),
}


@dataclass(frozen=True)
class SGDRecipe:
    """Settings that determine SGD's step size; UserError: ``option-value`` for an invalid value."""

    reduction: str  # of the loss over the labelled pixels of a batch, "sum" or "mean"
    lr: float
    size: tuple[int, int]  # (W, H) of a training image or crop, in pixels
    batch: int = 1  # images per step, of all processes together
    momentum: float = 0.0  # without dampening
    weight_decay: float = 0.0  # added to the gradient, as SGD does
    labelled: float = 1.0  # share of the pixels that are not void

    def __post_init__(self) -> None:
        if self.reduction not in OTHER:
            raise UserError("option-value", f"reduction is {self.reduction!r}: give 'sum' or 'mean'")
        for name, (least, most, wanted) in LIMITS.items():
            value = getattr(self, name)
            numbers = value if name == "size" else (value,)
            if not all(isinstance(number, (int, float)) and least <= number <= most for number in numbers):
                raise UserError("option-value", f"{name} is {value!r}: give {wanted}")

    @property
    def pixels(self) -> float:
        """N, the labelled pixels of a batch."""
        return self.labelled * self.batch * self.size[0] * self.size[1]  # floats, so that overflow gives inf

    @property
    def reach(self) -> float:
        """Total distance that a mean gradient of 1 moves a weight, with momentum: lr of the mean loss / (1 - m)."""
        return self.lr * (self.pixels if self.reduction == "sum" else 1) / (1 - self.momentum)

    def settings(self, link: str) -> str:
        """Format lr, momentum and weight decay; the latter two only if not 0."""
        values = {name: getattr(self, name) for name in ("lr", "momentum", "weight_decay")}
        return ", ".join(f"{name}{link}{value:.6g}" for name, value in values.items() if value or name == "lr")


def translate(source: SGDRecipe, reduction: str | None = None, **changes: Any) -> SGDRecipe:
    """Convert settings so that each image moves the weights as far as before.

    Args:
        source: the settings to start from.
        reduction: ``sum`` or ``mean``; default: the other one.
        changes: ``batch``, ``size`` and ``momentum`` of the target; None: the source's.

    Raises:
        UserError: ``option-value``: an invalid value.
    """
    changes = {name: value for name, value in changes.items() if value is not None}
    target = replace(source, reduction=reduction or OTHER[source.reduction], **changes)
    for _, rate, decay in _steps(source, target):
        target = replace(target, lr=target.lr * rate, weight_decay=target.weight_decay * decay)
    return target


def explain(source: SGDRecipe, target: SGDRecipe) -> list[str]:
    """List the steps of the conversion, and the lines for a config."""
    lr, decay = source.lr, source.weight_decay
    lines = [f"from: {_describe(source)}", f"to:   {_describe(target)}", ""]
    for why, rate, decay_factor in _steps(source, target):
        lines += [why, f"  lr {lr:.6g} -> {lr * rate:.6g}"]
        if decay and decay_factor != 1:
            lines.append(f"  weight decay {decay:.6g} -> {decay * decay_factor:.6g}, so that lr x decay is unchanged")
        lr, decay = lr * rate, decay * decay_factor
    if decay:
        share = lr * decay / (1 - target.momentum)
        lines.append(f"weight decay reduces a weight by lr x decay / (1 - momentum) = {share:.3g} of it per step")
    lines += ["", "in the config:"]
    if target.reduction != source.reduction:
        lines.append(f'model = dict(decode_head=dict(loss_decode=dict(reduction="{target.reduction}")))')
    if target.batch != source.batch:
        lines.append(f"train_dataloader = dict(batch_size={target.batch})")
    return [*lines, f"optim_wrapper = dict(optimizer=dict({target.settings('=')}))"]


def command(source: SGDRecipe) -> str:
    """Return the command that converts settings to the other reduction."""
    width, height = source.size
    words = f"--from {source.reduction} --to {OTHER[source.reduction]} --lr {source.lr:g} --batch {source.batch}"
    rest = f"--size {width}x{height} --momentum {source.momentum:g} --weight-decay {source.weight_decay:g}"
    return f"{invocation.command('translate_lr')} {words} {rest}"


def _steps(source: SGDRecipe, target: SGDRecipe) -> list[tuple[str, float, float]]:
    """Return (reason, factor of lr, factor of decay) of each change, via the mean loss, whose lr does not depend on the size."""
    b, b2, m, m2 = source.batch, target.batch, source.momentum, target.momentum
    sum_is = "the sum's gradient is N times the mean's, lr"
    batch = f"batch {b} -> {b2}: each image counts as before, lr x {b2} / {b} (linear scaling rule)"
    momentum = f"momentum {m:g} -> {m2:g}: a gradient's effect is lr / (1 - momentum), lr x (1 - {m2:g}) / (1 - {m:g})"
    steps = [
        (source.reduction == "sum", f"sum -> mean: {sum_is} x N; {_formula(source)}", source.pixels, 1 / source.pixels),
        (b != b2, batch, b2 / b, 1),
        (m != m2, momentum, (1 - m2) / (1 - m), 1),
        (target.reduction == "sum", f"mean -> sum: {sum_is} / N; {_formula(target)}", 1 / target.pixels, target.pixels),
    ]
    return [(reason, rate, decay) for happens, reason, rate, decay in steps if happens]


def _describe(recipe: SGDRecipe) -> str:
    size = "x".join(map(str, recipe.size))
    return f"{recipe.reduction} over {recipe.batch} x {size}, {recipe.settings(' ').replace('_', ' ')}"


def _formula(recipe: SGDRecipe) -> str:
    factors = " x ".join(f"{factor:g}" for factor in (recipe.batch, *recipe.size, recipe.labelled))
    return f"N = {factors} = {recipe.pixels:.10g} labelled pixels per batch"
