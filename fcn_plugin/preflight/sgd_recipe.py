"""Settings of SGD for a summed loss and for a mean one (CVPR 2015, sec. 4.3; PAMI 2016, sec. 4.2).

N labelled pixels of a batch, W x H an image, b images, m momentum. The sum's gradient is N times the mean's:

    lr_sum (g_sum + wd_sum w) = (lr_sum N) (g_mean + (wd_sum / N) w)

so with ``lr_mean = lr_sum N`` and ``wd_mean = wd_sum / N`` both take the same steps. Changes of batch and momentum are rules,
not identities: each image moves the weights by as much as before.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from ..errors import UserError

REDUCTIONS = ("sum", "mean")


@dataclass(frozen=True)
class SGDRecipe:
    """What decides how far a step of SGD goes.

    Args:
        reduction: of the loss over the labelled pixels of a batch, ``sum`` or ``mean``.
        lr: learning rate.
        size: (W, H) of a training image or crop, in pixels.
        batch: images in one forward pass, those of all processes.
        momentum: without dampening.
        weight_decay: added to the gradient, as SGD does.
        labelled: share of the pixels that are not void.

    Raises:
        UserError: a value that no training can have.
    """

    reduction: str
    lr: float
    size: tuple[int, int]
    batch: int = 1
    momentum: float = 0.0
    weight_decay: float = 0.0
    labelled: float = 1.0

    def __post_init__(self) -> None:
        _require(self.reduction in REDUCTIONS, "reduction", self.reduction, "'sum' or 'mean'")
        for name, holds, wanted in (
            ("lr", lambda value: value >= 0, "a number from 0 on"),
            ("batch", lambda value: value >= 1, "a number of images"),
            ("momentum", lambda value: 0 <= value < 1, "a number from 0 to below 1"),
            ("weight_decay", lambda value: value >= 0, "a number from 0 on"),
            ("labelled", lambda value: 0 < value <= 1, "a share above 0, at most 1"),
        ):
            value = getattr(self, name)
            _require(_is_number(value) and holds(value), name, value, wanted)
        _require(all(_is_number(side) and side >= 1 for side in self.size), "size", self.size, "W x H in pixels")

    @property
    def pixels(self) -> float:
        """N, the labelled pixels of a batch."""
        return self.batch * self.size[0] * self.size[1] * self.labelled

    @property
    def reach(self) -> float:
        """How far a mean gradient of 1 moves a weight until momentum has forgotten it: lr of the mean loss / (1 - m)."""
        return self.lr * (self.pixels if self.reduction == "sum" else 1) / (1 - self.momentum)


class Step(NamedTuple):
    """A change of the settings and what it multiplies."""

    why: str
    lr: float
    weight_decay: float


def translate(
    source: SGDRecipe,
    reduction: str | None = None,
    batch: int | None = None,
    size: tuple[int, int] | None = None,
    momentum: float | None = None,
) -> SGDRecipe:
    """The settings under which each image moves the weights as far as before.

    Args:
        source: the settings to start from.
        reduction: ``sum`` or ``mean``; the other one by default.
        batch: images of the target, the source's by default, as for what follows.
        size: (W, H) of the target.
        momentum: of the target.

    Raises:
        UserError: a value that no training can have.
    """
    changes = dict(reduction=reduction or _other(source.reduction), batch=batch, size=size, momentum=momentum)
    target = replace(source, **{name: value for name, value in changes.items() if value is not None})
    steps = _steps(source, target)
    lr = source.lr * math.prod(step.lr for step in steps)
    return replace(target, lr=lr, weight_decay=source.weight_decay * math.prod(step.weight_decay for step in steps))


def explain(source: SGDRecipe, target: SGDRecipe) -> list[str]:
    """The way from one to the other, a line for each step, and the lines for a config."""
    lr, decay = source.lr, source.weight_decay
    lines = [f"from: {_describe(source)}", f"to:   {_describe(target)}", ""]
    for step in _steps(source, target):
        lines += [step.why, f"  lr {lr:.6g} -> {lr * step.lr:.6g}"]
        if decay and step.weight_decay != 1:
            lines.append(f"  weight decay {decay:.6g} -> {decay * step.weight_decay:.6g}, so that lr x decay stays")
        lr, decay = lr * step.lr, decay * step.weight_decay
    if decay:
        share = lr * decay / (1 - target.momentum)
        lines.append(f"weight decay takes lr x decay / (1 - momentum) = {share:.3g} of a weight a step")
    return [*lines, "", "in the config:", *_config_lines(source, target)]


def command(source: SGDRecipe) -> str:
    """The command that translates settings for the other reduction."""
    width, height = source.size
    words = f"--from {source.reduction} --to {_other(source.reduction)} --lr {source.lr:g} --batch {source.batch}"
    rest = f"--size {width}x{height} --momentum {source.momentum:g} --weight-decay {source.weight_decay:g}"
    return f"python tools/translate_lr.py {words} {rest}"


def _steps(source: SGDRecipe, target: SGDRecipe) -> list[Step]:
    """By way of the mean loss, whose lr does not depend on the image's size."""
    steps = []
    if source.reduction == "sum":
        why = f"sum -> mean: the sum's gradient is N times the mean's, lr x N; {_formula(source)}"
        steps.append(Step(why, source.pixels, 1 / source.pixels))
    if target.batch != source.batch:
        old, new = source.batch, target.batch
        why = f"batch {old} -> {new}: each image counts as before, lr x {new} / {old} (linear scaling rule)"
        steps.append(Step(why, new / old, 1))
    if target.momentum != source.momentum:
        old, new = source.momentum, target.momentum
        why = f"momentum {old:g} -> {new:g}: a gradient goes lr / (1 - momentum) in all, lr x (1 - {new:g}) / (1 - {old:g})"
        steps.append(Step(why, (1 - new) / (1 - old), 1))
    if target.reduction == "sum":
        why = f"mean -> sum: the sum's gradient is N times the mean's, lr / N; {_formula(target)}"
        steps.append(Step(why, 1 / target.pixels, target.pixels))
    return steps


def _formula(recipe: SGDRecipe) -> str:
    factors = " x ".join(f"{factor:g}" for factor in (recipe.batch, *recipe.size, recipe.labelled))
    return f"N = {factors} = {recipe.pixels:.10g} labelled pixels a batch"


def _describe(recipe: SGDRecipe) -> str:
    width, height = recipe.size
    words = [f"{recipe.reduction} over {recipe.batch} x {width}x{height}", f"lr {recipe.lr:.6g}"]
    return ", ".join([*words, *(f"{name.replace('_', ' ')} {value:.6g}" for name, value in _extras(recipe).items())])


def _config_lines(source: SGDRecipe, target: SGDRecipe) -> list[str]:
    lines = []
    if target.reduction != source.reduction:
        lines.append(f'model = dict(decode_head=dict(loss_decode=dict(reduction="{target.reduction}")))')
    if target.batch != source.batch:
        lines.append(f"train_dataloader = dict(batch_size={target.batch})")
    values = ", ".join(f"{name}={value:.6g}" for name, value in {"lr": target.lr, **_extras(target)}.items())
    return [*lines, f"optim_wrapper = dict(optimizer=dict({values}))"]


def _extras(recipe: SGDRecipe) -> dict[str, float]:
    """Momentum and weight decay where there are any: nobody is told to paste a 0 that was never given."""
    return {name: getattr(recipe, name) for name in ("momentum", "weight_decay") if getattr(recipe, name)}


def _other(reduction: str) -> str:
    return "mean" if reduction == "sum" else "sum"


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)


def _require(holds: bool, name: str, value: Any, wanted: str) -> None:
    if not holds:
        raise UserError(f"{name} is {value!r}: give {wanted}")
